/* The peer's certificates, for replays only: the player's are to be trusted (the recorded ones to
 * be seen: hook_peer.c). */
#include <openssl/x509_vfy.h>

#include "shim/gnutls_api.h"
#include "shim/hook.h"
#include "shim/replay_peer_gnutls.h"
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
	struct gnutls_x509_crt_int *leaf = NULL;
	if (th_arm_is(TH_ARM_REPLAY)) {
		leaf = certs && n > 0 ? th_replay_gnutls_leaf(site, certs[0]) : NULL;
		certs = leaf ? &leaf : certs;
		n = leaf ? 1 : n;
		ours = th_replay_gnutls_trust(site, certs, n);
	}
	unsigned verdict = ours ? th_replay_gnutls_verdict(site, certs[0]) : 0;
	int ret = TH_REAL_AT(site, gnutls_x509_trust_list_verify_crt2)(
		ours ? ours : list, certs, n, data, elements, flags, voutput, func);
	th_replay_gnutls_trust_end(site, ours);
	th_replay_gnutls_leaf_end(site, leaf);
	if (ret >= 0 && verdict && voutput) {
		*voutput = verdict;
	}
	return ret;
}
