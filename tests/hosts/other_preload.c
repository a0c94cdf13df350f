/* Another preload in front of the same functions (P50): it counts, and says so at the end. */
#include <dlfcn.h>
#include <stdio.h>
#include <sys/socket.h>

static int connects, sends;

int connect(int fd, const struct sockaddr *address, socklen_t n)
{
	int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
	connects++;
	return real(fd, address, n);
}

ssize_t send(int fd, const void *p, size_t n, int flags)
{
	ssize_t (*real)(int, const void *, size_t, int) = dlsym(RTLD_NEXT, "send");
	sends++;
	return real(fd, p, n, flags);
}

__attribute__((destructor)) static void say(void)
{
	fprintf(stderr, "the other preload saw %d connects, %d sends\n", connects, sends);
}
