/* What the agent asks of the loader at run time, and what of it would pass our hooks by (P5).
 *
 * The functions are asked by the stubs of hook_load.c before the loader's own is jumped to: an
 * answer that is `done` is given to the agent, else the loader is asked as if nobody had listened,
 * with the agent's own return address, from which it takes whose search path and whose place in
 * the order of libraries (RTLD_NEXT) is meant (P6). */
#ifndef SHIM_LOADER_H
#define SHIM_LOADER_H

#include <stdbool.h>

struct th_loader_answer {
	void *value;
	bool done;
};

/* dlopen(file, mode), asked for by the code at `caller`. */
struct th_loader_answer th_loader_open(
	const char *file, int mode, const void *unused, const void *caller);

/* dlmopen(space, file, mode). */
struct th_loader_answer th_loader_open_apart(
	long space, const char *file, unsigned long mode, const void *caller);

/* dlsym(handle, name). */
struct th_loader_answer th_loader_symbol(
	void *handle, const char *name, const void *unused, const void *caller);

/* dlvsym(handle, name, version). */
struct th_loader_answer th_loader_symbol_of(
	void *handle, const char *name, const char *version, const void *caller);

#endif
