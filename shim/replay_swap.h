/* Inside replaying and relaying: another socket in the place of the agent's, unseen. */
#ifndef SHIM_REPLAY_SWAP_H
#define SHIM_REPLAY_SWAP_H

#include "shim/replay_wish.h"

/* How the agent's socket is to look from now on; `number` gives it a port of its own. */
struct th_guise th_swap_guise(const struct th_wish *w, uint32_t number);

/* Puts the socket `new` in the place of the one at `fd`, with what the agent had set on that, and
 * its guise; takes `new`. 0 or a negative errno: nothing is changed. */
int th_swap(int fd, int new, const struct th_guise *guise);

bool th_swap_non_blocking(int fd);

#endif
