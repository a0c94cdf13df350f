/* The definition of a function behind this library in the order of the objects that the program was
 * started with: what dlsym(RTLD_NEXT) gives, at a fifth of its price. Every program that starts
 * waits while some hundred functions are looked up. */
#ifndef SHIM_NEXT_H
#define SHIM_NEXT_H

#include <stdbool.h>

/* Notes what is loaded. In the constructor. False: th_next_find() will know nothing. */
bool th_next_begin(void);

/* True: *ret_function is it, NULL when there is none. False: that is for the loader to say.
 * Signal-safe. */
bool th_next_find(const char *name, void **ret_function);

/* The file that this library was loaded from; NULL: not known. */
const char *th_next_own_file(void);

#endif
