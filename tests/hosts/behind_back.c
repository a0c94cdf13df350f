/* P34: a descriptor closed by a system call made by hand, its number then a file, or another
 * connection. */
#include <stdio.h>
#include <sys/mman.h>

#include "by_hand.h"
#include "peer.h"

/* A fresh socket under this very number, without a call that the library could see. */
static void renew_as_socket(int number)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd != number) {
		by_hand(SYS_dup3, fd, number, 0, 0, 0, 0);
		by_hand(SYS_close, fd, 0, 0, 0, 0, 0);
	}
}

static void exchange(int fd, const char *what)
{
	char buf[16];
	send(fd, what, strlen(what), 0);
	ssize_t n = recv(fd, buf, sizeof(buf), 0);
	printf("%.*s\n", (int)n, buf);
}

int main(void)
{
	char buf[16];
	struct sockaddr_in a = peer_address();
	int fd = peer_dial(), file = memfd_create("x", 0);
	exchange(fd, "E-a");
	by_hand(SYS_dup3, file, fd, 0, 0, 0, 0);
	(void)!write(fd, "not a socket", 12);
	lseek(fd, 0, SEEK_SET);
	ssize_t n = read(fd, buf, 3);
	printf("%.*s\n", (int)n, buf);
	close(fd);
	fd = peer_dial();
	exchange(fd, "E-b");
	by_hand(SYS_close, fd, 0, 0, 0, 0, 0);
	renew_as_socket(fd);
	connect(fd, (struct sockaddr *)&a, sizeof(a));
	exchange(fd, "E-c");
	return 0;
}
