/* As replay_trust.h, for GnuTLS. */
#ifndef SHIM_REPLAY_TRUST_GNUTLS_H
#define SHIM_REPLAY_TRUST_GNUTLS_H

#include "shim/gnutls_api.h"
#include "shim/slot.h"

/* The trust list to verify certs[0] against, of a call at `site`: a new one with the player's CA
 * alone if that issued it, else NULL: the agent's own. */
struct gnutls_x509_trust_list_st *th_replay_gnutls_trust(
	struct th_site site, struct gnutls_x509_crt_int *const *certs, unsigned n);

/* What GnuTLS said of the recorded certificate (gnutls_certificate_status_t); 0: it found no fault.
 * `cert` is one of the player's. */
unsigned th_replay_gnutls_verdict(struct th_site site, struct gnutls_x509_crt_int *cert);

/* What GnuTLS said of the recorded certificate (gnutls_certificate_status_t); 0: it found no fault.
 * `cert` is one of the player's. */
unsigned th_replay_gnutls_verdict(struct th_site site, struct gnutls_x509_crt_int *cert);

/* Frees it; NULL is allowed. */
void th_replay_gnutls_trust_end(struct th_site site, struct gnutls_x509_trust_list_st *list);

#endif
