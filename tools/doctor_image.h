/* What one file of a program (its executable, a library) has to do with TLS: found from the file,
 * which is not run. */
#ifndef TOOLS_DOCTOR_IMAGE_H
#define TOOLS_DOCTOR_IMAGE_H

#include <stdbool.h>

#define TH_DOCTOR_VERSION 24

enum th_doctor_tls {
	TH_DOCTOR_OPENSSL,
	TH_DOCTOR_GNUTLS,
	TH_DOCTOR_BORINGSSL,
	TH_DOCTOR_RUSTLS,
	TH_DOCTOR_GO_TLS,
	TH_DOCTOR_JSSE,
	TH_DOCTOR_ERLANG,
	TH_DOCTOR_NSS,
	TH_DOCTOR_MBEDTLS,
	TH_DOCTOR_WOLFSSL,
	TH_DOCTOR_TLS_KINDS,
};

struct th_doctor_image {
	bool elf;	     /* a 64-bit ELF file that could be read */
	const char *machine; /* static text; "another processor" when it is none we know */
	bool dynamic, stripped;
	char loader[256]; /* PT_INTERP; "": none */
	const char *
		runtime; /* "Node.js", "Bun", "Deno", "Go", "Erlang": told by the file; NULL: not */
	bool has[TH_DOCTOR_TLS_KINDS];			      /* linked into it, or being it */
	char version[TH_DOCTOR_TLS_KINDS][TH_DOCTOR_VERSION]; /* "": not found */
	bool exports_ssl; /* OpenSSL's functions, for the loader to bind */
	bool symbols_ssl; /* the same in the symbol table left for debuggers */
};

/* Reads the file. What cannot be read is no ELF file. */
void th_doctor_image_read(const char *path, struct th_doctor_image *ret_image);

/* "OpenSSL" */
const char *th_doctor_tls_name(enum th_doctor_tls kind);

/* Is a file of that name the shared library of that kind ("libssl.so.3")? */
bool th_doctor_tls_is_library(enum th_doctor_tls kind, const char *name);

#endif
