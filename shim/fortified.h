/* Functions of the C library that headers declare only when _FORTIFY_SOURCE is on, which the shim
 * is built without (P39). As in glibc's bits/unistd-decl.h, bits/socket2.h and bits/stdio2.h. */
#ifndef SHIM_FORTIFIED_H
#define SHIM_FORTIFIED_H

#include <stdarg.h>
#include <sys/socket.h>
#include <sys/types.h>

ssize_t __read_chk(int fd, void *buf, size_t n, size_t room);
ssize_t __recv_chk(int fd, void *buf, size_t n, size_t room, int flags);
ssize_t __recvfrom_chk(
	int fd, void *buf, size_t n, size_t room, int flags, __SOCKADDR_ARG addr, socklen_t *len);
int __dprintf_chk(int fd, int flag, const char *format, ...);
int __vdprintf_chk(int fd, int flag, const char *format, va_list args);

#endif
