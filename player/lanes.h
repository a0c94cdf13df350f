/* Which process of a replay is which of the recording? Told by the lane: the ordinals of a process
 * and its ancestors among their siblings, never by pid (DESIGN 2.4).
 *
 * Siblings are counted by the order in which they, or processes below them, opened their first
 * connection; those that never do are not counted. Order of start would do as well, but for shells,
 * which start the processes of a pipeline at once: whether `curl` or the `sed` behind it comes
 * first is chance. So these lanes differ from those that dump shows. Of a crowd, siblings that in
 * the recording had all opened a connection before any of them had an answer, it is chance as well
 * who opens first: they are numbered together, by pid, which is the order of their creation.
 * Thread-safe. */
#ifndef PLAYER_LANES_H
#define PLAYER_LANES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "trace/trace.h"

#define TH_LANE_BYTES 64

struct th_lanes;

/* For replaying this run, of which crowds are known (NULL: none). NULL without memory. */
struct th_lanes *th_lanes_create(const struct th_run *run);
/* Takes NULL; returns NULL. */
struct th_lanes *th_lanes_destroy(struct th_lanes *l);

/* Notes that a process began, with its pid where it lives. A span id that is known already changes
 * nothing. True: it is new. */
bool th_lanes_add(struct th_lanes *l, const uint8_t process[TH_SPAN_ID_BYTES],
	const uint8_t parent[TH_SPAN_ID_BYTES], uint32_t pid);

/* The lane of a process ("0.2.1") that opens a connection; the first call for it numbers it, and
 * may wait up to three seconds for the others of its crowd. False and "?" when it never registered.
 */
bool th_lanes_get(
	struct th_lanes *l, const uint8_t process[TH_SPAN_ID_BYTES], char ret_lane[TH_LANE_BYTES]);

/* The lanes of a recorded run, one per process in the run's order; "" for a process that opened no
 * connection of the kind that comes to the player. The caller frees; NULL without memory. */
char (*th_lanes_of_run(const struct th_run *run))[TH_LANE_BYTES];

#endif
