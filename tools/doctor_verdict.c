/* The same questions that the library asks in its constructor (shim/inside.c, shim/curl_backend.c),
 * asked of files. Where they cannot be answered from a file the verdict is "not seen": better a
 * warning too many. A way of reaching TLS that is added to the library gets its enum here. */
#include "tools/doctor_verdict.h"

#include <stdlib.h>
#include <string.h>

#include "tools/tools.h"

const char *th_doctor_tap_words(enum th_doctor_tap tap)
{
	switch (tap) {
	case TH_DOCTOR_TAP_CALLS:
		return "tapped where it is called";
	case TH_DOCTOR_TAP_INSIDE:
		return "tapped inside the program";
	case TH_DOCTOR_TAP_CURL:
		return "told by libcurl, for what goes through libcurl";
	case TH_DOCTOR_TAP_RELAY:
		return "through the relay, if it trusts the certificates that its variables name";
	case TH_DOCTOR_TAP_NONE:
		break;
	}
	return "not seen";
}

static void add_gap(
	struct th_doctor_verdict *v, const char *what, const char *why, const char *advice)
{
	if (v->n_gaps < TH_DOCTOR_GAPS_MAX) {
		v->gaps[v->n_gaps++] = (struct th_doctor_gap){what, why, advice};
	}
}

/* ---- TLS libraries ---- */

static bool is_library(const struct th_doctor_file *f, enum th_doctor_tls kind)
{
	const char *slash = strrchr(f->path, '/');
	return th_doctor_tls_is_library(kind, slash ? slash + 1 : f->path);
}

static const char *linkage_of(const struct th_doctor_file *f, enum th_doctor_tls kind)
{
	if (is_library(f, kind)) {
		return kind == TH_DOCTOR_JSSE ? "of the runtime" : "shared";
	}
	if (kind == TH_DOCTOR_ERLANG) {
		return "of the runtime";
	}
	bool openssl = kind == TH_DOCTOR_OPENSSL;
	if (openssl && f->image.exports_ssl) {
		return "inside, exported";
	}
	return openssl && f->image.symbols_ssl ? "inside, in the symbol table"
					       : "inside, without symbols";
}

/* What is loaded late is not looked into, nor the symbol table of a library. */
static bool can_write_over(const struct th_doctor_program *p, const struct th_doctor_file *f)
{
	bool program = f == &p->files[0];
	return strcmp(f->image.machine, "x86-64") == 0 && !f->late &&
		(f->image.exports_ssl || (program && f->image.symbols_ssl));
}

/* shim/own_tls.c: what is in the program itself, when nothing else can be tapped; a Java VM. */
static enum th_doctor_tap relayed(
	const struct th_doctor_program *p, const struct th_doctor_file *f, enum th_doctor_tls kind)
{
	bool tappable = th_doctor_program_has(p, "libssl.so") ||
		th_doctor_program_has(p, "libgnutls.so") || th_doctor_program_has(p, "libcurl");
	bool own = kind == TH_DOCTOR_RUSTLS || kind == TH_DOCTOR_BORINGSSL ||
		kind == TH_DOCTOR_OPENSSL;
	bool relayed = kind == TH_DOCTOR_JSSE || (own && f == &p->files[0] && !tappable);
	return relayed && strcmp(p->files[0].image.machine, "x86-64") == 0 ? TH_DOCTOR_TAP_RELAY
									   : TH_DOCTOR_TAP_NONE;
}

static enum th_doctor_tap tap_of(
	const struct th_doctor_program *p, const struct th_doctor_file *f, enum th_doctor_tls kind)
{
	bool shared = is_library(f, kind);
	switch (kind) {
	case TH_DOCTOR_OPENSSL:
		return shared		       ? TH_DOCTOR_TAP_CALLS
			: can_write_over(p, f) ? TH_DOCTOR_TAP_INSIDE
					       : relayed(p, f, kind);
	case TH_DOCTOR_GNUTLS:
		return shared ? TH_DOCTOR_TAP_CALLS : TH_DOCTOR_TAP_NONE;
	default:
		return f != p->files && th_doctor_program_has(p, "libcurl") ? TH_DOCTOR_TAP_CURL
									    : relayed(p, f, kind);
	}
}

/* OpenSSL's version stands in its other half. */
static const char *version_of(
	const struct th_doctor_program *p, const struct th_doctor_file *f, enum th_doctor_tls kind)
{
	const char *own = f->image.version[kind];
	const struct th_doctor_file *other = kind == TH_DOCTOR_OPENSSL
		? th_doctor_program_has(p, "libcrypto.so")
		: NULL;
	return own[0] || !other ? own : other->image.version[kind];
}

static void add_row(struct th_doctor_verdict *v, const struct th_doctor_program *p,
	const struct th_doctor_file *f, enum th_doctor_tls kind)
{
	v->rows = th_tool_realloc(v->rows, (v->n_rows + 1) * sizeof(*v->rows));
	v->rows[v->n_rows++] = (struct th_doctor_row){
		kind, f, version_of(p, f, kind), linkage_of(f, kind), tap_of(p, f, kind)};
}

static void add_rows(struct th_doctor_verdict *v, const struct th_doctor_program *p)
{
	for (size_t i = 0; i < p->n_files; i++) {
		for (int kind = 0; kind < TH_DOCTOR_TLS_KINDS; kind++) {
			if (p->files[i].image.has[kind]) {
				add_row(v, p, &p->files[i], kind);
			}
		}
	}
}

static void judge_rows(struct th_doctor_verdict *v)
{
	for (size_t i = 0; i < v->n_rows; i++) {
		if (v->rows[i].tap == TH_DOCTOR_TAP_NONE) {
			add_gap(v, th_doctor_tls_name(v->rows[i].kind),
				"this TLS library has no functions that could be tapped",
				"its connections are listed in the capture, with their bytes "
				"counted, not decoded: record --require-coverage then exits 98");
		}
	}
}

/* ---- the rest ---- */

static void judge_obstacle(struct th_doctor_verdict *v, const struct th_doctor_program *p)
{
	if (p->obstacle) {
		add_gap(v, "the program", p->obstacle,
			"the library cannot be loaded into it; use a build that is linked "
			"dynamically with the GNU C library, for this machine, without rights of "
			"its own; or, if it heeds HTTPS_PROXY, record and replay with --proxy");
	} else if (!p->files[0].image.elf) {
		add_gap(v, "the program", "it is no program, or its interpreter is not there",
			"give the program that is executed");
	} else if (p->pid && !p->carries) {
		add_gap(v, "the process", "it was started without the library",
			"a process that runs cannot be joined: start it again with tracehook "
			"record");
	}
}

static void judge_libraries(struct th_doctor_verdict *v, const struct th_doctor_program *p)
{
	static const char *const quic[] = {
		"libngtcp2.so", "libnghttp3.so", "libquiche.so", "libmsquic.so", "liblsquic.so"};
	for (size_t i = 0; i < sizeof(quic) / sizeof(*quic); i++) {
		if (th_doctor_program_has(p, quic[i])) {
			add_gap(v, "HTTP/3", "what goes over QUIC is encrypted datagrams",
				"switch HTTP/3 off in the program");
			break;
		}
	}
	if (th_doctor_program_has(p, "liburing.so")) {
		add_gap(v, "io_uring", "what moves through it passes the C library by",
			"switch it off in the program; the kernel's count in the capture tells "
			"how much it was");
	}
}

static const char *note_of(const struct th_doctor_program *p, const struct th_doctor_verdict *v)
{
	if (p->shell) {
		return "the programs that it starts are judged each by itself";
	}
	if (p->runtime && strcmp(p->runtime, "Node.js") != 0 && v->n_rows == 0) {
		return "its TLS module was not found; one with a shared OpenSSL or GnuTLS is "
		       "tapped";
	}
	if (v->n_rows == 0 && v->n_gaps == 0) {
		return "no TLS library was found in it; a shared OpenSSL, GnuTLS or libcurl that "
		       "it loads later is tapped";
	}
	return NULL;
}

void th_doctor_verdict_of(const struct th_doctor_program *p, struct th_doctor_verdict *ret_verdict)
{
	struct th_doctor_verdict v = {0};
	judge_obstacle(&v, p);
	add_rows(&v, p);
	if (v.n_gaps == 0) {
		judge_rows(&v);
		judge_libraries(&v, p);
	} else {
		for (size_t i = 0; i < v.n_rows; i++) {
			v.rows[i].tap = TH_DOCTOR_TAP_NONE;
		}
	}
	v.note = v.n_gaps == 0 ? note_of(p, &v) : NULL;
	*ret_verdict = v;
}

void th_doctor_verdict_finish(struct th_doctor_verdict *v)
{
	free(v->rows);
	*v = (struct th_doctor_verdict){0};
}
