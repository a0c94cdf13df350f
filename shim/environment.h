/* The variables that settings are read from. A program has dozens of variables, and settings ask
 * for thirty names: so the few that can be meant are picked out of the environment once. */
#ifndef SHIM_ENVIRONMENT_H
#define SHIM_ENVIRONMENT_H

/* In the constructor, once, not in a process whose environment is not to be trusted (P31). */
void th_environment_begin(void);

/* The value of a variable, as getenv() would give it, or NULL. Only of names that begin as those do
 * that are picked out (environment.c). A th_config_get. */
const char *th_environment_get(void *ctx, const char *name);

#endif
