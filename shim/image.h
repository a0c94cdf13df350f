/* A loaded object as the loader describes it: its dynamic section, read in memory. Nothing is
 * allocated or locked. */
#ifndef SHIM_IMAGE_H
#define SHIM_IMAGE_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct th_image {
	uintptr_t bias;
	const char *name; /* "" for the program */
	const ElfW(Phdr) * phdr;
	size_t phdrs;
	const ElfW(Dyn) * dynamic;
	const ElfW(Sym) * symbols;
	const char *strings;
	const uint32_t *gnu_hash; /* NULL: none */
	const uint16_t *versions; /* of the symbols; NULL: none */
	const ElfW(Rela) * plt, *rela;
	size_t plt_n, rela_n;
	size_t relative_n;	    /* of rela, at its beginning: they name no symbol */
	bool rpath;		    /* DT_RPATH that counts */
	uintptr_t relro, relro_end; /* read-only since it was relocated; page bounds */
};

/* False: it has no dynamic section, or none that we can read. */
bool th_image_read(const struct dl_phdr_info *info, struct th_image *ret_image);

/* Does the address lie in one of the object's segments? */
bool th_image_holds(const struct th_image *image, uintptr_t address);

struct th_function {
	void *at;
	size_t size;
};

/* Of a symbol's name. */
uint32_t th_image_hash(const char *name);

/* The symbol of that name, whatever it is, that the object itself defines and exports, in the
 * version that new programs get; NULL: there is none. */
const ElfW(Sym) * th_image_symbol(const struct th_image *image, const char *name, uint32_t hash);

/* Which of those functions, that another object is to define, the object refers to: a bit each. At
 * most 32; one pass. */
uint32_t th_image_calls(const struct th_image *image, const char *const *names, size_t n);

/* The function of that name that the object itself defines and exports; false: there is none. */
bool th_image_find(
	const struct th_image *image, const char *name, struct th_function *ret_function);

#endif
