/* See replay_trust.h. The issuer's name decides: only certificates of a player carry its CA's, and
 * one of another player's would fail on its signature. Other verifications of the agent's (a signed
 * file, a peer that was let through) stay untouched.
 *
 * A certificate that the agent refused in the recording is refused with the same error, whatever it
 * was: the player's leaf says so (replay_verdict.h).
 *
 * libssl reaches X509_verify_cert() through its PLT, as distributions build it, and so do programs
 * that verify in a callback of their own. The functions needed are looked up in the library that
 * provides the real one: a process may hold several (P2). Nothing touches OpenSSL's error queue
 * unless memory runs out (P24). */
#include "shim/replay_trust.h"

#include <openssl/stack.h>
#include <openssl/x509.h>

#include "capture/frame.h"
#include "shim/replay_link.h"
#include "shim/replay_verdict.h"

struct functions {
	__typeof__(&d2i_X509) d2i_X509;
	__typeof__(&X509_free) X509_free;
	__typeof__(&X509_NAME_cmp) X509_NAME_cmp;
	__typeof__(&X509_get_issuer_name) X509_get_issuer_name;
	__typeof__(&X509_get_subject_name) X509_get_subject_name;
	__typeof__(&X509_STORE_CTX_get0_cert) X509_STORE_CTX_get0_cert;
	__typeof__(&X509_STORE_CTX_set0_trusted_stack) X509_STORE_CTX_set0_trusted_stack;
	__typeof__(&OPENSSL_sk_new_null) OPENSSL_sk_new_null;
	__typeof__(&OPENSSL_sk_push) OPENSSL_sk_push;
	__typeof__(&OPENSSL_sk_free) OPENSSL_sk_free;
	__typeof__(&X509_get_ext_count) X509_get_ext_count;
	__typeof__(&X509_get_ext) X509_get_ext;
	__typeof__(&X509_EXTENSION_get_data) X509_EXTENSION_get_data;
	__typeof__(&ASN1_STRING_get0_data) ASN1_STRING_get0_data;
	__typeof__(&ASN1_STRING_length) ASN1_STRING_length;
	__typeof__(&X509_STORE_CTX_get_verify_cb) X509_STORE_CTX_get_verify_cb;
	__typeof__(&X509_STORE_CTX_set_error) X509_STORE_CTX_set_error;
	__typeof__(&X509_STORE_CTX_set_current_cert) X509_STORE_CTX_set_current_cert;
};

/* In the order of struct functions. An OpenSSL before 1.1 lacks some. */
static const char names[][TH_FUNCTION_NAME_MAX] = {"d2i_X509", "X509_free", "X509_NAME_cmp",
	"X509_get_issuer_name", "X509_get_subject_name", "X509_STORE_CTX_get0_cert",
	"X509_STORE_CTX_set0_trusted_stack", "OPENSSL_sk_new_null", "OPENSSL_sk_push",
	"OPENSSL_sk_free", "X509_get_ext_count", "X509_get_ext", "X509_EXTENSION_get_data",
	"ASN1_STRING_get0_data", "ASN1_STRING_length", "X509_STORE_CTX_get_verify_cb",
	"X509_STORE_CTX_set_error", "X509_STORE_CTX_set_current_cert", ""};
TH_FUNCTIONS(per_library, struct functions, names);

/* Read once per library and kept: OpenSSL 3 takes longer to read a certificate than to verify with
 * it. */
static X509 *player_ca(const struct functions *f, const struct th_library *lib)
{
	static _Atomic(X509 *) kept[TH_LIBRARIES_MAX];
	_Atomic(X509 *) *place = &kept[th_library_index(lib)];
	X509 *ca = atomic_load_explicit(place, memory_order_acquire), *before = NULL;
	if (ca) {
		return ca;
	}
	struct th_slice der = th_world_ca(th_link_world());
	const unsigned char *p = der.p;
	ca = f->d2i_X509(NULL, &p, (long)der.n);
	if (ca && !atomic_compare_exchange_strong(place, &before, ca)) {
		f->X509_free(ca);
		ca = before;
	}
	return ca;
}

static bool issued_by(const struct functions *f, X509_STORE_CTX *ctx, X509 *ca)
{
	X509 *leaf = f->X509_STORE_CTX_get0_cert(ctx);
	return leaf &&
		f->X509_NAME_cmp(f->X509_get_issuer_name(leaf), f->X509_get_subject_name(ca)) == 0;
}

/* What OpenSSL said of the recorded certificate; 0: it found no fault with it. */
static int recorded_error(const struct functions *f, const X509 *leaf)
{
	uint32_t verdict = 0;
	for (int i = 0; i < f->X509_get_ext_count(leaf) && !verdict; i++) {
		const ASN1_STRING *value = f->X509_EXTENSION_get_data(f->X509_get_ext(leaf, i));
		verdict = th_replay_verdict_in((struct th_slice){
			f->ASN1_STRING_get0_data(value), (size_t)f->ASN1_STRING_length(value)});
	}
	switch (TH_TLS_WHY(verdict)) {
	case TH_TLS_OPENSSL:
		return (int)TH_TLS_DETAIL(verdict);
	case TH_TLS_GNUTLS: /* recorded with a build that used the other library */
		return X509_V_ERR_UNSPECIFIED;
	default:
		return X509_V_OK;
	}
}

/* As verification itself reports a fault: the agent's callback may overlook it. */
static int report_error(const struct functions *f, X509_STORE_CTX *ctx, X509 *leaf, int error)
{
	f->X509_STORE_CTX_set_error(ctx, error);
	f->X509_STORE_CTX_set_current_cert(ctx, leaf);
	X509_STORE_CTX_verify_cb callback = f->X509_STORE_CTX_get_verify_cb(ctx);
	return callback && callback(0, ctx) ? 1 : 0;
}

/* The chain that comes of it holds references of its own, so the stack may go afterwards. */
static int verify_trusting(const struct functions *f, __typeof__(&X509_verify_cert) real,
	X509_STORE_CTX *ctx, X509 *ca)
{
	OPENSSL_STACK *trusted = f->OPENSSL_sk_new_null();
	if (trusted && f->OPENSSL_sk_push(trusted, ca) > 0) {
		f->X509_STORE_CTX_set0_trusted_stack(ctx, (STACK_OF(X509) *)trusted);
	}
	int r = real(ctx);
	f->OPENSSL_sk_free(trusted);
	return r;
}

int th_replay_verify(struct th_site site, X509_STORE_CTX *ctx)
{
	__typeof__(&X509_verify_cert) real = (__typeof__(&X509_verify_cert))site.real;
	const struct functions *f = th_library_functions(&per_library, names, site.lib);
	X509 *ca = f ? player_ca(f, site.lib) : NULL;
	if (!ca) {
		return real(ctx);
	}
	bool ours = issued_by(f, ctx, ca);
	X509 *leaf = f->X509_STORE_CTX_get0_cert(ctx);
	int error = ours ? recorded_error(f, leaf) : X509_V_OK;
	return error   ? report_error(f, ctx, leaf, error)
		: ours ? verify_trusting(f, real, ctx, ca)
		       : real(ctx);
}
