/* The Unix sockets that processes of the tree have bound: what connects to them stays within it. */
#ifndef PLAYER_BOUND_H
#define PLAYER_BOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/unix_name.h"

#define TH_BOUND_MAX 65536 /* of one replay; what is beyond is not known to be the tree's */

struct th_bound;

/* NULL without memory. */
struct th_bound *th_bound_create(void);

/* Takes NULL; returns NULL. */
struct th_bound *th_bound_destroy(struct th_bound *b);

void th_bound_add(struct th_bound *b, const uint8_t key[TH_UNIX_KEY_BYTES]);
bool th_bound_has(struct th_bound *b, const uint8_t key[TH_UNIX_KEY_BYTES]);

#endif
