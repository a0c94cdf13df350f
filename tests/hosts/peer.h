/* A server in a thread of the host program, on loopback, for the socket hosts. What it does is
 * told by the first byte that it reads in each burst:
 *   E echoes the burst   F answers "bye" and closes   R closes with a reset   other: reads on */
#ifndef TESTS_HOSTS_PEER_H
#define TESTS_HOSTS_PEER_H

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int peer_listener = -1;

static void peer_reset(int fd)
{
	struct linger hard = {.l_onoff = 1};
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(fd);
}

static void *peer_serve(void *arg)
{
	int fd = (int)(long)arg;
	char buf[65536];
	ssize_t n;
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		if (buf[0] == 'R') {
			peer_reset(fd);
			return NULL;
		}
		if (buf[0] == 'F') {
			(void)!write(fd, "bye", 3);
			break;
		}
		if (buf[0] == 'E' && write(fd, buf, (size_t)n) != n) {
			break;
		}
	}
	close(fd);
	return NULL;
}

static void *peer_accept(void *arg)
{
	int fd;
	while ((fd = accept(peer_listener, NULL, NULL)) >= 0) {
		pthread_t t;
		pthread_create(&t, NULL, peer_serve, (void *)(long)fd);
		pthread_detach(t);
	}
	return NULL;
}

static struct sockaddr_in peer_address(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t n = sizeof(a);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (peer_listener >= 0) {
		getsockname(peer_listener, (struct sockaddr *)&a, &n);
		return a;
	}
	peer_listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(peer_listener, (struct sockaddr *)&a, sizeof(a)) || listen(peer_listener, 64)) {
		abort();
	}
	pthread_t t;
	pthread_create(&t, NULL, peer_accept, NULL);
	pthread_detach(t);
	return peer_address();
}

/* A connected socket. */
static inline int peer_dial(void)
{
	struct sockaddr_in a = peer_address();
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
		abort();
	}
	return fd;
}

#endif
