/* Another preload in front of the same functions (P50): it counts, and says so at the end. With
 * BY_VERSION it asks for the next of that version. */
#include <dlfcn.h>
#include <stdio.h>
#include <sys/socket.h>

#ifdef BY_VERSION
#define NEXT(name) dlvsym(RTLD_NEXT, name, BY_VERSION)
#else
#define NEXT(name) dlsym(RTLD_NEXT, name)
#endif

static int connects, sends;

int connect(int fd, const struct sockaddr *address, socklen_t n)
{
	int (*real)(int, const struct sockaddr *, socklen_t) = NEXT("connect");
	connects++;
	return real(fd, address, n);
}

ssize_t send(int fd, const void *p, size_t n, int flags)
{
	ssize_t (*real)(int, const void *, size_t, int) = NEXT("send");
	sends++;
	return real(fd, p, n, flags);
}

__attribute__((destructor)) static void say(void)
{
	fprintf(stderr, "the other preload saw %d connects, %d sends\n", connects, sends);
}
