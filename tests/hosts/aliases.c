/* The names with underscores that glibc exports beside the plain ones. */
#include <fcntl.h>
#include <stdio.h>

#include "peer.h"

int __connect(int fd, const struct sockaddr *addr, socklen_t len);
ssize_t __send(int fd, const void *buf, size_t n, int flags);
ssize_t __read(int fd, void *buf, size_t n);
ssize_t __write(int fd, const void *buf, size_t n);
int __close(int fd);
int __dup2(int fd, int to);
int __fcntl(int fd, int cmd, ...);
FILE *_IO_fdopen(int fd, const char *mode);

int main(void)
{
	char buf[16];
	struct sockaddr_in a = peer_address();
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	printf("connect %d\n", __connect(fd, (struct sockaddr *)&a, sizeof(a)));
	printf("write %zd\n", __write(fd, "E-a", 3));
	printf("read %zd\n", __read(fd, buf, sizeof(buf)));
	int copy = __dup2(fd, 100), third = __fcntl(fd, F_DUPFD, 200);
	__close(fd);
	printf("send %zd\n", __send(copy, "E-b", 3, 0));
	printf("read %zd\n", __read(third, buf, sizeof(buf)));
	__close(third);
	FILE *stream = _IO_fdopen(copy, "r+");
	fputs("F", stream);
	fflush(stream);
	printf("%s\n", fgets(buf, sizeof(buf), stream));
	fclose(stream);
	return 0;
}
