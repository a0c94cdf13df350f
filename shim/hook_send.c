/* Sending on sockets, in all its forms. All are async-signal-safe and cancellation points.
 *
 * Each asks th_refuses() first: with TRACEHOOK_ON_ERROR=closed nothing leaves on a tracked socket
 * that cannot be recorded. */
#include <limits.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "shim/beneath.h"
#include "shim/hook.h"
#include "shim/plain.h"
#include "shim/propagate.h"
#include "shim/relaying.h"
#include "shim/replay.h"
#include "shim/sock.h"

static bool refuses(int fd)
{
	if (!th_fd_tracked(fd) || !th_arm_refuses()) {
		return false;
	}
	errno = EIO;
	return true;
}

static void gave_message(int fd, const struct msghdr *msg, ssize_t ret)
{
	int count = msg->msg_iovlen < IOV_MAX ? (int)msg->msg_iovlen : IOV_MAX;
	th_sock_sent_v(fd, msg->msg_iov, count, ret);
}

static void gave_messages(int fd, struct mmsghdr *msgs, int ret)
{
	if (ret < 0) {
		th_sock_sent(fd, NULL, ret);
	}
	for (int i = 0; i < ret; i++) {
		gave_message(fd, &msgs[i].msg_hdr, msgs[i].msg_len);
	}
}

/* TCP fast open: the first bytes connect (RFC 7413). `began` is 0 when the call did not. */
static uint64_t fast_open_begins(const struct sockaddr *addr, socklen_t len, int flags)
{
	return flags & MSG_FASTOPEN && th_sock_wanted(addr, len) ? th_clock_now() : 0;
}

static void fast_opened(
	int fd, const struct sockaddr *addr, socklen_t len, ssize_t ret, uint64_t began)
{
	if (began) {
		th_sock_connect(fd, addr, len, ret < 0 ? -1 : 0, began);
	}
}

static int replay_message(int fd, const struct msghdr *msg, int flags)
{
	return msg->msg_name && th_arm_closed()
		? th_replay_send_to(fd, flags, msg->msg_name, msg->msg_namelen)
		: TH_REPLAY_PASS;
}

/* In a replay: has that been dealt with, a question to a name server by its answer, another
 * datagram by the fence? Then the call's result. */
static bool dealt_with(int fd, const void *buf, size_t n, ssize_t *ret)
{
	int r = th_arm_closed() ? th_replay_datagram(fd, buf, n) : TH_REPLAY_PASS;
	if (r == TH_REPLAY_PASS) {
		return false;
	}
	*ret = r < 0 ? th_replay_result(r) : (ssize_t)n;
	return true;
}

/* Nobody sends a question in more pieces than one, but for its length over TCP. */
static bool dealt_with_v(int fd, const struct iovec *iov, size_t count, ssize_t *ret)
{
	return count > 0 && dealt_with(fd, iov->iov_base, iov->iov_len, ret);
}

/* What a call says as sendmsg() would say it. */
#define AS_MESSAGE(iov, count) \
	(&(struct msghdr){ \
		.msg_iov = (struct iovec *)(uintptr_t)(iov), .msg_iovlen = (size_t)(count)})
#define AS_PART(buf, n) (&(struct iovec){(void *)(uintptr_t)(buf), n})

/* TRACEHOOK_PROPAGATE: the hook's work is done by propagate.c. */
static bool propagates(int fd)
{
	return th_propagates() && th_fd_tracked(fd);
}

/* In a replay: does it lead to the player? Mostly that is known without asking the kernel, and
 * th_replay_sent() finds out when it was not so. */
static bool may_reach_player(int fd, bool elsewhere)
{
	return th_arm_closed() &&
		((!elsewhere && th_replay_was_guise(fd)) || th_replay_is_guise(fd));
}

/* Sends what goes to the player. False: it does not; what was said to *ret is of no use. */
static bool give_player(__typeof__(send) *real, int fd, const void *buf, size_t n, int flags,
	bool elsewhere, ssize_t *ret)
{
	int kept = errno;
	if (!may_reach_player(fd, elsewhere)) {
		return false;
	}
	*ret = real(fd, buf, n, flags | MSG_NOSIGNAL);
	return th_replay_sent(fd, flags, kept, ret);
}

static bool give_player_message(
	__typeof__(sendmsg) *real, int fd, const struct msghdr *msg, int flags, ssize_t *ret)
{
	int kept = errno;
	if (!may_reach_player(fd, msg->msg_name)) {
		return false;
	}
	*ret = real(fd, msg, flags | MSG_NOSIGNAL);
	return th_replay_sent(fd, flags, kept, ret);
}

TH_HOOK(ssize_t, sendmsg, (int fd, const struct msghdr *msg, int flags))
{
	int r = replay_message(fd, msg, flags);
	if (r < 0) {
		return th_replay_result(r);
	}
	ssize_t ret;
	if (dealt_with_v(fd, msg->msg_iov, msg->msg_iovlen, &ret)) {
		return ret;
	}
	if (r == TH_REPLAY_BARE) {
		struct msghdr bare = *msg;
		bare.msg_name = NULL;
		bare.msg_namelen = 0;
		return TH_REAL(sendmsg)(fd, &bare, flags & ~MSG_FASTOPEN);
	}
	uint64_t began = flags & MSG_FASTOPEN
		? fast_open_begins(msg->msg_name, msg->msg_namelen, flags)
		: 0;
	TH_RECORD(th_sock_telling(msg->msg_name, msg->msg_namelen) && th_arm_owner(),
		th_sock_tells(fd, msg->msg_name, msg->msg_namelen));
	if (refuses(fd)) {
		return -1;
	}
	TH_RECORD(th_relay_wants_v(fd, msg->msg_iov, msg->msg_iovlen), th_relay_take(fd));
	if (propagates(fd)) {
		return th_propagate_send(TH_REAL(sendmsg), fd, msg, flags);
	}
	if (!give_player_message(TH_REAL(sendmsg), fd, msg, flags, &ret)) {
		ret = TH_REAL(sendmsg)(fd, msg, flags);
	}
	TH_RECORD(began && th_arm_owner(),
		fast_opened(fd, msg->msg_name, msg->msg_namelen, ret, began));
	TH_RECORD(th_fd_tracked(fd), gave_message(fd, msg, ret));
	return ret;
}

TH_HOOK(ssize_t, send, (int fd, const void *buf, size_t n, int flags))
{
	if (th_beneath_sends(fd)) {
		ssize_t ret = TH_REAL(send)(fd, buf, n, flags);
		TH_RECORD(!th_beneath_sent(fd, ret), th_sock_sent(fd, buf, ret));
		return ret;
	}
	if (refuses(fd)) {
		return -1;
	}
	ssize_t ret;
	if (dealt_with(fd, buf, n, &ret)) {
		return ret;
	}
	TH_RECORD(th_relay_wants(fd, buf, n), th_relay_take(fd));
	if (propagates(fd)) {
		return th_propagate_send(
			TH_REAL(sendmsg), fd, AS_MESSAGE(AS_PART(buf, n), 1), flags);
	}
	if (!give_player(TH_REAL(send), fd, buf, n, flags, false, &ret)) {
		ret = TH_REAL(send)(fd, buf, n, flags);
	}
	TH_RECORD(th_fd_tracked(fd), th_sock_sent(fd, buf, ret));
	return ret;
}

ssize_t __send(int fd, const void *buf, size_t n, int flags);
TH_HOOK(ssize_t, __send, (int fd, const void *buf, size_t n, int flags))
{
	return th_hook_send(fd, buf, n, flags);
}

TH_HOOK(ssize_t, write, (int fd, const void *buf, size_t n))
{
	if (th_beneath_sends(fd)) {
		ssize_t ret = TH_REAL(write)(fd, buf, n);
		TH_RECORD(!th_beneath_sent(fd, ret), th_sock_sent(fd, buf, ret));
		return ret;
	}
	if (refuses(fd)) {
		return -1;
	}
	ssize_t ret;
	if (dealt_with(fd, buf, n, &ret)) {
		return ret;
	}
	TH_RECORD(th_relay_wants(fd, buf, n), th_relay_take(fd));
	if (propagates(fd)) {
		return th_propagate_send(TH_REAL(sendmsg), fd, AS_MESSAGE(AS_PART(buf, n), 1), 0);
	}
	if (!give_player(TH_REAL(send), fd, buf, n, 0, false, &ret)) {
		ret = TH_REAL(write)(fd, buf, n);
	}
	TH_RECORD(th_fd_tracked(fd), th_sock_sent(fd, buf, ret));
	return ret;
}

/* As glibc exports it for libraries of its own; nobody keeps others from it. */
ssize_t __write(int fd, const void *buf, size_t n);
TH_HOOK(ssize_t, __write, (int fd, const void *buf, size_t n))
{
	return th_hook_write(fd, buf, n);
}

ssize_t th_plain_write(int fd, const void *buf, size_t n)
{
	return th_hook_write(fd, buf, n);
}

TH_HOOK(ssize_t, writev, (int fd, const struct iovec *iov, int count))
{
	if (refuses(fd)) {
		return -1;
	}
	ssize_t ret;
	if (dealt_with_v(fd, iov, count > 0 ? (size_t)count : 0, &ret)) {
		return ret;
	}
	TH_RECORD(count > 0 && th_relay_wants_v(fd, iov, (size_t)count), th_relay_take(fd));
	if (propagates(fd) && count > 0) {
		return th_propagate_send(TH_REAL(sendmsg), fd, AS_MESSAGE(iov, count), 0);
	}
	if (count <= 0 ||
		!give_player_message(TH_REAL(sendmsg), fd, AS_MESSAGE(iov, count), 0, &ret)) {
		ret = TH_REAL(writev)(fd, iov, count);
	}
	TH_RECORD(th_fd_tracked(fd), th_sock_sent_v(fd, iov, count, ret));
	return ret;
}

/* On a socket the offset can only be -1: as writev() then. Both names are one function. */
TH_HOOK(ssize_t, pwritev2, (int fd, const struct iovec *iov, int count, off_t offset, int flags))
{
	if (refuses(fd)) {
		return -1;
	}
	ssize_t ret = TH_REAL(pwritev2)(fd, iov, count, offset, flags);
	TH_RECORD(th_fd_tracked(fd) && offset == -1, th_sock_sent_v(fd, iov, count, ret));
	return ret;
}

TH_HOOK(ssize_t, pwritev64v2,
	(int fd, const struct iovec *iov, int count, off64_t offset, int flags))
{
	if (refuses(fd)) {
		return -1;
	}
	ssize_t ret = TH_REAL(pwritev64v2)(fd, iov, count, offset, flags);
	TH_RECORD(th_fd_tracked(fd) && offset == -1, th_sock_sent_v(fd, iov, count, ret));
	return ret;
}

TH_HOOK(ssize_t, sendto,
	(int fd, const void *buf, size_t n, int flags, __CONST_SOCKADDR_ARG addr, socklen_t len))
{
	const struct sockaddr *sa = addr.__sockaddr__;
	int r = sa && th_arm_closed() ? th_replay_send_to(fd, flags, sa, len) : TH_REPLAY_PASS;
	if (r < 0) {
		return th_replay_result(r);
	}
	ssize_t ret;
	if (dealt_with(fd, buf, n, &ret)) {
		return ret;
	}
	if (r == TH_REPLAY_BARE) {
		return TH_REAL(sendto)(fd, buf, n, flags & ~MSG_FASTOPEN, NULL, 0);
	}
	uint64_t began = fast_open_begins(sa, len, flags);
	TH_RECORD(th_sock_telling(sa, len) && th_arm_owner(), th_sock_tells(fd, sa, len));
	if (refuses(fd)) {
		return -1;
	}
	TH_RECORD(th_relay_wants(fd, buf, n), th_relay_take(fd));
	if (propagates(fd) && !sa) {
		return th_propagate_send(
			TH_REAL(sendmsg), fd, AS_MESSAGE(AS_PART(buf, n), 1), flags);
	}
	if (!give_player(TH_REAL(send), fd, buf, n, flags, sa, &ret)) {
		ret = TH_REAL(sendto)(fd, buf, n, flags, addr, len);
	}
	TH_RECORD(began && th_arm_owner(), fast_opened(fd, sa, len, ret, began));
	TH_RECORD(th_fd_tracked(fd), th_sock_sent(fd, buf, ret));
	return ret;
}

static size_t message_length(const struct msghdr *msg)
{
	size_t length = 0;
	for (size_t i = 0; i < msg->msg_iovlen; i++) {
		length += msg->msg_iov[i].iov_len;
	}
	return length;
}

/* In a replay each goes by the rules of sendmsg(). Like the kernel's, it ends with one that is not
 * sent whole, and fails only when none is sent: one that follows shows the error. */
static int send_each(int fd, struct mmsghdr *msgs, unsigned n, int flags)
{
	int kept = errno, sent = 0;
	bool whole = true;
	while (whole && sent < (int)(n < IOV_MAX ? n : IOV_MAX)) {
		ssize_t ret = th_hook_sendmsg(fd, &msgs[sent].msg_hdr, flags);
		if (ret < 0) {
			break;
		}
		whole = (size_t)ret == message_length(&msgs[sent].msg_hdr);
		msgs[sent++].msg_len = (unsigned)ret;
	}
	if (sent == 0) {
		return -1;
	}
	errno = kept;
	return sent;
}

TH_HOOK(int, sendmmsg, (int fd, struct mmsghdr *msgs, unsigned n, int flags))
{
	if (n > 0 && th_arm_closed()) {
		return send_each(fd, msgs, n, flags);
	}
	TH_RECORD(n > 0 && th_sock_telling(msgs->msg_hdr.msg_name, msgs->msg_hdr.msg_namelen) &&
			th_arm_owner(),
		th_sock_tells(fd, msgs->msg_hdr.msg_name, msgs->msg_hdr.msg_namelen));
	if (refuses(fd)) {
		return -1;
	}
	int ret = TH_REAL(sendmmsg)(fd, msgs, n, flags);
	TH_RECORD(th_fd_tracked(fd), gave_messages(fd, msgs, ret));
	return ret;
}

TH_HOOK(ssize_t, sendfile, (int fd, int in, off_t *offset, size_t n))
{
	if (refuses(fd)) {
		return -1;
	}
	ssize_t ret = TH_REAL(sendfile)(fd, in, offset, n);
	TH_RECORD(th_fd_tracked(fd),
		th_sock_sent_file(fd, in, offset && ret > 0 ? *offset - ret : -1, ret));
	return ret;
}

TH_HOOK(ssize_t, sendfile64, (int fd, int in, off64_t *offset, size_t n))
{
	if (refuses(fd)) {
		return -1;
	}
	ssize_t ret = TH_REAL(sendfile64)(fd, in, offset, n);
	TH_RECORD(th_fd_tracked(fd),
		th_sock_sent_file(fd, in, offset && ret > 0 ? *offset - ret : -1, ret));
	return ret;
}
