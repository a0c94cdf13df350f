/* The definition of a function behind this library in the order of the objects that the program was
 * started with: what dlsym(RTLD_NEXT) gives, at a fifth of its price. Every program that starts
 * waits for what is done here. */
#ifndef SHIM_NEXT_H
#define SHIM_NEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "shim/image.h"

/* Notes what is loaded. In the constructor. False: th_next_find() will know nothing. */
bool th_next_begin(void);

/* True: *ret_function is it, NULL when there is none. False: that is for the loader to say.
 * Signal-safe. */
bool th_next_find(const char *name, void **ret_function);

/* The C library's own function of that name, whatever stands before it, and us; NULL: there is
 * none. For the few that cannot be asked for by dlsym(), because they are it. Slow; takes the
 * loader's lock.
 */
void *th_next_libc(const char *name);

/* Does the object that holds this address come before this library in that order? */
bool th_next_precedes(const void *address);

/* The file that this library was loaded from; NULL: not known. */
const char *th_next_own_file(void);

/* What was loaded, in that order; NULL: no more. The first is the program. */
const struct th_image *th_next_object(size_t i);

/* Is it this library? */
bool th_next_is_own(const struct th_image *image);

/* That of them which holds the address; NULL: none, or something was unloaded since, and what is at
 * such an address now is not known here. Allocates nothing; takes the loader's lock. */
const struct th_image *th_next_holder(const void *address);

/* The function that the loader would find for a name in the scope of one of those objects: of its
 * own, or of what it needs itself. NULL: that is for the loader to say. */
void *th_next_in_scope(const struct th_image *image, const char *name);

/* How many objects the loader told of, those among them that have nothing to look at. */
size_t th_next_walked(void);

#endif
