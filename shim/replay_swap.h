/* Inside replaying: another socket in the place of the agent's. */
#ifndef SHIM_REPLAY_SWAP_H
#define SHIM_REPLAY_SWAP_H

#include "shim/replay_wish.h"

/* How the agent's socket is to look from now on; `number` gives it a port of its own. */
struct th_guise th_swap_guise(const struct th_wish *w, uint32_t number);

/* Puts the socket `new` in the place of the agent's, guise and all; takes `new`. 0 or a negative
 * errno. */
int th_swap(const struct th_wish *w, int new, const struct th_guise *guise);

bool th_swap_non_blocking(int fd);

#endif
