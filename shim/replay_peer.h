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
struct stack_st_X509;

/* What SSL_get_peer_cert_chain() is about to return becomes the recorded chain. */
void th_replay_peer_chain(struct th_site site, const struct ssl_st *ssl);

/* The recorded leaf instead of `real`, which the real call gave: owned by the session, or, when
 * `counted`, a reference of the agent's as `real` is (which is then given back). */
struct x509_st *th_replay_peer(
	struct th_site site, const struct ssl_st *ssl, struct x509_st *real, bool counted);

/* The recorded chain instead of `real`, the one that verification built; `real` if that is NULL
 * (nothing was verified) or nothing was recorded. Owned by the session. */
struct stack_st_X509 *th_replay_peer_verified(
	struct th_site site, const struct ssl_st *ssl, struct stack_st_X509 *real);

#endif
