/* Tries one way out of a replay: hostile WAY ADDRESS PORT. Says how far it got, and exits with 0.
 *
 * Built twice: linked dynamically, where the library stands in the way of all that goes through
 * libc, and statically. The ways that end in "-raw" make their system calls themselves. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "by_hand.h"

#define MESSAGE "out"

union peer {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static union peer peer;
static socklen_t peer_bytes;

static int result(long r)
{
	return r < 0 ? -errno : 0;
}

static int new_socket(int type)
{
	return socket(peer.any.sa_family, type, 0);
}

/* ---- through libc ---- */

static int tcp(void)
{
	return result(connect(new_socket(SOCK_STREAM), &peer.any, peer_bytes));
}

static int udp_sendto(void)
{
	int fd = new_socket(SOCK_DGRAM);
	return result(sendto(fd, MESSAGE, sizeof(MESSAGE), 0, &peer.any, peer_bytes));
}

static int udp_connected(void)
{
	int fd = new_socket(SOCK_DGRAM);
	if (connect(fd, &peer.any, peer_bytes) < 0) {
		return -errno;
	}
	return result(send(fd, MESSAGE, sizeof(MESSAGE), 0));
}

static struct msghdr message(struct iovec *iov)
{
	static char text[] = MESSAGE;
	*iov = (struct iovec){text, sizeof(text)};
	return (struct msghdr){
		.msg_name = &peer, .msg_namelen = peer_bytes, .msg_iov = iov, .msg_iovlen = 1};
}

static int udp_sendmsg(void)
{
	struct iovec iov;
	struct msghdr msg = message(&iov);
	return result(sendmsg(new_socket(SOCK_DGRAM), &msg, 0));
}

static int udp_sendmmsg(void)
{
	struct iovec iov;
	struct mmsghdr msg = {.msg_hdr = message(&iov)};
	return result(sendmmsg(new_socket(SOCK_DGRAM), &msg, 1, 0));
}

static int fast_open(void)
{
	int fd = new_socket(SOCK_STREAM);
	return result(sendto(fd, MESSAGE, sizeof(MESSAGE), MSG_FASTOPEN, &peer.any, peer_bytes));
}

/* ---- through libc, by number ---- */

static int tcp_number(void)
{
	return result(syscall(SYS_connect, new_socket(SOCK_STREAM), &peer, peer_bytes));
}

static int udp_number(void)
{
	struct iovec iov;
	struct mmsghdr msg = {.msg_hdr = message(&iov)};
	return result(syscall(SYS_sendmmsg, new_socket(SOCK_DGRAM), &msg, 1, 0));
}

static int ring_number(void)
{
	struct io_uring_params p = {0};
	return result(syscall(SYS_io_uring_setup, 4, &p));
}

/* ---- by hand ---- */

static int tcp_raw(void)
{
	int fd = new_socket(SOCK_STREAM);
	return (int)by_hand(SYS_connect, fd, (long)&peer, peer_bytes, 0, 0, 0);
}

static int udp_raw(void)
{
	int fd = new_socket(SOCK_DGRAM);
	long r = by_hand(
		SYS_sendto, fd, (long)MESSAGE, sizeof(MESSAGE), 0, (long)&peer, peer_bytes);
	return r < 0 ? (int)r : 0;
}

/* A datagram in a ring: one entry, submitted and waited for. */
static int ring_raw(void)
{
	struct io_uring_params p = {0};
	struct iovec iov;
	struct msghdr msg = message(&iov);
	int ring = (int)by_hand(SYS_io_uring_setup, 4, (long)&p, 0, 0, 0, 0);
	if (ring < 0) {
		return ring;
	}
	size_t sq_bytes = p.sq_off.array + p.sq_entries * sizeof(uint32_t);
	size_t cq_bytes = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
	size_t bytes = sq_bytes > cq_bytes ? sq_bytes : cq_bytes;
	uint8_t *sq = mmap(
		NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	uint8_t *cq = p.features & IORING_FEAT_SINGLE_MMAP
		? sq
		: mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	struct io_uring_sqe *sqe = mmap(NULL, p.sq_entries * sizeof(*sqe), PROT_READ | PROT_WRITE,
		MAP_SHARED, ring, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || sqe == MAP_FAILED) {
		return -ENOMEM;
	}
	*sqe = (struct io_uring_sqe){.opcode = IORING_OP_SENDMSG,
		.fd = new_socket(SOCK_DGRAM),
		.addr = (uintptr_t)&msg,
		.len = 1};
	*(uint32_t *)(sq + p.sq_off.array) = 0;
	atomic_store((_Atomic uint32_t *)(sq + p.sq_off.tail), 1);
	long r = by_hand(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, 0, 0);
	return r < 0 ? (int)r : ((struct io_uring_cqe *)(cq + p.cq_off.cqes))->res;
}

/* ---- all ways ---- */

static const struct {
	const char *name;
	int (*go)(void);
} ways[] = {
	{"tcp", tcp},
	{"udp-sendto", udp_sendto},
	{"udp-connected", udp_connected},
	{"udp-sendmsg", udp_sendmsg},
	{"udp-sendmmsg", udp_sendmmsg},
	{"fast-open", fast_open},
	{"tcp-number", tcp_number},
	{"udp-number", udp_number},
	{"ring-number", ring_number},
	{"tcp-raw", tcp_raw},
	{"udp-raw", udp_raw},
	{"ring-raw", ring_raw},
};

static int read_peer(const char *address, const char *port)
{
	in_port_t number = htons((uint16_t)strtoul(port, NULL, 10));
	if (inet_pton(AF_INET, address, &peer.v4.sin_addr) == 1) {
		peer.v4.sin_family = AF_INET;
		peer.v4.sin_port = number;
		peer_bytes = sizeof(peer.v4);
		return 0;
	}
	peer.v6.sin6_family = AF_INET6;
	peer.v6.sin6_port = number;
	peer_bytes = sizeof(peer.v6);
	return inet_pton(AF_INET6, address, &peer.v6.sin6_addr) == 1 ? 0 : -1;
}

int main(int argc, char **argv)
{
	if (argc != 4 || read_peer(argv[2], argv[3]) < 0) {
		fputs("usage: hostile WAY ADDRESS PORT\n", stderr);
		return 2;
	}
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(argv[1], ways[i].name) == 0) {
			int r = ways[i].go();
			printf("%s %s\n", argv[1], r < 0 ? strerrorname_np(-r) : "out");
			return 0;
		}
	}
	fputs("hostile: no such way\n", stderr);
	return 2;
}
