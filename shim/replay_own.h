/* Inside replaying: which sockets of this machine belong to the replayed tree. */
#ifndef SHIM_REPLAY_OWN_H
#define SHIM_REPLAY_OWN_H

#include "shim/replay_wish.h"

/* Would who connects, or sends a datagram, to that address meet nobody but a process of the tree?
 */
bool th_own_listens(const struct th_wish *w, int type);

#endif
