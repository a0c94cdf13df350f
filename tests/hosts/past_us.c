/* Bytes that go past the hooks: splice and system calls made by hand, both ways. The kernel's own
 * count tells; ends of all kinds and bytes that nobody reads make no difference. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>

#include "by_hand.h"
#include "peer.h"

static void wait_for(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	poll(&p, 1, -1);
}

static void echo(int fd, const char *what)
{
	char buf[64];
	send(fd, what, strlen(what), 0);
	ssize_t n = recv(fd, buf, sizeof(buf), 0);
	printf("%.*s\n", (int)n, buf);
}

static void spliced(void)
{
	int ends[2], fd = peer_dial();
	(void)!pipe(ends);
	echo(fd, "E-seen");
	(void)!write(ends[1], "E-spliced", 9);
	printf("out %zd\n", splice(ends[0], NULL, fd, NULL, 9, 0));
	printf("in %zd\n", splice(fd, NULL, ends[1], NULL, 64, 0));
	close(fd);
	close(ends[0]);
	close(ends[1]);
}

static void raw(void)
{
	char buf[64];
	int fd = peer_dial();
	by_hand(SYS_write, fd, (long)"E-raw", 5, 0, 0, 0);
	printf("raw %ld\n", by_hand(SYS_read, fd, (long)buf, sizeof(buf), 0, 0, 0));
	close(fd);
}

static void ended(char how)
{
	char buf[64];
	int fd = peer_dial();
	echo(fd, "E-end");
	send(fd, &how, 1, 0);
	ssize_t n;
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0) {
	}
	printf("%c %d\n", how, n < 0 ? errno : 0);
	shutdown(fd, SHUT_RDWR);
	close(fd);
}

/* Half closed by us, answered, and never read. */
static void unread(void)
{
	int fd = peer_dial();
	echo(fd, "E-half");
	send(fd, "E-unread", 8, 0);
	shutdown(fd, SHUT_WR);
	wait_for(fd);
	close(fd);
}

int main(void)
{
	spliced();
	raw();
	ended('F');
	ended('R');
	unread();
	int fd = peer_dial(); /* open to the last */
	by_hand(SYS_write, fd, (long)"E-last", 6, 0, 0, 0);
	wait_for(fd);
	return 0;
}
