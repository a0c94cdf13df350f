/* P23: a call that succeeds leaves errno as it was; one that fails says its own. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>

#include "peer.h"

#define MARK 1234

static int failures;

static void expect(const char *what, int want)
{
	if (errno != want) {
		printf("%s: errno %d, not %d\n", what, errno, want);
		failures++;
	}
	errno = MARK;
}

static void successes(int fd)
{
	char buf[32];
	errno = MARK;
	send(fd, "E-1", 3, 0);
	expect("send", MARK);
	recv(fd, buf, sizeof(buf), 0);
	expect("recv", MARK);
	(void)!write(fd, "E-2", 3);
	expect("write", MARK);
	(void)!read(fd, buf, sizeof(buf));
	expect("read", MARK);
	int other = dup(fd);
	expect("dup", MARK);
	close(other);
	expect("close", MARK);
	shutdown(fd, SHUT_WR);
	expect("shutdown", MARK);
	(void)!read(fd, buf, sizeof(buf));
	expect("read at the end", MARK);
	close(fd);
	expect("last close", MARK);
}

static void mistakes(void)
{
	char buf[8];
	struct sockaddr_in nobody = {.sin_family = AF_INET, .sin_port = htons(1)};
	nobody.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	errno = MARK;
	connect(fd, (struct sockaddr *)&nobody, sizeof(nobody));
	expect("connect refused", ECONNREFUSED);
	(void)!read(fd, buf, sizeof(buf));
	expect("read unconnected", ENOTCONN);
	close(fd);
	(void)!write(fd, buf, 1);
	expect("write closed", EBADF);
	close(fd);
	expect("close closed", EBADF);
	recv(-1, buf, 1, 0);
	expect("recv -1", EBADF);
	close(70000);
	expect("close beyond the table", EBADF);
	dup2(fd, 65536 * 4);
	expect("dup2 closed", EBADF);
	connect(-1, (struct sockaddr *)&nobody, sizeof(nobody));
	expect("connect -1", EBADF);
	fcntl(fd, F_DUPFD, 3);
	expect("fcntl closed", EBADF);
}

int main(void)
{
	struct addrinfo *list = NULL;
	int fd = peer_dial();
	successes(fd);
	mistakes();
	int r = getaddrinfo(
		"127.0.0.1", "80", &(struct addrinfo){.ai_flags = AI_NUMERICHOST}, &list);
	printf("getaddrinfo %d\n", r);
	freeaddrinfo(list);
	printf("%d failures\n", failures);
	return failures > 0;
}
