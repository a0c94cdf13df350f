/* What a first connection would have to wait for, made while the agent is still starting: the
 * certificates of the recorded servers. To mint one, and to read the chain that was recorded, takes
 * longer than all the rest of a handshake. */
#ifndef PLAYER_READY_H
#define PLAYER_READY_H

#include "player/answer.h"

struct th_ready;

/* Begins, in a thread of its own. NULL: it could not; then each is made when it is asked for. The
 * serving must stay until th_ready_destroy(). */
struct th_ready *th_ready_create(struct th_serving *serving);

/* Stops, soon, and waits for that. Takes NULL; returns NULL. */
struct th_ready *th_ready_destroy(struct th_ready *r);

#endif
