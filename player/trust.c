/* See trust.h. A variable that replaces the system's certificates is given a copy of them when the
 * user had not set it; one that adds to what is built in only what the user had set. Which are set
 * at all: those by which the runtimes that are met find certificates (opaque-runtimes.md, S3), and
 * of the others those that the user set, since they would go first. */
#include "player/trust.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/crc32c.h"
#include "player/protocol.h"
#include "player/trust_java.h"

#define NAME_BYTES 4352
#define PREFIX "trust-"

struct variable {
	const char *name;
	bool always;   /* set, also when the user had not */
	bool replaces; /* the system's certificates; else it adds to those built in */
};

static const struct variable variables[] = {
	{"SSL_CERT_FILE", true, true},	      /* OpenSSL, rustls-native-certs */
	{"NODE_EXTRA_CA_CERTS", true, false}, /* Node, Bun, Deno */
	{"DENO_CERT", false, false},
	{"CURL_CA_BUNDLE", false, true},
	{"REQUESTS_CA_BUNDLE", false, true},
	{"AWS_CA_BUNDLE", false, true},
	{"GIT_SSL_CAINFO", false, true},
	{"CARGO_HTTP_CAINFO", false, true},
	{"CODEX_CA_CERTIFICATE", false, true},
};

/* Where distributions keep all certificates in one file. */
static const char *const bundles[] = {"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/pki/tls/cacert.pem",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
	"/var/lib/ca-certificates/ca-bundle.pem"};

const char *th_trust_value(struct th_slice list, const char *name)
{
	size_t n = strlen(name);
	const char *end = (const char *)list.p + list.n;
	for (const char *p = (const char *)list.p; p < end;) {
		size_t length = strnlen(p, (size_t)(end - p));
		if (p + length == end) {
			return NULL;
		}
		if (length > n && memcmp(p, name, n) == 0 && p[n] == '=') {
			return p + n + 1;
		}
		p += length + 1;
	}
	return NULL;
}

static const char *system_bundle(const struct th_trust *t)
{
	if (t->system) {
		return t->system;
	}
	for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++) {
		if (access(bundles[i], R_OK) == 0) {
			return bundles[i];
		}
	}
	return NULL;
}

/* ---- files ---- */

static bool copy_file(FILE *out, const char *path)
{
	th_auto_fclose FILE *in = path ? fopen(path, "re") : NULL;
	char piece[16384];
	size_t n;
	while (in && (n = fread(piece, 1, sizeof(piece), in)) > 0) {
		if (fwrite(piece, 1, n, out) != n) {
			return false;
		}
	}
	return fputc('\n', out) != EOF; /* it may have ended without one */
}

static int write_bundle(const struct th_trust *t, const char *base, const char *path)
{
	th_auto_free char *begun = NULL;
	if (asprintf(&begun, "%s.%d", path, (int)getpid()) < 0) {
		return -ENOMEM;
	}
	FILE *f = fopen(begun, "wxe");
	if (!f) {
		return -errno;
	}
	bool written = copy_file(f, base) &&
		PEM_write(f, PEM_STRING_X509, "", t->ca.p, (long)t->ca.n) > 0;
	written = fclose(f) == 0 && written && rename(begun, path) == 0;
	if (!written) {
		unlink(begun);
	}
	return written ? 0 : -EIO;
}

/* The same base gives the same file, for all processes. */
static int name_for(
	const struct th_trust *t, const char *base, const char *suffix, char ret_path[NAME_BYTES])
{
	uint32_t sum = base ? th_crc32c(0, base, strlen(base)) : 0;
	int n = snprintf(ret_path, NAME_BYTES, "%s/" PREFIX "%08x%s", t->directory, sum, suffix);
	return n < 0 || n >= NAME_BYTES ? -ENAMETOOLONG : 0;
}

/* Beside it, what the variable was. */
static int write_was(const char *path, const char *value)
{
	th_auto_free char *name = NULL;
	if (asprintf(&name, "%s" TH_TRUST_WAS, path) < 0) {
		return -ENOMEM;
	}
	FILE *f = fopen(name, "we");
	bool written = f && fputs(value, f) != EOF;
	return f && fclose(f) == 0 && written ? 0 : -EIO;
}

static int make_bundle(
	const struct th_trust *t, const char *base, const char *value, char ret_path[NAME_BYTES])
{
	int r = name_for(t, base, value ? TH_TRUST_SET : ".pem", ret_path);
	if (r < 0 || access(ret_path, R_OK) == 0) {
		return r;
	}
	r = value ? write_was(ret_path, value) : 0;
	return r < 0 ? r : write_bundle(t, base, ret_path);
}

/* ---- variables ---- */

static bool is_ours(const struct th_trust *t, const char *value)
{
	size_t n = strlen(t->directory);
	return strncmp(value, t->directory, n) == 0 && value[n] == '/';
}

/* The file to which the CA is added, or is to be; NULL: none. */
static const char *base_of(const struct th_trust *t, const struct variable *v, struct th_slice ask,
	const char **ret_value)
{
	const char *value = th_trust_value(ask, v->name);
	*ret_value = value && *value ? value : NULL;
	if (*ret_value) {
		return value;
	}
	return v->always && v->replaces ? system_bundle(t) : NULL;
}

static int answer_variable(const struct th_trust *t, const struct variable *v, struct th_slice ask,
	struct th_buf *answer)
{
	char path[NAME_BYTES];
	const char *value, *base = base_of(t, v, ask, &value);
	if (value ? is_ours(t, value) : !v->always) {
		return 0;
	}
	int r = make_bundle(t, base, value, path);
	if (r == 0) {
		th_buf_fmt(answer, "%s=", v->name);
		th_buf_str(answer, path);
		th_buf_u8(answer, 0);
	}
	return r;
}

void th_trust_learn(const struct th_trust *t, struct th_slice ask)
{
	if (!t->store || th_trust_value(ask, "java.home")) {
		return;
	}
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *value, *base = base_of(t, &variables[i], ask, &value);
		if (base) {
			(void)X509_STORE_load_file(t->store, base);
		}
	}
	const char *set = th_trust_value(ask, "SSL_CERT_DIR");
	(void)X509_STORE_load_path(t->store, set && *set ? set : X509_get_default_cert_dir());
}

/* ---- Java ---- */

static const char *java_store(struct th_slice ask, char buf[NAME_BYTES])
{
	static const char *const files[] = {"jssecacerts", "cacerts"};
	const char *home = th_trust_value(ask, "java.home");
	const char *set = th_trust_value(ask, "java.store");
	if (set || !home) {
		return set;
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(buf, NAME_BYTES, "%s/lib/security/%s", home, files[i]);
		if (access(buf, R_OK) == 0) {
			return buf;
		}
	}
	return NULL;
}

static int answer_java(const struct th_trust *t, struct th_slice ask, struct th_buf *answer)
{
	char buf[NAME_BYTES], path[NAME_BYTES];
	const char *from = java_store(ask, buf);
	int r = from ? name_for(t, from, ".jks", path) : -ENOENT;
	if (r == 0) {
		r = th_trust_java(t, from, th_trust_value(ask, "java.password"), path);
	}
	if (r == 0) {
		th_buf_str(answer, "java.store=");
		th_buf_str(answer, path);
		th_buf_u8(answer, 0);
	}
	return r;
}

int th_trust_answer(const struct th_trust *t, struct th_slice ask, struct th_buf *ret_answer)
{
	int r = 0;
	if (th_trust_value(ask, "java.home")) {
		return answer_java(t, ask, ret_answer);
	}
	for (size_t i = 0; r == 0 && i < sizeof(variables) / sizeof(variables[0]); i++) {
		r = answer_variable(t, &variables[i], ask, ret_answer);
	}
	return r < 0 ? r : ret_answer->failed ? -ENOMEM : 0;
}

void th_trust_clear(const char *directory)
{
	DIR *d = opendir(directory);
	for (struct dirent *e; d && (e = readdir(d));) {
		if (strncmp(e->d_name, PREFIX, sizeof(PREFIX) - 1) == 0) {
			(void)unlinkat(dirfd(d), e->d_name, 0);
		}
	}
	if (d) {
		closedir(d);
	}
}
