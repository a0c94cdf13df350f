/* See trust_java.h. JKS as sun.security.provider.JavaKeyStore has it: magic, version 2, count,
 * entries (tag, alias, time, then a certificate, or a key and its chain), and a SHA-1 over the
 * password, a fixed text and all of that. Big endian; texts as u16 length and bytes. Entries are
 * copied as they stand. Left out: stores in JCEKS, BCFKS, a token or the system's. */
#include "player/trust_java.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>

#include "base/cleanup.h"

#define JKS_MAGIC 0xfeedfeedu
#define JKS_KEY 1
#define JKS_CERTIFICATE 2
#define JKS_DIGEST 20
#define STORE_MAX (64u << 20)
#define ALIAS "tracehook"
#define TYPE "X.509"

struct store {
	struct th_buf entries;
	uint32_t count;
};

/* ---- big endian ---- */

static uint32_t be32(struct th_in *in)
{
	struct th_slice s = th_in_bytes(in, 4);
	return s.p
		? (uint32_t)s.p[0] << 24 | (uint32_t)s.p[1] << 16 | (uint32_t)s.p[2] << 8 | s.p[3]
		: 0;
}

static struct th_slice text(struct th_in *in)
{
	struct th_slice s = th_in_bytes(in, 2);
	return th_in_bytes(in, s.p ? (size_t)s.p[0] << 8 | s.p[1] : 0);
}

static void put_be(struct th_buf *b, uint64_t v, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--) {
		th_buf_u8(b, (uint8_t)(v >> (8 * i)));
	}
}

static void put_text(struct th_buf *b, const char *s)
{
	put_be(b, strlen(s), 2);
	th_buf_str(b, s);
}

static void put_certificate(struct store *s, const char *alias, struct th_slice der)
{
	put_be(&s->entries, JKS_CERTIFICATE, 4);
	put_text(&s->entries, alias);
	put_be(&s->entries, 0, 8);
	put_text(&s->entries, TYPE);
	put_be(&s->entries, der.n, 4);
	th_buf_slice(&s->entries, der);
	s->count++;
}

static void learn(const struct th_trust *t, struct th_slice der)
{
	const unsigned char *p = der.p;
	X509 *x = t->store ? d2i_X509(NULL, &p, (long)der.n) : NULL;
	if (x) {
		(void)X509_STORE_add_cert(t->store, x);
		X509_free(x);
	}
}

/* ---- reading ---- */

static struct th_slice read_certificate(struct th_in *in, uint32_t version)
{
	if (version == 2) {
		text(in);
	}
	return th_in_bytes(in, be32(in));
}

static int read_jks(const struct th_trust *t, struct th_slice file, struct store *s)
{
	struct th_in in = {file.p, file.n, false};
	be32(&in);
	uint32_t version = be32(&in), count = be32(&in);
	const uint8_t *entries = in.p;
	for (uint32_t i = 0; i < count && !in.failed; i++) {
		uint32_t tag = be32(&in);
		text(&in);
		th_in_bytes(&in, 8);
		if (tag == JKS_CERTIFICATE) {
			learn(t, read_certificate(&in, version));
			continue;
		}
		th_in_bytes(&in, be32(&in));
		for (uint32_t k = be32(&in); k && !in.failed; k--) {
			read_certificate(&in, version);
		}
	}
	if (in.failed || in.n < JKS_DIGEST || version != 2) {
		return -EBADMSG;
	}
	th_buf_add(&s->entries, entries, (size_t)(in.p - entries));
	s->count = count;
	return 0;
}

static void take_each(const struct th_trust *t, STACK_OF(X509) * all, struct store *s)
{
	for (int i = 0; i < sk_X509_num(all); i++) {
		char alias[32];
		uint8_t *der = NULL;
		int n = i2d_X509(sk_X509_value(all, i), &der);
		snprintf(alias, sizeof(alias), "certificate %d", i);
		if (n > 0) {
			put_certificate(s, alias, (struct th_slice){der, (size_t)n});
			learn(t, (struct th_slice){der, (size_t)n});
		}
		OPENSSL_free(der);
	}
}

static int read_pkcs12(
	const struct th_trust *t, struct th_slice file, const char *password, struct store *s)
{
	const unsigned char *p = file.p;
	PKCS12 *store = d2i_PKCS12(NULL, &p, (long)file.n);
	EVP_PKEY *key = NULL;
	X509 *own = NULL;
	STACK_OF(X509) *all = NULL;
	bool read = store && PKCS12_parse(store, password ? password : "", &key, &own, &all) == 1;
	if (store && !read && !password) {
		read = PKCS12_parse(store, "changeit", &key, &own, &all) == 1;
	}
	if (read && all) {
		take_each(t, all, s);
	}
	sk_X509_pop_free(all, X509_free);
	X509_free(own);
	EVP_PKEY_free(key);
	PKCS12_free(store);
	return read ? 0 : -EBADMSG;
}

static int read_file(const char *path, struct th_buf *ret_file)
{
	th_auto_fclose FILE *f = fopen(path, "re");
	uint8_t piece[16384];
	size_t n;
	while (f && (n = fread(piece, 1, sizeof(piece), f)) > 0 && ret_file->n < STORE_MAX) {
		th_buf_add(ret_file, piece, n);
	}
	return !f ? -errno : ret_file->failed || ret_file->n >= STORE_MAX ? -EFBIG : 0;
}

/* ---- writing ---- */

static bool put_digest(struct th_buf *b, const char *password)
{
	static const char salt[] = "Mighty Aphrodite";
	uint8_t digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) == 1;
	for (const char *p = password ? password : "changeit"; ok && *p; p++) {
		const uint8_t wide[2] = {0, (uint8_t)*p};
		ok = EVP_DigestUpdate(ctx, wide, 2) == 1;
	}
	ok = ok && EVP_DigestUpdate(ctx, salt, sizeof(salt) - 1) == 1 &&
		EVP_DigestUpdate(ctx, b->p, b->n) == 1 &&
		EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	th_buf_add(b, digest, JKS_DIGEST);
	return ok;
}

static int write_store(const struct store *s, const char *password, const char *path)
{
	th_cleanup(th_buf_finish) struct th_buf out = {0};
	th_auto_free char *begun = NULL;
	put_be(&out, JKS_MAGIC, 4);
	put_be(&out, 2, 4);
	put_be(&out, s->count, 4);
	th_buf_slice(&out, th_buf_view(&s->entries));
	if (!put_digest(&out, password) || out.failed || s->entries.failed ||
		asprintf(&begun, "%s.%d", path, (int)getpid()) < 0) {
		return -ENOMEM;
	}
	FILE *f = fopen(begun, "wxe");
	if (!f) {
		return -errno;
	}
	bool written = fwrite(out.p, 1, out.n, f) == out.n;
	written = fclose(f) == 0 && written && rename(begun, path) == 0;
	if (!written) {
		unlink(begun);
	}
	return written ? 0 : -EIO;
}

int th_trust_java(const struct th_trust *t, const char *from, const char *password, const char *to)
{
	static const uint8_t magic[] = {0xfe, 0xed, 0xfe, 0xed};
	th_cleanup(th_buf_finish) struct th_buf file = {0};
	struct store s = {.count = 0};
	int r = read_file(from, &file);
	bool jks = r == 0 && file.n > sizeof(magic) && memcmp(file.p, magic, sizeof(magic)) == 0;
	if (r == 0) {
		r = jks ? read_jks(t, th_buf_view(&file), &s)
			: read_pkcs12(t, th_buf_view(&file), password, &s);
	}
	if (r == 0) {
		put_certificate(&s, ALIAS, t->ca);
		r = write_store(&s, password, to);
	}
	th_buf_finish(&s.entries);
	return r;
}
