/* Every form of sending and receiving on a plain socket, one after the other. Built twice, once
 * fortified (P39). With offsets of 64 bits, so fcntl is fcntl64 (P37, P40). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "peer.h"

static int fd;
static volatile size_t big = 64; /* not known when compiling: fortified calls stay */

static void got(const char *what, ssize_t n, const char *buf)
{
	printf("%s %zd %.*s\n", what, n, n > 0 ? (int)n : 0, buf);
}

static void plain(void)
{
	char buf[64];
	got("write", write(fd, "E-write", 7), "");
	got("read", read(fd, buf, big), buf);
	got("send", send(fd, "E-send", 6, 0), "");
	got("peek", recv(fd, buf, 4, MSG_PEEK), buf);
	got("recv", recv(fd, buf, big, 0), buf);
	got("sendto", sendto(fd, "E-sendto", 8, 0, NULL, 0), "");
	got("recvfrom", recvfrom(fd, buf, big, 0, NULL, NULL), buf);
}

static void scattered(void)
{
	char a[4], b[60], head[] = "E-", tail[] = "vector";
	struct iovec out[2] = {{head, 2}, {tail, 6}}, in[2] = {{a, sizeof(a)}, {b, sizeof(b)}};
	got("writev", writev(fd, out, 2), "");
	ssize_t n = readv(fd, in, 2);
	got("readv", n - 4, b);
	got("pwritev2", pwritev2(fd, out, 2, -1, 0), "");
	got("preadv2", preadv2(fd, in, 2, -1, 0) - 4, b);
	got("pwritev64v2", pwritev64v2(fd, out, 2, -1, 0), "");
	got("preadv64v2", preadv64v2(fd, in, 2, -1, 0) - 4, b);
	struct msghdr send_msg = {.msg_iov = out, .msg_iovlen = 2};
	struct msghdr recv_msg = {.msg_iov = in, .msg_iovlen = 2};
	got("sendmsg", sendmsg(fd, &send_msg, 0), "");
	got("recvmsg", recvmsg(fd, &recv_msg, 0) - 4, b);
	struct mmsghdr many = {.msg_hdr = send_msg}, back = {.msg_hdr = recv_msg};
	got("sendmmsg", sendmmsg(fd, &many, 1, 0), "");
	got("recvmmsg", recvmmsg(fd, &back, 1, 0, NULL), "");
	printf("of %u\n", back.msg_len);
}

static void from_file(void)
{
	char buf[64];
	int file = memfd_create("f", 0);
	off_t at = 3;
	(void)!write(file, "012E-file-with-an-end", 21);
	got("sendfile", sendfile(fd, file, &at, 6), "");
	got("read", read(fd, buf, sizeof(buf)), buf);
	lseek(file, 3, SEEK_SET);
	got("sendfile", sendfile(fd, file, NULL, 8), "");
	got("read", read(fd, buf, sizeof(buf)), buf);
	close(file);
}

/* A second number for the same connection: closing one does not end it. */
static void doubled(void)
{
	char buf[64];
	int second = dup(fd), third = fcntl(fd, F_DUPFD_CLOEXEC, 50), fourth = dup2(fd, 60);
	close(fd);
	fd = second;
	close(third);
	got("send", send(fourth, "E-dup", 5, 0), "");
	close(fourth);
	got("recv", recv(fd, buf, sizeof(buf), 0), buf);
}

static void ends(void)
{
	char buf[64];
	got("send", send(fd, "F", 1, 0), "");
	got("recv", recv(fd, buf, sizeof(buf), MSG_WAITALL), buf);
	got("recv", recv(fd, buf, sizeof(buf), 0), buf);
	close(fd);
	fd = peer_dial();
	got("send", send(fd, "R", 1, 0), "");
	ssize_t n = recv(fd, buf, sizeof(buf), 0);
	printf("recv %zd %d\n", n, n < 0 ? errno : 0);
	close(fd);
}

static void begins(void)
{
	struct sockaddr_in a = peer_address(), nobody = a;
	char buf[8];
	int error = -1;
	socklen_t n = sizeof(error);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int r = connect(fd, (struct sockaddr *)&a, sizeof(a));
	printf("nonblocking %d %d\n", r, r < 0 ? errno : 0);
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	poll(&p, 1, -1);
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n);
	printf("so_error %d\n", error);
	r = (int)recv(fd, buf, sizeof(buf), 0);
	printf("empty %d %d\n", r, errno == EAGAIN);
	close(fd);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	nobody.sin_port = htons(1);
	r = connect(fd, (struct sockaddr *)&nobody, sizeof(nobody));
	printf("refused %d %d\n", r, errno);
	close(fd);
}

/* TCP fast open: bytes that connect, by a flag or by an option (RFC 7413), or by a second call
 * where the kernel has no cookie yet. */
static void fast_open(void)
{
	struct sockaddr_in a = peer_address();
	char buf[16];
	int on = 1;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	got("fastopen", sendto(fd, "E-flag", 6, MSG_FASTOPEN, (struct sockaddr *)&a, sizeof(a)),
		"");
	got("recv", recv(fd, buf, sizeof(buf), 0), buf);
	close(fd);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(fd, IPPROTO_TCP, 30 /* TCP_FASTOPEN_CONNECT */, &on, sizeof(on));
	printf("connect %d\n", connect(fd, (struct sockaddr *)&a, sizeof(a)));
	got("send", send(fd, "E-option", 8, 0), "");
	got("recv", recv(fd, buf, sizeof(buf), 0), buf);
	close(fd);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0); /* peer_dial() may abort */
	begins();
	fd = peer_dial();
	plain();
	scattered();
	from_file();
	doubled();
	ends();
	fast_open();
	return 0;
}
