/* Whose certificate the agent sees in a replay: the recorded one (GnuTLS).
 *
 * The player sends the recorded chain behind its own leaf, so the list that GnuTLS hands out is
 * shown from its second entry on, and all lifetimes are GnuTLS's own. What was shown is remembered
 * with the leaf that it stood behind: a program that verifies what it sees (glib-networking), or
 * compares its dates with the clock (libcurl, wget), is answered as the leaf would be. */
#ifndef SHIM_REPLAY_PEER_GNUTLS_H
#define SHIM_REPLAY_PEER_GNUTLS_H

#include <time.h>

#include "shim/gnutls_api.h"
#include "shim/slot.h"

/* The recorded chain within `real`, the `*n` certificates that gnutls_certificate_get_peers() gave;
 * `*n` becomes how many those are. Both stay as they are if nothing was recorded or the peer is not
 * the player. */
const struct th_gnutls_datum *th_replay_gnutls_peers(
	struct th_site site, const struct th_gnutls_datum *real, unsigned *n);

/* The player's leaf behind which `cert` was shown; NULL: it was not. To be given back. */
struct gnutls_x509_crt_int *th_replay_gnutls_leaf(
	struct th_site site, struct gnutls_x509_crt_int *cert);
void th_replay_gnutls_leaf_end(struct th_site site, struct gnutls_x509_crt_int *leaf);

/* When what is shown of this session's peer expires (or became valid); `real`, the leaf's time, if
 * the clock has passed it since. */
time_t th_replay_gnutls_expiry(
	struct th_site site, const struct gnutls_session_int *s, time_t real);
time_t th_replay_gnutls_activation(
	struct th_site site, const struct gnutls_session_int *s, time_t real);

#endif
