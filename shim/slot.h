/* Finding the function that a hook stands in front of.
 *
 * Functions of the C library are bound once, by RTLD_NEXT, which chains to other preloads (P50);
 * in the constructor, because looking one up may allocate and take the loader's lock (P8).
 * Functions of other libraries are looked up as the caller itself would have found them: in the
 * scope of the object that holds the return address, then RTLD_NEXT, then any loaded object that
 * has it (P1-P3); the answer is kept per call site. */
#ifndef SHIM_SLOT_H
#define SHIM_SLOT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum th_slot_scope {
	TH_SLOT_LIBC,
	TH_SLOT_LIB,
};

struct th_image;
struct th_inside;

/* One of the section th_slots. It holds no address that the loader would have to relocate, in each
 * program that starts, and is as large as its alignment: compilers may pad a section of structures.
 */
#define TH_SLOT_BYTES 64
#define TH_SLOT_NAME_MAX 46 /* with its NUL */

struct th_slot {
	_Atomic(void *) real; /* TH_SLOT_LIBC, once found */
	_Atomic(void *) hook; /* our function, once asked for: th_slot_hook() */
	uint8_t scope;	      /* enum th_slot_scope */
	bool returns_pointer; /* how the stand-in for a missing function fails */
	char name[TH_SLOT_NAME_MAX];
};

_Static_assert(sizeof(struct th_slot) == TH_SLOT_BYTES, "a section of them has no gaps");

/* One of the section th_hooks: which hook belongs to which slot, as distances from the two. */
struct th_slot_hook {
	int32_t slot, hook;
};

/* A library that provides functions to hooks of TH_SLOT_LIB. Never unloaded: unless the program was
 * started with it, it is pinned when it is first met, so addresses kept here and per call site stay
 * good. */
struct th_library {
	_Atomic uintptr_t base;
	_Atomic(void *) handle;		/* once it is pinned */
	const struct th_image *image;	/* the program was started with it; NULL */
	const struct th_inside *inside; /* its functions are part of a larger object; NULL */
};

#define TH_LIBRARIES_MAX 16
#define TH_FUNCTION_NAME_MAX 48
#define TH_FUNCTIONS_MAX 18 /* of one struct th_functions */

/* What is known of one place that calls a hook. */
struct th_site {
	void *real;		      /* never NULL */
	const struct th_library *lib; /* that provides it; NULL: unknown */
	/* The call comes neither from the library that provides the function nor from the shim, so
	 * it is the application's own and no other hook sees its bytes (null-tls-vs-real-tls.md
	 * 4.5). */
	bool application;
	/* It comes from the shim: a real function, called by a hook, jumped on to a hooked one
	 * (P3). The caller's scope then says nothing about which library it is. */
	bool own;
	/* The function is part of the object that calls it and is written over (inside.h): calls of
	 * the library's own to it are seen as well. */
	bool inside;
};

/* Makes ready for finding the C library's functions. Each is found when it is first called: by a
 * walk that neither allocates nor locks, so that this is fit for any place a hook is called in (P8,
 * P21). Where that walk is not possible all are bound here. In the constructor; errno may change.
 */
void th_slot_begin(void);

/* Keeps errno. Never NULL. */
void *th_slot_find(struct th_slot *s);

/* The call site `caller` of a TH_SLOT_LIB slot. Keeps errno. */
struct th_site th_slot_site(struct th_slot *s, const void *caller);

/* The hooks, one after the other; NULL: no more. */
struct th_slot *th_slot_nth(size_t i);

/* Our function: never an answer (P4). Signal-safe. */
void *th_slot_hook(struct th_slot *s);

/* The hook of that name; NULL: there is none. Signal-safe. */
struct th_slot *th_slot_named(const char *name);

/* The loader's own functions, past our hooks of them. Like all of this room's calls of them they
 * come from this library: RTLD_NEXT is what follows it. */
void *th_slot_symbol(void *handle, const char *name);
void *th_slot_symbol_of(void *handle, const char *name, const char *version);
void *th_slot_load(const char *file, int mode);

/* The library that holds the function `p`, never unloaded from now on; NULL: there are too many. */
const struct th_library *th_library_of(const void *p);

/* The same for a function of a library that is part of a larger object. Constructor only. */
const struct th_library *th_library_inside(const void *p, const struct th_inside *inside);

/* The number of a library, below TH_LIBRARIES_MAX: for tables beside this one. */
size_t th_library_index(const struct th_library *lib);

/* A symbol in the scope of a library (itself and what it needs), never one of ours; NULL: none.
 * Keeps errno. */
void *th_library_symbol(const struct th_library *lib, const char *name);

/* Functions that are needed of a library, looked up together and once per library. */
struct th_functions {
	struct {
		_Atomic int state; /* 0: not looked at, 1: all are there, -1: not */
		void *at[TH_FUNCTIONS_MAX];
	} of[TH_LIBRARIES_MAX];
};

/* Defines `table` for a structure of pointers to the functions `list` names, in its order. */
#define TH_FUNCTIONS(table, structure, list) \
	_Static_assert(sizeof(list) / sizeof(*list) == sizeof(structure) / sizeof(void *) + 1, \
		"a function without a name, or a name without a function"); \
	_Static_assert(sizeof(structure) <= TH_FUNCTIONS_MAX * sizeof(void *), "no room"); \
	static struct th_functions table

/* A structure of function pointers, in the order of the names, of which the last is ""; NULL: `lib`
 * lacks one of them, or is NULL. The names do not stand in `functions`, where the loader would have
 * to relocate them. Keeps errno. */
const void *th_library_functions(struct th_functions *functions,
	const char (*names)[TH_FUNCTION_NAME_MAX], const struct th_library *lib);

static inline void *th_slot_real(struct th_slot *s, const void *caller)
{
	if (s->scope == TH_SLOT_LIB) {
		return th_slot_site(s, caller).real;
	}
	void *real = atomic_load_explicit(&s->real, memory_order_acquire);
	return real ? real : th_slot_find(s);
}

#endif
