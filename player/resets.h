/* Streams whose end is to look like an error: AF_UNIX knows no reset, so the shim asks when the
 * agent reads the end (protocol.h, TH_HELLO_ENDED). Thread-safe. */
#ifndef PLAYER_RESETS_H
#define PLAYER_RESETS_H

#include <stdint.h>

#define TH_RESETS_MAX 65536 /* the oldest are forgotten */

struct th_resets;

struct th_resets *th_resets_create(void);
/* Takes NULL; returns NULL. */
struct th_resets *th_resets_destroy(struct th_resets *r);

/* Before the end of the stream can be read. */
void th_resets_add(struct th_resets *r, uint64_t stream_id, uint8_t error);

/* 0: an orderly end. */
uint8_t th_resets_get(struct th_resets *r, uint64_t stream_id);

#endif
