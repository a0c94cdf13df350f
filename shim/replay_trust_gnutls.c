/* See replay_trust_gnutls.h. As with OpenSSL (replay_trust.c) the agent's own verification runs,
 * only against another list of trusted certificates: dates, host name, key purpose, and what the
 * agent asked for by flags or in a callback stay its business, and a certificate for another host
 * is refused as it would be live. To say "status 0" in gnutls_certificate_verify_peers2() instead
 * would be simpler and hide all that.
 *
 * One function is enough. Everything that verifies a peer's chain ends in
 * gnutls_x509_trust_list_verify_crt2(), and libgnutls calls it through its PLT, as distributions
 * build it (tried with Debian's 3.7.9): gnutls_certificate_verify_peers, 2 and 3, the verification
 * that gnutls_session_set_verify_cert() and set_verify_cert2() start within the handshake, and
 * gnutls_x509_trust_list_verify_crt(). Programs with a list of their own (glib-networking) call it
 * themselves. Left out: gnutls_x509_crt_list_verify(), which takes bare arrays and which no client
 * of ours calls; a libgnutls linked with -Bsymbolic. */
#include "shim/replay_trust_gnutls.h"

#include "capture/frame.h"
#include "shim/replay_link.h"
#include "shim/replay_verdict.h"

#define EXTENSIONS_MAX 64

struct functions {
	int (*crt_init)(struct gnutls_x509_crt_int **ret_cert);
	int (*crt_import)(
		struct gnutls_x509_crt_int *cert, const struct th_gnutls_datum *data, int format);
	void (*crt_deinit)(struct gnutls_x509_crt_int *cert);
	unsigned (*crt_check_issuer)(
		struct gnutls_x509_crt_int *cert, struct gnutls_x509_crt_int *issuer);
	int (*list_init)(struct gnutls_x509_trust_list_st **ret_list, unsigned size);
	int (*list_add_cas)(struct gnutls_x509_trust_list_st *list,
		struct gnutls_x509_crt_int *const *certs, unsigned n, unsigned flags);
	void (*list_deinit)(struct gnutls_x509_trust_list_st *list, unsigned all);
	int (*crt_extension)(struct gnutls_x509_crt_int *cert, unsigned i, void *data, size_t *n);
};

/* In the order of struct functions. */
static const char names[][TH_FUNCTION_NAME_MAX] = {"gnutls_x509_crt_init", "gnutls_x509_crt_import",
	"gnutls_x509_crt_deinit", "gnutls_x509_crt_check_issuer", "gnutls_x509_trust_list_init",
	"gnutls_x509_trust_list_add_cas", "gnutls_x509_trust_list_deinit",
	"gnutls_x509_crt_get_extension_data", ""};
TH_FUNCTIONS(per_library, struct functions, names);

static struct gnutls_x509_crt_int *player_ca(const struct functions *f)
{
	struct th_slice der = th_world_ca(th_link_world());
	struct th_gnutls_datum datum = {(unsigned char *)der.p, (unsigned)der.n};
	struct gnutls_x509_crt_int *ca;
	if (f->crt_init(&ca) < 0) {
		return NULL;
	}
	if (f->crt_import(ca, &datum, TH_GNUTLS_X509_FMT_DER) < 0) {
		f->crt_deinit(ca);
		return NULL;
	}
	return ca;
}

/* A list that owns `ca`; NULL: `ca` is freed. */
static struct gnutls_x509_trust_list_st *list_of(
	const struct functions *f, struct gnutls_x509_crt_int *ca)
{
	struct gnutls_x509_trust_list_st *list;
	if (f->list_init(&list, 1) < 0) {
		f->crt_deinit(ca);
		return NULL;
	}
	if (f->list_add_cas(list, &ca, 1, 0) != 1) {
		f->list_deinit(list, 0);
		f->crt_deinit(ca);
		return NULL;
	}
	return list;
}

struct gnutls_x509_trust_list_st *th_replay_gnutls_trust(
	struct th_site site, struct gnutls_x509_crt_int *const *certs, unsigned n)
{
	const struct functions *f = th_library_functions(&per_library, names, site.lib);
	struct gnutls_x509_crt_int *ca = f && certs && n > 0 ? player_ca(f) : NULL;
	if (!ca) {
		return NULL;
	}
	/* Names and key identifiers: only certificates of this player's CA pass. */
	if (f->crt_check_issuer(certs[0], ca) != 1) {
		f->crt_deinit(ca);
		return NULL;
	}
	return list_of(f, ca);
}

unsigned th_replay_gnutls_verdict(struct th_site site, struct gnutls_x509_crt_int *cert)
{
	const struct functions *f = th_library_functions(&per_library, names, site.lib);
	uint32_t verdict = 0;
	int r = f ? 0 : TH_GNUTLS_E_NOT_THERE;
	for (unsigned i = 0; r != TH_GNUTLS_E_NOT_THERE && !verdict && i < EXTENSIONS_MAX; i++) {
		uint8_t value[64]; /* a longer one is not ours */
		size_t n = sizeof(value);
		r = f->crt_extension(cert, i, value, &n);
		verdict = r == 0 ? th_replay_verdict_in((struct th_slice){value, n}) : 0;
	}
	switch (TH_TLS_WHY(verdict)) {
	case TH_TLS_GNUTLS:
		return TH_TLS_DETAIL(verdict);
	case TH_TLS_OPENSSL:
		return TH_GNUTLS_CERT_INVALID;
	default:
		return 0;
	}
}

void th_replay_gnutls_trust_end(struct th_site site, struct gnutls_x509_trust_list_st *list)
{
	const struct functions *f = th_library_functions(&per_library, names, site.lib);
	if (f && list) {
		f->list_deinit(list, 1);
	}
}
