/* Programs that are about to be executed and will not carry this library: they are noted, in the
 * capture or at the player, and left as they are.
 *
 * Async-signal-safe, and safe in a vfork child, which notes it in its parent's name. */
#ifndef SHIM_LEFT_H
#define SHIM_LEFT_H

#include <stdbool.h>

struct th_left_program {
	int dir;
	const char *path; /* as of `dir`; NULL: `dir` is the program itself */
	bool search;	  /* on PATH, as execvp(3) does */
	bool beside;	  /* it does not replace the process that asks */
};

/* Looks at the program and the environment that it will have. What cannot be executed anyway is
 * not noted. Keeps errno. */
void th_left_look(const struct th_left_program *program, char *const envp[]);

#endif
