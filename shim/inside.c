/* See inside.h.
 *
 * The signs, cheap ones first: an object that exports SSL_read along with a function of libcrypto
 * (a shared libssl has only the first); then, of a program whose code is large enough to hold
 * OpenSSL, the symbol table in its file. A program that was stripped shows neither.
 *
 * One that cannot be followed is no loss yet: tools that were linked with a part of such a library
 * are started to say their version. When it talks, its TLS records stand in the capture undecoded.
 *
 * All or nothing: a connection of which only one direction is seen would be recorded wrong. So all
 * doors are made first, and nothing is written over if one that matters cannot be.
 *
 * Left out: shared objects that have such a library inside and do not export it, or are loaded at
 * run time. */
#include "shim/inside.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/emit.h"
#include "shim/entry.h"
#include "shim/hook.h"
#include "shim/image.h"
#include "shim/log.h"
#include "shim/next.h"
#include "shim/ssl.h"
#include "shim/symtab.h"

#define INSIDE_MAX 4
#define DOORS_MAX 32
#define CODE_BYTES_MIN ((size_t)1 << 20) /* OpenSSL is more than that, however little is used */

struct th_inside {
	struct th_image image;
	struct th_symtab symtab; /* no rows: it exports what it has */
};

static struct th_inside found[INSIDE_MAX];
static size_t found_n;

/* ---- what the library has ---- */

static bool find_function(
	const struct th_inside *in, const char *name, struct th_function *ret_function)
{
	bool is = in->symtab.n > 0 ? th_symtab_find(&in->symtab, name, ret_function)
				   : th_image_find(&in->image, name, ret_function);
	return is && th_image_holds(&in->image, (uintptr_t)ret_function->at) &&
		th_image_holds(&in->image, (uintptr_t)ret_function->at + ret_function->size);
}

void *th_inside_symbol(const struct th_inside *in, const char *name)
{
	struct th_function f;
	return find_function(in, name, &f) ? f.at : NULL;
}

/* ---- writing over ---- */

struct doors {
	const struct th_entry *at[DOORS_MAX];
	size_t n;
};

static bool is_tapped(const struct th_slot *s)
{
	return s->scope == TH_SLOT_LIB &&
		(strncmp(s->name, "SSL_", 4) == 0 || strcmp(s->name, "BIO_f_ssl") == 0 ||
			strcmp(s->name, "X509_verify_cert") == 0);
}

/* Without these nothing is right; a filter BIO or a look at the certificate may be missing. */
static bool matters(const char *name)
{
	static const char names[][20] = {"SSL_read", "SSL_read_ex", "SSL_write", "SSL_write_ex",
		"SSL_free", "SSL_clear", "X509_verify_cert"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(names[i], name) == 0) {
			return true;
		}
	}
	return false;
}

static int make_doors(
	const struct th_inside *in, const struct th_library *lib, struct doors *ret_doors)
{
	struct th_slot *s;
	struct th_function f;
	for (size_t i = 0; (s = th_slot_nth(i)) != NULL; i++) {
		if (!is_tapped(s) || !find_function(in, s->name, &f)) {
			continue;
		}
		if (ret_doors->n == DOORS_MAX) {
			return -ENOSPC;
		}
		int r = th_entry_prepare(s, f.at, f.size, lib, &ret_doors->at[ret_doors->n]);
		if (r < 0 && matters(s->name)) {
			return r;
		}
		ret_doors->n += r == 0;
	}
	return 0;
}

/* The processor checks returns (CET): moved code that stands for a call would not pass. */
static bool has_shadow_stack(void)
{
#if defined(__x86_64__)
	unsigned long ssp = 0;
	__asm__ volatile("rdsspq %0" : "+r"(ssp));
	return ssp != 0;
#else
	return false;
#endif
}

/* Not imported: every program would pay for it. */
static bool is_single_threaded(void)
{
	const char *single = th_slot_symbol(RTLD_DEFAULT, "__libc_single_threaded");
	return single && *single;
}

static int write_over(const struct th_inside *in, const struct th_library *lib)
{
	struct doors doors = {.n = 0};
	if (!is_single_threaded() || has_shadow_stack()) {
		return -EBUSY;
	}
	if (!th_ssl_follows(lib)) {
		return -ENOTSUP;
	}
	int r = make_doors(in, lib, &doors);
	size_t written = 0;
	while (r == 0 && written < doors.n) {
		r = th_entry_write(doors.at[written]);
		written += r == 0;
	}
	TH_RECORD(r < 0 && written,
		th_emit_lost(1, 0, "the program's own TLS library is followed in part only"));
	return r;
}

static void tap(const struct th_inside *in)
{
	struct th_function f;
	const struct th_library *lib = NULL;
	if (find_function(in, "SSL_read", &f)) {
		lib = th_library_inside(f.at, in);
	}
	int r = lib ? write_over(in, lib) : -ENOENT;
	th_log(r < 0 ? "TLS of its own cannot be followed" : "TLS of its own is followed",
		in->image.name, r);
}

/* ---- looking ---- */

static size_t code_bytes(const struct th_image *image)
{
	size_t n = 0;
	for (size_t i = 0; i < image->phdrs; i++) {
		bool code = image->phdr[i].p_type == PT_LOAD && (image->phdr[i].p_flags & PF_X);
		n += code ? image->phdr[i].p_memsz : 0;
	}
	return n;
}

static bool exports_it(const struct th_image *image)
{
	struct th_function f;
	return th_image_find(image, "SSL_read", &f) && th_image_find(image, "SSL_write", &f) &&
		th_image_find(image, "X509_verify_cert", &f);
}

static bool look_at(const struct th_image *image, bool program, const char *executed,
	struct th_inside *ret_inside)
{
	struct th_inside in = {.image = *image};
	if (th_next_is_own(image)) {
		return false; /* exports hooks of those names */
	}
	bool has = exports_it(image);
	if (!has && program && code_bytes(image) >= CODE_BYTES_MIN &&
		th_symtab_of_program(executed, &in.symtab) == 0) {
		in.symtab.bias = image->bias;
		has = true;
	}
	if (has) {
		*ret_inside = in;
	}
	return has;
}

void th_inside_begin(const char *executed)
{
	const struct th_image *image;
	size_t n = 0;
	for (size_t i = 0; n < INSIDE_MAX && (image = th_next_object(i)) != NULL; i++) {
		n += look_at(image, i == 0, executed, &found[n]);
	}
	for (size_t i = 0; i < n; i++) {
		tap(&found[i]);
	}
	found_n = n;
}

bool th_inside_any(void)
{
	return found_n > 0;
}
