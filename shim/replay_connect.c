/* connect() under replay: what a stream becomes. (Datagrams: replay_datagram.c.)
 *
 * A peer that the recording was served by becomes a stream to the player (replay_swap.h). A peer
 * that always failed fails alike. Loopback that spoke something else than HTTP is let through, and
 * so is a listener of the tree's own (replay_own.h). Everything else meets the fence: ECONNREFUSED,
 * since clients give up on it soonest.
 *
 * A non-blocking socket is told EINPROGRESS, as by TCP, though its stream is there already:
 * programs take another path when connect() succeeds at once, and then do things in another order
 * (curl -Z would finish one handshake before it has begun the next connection).
 *
 * A connection that is to fail on a non-blocking socket fails the way the network would let it:
 * EINPROGRESS, then poll() reports an error, then SO_ERROR tells it. Several clients word their
 * message differently for an error at once. The descriptor is replaced by one whose other end
 * closed with unread data, which the kernel reports just so.
 *
 * A stream to a Unix socket (docker.sock) is treated alike, its path in the place of an address.
 *
 * Left out: a peer that failed first and served later is served from the beginning (world_build.h).
 * Timing: failures come at once, whatever they took when recorded. */
#include "base/sys.h"
#include "shim/name_server.h"
#include "shim/replay.h"
#include "shim/replay_datagram.h"
#include "shim/replay_link.h"
#include "shim/replay_own.h"
#include "shim/replay_swap.h"
#include "shim/replay_wish.h"

/* Becomes the stream that the (numbered) hello announces. */
static int become_stream(const struct th_wish *w, const struct th_hello *h)
{
	int stream = th_link_dial(h);
	if (stream < 0) {
		/* The player is gone, or no descriptor is left for it. */
		return stream == -EMFILE || stream == -ENFILE ? stream : -ECONNREFUSED;
	}
	struct th_guise g = th_swap_guise(w, h->connection);
	g.stream_id = h->stream_id;
	g.connected = true;
	g.pending = w->family != AF_UNIX && th_swap_non_blocking(w->fd);
	int r = th_swap(w->fd, stream, &g);
	return r == 0 && g.pending ? -EINPROGRESS : r;
}

static int serve(const struct th_wish *w)
{
	struct th_hello h = th_wish_hello(TH_HELLO_STREAM, w);
	th_link_number(&h);
	return become_stream(w, &h);
}

/* Errors that the network sends, as against those that the own machine finds at once. */
static bool comes_later(int error)
{
	return error == ECONNREFUSED || error == ECONNRESET || error == ETIMEDOUT ||
		error == EHOSTUNREACH;
}

static int doomed_socket(void)
{
	int ends[2];
	int r = (int)TH_SYS(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
	if (r < 0) {
		return r;
	}
	th_sys_send(ends[0], "", 1, MSG_NOSIGNAL);
	th_sys_close(ends[1]);
	return ends[0];
}

static int fail(const struct th_wish *w, int error)
{
	if (!th_swap_non_blocking(w->fd) || !comes_later(error) || w->family == AF_UNIX) {
		return -error;
	}
	int doomed = doomed_socket();
	if (doomed < 0) {
		return -error;
	}
	struct th_guise g = th_swap_guise(w, 0);
	g.error = error;
	return th_swap(w->fd, doomed, &g) < 0 ? -error : -EINPROGRESS;
}

/* A Unix socket that the recording did not know: one that a process of the tree has bound itself
 * (names with a random part) is let through; one that is not there is an error of the machine's. */
static int connect_unknown_unix(const struct th_wish *w)
{
	struct stat st;
	struct th_hello h = th_wish_hello(TH_HELLO_WHOSE, w);
	th_link_count();
	if (th_link_ask(&h) == 1) {
		return TH_REPLAY_PASS;
	}
	if (w->name[0] != '@' && th_sys_stat(w->name, &st) == -ENOENT) {
		return -ENOENT;
	}
	th_wish_refused(w);
	return -ECONNREFUSED;
}

static int refuse_stream(const struct th_wish *w)
{
	th_link_count(); /* it may be one whose TLS the recording could not read */
	th_wish_refused(w);
	return fail(w, ECONNREFUSED);
}

/* Where the player may go, it says whether it can get there: a program that is refused tries the
 * next address. */
static int connect_online(const struct th_wish *w)
{
	struct th_hello h = th_wish_hello(TH_HELLO_REACH, w);
	th_link_number(&h);
	int r = th_link_ask(&h);
	if (r == TH_REACH_FENCED) {
		return refuse_stream(w);
	}
	if (r != 0) {
		return fail(w, r < 0 ? ETIMEDOUT : r);
	}
	h.kind = TH_HELLO_STREAM;
	return become_stream(w, &h);
}

static int connect_unknown(const struct th_wish *w)
{
	if (th_own_listens(w, SOCK_STREAM)) {
		th_link_count();
		return TH_REPLAY_PASS;
	}
	return th_link_world()->header->live ? connect_online(w) : refuse_stream(w);
}

static int connect_stream(const struct th_wish *w)
{
	if (!th_arm_is(TH_ARM_REPLAY)) {
		return w->family == AF_UNIX ? -ECONNREFUSED : -ENETUNREACH;
	}
	const struct th_world_peer *p = th_world_find_peer(
		th_link_world(), w->peer.family, w->peer.bytes, w->port);
	if (!p && w->family == AF_UNIX) {
		return connect_unknown_unix(w);
	}
	if (!p) {
		return connect_unknown(w);
	}
	switch (p->verdict) {
	case TH_PEER_SERVED:
		return serve(w);
	case TH_PEER_PASSED:
		th_link_count();
		return TH_REPLAY_PASS;
	default:
		return fail(w, p->error);
	}
}

/* Sockets that cannot leave the machine by themselves. A stream of AF_UNIX can: by who listens. */
static bool stays_here(int fd, int family)
{
	return family == AF_NETLINK || family == AF_ALG ||
		(family == AF_UNIX && th_wish_option(fd, SO_TYPE) != SOCK_STREAM);
}

#define TH_AGAIN_NEW 0	/* an earlier attempt has failed and said so: the agent may try anew */
#define TH_AGAIN_DONE 1 /* the attempt that is under way has succeeded */

/* A second connect() on a descriptor that was replaced: those two, or a negative errno. */
static int again(struct th_guise *g)
{
	if (g->connected) {
		return atomic_exchange(&g->pending, false) ? TH_AGAIN_DONE : -EISCONN;
	}
	return -atomic_exchange(&g->error, 0);
}

static int connect_to(int fd, const struct sockaddr *sa, socklen_t len)
{
	struct th_wish w = {.fd = fd, .old = th_guise_of(fd)};
	if (w.old && w.old->datagram && sa && len >= sizeof(sa->sa_family) &&
		sa->sa_family == AF_UNSPEC) {
		w.old->connected = false;
		return 0;
	}
	w.family = w.old ? w.old->peer.any.sa_family : th_wish_option(fd, SO_DOMAIN);
	if (w.family < 0 || !sa || len < sizeof(sa->sa_family) || sa->sa_family == AF_UNSPEC ||
		(!w.old && stays_here(fd, w.family))) {
		return TH_REPLAY_PASS; /* nothing leaves here, or the kernel knows the error */
	}
	if (w.old && !w.old->datagram) {
		int r = again(w.old);
		if (r != TH_AGAIN_NEW) {
			return r == TH_AGAIN_DONE ? 0 : r;
		}
	}
	if (!th_wish_inet(w.family) && w.family != AF_UNIX) {
		return -ENETUNREACH;
	}
	if ((w.family == AF_UNIX) != (sa->sa_family == AF_UNIX) || !th_wish_read(sa, len, &w)) {
		return TH_REPLAY_PASS;
	}
	if (th_wish_option(fd, SO_TYPE) != SOCK_STREAM) {
		return th_datagram_connect(&w);
	}
	union th_peer_address already;
	socklen_t n = sizeof(already);
	if (!w.old && TH_SYS(SYS_getpeername, fd, &already, &n) == 0) {
		return TH_REPLAY_PASS; /* connected to a peer that was let through */
	}
	return connect_stream(&w);
}

int th_replay_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	TH_KEEP_ERRNO;
	return connect_to(fd, sa, len);
}

static bool is_there(int fd)
{
	struct th_guise *g = th_guise_of(fd);
	return g && g->connected;
}

int th_replay_send_to(int fd, int flags, const struct sockaddr *sa, socklen_t len)
{
	TH_KEEP_ERRNO;
	struct th_wish w = {.fd = fd, .old = th_guise_of(fd)};
	if (w.old && !w.old->datagram) {
		return TH_REPLAY_BARE; /* TCP ignores an address once it is connected */
	}
	w.family = w.old ? w.old->peer.any.sa_family : th_wish_option(fd, SO_DOMAIN);
	if (w.family < 0 || w.family == AF_UNIX || stays_here(fd, w.family) || !sa) {
		return TH_REPLAY_PASS;
	}
	if (th_wish_inet(w.family) && th_wish_option(fd, SO_TYPE) == SOCK_STREAM) {
		int r = flags & MSG_FASTOPEN ? connect_to(fd, sa, len) : TH_REPLAY_PASS;
		bool there = r == 0 || (r == -EINPROGRESS && is_there(fd));
		return there ? TH_REPLAY_BARE : r;
	}
	return th_datagram_send_to(&w, th_wish_read(sa, len, &w));
}
