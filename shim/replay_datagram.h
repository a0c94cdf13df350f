/* Inside replaying: UDP sockets. */
#ifndef SHIM_REPLAY_DATAGRAM_H
#define SHIM_REPLAY_DATAGRAM_H

#include "shim/replay_wish.h"

/* connect() on one. 0, a negative errno, or TH_REPLAY_PASS. */
int th_datagram_connect(const struct th_wish *w);

/* Before something is sent to an address. `whole`: it could be read; the fence stands in any case.
 * TH_REPLAY_PASS, TH_REPLAY_BARE or a negative errno. */
int th_datagram_send_to(const struct th_wish *w, bool whole);

#endif
