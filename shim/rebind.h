/* Interposition made up for: libraries that were loaded with RTLD_DEEPBIND, and what they need,
 * look among themselves before they look to the front of the process, where our hooks are (P5).
 *
 * What they have bound to is written in tables of theirs (the GOT). So those entries, and no
 * others, are pointed at the hooks, to which the loader itself would have bound them without the
 * flag: nothing of the program's choice of libraries changes. */
#ifndef SHIM_REBIND_H
#define SHIM_REBIND_H

/* In the constructor: what is loaded by now needs nothing of the kind. */
void th_rebind_begin(void);

/* Points hooked functions' entries of everything loaded since at the hooks. errno may change. */
void th_rebind_loaded(void);

#endif
