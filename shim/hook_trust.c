/* The peer's certificates, for replays only: the player's are to be trusted, the recorded ones to
 * be seen. */
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "shim/gnutls_api.h"
#include "shim/hook.h"
#include "shim/replay_peer.h"
#include "shim/replay_trust.h"
#include "shim/replay_trust_gnutls.h"

TH_LIB_HOOK(int, X509_verify_cert, (X509_STORE_CTX * ctx))
{
	struct th_site site = TH_SITE(X509_verify_cert);
	if (!th_arm_is(TH_ARM_REPLAY)) {
		return TH_REAL_AT(site, X509_verify_cert)(ctx);
	}
	return th_replay_verify(site, ctx);
}

TH_LIB_HOOK(int, gnutls_x509_trust_list_verify_crt2,
	(struct gnutls_x509_trust_list_st * list, struct gnutls_x509_crt_int **certs, unsigned n,
		struct gnutls_typed_vdata_st *data, unsigned elements, unsigned flags,
		unsigned *voutput, th_gnutls_verify_output *func))
{
	struct th_site site = TH_SITE(gnutls_x509_trust_list_verify_crt2);
	struct gnutls_x509_trust_list_st *ours = NULL;
	if (th_arm_is(TH_ARM_REPLAY)) {
		ours = th_replay_gnutls_trust(site, certs, n);
	}
	unsigned verdict = ours ? th_replay_gnutls_verdict(site, certs[0]) : 0;
	int ret = TH_REAL_AT(site, gnutls_x509_trust_list_verify_crt2)(
		ours ? ours : list, certs, n, data, elements, flags, voutput, func);
	th_replay_gnutls_trust_end(site, ours);
	if (ret >= 0 && verdict && voutput) {
		*voutput = verdict;
	}
	return ret;
}

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
