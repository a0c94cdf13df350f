/* The peers of a run: of connections that differ in nothing a new connection is told by, the first.
 * An agent that opens one for each of 100,000 calls has few peers, and each new connection asks for
 * its peer's name, protocol and certificates. */
#ifndef PLAYER_PEERS_H
#define PLAYER_PEERS_H

#include "trace/trace.h"

struct th_peers {
	const struct th_connection **at; /* in the run's order */
	size_t n;
};

/* By address and port, name, SNI, ALPN, whether there is TLS, and whether certificates are known.
 * The run must stay. 0 or -ENOMEM. */
int th_peers_init(struct th_peers *p, const struct th_run *run);
void th_peers_finish(struct th_peers *p);

/* Do both lead to the same address and port? */
bool th_peers_same_address(const struct th_connection *a, const struct th_connection *b);

#endif
