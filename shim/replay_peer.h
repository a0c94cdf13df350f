/* Whose certificate the agent sees in a replay: the recorded one (OpenSSL).
 *
 * The player sends the recorded chain behind its own leaf, for which alone it has the key. So the
 * recorded certificates are already in the session, in the chain that OpenSSL keeps: the leaf in
 * front is taken off it once, and all lifetimes are OpenSSL's own. */
#ifndef SHIM_REPLAY_PEER_H
#define SHIM_REPLAY_PEER_H

#include "shim/slot.h"

struct ssl_st;
struct x509_st;

/* What SSL_get_peer_cert_chain() is about to return becomes the recorded chain. */
void th_replay_peer_chain(struct th_site site, const struct ssl_st *ssl);

/* The recorded leaf instead of `real`, which the real call gave: owned by the session, or, when
 * `counted`, a reference of the agent's as `real` is (which is then given back). */
struct x509_st *th_replay_peer(
	struct th_site site, const struct ssl_st *ssl, struct x509_st *real, bool counted);

#endif
