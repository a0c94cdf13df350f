/* Receiving on sockets, in all its forms. All are async-signal-safe and cancellation points; what
 * was received is recorded before the agent sees it. */
#include <limits.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shim/beneath.h"
#include "shim/fortified.h"
#include "shim/hook.h"
#include "shim/plain.h"
#include "shim/replay.h"
#include "shim/sock.h"

static void took(int fd, const void *buf, ssize_t ret, size_t asked, int flags)
{
	if (flags & MSG_ERRQUEUE) {
		return; /* no bytes of the stream */
	}
	if (flags & MSG_TRUNC) {
		th_sock_discarded(fd, ret);
	} else if (flags & MSG_PEEK) {
		th_sock_peeked(fd, ret, asked);
	} else {
		th_sock_received(fd, buf, ret, asked);
	}
}

static void took_message(int fd, const struct msghdr *msg, ssize_t ret, int flags)
{
	int count = msg->msg_iovlen < IOV_MAX ? (int)msg->msg_iovlen : IOV_MAX;
	if (flags & (MSG_ERRQUEUE | MSG_TRUNC | MSG_PEEK)) {
		took(fd, NULL, ret, (size_t)count, flags);
	} else {
		th_sock_received_v(fd, msg->msg_iov, count, ret);
	}
}

static void took_messages(int fd, struct mmsghdr *msgs, int ret, int flags)
{
	if (ret < 0) {
		took(fd, NULL, ret, 1, flags);
	}
	for (int i = 0; i < ret; i++) {
		took_message(fd, &msgs[i].msg_hdr, msgs[i].msg_len, flags);
	}
}

/* The player's ends are asked about (replay.h); for a vector the room in it counts. */
static ssize_t ended_v(int fd, const struct iovec *iov, int count, ssize_t ret)
{
	size_t room = 0;
	for (int i = 0; ret <= 0 && th_arm_guised() && i < count; i++) {
		room += iov[i].iov_len;
	}
	return th_replay_end(fd, room, ret);
}

/* Room for the source's address, read before the call: in a replay, where it will be ours. */
static socklen_t room_for(const void *addr, const socklen_t *len)
{
	return addr && len && th_arm_guised() ? *len : 0;
}

static void tell_source(int fd, ssize_t ret, void *addr, socklen_t room, socklen_t *len)
{
	if (addr && len && ret >= 0 && th_arm_guised()) {
		th_replay_source(fd, addr, room, len);
	}
}

TH_HOOK(ssize_t, read, (int fd, void *buf, size_t n))
{
	ssize_t ret = th_replay_end(fd, n, TH_REAL(read)(fd, buf, n));
	TH_RECORD(!th_beneath_received(fd, ret) && th_fd_tracked(fd),
		th_sock_received(fd, buf, ret, n));
	return ret;
}

/* As glibc exports it for libraries of its own; nobody keeps others from it. */
ssize_t __read(int fd, void *buf, size_t n);
TH_HOOK(ssize_t, __read, (int fd, void *buf, size_t n))
{
	return th_hook_read(fd, buf, n);
}

ssize_t th_plain_read(int fd, void *buf, size_t n)
{
	return th_hook_read(fd, buf, n);
}

TH_HOOK(ssize_t, __read_chk, (int fd, void *buf, size_t n, size_t room))
{
	ssize_t ret = th_replay_end(fd, n, TH_REAL(__read_chk)(fd, buf, n, room));
	TH_RECORD(th_fd_tracked(fd), th_sock_received(fd, buf, ret, n));
	return ret;
}

TH_HOOK(ssize_t, readv, (int fd, const struct iovec *iov, int count))
{
	ssize_t ret = ended_v(fd, iov, count, TH_REAL(readv)(fd, iov, count));
	TH_RECORD(th_fd_tracked(fd), th_sock_received_v(fd, iov, count, ret));
	return ret;
}

/* On a socket the offset can only be -1: as readv() then. Both names are one function. */
TH_HOOK(ssize_t, preadv2, (int fd, const struct iovec *iov, int count, off_t offset, int flags))
{
	ssize_t ret = ended_v(fd, iov, count, TH_REAL(preadv2)(fd, iov, count, offset, flags));
	TH_RECORD(th_fd_tracked(fd) && offset == -1, th_sock_received_v(fd, iov, count, ret));
	return ret;
}

TH_HOOK(ssize_t, preadv64v2,
	(int fd, const struct iovec *iov, int count, off64_t offset, int flags))
{
	ssize_t ret = ended_v(fd, iov, count, TH_REAL(preadv64v2)(fd, iov, count, offset, flags));
	TH_RECORD(th_fd_tracked(fd) && offset == -1, th_sock_received_v(fd, iov, count, ret));
	return ret;
}

TH_HOOK(ssize_t, recv, (int fd, void *buf, size_t n, int flags))
{
	ssize_t ret = th_replay_end(fd, n, TH_REAL(recv)(fd, buf, n, flags));
	TH_RECORD(!(flags == 0 && th_beneath_received(fd, ret)) && th_fd_tracked(fd),
		took(fd, buf, ret, n, flags));
	return ret;
}

TH_HOOK(ssize_t, __recv_chk, (int fd, void *buf, size_t n, size_t room, int flags))
{
	ssize_t ret = th_replay_end(fd, n, TH_REAL(__recv_chk)(fd, buf, n, room, flags));
	TH_RECORD(th_fd_tracked(fd), took(fd, buf, ret, n, flags));
	return ret;
}

TH_HOOK(ssize_t, recvfrom,
	(int fd, void *buf, size_t n, int flags, __SOCKADDR_ARG addr, socklen_t *len))
{
	socklen_t room = room_for(addr.__sockaddr__, len);
	ssize_t ret = th_replay_end(fd, n, TH_REAL(recvfrom)(fd, buf, n, flags, addr, len));
	tell_source(fd, ret, addr.__sockaddr__, room, len);
	TH_RECORD(th_fd_tracked(fd), took(fd, buf, ret, n, flags));
	return ret;
}

TH_HOOK(ssize_t, __recvfrom_chk,
	(int fd, void *buf, size_t n, size_t size, int flags, __SOCKADDR_ARG addr, socklen_t *len))
{
	socklen_t room = room_for(addr.__sockaddr__, len);
	ssize_t ret = TH_REAL(__recvfrom_chk)(fd, buf, n, size, flags, addr, len);
	ret = th_replay_end(fd, n, ret);
	tell_source(fd, ret, addr.__sockaddr__, room, len);
	TH_RECORD(th_fd_tracked(fd), took(fd, buf, ret, n, flags));
	return ret;
}

TH_HOOK(ssize_t, recvmsg, (int fd, struct msghdr *msg, int flags))
{
	socklen_t room = room_for(msg->msg_name, &msg->msg_namelen);
	ssize_t ret = TH_REAL(recvmsg)(fd, msg, flags);
	ret = ended_v(fd, msg->msg_iov, (int)msg->msg_iovlen, ret);
	tell_source(fd, ret, msg->msg_name, room, &msg->msg_namelen);
	TH_RECORD(th_fd_tracked(fd), took_message(fd, msg, ret, flags));
	return ret;
}

/* Of the sockets that are ours in a replay one message at a time: fewer than there is room for is a
 * result that callers know. */
TH_HOOK(int, recvmmsg,
	(int fd, struct mmsghdr *msgs, unsigned n, int flags, struct timespec *timeout))
{
	if (n > 0 && th_arm_guised() && th_replay_is_guise(fd)) {
		ssize_t got = th_hook_recvmsg(fd, &msgs->msg_hdr, flags & ~MSG_WAITFORONE);
		msgs->msg_len = got < 0 ? 0 : (unsigned)got;
		return got < 0 ? -1 : 1;
	}
	int ret = TH_REAL(recvmmsg)(fd, msgs, n, flags, timeout);
	TH_RECORD(th_fd_tracked(fd), took_messages(fd, msgs, ret, flags));
	return ret;
}
