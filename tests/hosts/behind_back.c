/* P34: a descriptor closed by a raw system call, its number then another connection, or no socket.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "peer.h"

int main(void)
{
	char buf[16] = "";
	int fd = peer_dial();
	send(fd, "E-a", 3, 0);
	recv(fd, buf, sizeof(buf), 0);
	syscall(SYS_close, fd);
	int again = memfd_create("x", 0);
	printf("%s\n", again == fd ? "same number" : "other number");
	(void)!write(again, "not a socket", 12);
	lseek(again, 0, SEEK_SET);
	ssize_t n = read(again, buf, 3);
	printf("%.*s\n", (int)n, buf);
	close(again);
	fd = peer_dial();
	send(fd, "E-b", 3, 0);
	recv(fd, buf, sizeof(buf), 0);
	syscall(SYS_close, fd);
	fd = peer_dial();
	send(fd, "E-c", 3, 0);
	n = recv(fd, buf, sizeof(buf), 0);
	printf("%.*s\n", (int)n, buf);
	return 0;
}
