/* TLS libraries leave traces in a program that has them inside: names of their source files for
 * error messages, their version. These are looked for in what is loaded and is no code, so they
 * are found in stripped files, too. What leaves no trace is not found: the report says that the
 * ledger of a recording has the last word.
 *
 * A trace is kept in two parts here, lest this program show it itself. */
#include "tools/doctor_image.h"

#include <ctype.h>
#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/elf_file.h"
#include "tools/tools.h"

struct trace {
	const char *first, *second;
};

struct kind {
	const char *name;
	const char *library;  /* how its shared library's name begins; NULL: it has none */
	struct trace inside;  /* no first: not looked for */
	struct trace version; /* a number follows */
};

static const struct kind kinds[TH_DOCTOR_TLS_KINDS] = {
	[TH_DOCTOR_OPENSSL] = {"OpenSSL", "libssl.so", {"statem_", "clnt.c"}, {"OpenSSL", " "}},
	[TH_DOCTOR_GNUTLS] = {"GnuTLS", "libgnutls.so", {"Enabled GnuTLS", " "},
		{"Enabled GnuTLS", " "}},
	[TH_DOCTOR_BORINGSSL] = {"BoringSSL", NULL, {"handshake_", "client.cc"}, {NULL, NULL}},
	[TH_DOCTOR_RUSTLS] = {"rustls", NULL, {"/rust", "ls-0."}, {"/rust", "ls-"}},
	[TH_DOCTOR_GO_TLS] = {"Go's crypto/tls", NULL, {"tls: client ", "didn't provide a"},
		{NULL, NULL}},
	[TH_DOCTOR_JSSE] = {"Java's JSSE", "libjli.so", {NULL, NULL}, {NULL, NULL}},
	/* its virtual machine: the TLS is a module written in the language, as it is for Elixir */
	[TH_DOCTOR_ERLANG] = {"Erlang's ssl", NULL, {"ERL_CRASH_", "DUMP_SECONDS"}, {NULL, NULL}},
	[TH_DOCTOR_NSS] = {"NSS", "libssl3.so", {NULL, NULL}, {"Version: NSS", " "}},
	[TH_DOCTOR_MBEDTLS] = {"mbed TLS", "libmbedtls.so", {"=> write client", " hello"},
		{"mbed TLS", " "}},
	[TH_DOCTOR_WOLFSSL] = {"wolfSSL", "libwolfssl.so", {NULL, NULL}, {NULL, NULL}},
};

const char *th_doctor_tls_name(enum th_doctor_tls kind)
{
	return kinds[kind].name;
}

bool th_doctor_tls_is_library(enum th_doctor_tls kind, const char *name)
{
	const char *library = kinds[kind].library;
	return library && strncmp(name, library, strlen(library)) == 0;
}

/* ---- traces ---- */

static const uint8_t *find(struct th_slice data, const struct trace *t)
{
	th_auto_free char *whole = th_tool_format("%s%s", t->first, t->second);
	const uint8_t *p = memmem(data.p, data.n, whole, strlen(whole));
	return p ? p + strlen(whole) : NULL;
}

static bool shows(const struct th_elf *elf, const struct trace *t)
{
	struct th_slice data;
	for (size_t at = 0; t->first && th_elf_next_loaded(elf, &at, &data);) {
		if (find(data, t)) {
			return true;
		}
	}
	return false;
}

/* "3.0.19", "1.1.1w"; 0: no such number. */
static size_t number_length(const uint8_t *p, size_t n)
{
	size_t i = 0, dots = 0;
	while (i < n && (isdigit(p[i]) || (i > 0 && (p[i] == '.' || islower(p[i]))))) {
		dots += p[i++] == '.';
	}
	return dots == 2 && p[i - 1] != '.' ? i : 0;
}

/* The first whole number behind the trace, which stands in messages, too. */
static bool find_version(
	struct th_slice data, const struct trace *t, char ret_version[TH_DOCTOR_VERSION])
{
	const uint8_t *p;
	while ((p = find(data, t)) != NULL) {
		data.n -= (size_t)(p - data.p);
		data.p = p;
		size_t n = number_length(p, data.n);
		if (n > 0 && n < TH_DOCTOR_VERSION) {
			memcpy(ret_version, p, n);
			ret_version[n] = '\0';
			return true;
		}
	}
	return false;
}

static void read_version(
	const struct th_elf *elf, const struct trace *t, char ret_version[TH_DOCTOR_VERSION])
{
	struct th_slice data;
	for (size_t at = 0; t->first && th_elf_next_loaded(elf, &at, &data);) {
		if (find_version(data, t, ret_version)) {
			return;
		}
	}
}

/* ---- a file ---- */

static bool has_openssl(const struct th_elf_symbols *s)
{
	return th_elf_defines(s, "SSL_read") && th_elf_defines(s, "SSL_write") &&
		th_elf_defines(s, "X509_verify_cert");
}

static const char *name_machine(uint16_t machine)
{
	switch (machine) {
	case EM_X86_64:
		return "x86-64";
	case EM_AARCH64:
		return "aarch64";
	default:
		return "another processor";
	}
}

/* Those that bring a TLS library of their own, the most telling first: Bun and Deno offer Node's
 * interfaces. */
static const char *find_runtime(const struct th_elf *elf)
{
	static const struct {
		const char *name;
		struct trace trace;
	} runtimes[] = {
		{"Bun", {"bun-", "vfs$$"}},
		{"Deno", {"deno_", "runtime"}},
		{"Go", {"Go build", "inf:"}},
		{"Erlang", {"ERL_CRASH_", "DUMP_SECONDS"}},
	};
	for (size_t i = 0; i < sizeof(runtimes) / sizeof(*runtimes); i++) {
		if (shows(elf, &runtimes[i].trace)) {
			return runtimes[i].name;
		}
	}
	return th_elf_defines(&elf->exported, "node_module_register") ? "Node.js" : NULL;
}

static void look(const struct th_elf *elf, const char *base, struct th_doctor_image *image)
{
	image->elf = true;
	image->machine = name_machine(elf->machine);
	image->dynamic = elf->dynamic;
	image->stripped = elf->all.rows.n == 0;
	if (elf->loader.n < sizeof(image->loader)) {
		memcpy(image->loader, elf->loader.p, elf->loader.n);
	}
	image->exports_ssl = has_openssl(&elf->exported);
	image->symbols_ssl = has_openssl(&elf->all);
	image->runtime = find_runtime(elf);
	for (int k = 0; k < TH_DOCTOR_TLS_KINDS; k++) {
		image->has[k] = th_doctor_tls_is_library(k, base) ||
			(k == TH_DOCTOR_OPENSSL && (image->exports_ssl || image->symbols_ssl)) ||
			shows(elf, &kinds[k].inside);
		if (image->has[k] || strncmp(base, "libcrypto.so", 12) == 0) {
			read_version(elf, &kinds[k].version, image->version[k]);
		}
	}
}

void th_doctor_image_read(const char *path, struct th_doctor_image *ret_image)
{
	struct stat st;
	struct th_elf elf;
	const char *slash = strrchr(path, '/');
	*ret_image = (struct th_doctor_image){.machine = "another processor"};
	th_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0) {
		return;
	}
	void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED) {
		return;
	}
	if (th_elf_read((struct th_slice){p, (size_t)st.st_size}, &elf) == 0) {
		look(&elf, slash ? slash + 1 : path, ret_image);
	}
	munmap(p, (size_t)st.st_size);
}
