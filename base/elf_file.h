/* An ELF file as it lies on disk: what it needs of a loader, its symbol tables, its data.
 *
 * Pure: fed with the file's bytes, which may be anybody's. Nothing is copied, allocated or locked,
 * so it serves the tool and the agent's constructor alike. 64-bit files of this machine's byte
 * order only. Source: elf(5). */
#ifndef BASE_ELF_FILE_H
#define BASE_ELF_FILE_H

#include "base/bytes.h"

struct th_elf_symbols {
	struct th_slice rows;  /* Elf64_Sym, not aligned */
	struct th_slice names; /* ends with a zero byte, or is empty */
};

struct th_elf {
	struct th_slice file;
	uint16_t machine;		/* EM_… */
	bool dynamic;			/* it has a dynamic section: a loader can add to it */
	struct th_slice loader;		/* PT_INTERP, a path; empty: none */
	struct th_elf_symbols exported; /* .dynsym: what the loader can bind */
	struct th_elf_symbols all;	/* .symtab: left there for debuggers; empty: stripped */
};

/* 0; -ENOEXEC: no 64-bit ELF file; -EBADMSG: it is damaged. */
int th_elf_read(struct th_slice file, struct th_elf *ret_elf);

/* Does the table have a function of that name which the file itself defines? */
bool th_elf_defines(const struct th_elf_symbols *symbols, const char *name);

/* The next part of the file that is loaded, from *at on (begin with 0). */
bool th_elf_next_loaded(const struct th_elf *elf, size_t *at, struct th_slice *ret_part);

#endif
