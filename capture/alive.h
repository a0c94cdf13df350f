/* Does anybody still write into a capture? */
#ifndef CAPTURE_ALIVE_H
#define CAPTURE_ALIVE_H

#include <stdbool.h>

/* A live file of the capture at `path` has an owner that may be alive: also one that cannot be
 * read, or is just being made. False when the directory cannot be listed. */
bool th_capture_may_grow(const char *path);

#endif
