/* See own_tls.h. Whoever speaks TLS 1.3 holds the labels from which its keys are derived (RFC 8446
 * 7.1), as text that no stripping removes; and whoever can be told whom to trust holds the name of
 * the variable. Both are looked for in the program's constants.
 *
 * That is a walk through megabytes, in every process before its main(). So few come to it: the
 * program must be large enough to hold such a library, connect by itself, ask the system for
 * chance, have nothing beside it that can be tapped, and be no interpreter, whose TLS is a module
 * that is loaded later. Of a Debian system's programs next to none is left.
 *
 * Left out: libraries of that kind, also those loaded at run time (a Python package with rustls in
 * it): the program beside them is none that reads these variables. */
#include "shim/own_tls.h"

#include <link.h>
#include <string.h>

#include "player/protocol.h"
#include "shim/image.h"
#include "shim/inside.h"
#include "shim/log.h"
#include "shim/next.h"

#define CODE_BYTES_MIN ((size_t)512 << 10) /* no TLS library with its crypto is smaller */

#define NAME_BYTES 24

static const char label[] = "c hs traffic";

/* ---- by its symbols ---- */

static size_t code_bytes(const struct th_image *image)
{
	size_t n = 0;
	for (size_t i = 0; i < image->phdrs; i++) {
		const ElfW(Phdr) *p = &image->phdr[i];
		n += p->p_type == PT_LOAD && p->p_flags & PF_X ? p->p_memsz : 0;
	}
	return n;
}

static bool exports_any(const struct th_image *image, const char (*names)[NAME_BYTES], size_t n)
{
	struct th_function f;
	for (size_t i = 0; i < n; i++) {
		if (th_image_find(image, names[i], &f)) {
			return true;
		}
	}
	return false;
}

/* Python, Perl, Bash: started so often that it counts, and their TLS is a module or a program. */
static bool is_interpreter(const struct th_image *image)
{
	static const char functions[][NAME_BYTES] = {"Py_Main", "perl_run", "parse_and_execute"};
	return exports_any(image, functions, sizeof(functions) / sizeof(*functions));
}

static bool can_be_tapped(const struct th_image *image)
{
	static const char functions[][NAME_BYTES] = {
		"SSL_read", "gnutls_record_recv", "curl_easy_init"};
	return exports_any(image, functions, sizeof(functions) / sizeof(*functions));
}

static bool may_speak_tls(const struct th_image *image)
{
	const char *const functions[] = {"connect", "syscall", "getentropy", "getrandom"};
	if (code_bytes(image) < CODE_BYTES_MIN || is_interpreter(image)) {
		return false;
	}
	uint32_t calls = th_image_calls(image, functions, sizeof(functions) / sizeof(*functions));
	return (calls & 1) && (calls & ~1u);
}

/* NULL: the program is none of those, or something that can be tapped is loaded beside it. */
static const struct th_image *find_program(void)
{
	const struct th_image *program = th_next_object(0), *image;
	if (!program || !may_speak_tls(program)) {
		return NULL;
	}
	for (size_t i = 1; (image = th_next_object(i)) != NULL; i++) {
		if (!th_next_is_own(image) && can_be_tapped(image)) {
			return NULL;
		}
	}
	return program;
}

/* ---- by its constants ---- */

static bool has_type(const ElfW(Phdr) * p, uint32_t flags)
{
	return p->p_type == PT_LOAD && (p->p_flags & (PF_R | PF_W | PF_X)) == flags;
}

/* Linkers put them into segments of their own, or beside the code. */
static uint32_t type_of_constants(const struct th_image *image)
{
	for (size_t i = 0; i < image->phdrs; i++) {
		if (has_type(&image->phdr[i], PF_R)) {
			return PF_R;
		}
	}
	return PF_R | PF_X;
}

static bool holds(const struct th_image *image, const char *text)
{
	uint32_t type = type_of_constants(image);
	for (size_t i = 0; i < image->phdrs; i++) {
		const ElfW(Phdr) *p = &image->phdr[i];
		if (has_type(p, type) &&
			memmem((const void *)(image->bias + p->p_vaddr), p->p_filesz, text,
				strlen(text))) {
			return true;
		}
	}
	return false;
}

static bool can_be_told(const struct th_image *image)
{
	static const char names[][NAME_BYTES] = {TH_TRUST_NAMES};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (holds(image, names[i])) {
			return true;
		}
	}
	return false;
}

bool th_own_tls(void)
{
	const struct th_image *program = th_inside_any() ? NULL : find_program();
	bool own = program && holds(program, label);
	bool told = own && can_be_told(program);
	if (own) {
		th_log("TLS of its own that cannot be tapped",
			told ? "through the relay" : "no variable tells it whom to trust", told);
	}
	return told;
}
