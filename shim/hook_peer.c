/* Who looks at the peer's certificate, or pins it, sees the recorded one. For replays only; only
 * the application's own calls (the library's own verify what the player sent). */
#include <openssl/ssl.h>

#include "shim/gnutls_api.h"
#include "shim/hook.h"
#include "shim/replay_peer.h"
#include "shim/replay_peer_gnutls.h"

/* ---- OpenSSL ---- */

TH_LIB_HOOK(X509 *, SSL_get1_peer_certificate, (const SSL *ssl))
{
	struct th_site site = TH_SITE(SSL_get1_peer_certificate);
	X509 *real = TH_REAL_AT(site, SSL_get1_peer_certificate)(ssl);
	bool ours = th_arm_is(TH_ARM_REPLAY) && site.application;
	return ours ? th_replay_peer(site, ssl, real, true) : real;
}

TH_LIB_HOOK(X509 *, SSL_get0_peer_certificate, (const SSL *ssl))
{
	struct th_site site = TH_SITE(SSL_get0_peer_certificate);
	X509 *real = TH_REAL_AT(site, SSL_get0_peer_certificate)(ssl);
	bool ours = th_arm_is(TH_ARM_REPLAY) && site.application;
	return ours ? th_replay_peer(site, ssl, real, false) : real;
}

/* OpenSSL before 3.0. */
#undef SSL_get_peer_certificate
X509 *SSL_get_peer_certificate(const SSL *ssl);
TH_LIB_HOOK(X509 *, SSL_get_peer_certificate, (const SSL *ssl))
{
	struct th_site site = TH_SITE(SSL_get_peer_certificate);
	X509 *real = TH_REAL_AT(site, SSL_get_peer_certificate)(ssl);
	bool ours = th_arm_is(TH_ARM_REPLAY) && site.application;
	return ours ? th_replay_peer(site, ssl, real, true) : real;
}

TH_LIB_HOOK(STACK_OF(X509) *, SSL_get_peer_cert_chain, (const SSL *ssl))
{
	struct th_site site = TH_SITE(SSL_get_peer_cert_chain);
	if (th_arm_is(TH_ARM_REPLAY) && site.application) {
		th_replay_peer_chain(site, ssl);
	}
	return TH_REAL_AT(site, SSL_get_peer_cert_chain)(ssl);
}

/* What verification built ends in the player's CA. The recorded chain, as it was sent, stands for
 * it: the root that the recording's client added is not in the capture. */
TH_LIB_HOOK(STACK_OF(X509) *, SSL_get0_verified_chain, (const SSL *ssl))
{
	struct th_site site = TH_SITE(SSL_get0_verified_chain);
	STACK_OF(X509) *real = TH_REAL_AT(site, SSL_get0_verified_chain)(ssl);
	bool ours = th_arm_is(TH_ARM_REPLAY) && site.application;
	return ours ? th_replay_peer_verified(site, ssl, real) : real;
}

/* ---- GnuTLS ---- */

TH_LIB_HOOK(const struct th_gnutls_datum *, gnutls_certificate_get_peers,
	(const struct gnutls_session_int *s, unsigned *n))
{
	struct th_site site = TH_SITE(gnutls_certificate_get_peers);
	unsigned unasked = 0;
	unsigned *size = n ? n : &unasked;
	const struct th_gnutls_datum *real = TH_REAL_AT(site, gnutls_certificate_get_peers)(
		s, size);
	bool ours = th_arm_is(TH_ARM_REPLAY) && site.application;
	return ours ? th_replay_gnutls_peers(site, real, size) : real;
}

TH_LIB_HOOK(time_t, gnutls_certificate_expiration_time_peers, (const struct gnutls_session_int *s))
{
	struct th_site site = TH_SITE(gnutls_certificate_expiration_time_peers);
	time_t real = TH_REAL_AT(site, gnutls_certificate_expiration_time_peers)(s);
	bool ours = th_arm_is(TH_ARM_REPLAY) && site.application;
	return ours ? th_replay_gnutls_expiry(site, s, real) : real;
}

TH_LIB_HOOK(time_t, gnutls_certificate_activation_time_peers, (const struct gnutls_session_int *s))
{
	struct th_site site = TH_SITE(gnutls_certificate_activation_time_peers);
	time_t real = TH_REAL_AT(site, gnutls_certificate_activation_time_peers)(s);
	bool ours = th_arm_is(TH_ARM_REPLAY) && site.application;
	return ours ? th_replay_gnutls_activation(site, s, real) : real;
}

/* A certificate that was good when it was recorded does not fail a replay years later. */
TH_LIB_HOOK(time_t, gnutls_x509_crt_get_expiration_time, (struct gnutls_x509_crt_int * cert))
{
	struct th_site site = TH_SITE(gnutls_x509_crt_get_expiration_time);
	time_t real = TH_REAL_AT(site, gnutls_x509_crt_get_expiration_time)(cert);
	if (!th_arm_is(TH_ARM_REPLAY) || !site.application || real >= time(NULL)) {
		return real;
	}
	struct gnutls_x509_crt_int *leaf = th_replay_gnutls_leaf(site, cert);
	if (leaf) {
		real = TH_REAL_AT(site, gnutls_x509_crt_get_expiration_time)(leaf);
		th_replay_gnutls_leaf_end(site, leaf);
	}
	return real;
}
