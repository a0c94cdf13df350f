/* In a replay: the environment that a program about to be executed gets. A child that is started
 * with an emptied environment (env -i, subprocess.run(env={})) would drop the preload, and with it
 * the fence. What such an environment lacks is put back; nothing else in it changes.
 *
 * Async-signal-safe, and safe in a vfork child: the caller brings the memory. */
#ifndef SHIM_CHILD_ENV_H
#define SHIM_CHILD_ENV_H

#include <stddef.h>

#define TH_CHILD_ENV_MAX 65536 /* entries; a larger environment is refused */

/* Remembers LD_PRELOAD as this process found it. In the constructor only. */
void th_child_env_begin(void);

/* How many bytes th_child_env_fill() needs; 0: the environment may stay as it is, or this is no
 * replay. SIZE_MAX: it has more than TH_CHILD_ENV_MAX entries. `envp` may be NULL. */
size_t th_child_env_room(char *const envp[]);

/* The environment with what it lacks, in `room`; its other strings are those of `envp`. */
char *const *th_child_env_fill(char *const envp[], void *room);

#endif
