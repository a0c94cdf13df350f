/* The processes of a replay, numbered as the recording numbers its own: by order of start among
 * their siblings, never by pid (DESIGN 2.4). Thread-safe. */
#ifndef PLAYER_LANES_H
#define PLAYER_LANES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "capture/frame.h"

#define TH_LANE_BYTES 64

struct th_lanes;

struct th_lanes *th_lanes_create(void);
/* Takes NULL; returns NULL. */
struct th_lanes *th_lanes_destroy(struct th_lanes *l);

/* Notes that a process began. A span id that is known already changes nothing. True: it is new. */
bool th_lanes_add(struct th_lanes *l, const uint8_t process[TH_SPAN_ID_BYTES],
	const uint8_t parent[TH_SPAN_ID_BYTES]);

/* The lane of a process ("0.2.1"); false and "?" when it never registered. */
bool th_lanes_get(
	struct th_lanes *l, const uint8_t process[TH_SPAN_ID_BYTES], char ret_lane[TH_LANE_BYTES]);

#endif
