/* See ca.h. The extensions are those which Python 3.13's strict mode and GnuTLS ask for (key
 * identifiers, key usage). Validity spans decades: the agent's clock may be set to the recording's.
 */
#include "player/ca.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "capture/frame.h"
#include "player/protocol.h"

struct leaf {
	char *key; /* names, one a line, and the address in hex */
	X509 *cert;
};

struct th_ca {
	pthread_mutex_t lock;
	EVP_PKEY *key, *leaf_key;
	X509 *cert;
	uint8_t *der;
	int der_n;
	struct leaf *leaves;
	size_t n;
};

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	bool ok = e && X509_add_ext(cert, e, -1);
	X509_EXTENSION_free(e);
	return ok;
}

static bool set_serial(X509 *cert)
{
	uint8_t r[16];
	BIGNUM *n = NULL;
	bool ok = RAND_bytes(r, sizeof(r)) == 1;
	r[0] = (r[0] & 0x7f) | 0x40;
	ok = ok && (n = BN_bin2bn(r, sizeof(r), NULL)) != NULL &&
		BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)) != NULL;
	BN_free(n);
	return ok;
}

/* What a CA and a leaf have in common: version, serial, dates, subject, key. */
static X509 *begin_certificate(EVP_PKEY *key, const char *common_name)
{
	X509 *cert = X509_new();
	X509_NAME *name = cert ? X509_get_subject_name(cert) : NULL;
	bool ok = cert && X509_set_version(cert, X509_VERSION_3) && set_serial(cert) &&
		ASN1_TIME_set_string_X509(X509_getm_notBefore(cert), "20000101000000Z") &&
		ASN1_TIME_set_string_X509(X509_getm_notAfter(cert), "20491231235959Z") &&
		X509_NAME_add_entry_by_txt(
			name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0) &&
		X509_set_pubkey(cert, key);
	if (!ok) {
		X509_free(cert);
		return NULL;
	}
	return cert;
}

static X509 *make_ca_certificate(EVP_PKEY *key)
{
	X509 *cert = begin_certificate(key, "tracehook CA");
	bool ok = cert && X509_set_issuer_name(cert, X509_get_subject_name(cert)) &&
		add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE") &&
		add_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
		add_extension(cert, cert, NID_subject_key_identifier, "hash") &&
		add_extension(cert, cert, NID_authority_key_identifier, "keyid:always") &&
		X509_sign(cert, key, EVP_sha256());
	if (!ok) {
		X509_free(cert);
		return NULL;
	}
	return cert;
}

static bool add_san_entry(GENERAL_NAMES *all, int type, const void *p, int n)
{
	GENERAL_NAME *g = GENERAL_NAME_new();
	ASN1_STRING *s = type == GEN_DNS ? ASN1_IA5STRING_new() : ASN1_OCTET_STRING_new();
	if (!g || !s || !ASN1_STRING_set(s, p, n)) {
		GENERAL_NAME_free(g);
		ASN1_STRING_free(s);
		return false;
	}
	GENERAL_NAME_set0_value(g, type, s);
	if (!sk_GENERAL_NAME_push(all, g)) {
		GENERAL_NAME_free(g);
		return false;
	}
	return true;
}

/* Built by hand and not from text: a name comes from the agent and may hold anything. */
static bool add_alternative_names(X509 *cert, const struct th_ca_subject *subject)
{
	GENERAL_NAMES *all = sk_GENERAL_NAME_new_null();
	bool ok = all != NULL;
	for (size_t i = 0; ok && i < subject->n_names; i++) {
		const char *name = subject->names[i];
		ok = add_san_entry(all, GEN_DNS, name, (int)strlen(name));
	}
	if (ok && subject->family) {
		ok = add_san_entry(all, GEN_IPADD, subject->address, subject->family == 6 ? 16 : 4);
	}
	ok = ok && X509_add1_ext_i2d(cert, NID_subject_alt_name, all, 0, 0) == 1;
	sk_GENERAL_NAME_pop_free(all, GENERAL_NAME_free);
	return ok;
}

/* A certificate that was good when it was recorded stays so; clients compare the dates with the
 * clock by themselves, too (wget, libcurl with GnuTLS). */
static bool copy_expiry(X509 *cert, const X509 *like, time_t now)
{
	if (X509_cmp_time(X509_get0_notAfter(like), &now) >= 0) {
		return true;
	}
	return X509_set1_notBefore(cert, X509_get0_notBefore(like)) &&
		X509_set1_notAfter(cert, X509_get0_notAfter(like));
}

/* Subject and alternative names of the recorded certificate, so that a name check turns out as it
 * did then. False: it cannot be read. */
static bool copy_names(X509 *cert, const struct th_ca_subject *subject)
{
	const unsigned char *p = subject->like.p;
	X509 *like = d2i_X509(NULL, &p, (long)subject->like.n);
	int at = like ? X509_get_ext_by_NID(like, NID_subject_alt_name, -1) : -1;
	bool ok = like && X509_set_subject_name(cert, X509_get_subject_name(like)) &&
		(at < 0 || X509_add_ext(cert, X509_get_ext(like, at), -1)) &&
		copy_expiry(cert, like, subject->now);
	X509_free(like);
	return ok;
}

static bool add_names(X509 *cert, const struct th_ca_subject *subject)
{
	return (subject->like.n && copy_names(cert, subject)) ||
		add_alternative_names(cert, subject);
}

/* Read by the shim (shim/replay_verdict.h): an OCTET STRING of a mark and the verdict. */
static bool add_verdict(X509 *cert, uint32_t verdict)
{
	if (!verdict) {
		return true;
	}
	uint8_t value[2 + sizeof(TH_VERDICT_MARK) - 1 + 4] = {4, sizeof(value) - 2};
	struct th_out out = {value, sizeof(value), 2, false};
	th_out_bytes(&out, TH_VERDICT_MARK, sizeof(TH_VERDICT_MARK) - 1);
	th_out_u32(&out, verdict);
	ASN1_OBJECT *oid = OBJ_txt2obj(TH_VERDICT_OID, 1);
	ASN1_OCTET_STRING *string = ASN1_OCTET_STRING_new();
	bool ok = oid && string && ASN1_OCTET_STRING_set(string, value, sizeof(value));
	X509_EXTENSION *e = ok ? X509_EXTENSION_create_by_OBJ(NULL, oid, 0, string) : NULL;
	ok = e && X509_add_ext(cert, e, -1);
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(string);
	ASN1_OBJECT_free(oid);
	return ok;
}

/* Does the recorded certificate show by itself why it was refused? */
static bool shows_fault(const struct th_ca_subject *s)
{
	const unsigned char *p = s->like.p;
	X509 *like = d2i_X509(NULL, &p, (long)s->like.n);
	time_t now = s->now;
	bool shows = false;
	if (like && TH_TLS_WHY(s->verdict) == TH_TLS_OPENSSL) {
		int error = (int)TH_TLS_DETAIL(s->verdict);
		const char *name = s->n_names ? s->names[0] : "";
		shows = (error == X509_V_ERR_CERT_HAS_EXPIRED &&
				X509_cmp_time(X509_get0_notAfter(like), &now) < 0) ||
			(error == X509_V_ERR_HOSTNAME_MISMATCH && *name &&
				X509_check_host(like, name, 0, 0, NULL) != 1 &&
				X509_check_ip_asc(like, name, 0) != 1);
	}
	X509_free(like);
	return shows;
}

/* The shim knows such a leaf by its issuer's name and tells the recorded error. Who has no shim in
 * its TLS must not accept it: the signature is not the issuer's. */
static bool is_forged(const struct th_ca_subject *s)
{
	unsigned why = TH_TLS_WHY(s->verdict);
	return (why == TH_TLS_OPENSSL || why == TH_TLS_GNUTLS) && !shows_fault(s);
}

static bool name_issuer(X509 *cert, const struct th_ca *ca, const struct th_ca_subject *s)
{
	static const char unknown[] = "tracehook replay: an issuer that nobody knows";
	X509_NAME *name = s->stranger && is_forged(s) ? X509_NAME_new() : NULL;
	bool ok = name ? X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
				 (const unsigned char *)unknown, -1, -1, 0) &&
			X509_set_issuer_name(cert, name)
		       : X509_set_issuer_name(cert, X509_get_subject_name(ca->cert));
	X509_NAME_free(name);
	return ok;
}

static X509 *mint(const struct th_ca *ca, const struct th_ca_subject *subject)
{
	/* A common name has 64 characters at most; clients look at the alternative names. */
	bool fits = subject->n_names && strlen(subject->names[0]) <= 64 && *subject->names[0];
	X509 *cert = begin_certificate(ca->leaf_key, fits ? subject->names[0] : "tracehook replay");
	bool ok = cert && name_issuer(cert, ca, subject) &&
		add_extension(cert, ca->cert, NID_basic_constraints, "critical,CA:FALSE") &&
		add_extension(cert, ca->cert, NID_key_usage, "critical,digitalSignature") &&
		add_extension(cert, ca->cert, NID_ext_key_usage, "serverAuth") &&
		add_extension(cert, ca->cert, NID_subject_key_identifier, "hash") &&
		add_extension(cert, ca->cert, NID_authority_key_identifier, "keyid:always") &&
		add_names(cert, subject) && add_verdict(cert, subject->verdict) &&
		X509_sign(cert, is_forged(subject) ? ca->leaf_key : ca->key, EVP_sha256());
	if (!ok) {
		X509_free(cert);
		return NULL;
	}
	return cert;
}

struct th_ca *th_ca_create(void)
{
	struct th_ca *ca = calloc(1, sizeof(*ca));
	if (!ca) {
		return NULL;
	}
	pthread_mutex_init(&ca->lock, NULL);
	ca->leaves = calloc(TH_CA_LEAVES_MAX, sizeof(*ca->leaves));
	ca->key = EVP_EC_gen("P-256");
	ca->leaf_key = EVP_EC_gen("P-256");
	ca->cert = ca->key ? make_ca_certificate(ca->key) : NULL;
	ca->der_n = ca->cert ? i2d_X509(ca->cert, &ca->der) : 0;
	if (!ca->leaves || !ca->leaf_key || ca->der_n <= 0) {
		return th_ca_destroy(ca);
	}
	return ca;
}

struct th_ca *th_ca_destroy(struct th_ca *ca)
{
	if (!ca) {
		return NULL;
	}
	for (size_t i = 0; i < ca->n; i++) {
		free(ca->leaves[i].key);
		X509_free(ca->leaves[i].cert);
	}
	free(ca->leaves);
	OPENSSL_free(ca->der);
	X509_free(ca->cert);
	EVP_PKEY_free(ca->key);
	EVP_PKEY_free(ca->leaf_key);
	pthread_mutex_destroy(&ca->lock);
	free(ca);
	return NULL;
}

struct th_slice th_ca_der(const struct th_ca *ca)
{
	return (struct th_slice){ca->der, (size_t)ca->der_n};
}

int th_ca_save(const struct th_ca *ca, const char *path)
{
	struct th_slice der = th_ca_der(ca);
	FILE *f = fopen(path, "we");
	if (!f) {
		return -errno;
	}
	bool written = PEM_write(f, PEM_STRING_X509, "", der.p, (long)der.n) > 0;
	int r = fclose(f) == 0 && written ? 0 : -EIO;
	if (r < 0) {
		unlink(path);
	}
	return r;
}

EVP_PKEY *th_ca_leaf_key(const struct th_ca *ca)
{
	return ca->leaf_key;
}

static char *subject_key(const struct th_ca_subject *s)
{
	size_t n = sizeof(s->address) * 2 + 34;
	for (size_t i = 0; i < s->n_names; i++) {
		n += strlen(s->names[i]) + 1;
	}
	char *key = malloc(n), *at = key;
	for (size_t i = 0; key && i < s->n_names; i++) {
		at = stpcpy(stpcpy(at, s->names[i]), "\n");
	}
	for (size_t i = 0; key && i < (s->family == 6 ? 16 : s->family == 4 ? 4 : 0); i++) {
		at += sprintf(at, "%02x", s->address[i]);
	}
	if (key) {
		sprintf(at, ".%08x.%08x.%d", s->verdict, th_crc32c(0, s->like.p, s->like.n),
			s->stranger);
	}
	return key;
}

/* Under the lock; takes over `key`. */
static X509 *find_or_mint(struct th_ca *ca, const struct th_ca_subject *subject, char *key)
{
	for (size_t i = 0; i < ca->n; i++) {
		if (strcmp(ca->leaves[i].key, key) == 0) {
			free(key);
			return ca->leaves[i].cert;
		}
	}
	if (ca->n == TH_CA_LEAVES_MAX) {
		free(key);
		return ca->leaves[ca->n - 1].cert;
	}
	X509 *cert = mint(ca, subject);
	if (!cert) {
		free(key);
		return NULL;
	}
	ca->leaves[ca->n++] = (struct leaf){.key = key, .cert = cert};
	return cert;
}

X509 *th_ca_leaf(struct th_ca *ca, const struct th_ca_subject *subject)
{
	char *key = subject_key(subject);
	if (!key) {
		return NULL;
	}
	pthread_mutex_lock(&ca->lock);
	X509 *cert = find_or_mint(ca, subject, key);
	pthread_mutex_unlock(&ca->lock);
	return cert;
}

size_t th_ca_leaves(struct th_ca *ca)
{
	pthread_mutex_lock(&ca->lock);
	size_t n = ca->n;
	pthread_mutex_unlock(&ca->lock);
	return n;
}
