/* read(), write() and close() as the agent calls them, recorded and all: for calls of the agent's
 * that the C library makes inside itself (hook_stdio.c). Each stands beside its hook. */
#ifndef SHIM_PLAIN_H
#define SHIM_PLAIN_H

#include <sys/types.h>

ssize_t th_plain_read(int fd, void *buf, size_t n);
ssize_t th_plain_write(int fd, const void *buf, size_t n);
int th_plain_close(int fd);

/* What waits in the buffers of streams on connections is written, as it is when a process ends. */
void th_plain_flush_streams(void);

#endif
