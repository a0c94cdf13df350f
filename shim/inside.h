/* TLS libraries that are part of a larger object: a program that has OpenSSL linked into it (the
 * official Node), whose calls of it no symbol binding decides (P5).
 *
 * The first bytes of the library's functions are written over with jumps to the hooks (entry.h),
 * in the constructor, before the agent has a thread: never later, and never undone. */
#ifndef SHIM_INSIDE_H
#define SHIM_INSIDE_H

#include <stdbool.h>

struct th_inside;

/* Looks at what is loaded; cheap where there is nothing of the kind. In the constructor, when the
 * process records or replays. What is found and cannot be followed is left as it is. */
void th_inside_begin(const char *executed);

/* Was there any, followed or not? */
bool th_inside_any(void);

/* A function of the library; NULL: it has none of that name. */
void *th_inside_symbol(const struct th_inside *inside, const char *name);

#endif
