/* player/trust.c and trust_java.c: what programs are told, and that nothing is taken away. */
#include "player/trust.h"

#include <criterion/criterion.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "player/ca.h"
#include "player/protocol.h"

static struct th_ca *ca, *other, *system_ca;
static char directory[64], mine[128], systems[128];
static struct th_trust trust;
static struct th_buf answer;

static void begin(void)
{
	strcpy(directory, "/tmp/tracehook-trust.XXXXXX");
	cr_assert_not_null(mkdtemp(directory));
	snprintf(mine, sizeof(mine), "%s.mine", directory);
	ca = th_ca_create();
	other = th_ca_create();
	system_ca = th_ca_create();
	cr_assert_eq(th_ca_save(other, mine), 0);
	snprintf(systems, sizeof(systems), "%s.system", directory);
	cr_assert_eq(th_ca_save(system_ca, systems), 0);
	trust = (struct th_trust){directory, th_ca_der(ca), X509_STORE_new(), systems};
}

static void end(void)
{
	unlink(mine);
	unlink(systems);
	th_trust_clear(directory);
	cr_expect_eq(rmdir(directory), 0, "files are left");
	X509_STORE_free(trust.store);
	th_buf_finish(&answer);
	th_ca_destroy(ca);
	th_ca_destroy(other);
	th_ca_destroy(system_ca);
}

TestSuite(trust, .init = begin, .fini = end);

/* Asks with NULL-ended pairs of a name and a value. */
static int ask(const char *const *pairs)
{
	struct th_buf b = {0};
	for (; *pairs; pairs += 2) {
		th_buf_fmt(&b, "%s=", pairs[0]);
		th_buf_str(&b, pairs[1]);
		th_buf_u8(&b, 0);
	}
	th_buf_finish(&answer);
	int r = th_trust_answer(&trust, th_buf_view(&b), &answer);
	th_trust_learn(&trust, th_buf_view(&b));
	th_buf_finish(&b);
	return r;
}

#define ASK(...) ask((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static const char *told(const char *name)
{
	return th_trust_value(th_buf_view(&answer), name);
}

static bool is_ca(X509 *x, struct th_ca *which)
{
	uint8_t *der = NULL;
	struct th_slice want = th_ca_der(which);
	int n = i2d_X509(x, &der);
	bool same = n > 0 && (size_t)n == want.n && memcmp(der, want.p, want.n) == 0;
	OPENSSL_free(der);
	return same;
}

/* Is the CA among the certificates of a file? */
static bool holds(const char *path, struct th_ca *which)
{
	FILE *f = fopen(path, "r");
	bool found = false;
	for (X509 *x; f && (x = PEM_read_X509(f, NULL, NULL, NULL));) {
		found = found || is_ca(x, which);
		X509_free(x);
	}
	if (f) {
		fclose(f);
	}
	return found;
}

static bool store_holds(struct th_ca *which)
{
	STACK_OF(X509) *all = X509_STORE_get1_all_certs(trust.store);
	bool found = false;
	for (int i = 0; i < sk_X509_num(all); i++) {
		found = found || is_ca(sk_X509_value(all, i), which);
	}
	sk_X509_pop_free(all, X509_free);
	return found;
}

Test(trust, sets_what_runtimes_read)
{
	cr_assert_eq(ASK(), 0);
	cr_assert_not_null(told("SSL_CERT_FILE"));
	cr_assert_not_null(told("NODE_EXTRA_CA_CERTS"));
	cr_assert(holds(told("SSL_CERT_FILE"), ca));
	cr_assert(holds(told("NODE_EXTRA_CA_CERTS"), ca));
	cr_assert_null(told("CURL_CA_BUNDLE"), "a variable that goes before others was invented");
	cr_assert(!store_holds(ca), "the relay would trust itself");
	cr_assert(holds(told("SSL_CERT_FILE"), system_ca) && store_holds(system_ca));
}

Test(trust, keeps_what_the_user_had_set)
{
	cr_assert_eq(ASK("SSL_CERT_FILE", mine, "REQUESTS_CA_BUNDLE", mine, "DENO_CERT", ""), 0);
	cr_assert(holds(told("SSL_CERT_FILE"), ca) && holds(told("SSL_CERT_FILE"), other));
	cr_assert(holds(told("REQUESTS_CA_BUNDLE"), other));
	cr_assert(!holds(told("NODE_EXTRA_CA_CERTS"), other));
	cr_assert_null(told("DENO_CERT"));
	cr_assert(store_holds(other));
	cr_assert(!store_holds(ca));
	cr_assert(!store_holds(system_ca), "the program does not trust the system's any more");
}

Test(trust, says_beside_the_file_what_the_variable_was)
{
	char path[256], was[256] = "";
	cr_assert_eq(ASK("SSL_CERT_FILE", mine), 0);
	const char *file = told("SSL_CERT_FILE");
	cr_assert_str_eq(file + strlen(file) - strlen(TH_TRUST_SET), TH_TRUST_SET);
	snprintf(path, sizeof(path), "%s" TH_TRUST_WAS, file);
	FILE *f = fopen(path, "r");
	cr_assert_not_null(f);
	cr_assert_eq(fread(was, 1, sizeof(was) - 1, f), strlen(mine));
	fclose(f);
	cr_assert_str_eq(was, mine);
	const char *extra = told("NODE_EXTRA_CA_CERTS");
	cr_assert_neq(strcmp(extra + strlen(extra) - strlen(TH_TRUST_SET), TH_TRUST_SET), 0);
}

Test(trust, leaves_alone_what_is_its_own)
{
	char *own = NULL;
	cr_assert_eq(ASK("SSL_CERT_FILE", mine), 0);
	own = strdup(told("SSL_CERT_FILE"));
	cr_assert_eq(ASK("SSL_CERT_FILE", own), 0);
	cr_assert_null(told("SSL_CERT_FILE"));
	free(own);
}

Test(trust, a_file_that_is_not_there_adds_nothing)
{
	cr_assert_eq(ASK("SSL_CERT_FILE", "/nowhere/at/all.pem"), 0);
	cr_assert(holds(told("SSL_CERT_FILE"), ca));
	cr_assert(!store_holds(other));
}

/* ---- Java ---- */

static void write_pkcs12(const char *path, const char *password)
{
	struct th_slice der = th_ca_der(other);
	const unsigned char *p = der.p;
	STACK_OF(X509) *all = sk_X509_new_null();
	sk_X509_push(all, d2i_X509(NULL, &p, (long)der.n));
	PKCS12 *store = PKCS12_create(password, "x", NULL, NULL, all, 0, 0, 0, 0, 0);
	FILE *f = fopen(path, "w");
	cr_assert(f && store && i2d_PKCS12_fp(f, store));
	fclose(f);
	PKCS12_free(store);
	sk_X509_pop_free(all, X509_free);
}

static struct th_slice read_whole(const char *path)
{
	static uint8_t room[65536];
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(room, 1, sizeof(room), f) : 0;
	if (f) {
		fclose(f);
	}
	return (struct th_slice){room, n};
}

static bool has(struct th_slice file, struct th_ca *which)
{
	struct th_slice der = th_ca_der(which);
	return file.n && memmem(file.p, file.n, der.p, der.n);
}

Test(trust, a_java_store_is_copied_with_one_more)
{
	cr_assert_neq(ASK("java.home", "/nowhere"), 0);
	write_pkcs12(mine, "secret");
	cr_assert_eq(
		ASK("java.home", "/nowhere", "java.store", mine, "java.password", "secret"), 0);
	struct th_slice file = read_whole(told("java.store"));
	cr_assert(has(file, ca) && has(file, other));
	cr_assert_arr_eq(file.p, "\xfe\xed\xfe\xed\0\0\0\2\0\0\0\2", 12);
	cr_assert(store_holds(other));
	/* What was written is read: a VM under another VM. */
	FILE *f = fopen(mine, "w");
	cr_assert_eq(fwrite(file.p, 1, file.n, f), file.n);
	fclose(f);
	cr_assert_eq(ASK("java.home", "/nowhere", "java.store", mine), 0);
	file = read_whole(told("java.store"));
	cr_assert(has(file, ca) && has(file, other));
	cr_assert_arr_eq(file.p + 8, "\0\0\0\3", 4);
}

Test(trust, a_java_store_that_cannot_be_read_is_refused)
{
	static const char *const damaged[] = {
		"", "\xfe\xed\xfe\xed", "\xfe\xed\xfe\xed\0\0\0\2\xff\xff", "no store"};
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		FILE *f = fopen(mine, "w");
		fputs(damaged[i], f);
		fclose(f);
		cr_assert_lt(ASK("java.home", "/nowhere", "java.store", mine), 0);
		cr_assert_null(told("java.store"));
	}
	write_pkcs12(mine, "secret");
	cr_assert_lt(ASK("java.home", "/nowhere", "java.store", mine, "java.password", "wrong"), 0);
}
