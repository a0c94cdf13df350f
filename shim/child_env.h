/* The environment that a program about to be executed gets: does it carry this library? In a replay
 * a child that is started with an emptied environment (env -i, subprocess.run(env={})) would drop
 * the preload, and with it the fence. What such an environment lacks is put back; nothing else in
 * it changes.
 *
 * Async-signal-safe, and safe in a vfork child: the caller brings the memory. */
#ifndef SHIM_CHILD_ENV_H
#define SHIM_CHILD_ENV_H

#include <stdbool.h>
#include <stddef.h>

#define TH_CHILD_ENV_MAX 65536 /* entries; a larger environment is refused */

/* Remembers LD_PRELOAD as this process found it, and makes a relative path to this library absolute
 * in it. In the constructor only. */
void th_child_env_begin(void);

/* What the variable `name` ("PATH=") has in `envp`; NULL: nothing. `envp` may be NULL. */
const char *th_child_env_value(char *const envp[], const char *name);

/* Will the loader find this library named in LD_PRELOAD? Also true when it needs no such help. */
bool th_child_env_carries(char *const envp[]);

/* Before system() and popen(), which hand on this process's own environment: in a replay, puts back
 * into it what it lacks. Not async-signal-safe, as they are not. */
void th_child_env_restore(void);

/* How many bytes th_child_env_fill() needs; 0: the environment may stay as it is, or this is no
 * replay. SIZE_MAX: it has more than TH_CHILD_ENV_MAX entries. `envp` may be NULL. */
size_t th_child_env_room(char *const envp[]);

/* The environment with what it lacks, in `room`; its other strings are those of `envp`. */
char *const *th_child_env_fill(char *const envp[], void *room);

#endif
