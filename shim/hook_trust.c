/* The verification of certificates, for replays only: the player's are to be trusted. */
#include <openssl/x509_vfy.h>

#include "shim/hook.h"
#include "shim/replay_trust.h"

TH_LIB_HOOK(int, X509_verify_cert, (X509_STORE_CTX * ctx))
{
	struct th_site site = TH_SITE(X509_verify_cert);
	if (!th_arm_is(TH_ARM_REPLAY)) {
		return TH_REAL_AT(site, X509_verify_cert)(ctx);
	}
	return th_replay_verify(site, ctx);
}
