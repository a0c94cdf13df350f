/* Where a path leads, free of symbolic links, as realpath() tells it (inside the agent). */
#ifndef BASE_REAL_PATH_H
#define BASE_REAL_PATH_H

#include <stddef.h>

#define TH_REAL_PATH_BYTES 1024 /* room for one, and for what is looked at on the way */

/* The length of what is written to ret_path, which has TH_REAL_PATH_BYTES; no NUL. 0: it leads
 * nowhere, it is too long (about half of that), or it leads through /proc, whose links are none.
 * `path`: as a system call takes it, relative to the working directory. */
size_t th_real_path(const char *path, char *ret_path);

#endif
