/* The symbol table (.symtab) of a program's file: what a linker left there for debuggers, and the
 * loader does not map. Only functions whose names begin as those of TLS libraries do are kept, by a
 * hash of the name. */
#ifndef SHIM_SYMTAB_H
#define SHIM_SYMTAB_H

#include "base/bytes.h"
#include "shim/image.h"

struct th_symtab_row {
	uint64_t hash; /* of the name */
	uint64_t value, size;
};

struct th_symtab {
	struct th_symtab_row *rows; /* of the pool */
	size_t n;
	uintptr_t bias;
};

/* Reads a file's bytes. 0; -ENOENT: no such table, or none with a TLS library in it; -EBADMSG: it
 * is damaged; -ENOEXEC: it is no ELF file; -ENOMEM. */
int th_symtab_parse(struct th_slice file, struct th_symtab *ret_table);

/* The same for the running program's file; cheap when there is no such table, and cheaper when
 * `executed` is its path (NULL: not known): /proc is asked only for what is then believed. */
int th_symtab_of_program(const char *executed, struct th_symtab *ret_table);

bool th_symtab_find(const struct th_symtab *t, const char *name, struct th_function *ret_function);

#endif
