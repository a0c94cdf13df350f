#include "capture/frame.h"
#include "player/ca.h"

#include <criterion/criterion.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "player/protocol.h"

/* What a client does: does the leaf verify for this host or address against the CA from the world?
 */
static int verify(X509 *leaf, struct th_slice der, const char *host, const char *ip)
{
	const unsigned char *p = der.p;
	X509 *root = d2i_X509(NULL, &p, (long)der.n);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_STORE_add_cert(store, root);
	X509_STORE_CTX_init(ctx, store, leaf, NULL);
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
	X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
	if (host) {
		X509_VERIFY_PARAM_set1_host(param, host, 0);
	}
	if (ip) {
		X509_VERIFY_PARAM_set1_ip_asc(param, ip);
	}
	int ok = X509_verify_cert(ctx);
	int error = ok == 1 ? 0 : X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	X509_free(root);
	return error;
}

Test(ca, leaves_verify_for_their_names_only)
{
	struct th_ca *ca = th_ca_create();
	const char *const names[] = {"api.example.test"};
	X509 *leaf = th_ca_leaf(ca, &(struct th_ca_subject){.names = names, .n_names = 1});
	cr_expect_eq(verify(leaf, th_ca_der(ca), "api.example.test", NULL), 0);
	cr_expect_eq(verify(leaf, th_ca_der(ca), "other.example.test", NULL),
		X509_V_ERR_HOSTNAME_MISMATCH);
	cr_expect_eq(
		verify(leaf, th_ca_der(ca), NULL, "192.0.2.7"), X509_V_ERR_IP_ADDRESS_MISMATCH);
	th_ca_destroy(ca);
}

Test(ca, another_run_is_not_trusted)
{
	struct th_ca *a = th_ca_create(), *b = th_ca_create();
	const char *const names[] = {"x.test"};
	X509 *leaf = th_ca_leaf(a, &(struct th_ca_subject){.names = names, .n_names = 1});
	cr_expect_neq(verify(leaf, th_ca_der(b), "x.test", NULL), 0);
	th_ca_destroy(a);
	th_ca_destroy(b);
}

Test(ca, addresses_and_many_names)
{
	struct th_ca *ca = th_ca_create();
	const char *const names[] = {"a.test", "b.test"};
	struct th_ca_subject four = {
		.names = names, .n_names = 2, .family = 4, .address = {192, 0, 2, 7}};
	struct th_ca_subject six = {.family = 6, .address = {0x20, 1, 0xd, 0xb8, [15] = 1}};
	X509 *leaf = th_ca_leaf(ca, &four);
	cr_expect_eq(verify(leaf, th_ca_der(ca), "b.test", "192.0.2.7"), 0);
	cr_expect_neq(verify(leaf, th_ca_der(ca), "a.test", "192.0.2.8"), 0);
	cr_expect_eq(verify(th_ca_leaf(ca, &six), th_ca_der(ca), NULL, "2001:db8::1"), 0);
	th_ca_destroy(ca);
}

Test(ca, a_leaf_is_minted_once)
{
	struct th_ca *ca = th_ca_create();
	const char *const a[] = {"a.test"}, *const b[] = {"b.test"};
	X509 *first = th_ca_leaf(ca, &(struct th_ca_subject){.names = a, .n_names = 1});
	cr_expect_eq(th_ca_leaf(ca, &(struct th_ca_subject){.names = a, .n_names = 1}), first);
	cr_expect_neq(th_ca_leaf(ca, &(struct th_ca_subject){.names = b, .n_names = 1}), first);
	th_ca_destroy(ca);
	cr_expect_null(th_ca_destroy(NULL));
}

Test(ca, odd_names_are_only_names)
{
	struct th_ca *ca = th_ca_create();
	char name[256];
	memset(name, 'a', sizeof(name) - 1);
	name[255] = 0;
	const char *const names[] = {name, "x,IP:1.2.3.4,DNS:evil.test"};
	X509 *leaf = th_ca_leaf(ca, &(struct th_ca_subject){.names = names, .n_names = 2});
	cr_assert_not_null(leaf);
	cr_expect_neq(verify(leaf, th_ca_der(ca), "evil.test", NULL), 0);
	cr_expect_neq(verify(leaf, th_ca_der(ca), NULL, "1.2.3.4"), 0);
	th_ca_destroy(ca);
}

static X509 *like(struct th_ca *ca, X509 *other, uint32_t verdict)
{
	uint8_t *der = NULL;
	int n = i2d_X509(other, &der);
	const char *const names[] = {"asked.test"};
	const struct th_ca_subject subject = {.names = names,
		.n_names = 1,
		.like = {der, (size_t)n},
		.now = time(NULL),
		.verdict = verdict};
	X509 *leaf = th_ca_leaf(ca, &subject);
	cr_assert_eq(th_ca_leaf(ca, &subject), leaf);
	OPENSSL_free(der);
	return leaf;
}

/* Names are those of the recorded certificate, dates only when it had expired by then. */
Test(ca, a_leaf_takes_after_the_recorded_one)
{
	struct th_ca *ca = th_ca_create(), *theirs = th_ca_create();
	const char *const names[] = {"recorded.test"};
	X509 *recorded = th_ca_leaf(theirs, &(struct th_ca_subject){.names = names, .n_names = 1});
	X509 *leaf = like(ca, recorded, 0);
	cr_expect_eq(verify(leaf, th_ca_der(ca), "recorded.test", NULL), 0);
	cr_expect_eq(verify(leaf, th_ca_der(ca), "asked.test", NULL), X509_V_ERR_HOSTNAME_MISMATCH);
	X509 *expired = X509_dup(recorded);
	X509_gmtime_adj(X509_getm_notAfter(expired), -60);
	X509_sign(expired, th_ca_leaf_key(theirs), EVP_sha256());
	cr_expect_eq(verify(like(ca, expired, 0), th_ca_der(ca), "recorded.test", NULL),
		X509_V_ERR_CERT_HAS_EXPIRED);
	X509_free(expired);
	th_ca_destroy(ca);
	th_ca_destroy(theirs);
}

Test(ca, a_verdict_stands_in_the_leaf)
{
	struct th_ca *ca = th_ca_create();
	const char *const names[] = {"x.test"};
	struct th_ca_subject s = {.names = names, .n_names = 1};
	X509 *plain = th_ca_leaf(ca, &s);
	s.verdict = 0x01000014;
	X509 *leaf = th_ca_leaf(ca, &s);
	cr_assert_neq(leaf, plain);
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(
		X509_get_ext(leaf, X509_get_ext_count(leaf) - 1));
	const uint8_t *p = ASN1_STRING_get0_data(value);
	int n = ASN1_STRING_length(value);
	cr_assert_eq(n, 2 + (int)strlen(TH_VERDICT_MARK) + 4);
	cr_expect_eq(memcmp(p + 2, TH_VERDICT_MARK, strlen(TH_VERDICT_MARK)), 0);
	cr_expect_eq(th_le32(p + n - 4), s.verdict);
	cr_expect_eq(verify(leaf, th_ca_der(ca), "x.test", NULL), X509_V_ERR_CERT_SIGNATURE_FAILURE,
		"nobody takes it for good");
	s.stranger = true;
	cr_expect_eq(verify(th_ca_leaf(ca, &s), th_ca_der(ca), "x.test", NULL),
		X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
	s.verdict = TH_TLS_CODE(TH_TLS_OPENSSL, X509_V_ERR_HOSTNAME_MISMATCH);
	cr_expect_eq(verify(th_ca_leaf(ca, &s), th_ca_der(ca), "x.test", NULL),
		X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "it does not show it by itself");
	th_ca_destroy(ca);
}
