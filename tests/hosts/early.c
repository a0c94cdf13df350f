/* A library whose constructor and destructor use the network: the first runs before ours (P11), the
 * second after it (P12). */
#include "early.h"

#include <stdio.h>

#include "peer.h"

static void talk(const char *when)
{
	char buf[16];
	int fd = peer_dial();
	send(fd, "E-hello", 7, 0);
	ssize_t n = recv(fd, buf, sizeof(buf), 0);
	printf("%s %.*s\n", when, (int)n, buf);
	fflush(stdout);
	close(fd);
}

__attribute__((constructor)) static void before(void)
{
	talk("constructor");
}

__attribute__((destructor)) static void after(void)
{
	talk("destructor");
}

void early_between(void)
{
	talk("main");
}
