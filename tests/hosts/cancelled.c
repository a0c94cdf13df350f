/* P25: a thread cancelled inside a hooked call leaves no guard raised, and others go on. */
#include <stdio.h>

#include "peer.h"

static void *waits(void *arg)
{
	char buf[8];
	(void)!read((int)(long)arg, buf, sizeof(buf));
	return NULL;
}

int main(void)
{
	char buf[8];
	int fd = peer_dial();
	pthread_t t;
	void *result = NULL;
	pthread_create(&t, NULL, waits, (void *)(long)fd);
	usleep(20000);
	pthread_cancel(t);
	pthread_join(t, &result);
	printf("%s\n", result == PTHREAD_CANCELED ? "cancelled" : "not cancelled");
	send(fd, "E-on", 4, 0);
	ssize_t n = recv(fd, buf, sizeof(buf), 0);
	printf("%.*s\n", (int)n, buf);
	return 0;
}
