/* A connection whose every call is made by its number, through syscall(3); a thread that waits in
 * one of them is not cancelled there, as it would be in the named form. */
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "peer.h"

static void *wait_for_nothing(void *arg)
{
	char buf[8];
	long n = syscall(SYS_read, (int)(long)arg, buf, sizeof(buf));
	printf("not cancelled %ld\n", n);
	return NULL;
}

static void cancelled(void)
{
	int ends[2];
	pthread_t thread;
	void *how;
	(void)!pipe(ends);
	pthread_create(&thread, NULL, wait_for_nothing, (void *)(long)ends[0]);
	pthread_cancel(thread);
	syscall(SYS_write, ends[1], "go", 2);
	pthread_join(thread, &how);
	printf("%s\n", how == PTHREAD_CANCELED ? "cancelled" : "returned");
}

int main(void)
{
	char buf[16];
	struct sockaddr_in a = peer_address();
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	printf("connect %ld\n", syscall(SYS_connect, fd, &a, sizeof(a)));
	printf("write %ld\n", syscall(SYS_write, fd, "E-a", 3));
	printf("read %ld\n", syscall(SYS_read, fd, buf, sizeof(buf)));
	struct iovec iov = {buf, 3};
	struct mmsghdr msg = {.msg_hdr = {.msg_iov = &iov, .msg_iovlen = 1}};
	printf("sendmmsg %ld\n", syscall(SYS_sendmmsg, fd, &msg, 1, 0));
	printf("recvmmsg %ld\n", syscall(SYS_recvmmsg, fd, &msg, 1, 0, NULL));
	cancelled();
	printf("sendto %ld\n", syscall(SYS_sendto, fd, "F", 1, MSG_NOSIGNAL, NULL, 0));
	printf("recvfrom %ld\n", syscall(SYS_recvfrom, fd, buf, sizeof(buf), 0, NULL, NULL));
	printf("close %ld\n", syscall(SYS_close, fd));
	long r = syscall(SYS_read, fd, buf, sizeof(buf));
	printf("read %ld %d\n", r, errno);
	errno = 0;
	printf("pid %d %d\n", syscall(SYS_getpid) == getpid(), errno);
	r = syscall(-1);
	printf("none %ld %d\n", r, errno);
	return 0;
}
