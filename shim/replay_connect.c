/* connect() under replay: what a connection becomes.
 *
 * A peer that the recording was served by becomes a stream to the player: the agent's descriptor
 * is replaced (dup3) by one of AF_UNIX, with what the agent had set on it. A peer that always
 * failed fails alike. Loopback that spoke something else than HTTP is let through. Everything else
 * meets the fence: ECONNREFUSED for streams, since clients give up on it soonest; ENETUNREACH for
 * datagrams, as on a machine without a network.
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
#include <sys/epoll.h>
#include <sys/time.h>

#include "base/sys.h"
#include "base/unix_name.h"
#include "shim/name_server.h"
#include "shim/replay.h"
#include "shim/replay_epoll.h"
#include "shim/replay_guise.h"
#include "shim/replay_link.h"
#include "shim/replay_resolver.h"

#define EPHEMERAL_FIRST 32768
#define EPHEMERAL_COUNT 28232

/* What the agent asked for. */
struct wish {
	int fd;
	int family; /* of the socket, as the agent sees it: AF_INET, AF_INET6 or AF_UNIX */
	union th_peer_address to;
	socklen_t to_bytes;
	char name[TH_UNIX_NAME_BYTES]; /* of a Unix socket */
	struct th_world_address peer;
	uint16_t port;
	struct th_guise *old; /* of an earlier, failed attempt on this descriptor; NULL: none */
};

/* ---- reading the wish ---- */

static int option_of(int fd, int name)
{
	int v = 0;
	socklen_t n = sizeof(v);
	int r = th_sys_getsockopt(fd, SOL_SOCKET, name, &v, &n);
	return r < 0 ? r : v;
}

static bool is_inet(int family)
{
	return family == AF_INET || family == AF_INET6;
}

/* A copy of the agent's memory is read: it may change its own meanwhile. */
static bool read_unix(const struct sockaddr *sa, socklen_t len, struct wish *w)
{
	w->to_bytes = len < sizeof(w->to.un) ? len : sizeof(w->to.un);
	memcpy(&w->to.un, sa, w->to_bytes);
	if (!th_unix_name(&w->to.any, w->to_bytes, w->name)) {
		return false;
	}
	w->peer.family = TH_WORLD_UNIX;
	th_unix_key(w->name, w->peer.bytes);
	return true;
}

/* False: not a whole address. */
static bool read_address(const struct sockaddr *sa, socklen_t len, struct wish *w)
{
	if (sa->sa_family == AF_UNIX) {
		return read_unix(sa, len, w);
	}
	if (sa->sa_family == AF_INET && len >= sizeof(w->to.v4)) {
		memcpy(&w->to.v4, sa, sizeof(w->to.v4));
		uint8_t bytes[16] = {0};
		memcpy(bytes, &w->to.v4.sin_addr, 4);
		w->peer = th_world_plain_address(4, bytes);
		w->port = ntohs(w->to.v4.sin_port);
		return true;
	}
	size_t least = offsetof(struct sockaddr_in6, sin6_scope_id);
	if (sa->sa_family == AF_INET6 && len >= least) {
		memcpy(&w->to.v6, sa, len < sizeof(w->to.v6) ? len : sizeof(w->to.v6));
		w->peer = th_world_plain_address(6, w->to.v6.sin6_addr.s6_addr);
		w->port = ntohs(w->to.v6.sin6_port);
		return true;
	}
	return false;
}

/* ---- making it come true ---- */

static void carry_over(int from, int to)
{
	static const int options[] = {SO_RCVTIMEO, SO_SNDTIMEO, SO_LINGER, SO_KEEPALIVE};
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		struct timeval value; /* the largest of them */
		socklen_t n = sizeof(value);
		if (th_sys_getsockopt(from, SOL_SOCKET, options[i], &value, &n) == 0) {
			th_sys_setsockopt(to, SOL_SOCKET, options[i], &value, n);
		}
	}
	int flags = th_sys_fcntl(from, F_GETFL, 0);
	if (flags >= 0) {
		th_sys_fcntl(to, F_SETFL, flags & (O_NONBLOCK | O_ASYNC));
	}
}

static bool is_loopback(const struct th_world_address *a)
{
	return a->family == 4 ? a->bytes[0] == 127 : IN6_IS_ADDR_LOOPBACK((const void *)a->bytes);
}

/* Where the connection seems to come from: what the agent had bound, else loopback or an address of
 * documentation (RFC 5737, RFC 3849), and a port of its own. */
static union th_peer_address local_of(const struct wish *w, uint32_t number)
{
	static const uint8_t documentation[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
	union th_peer_address local = {0};
	socklen_t n = sizeof(local);
	TH_SYS(SYS_getsockname, w->fd, &local, &n);
	in_port_t port = htons((uint16_t)(EPHEMERAL_FIRST + number % EPHEMERAL_COUNT));
	uint32_t v4 = htonl(is_loopback(&w->peer) ? INADDR_LOOPBACK : 0xc0000201u);
	if (w->family == AF_INET) {
		struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = port};
		bool bound = local.any.sa_family == AF_INET;
		a.sin_port = bound && local.v4.sin_port ? local.v4.sin_port : port;
		a.sin_addr.s_addr = bound && local.v4.sin_addr.s_addr ? local.v4.sin_addr.s_addr
								      : v4;
		return (union th_peer_address){.v4 = a};
	}
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = port};
	if (w->peer.family == 4) {
		a.sin6_addr.s6_addr[10] = a.sin6_addr.s6_addr[11] = 0xff;
		memcpy(a.sin6_addr.s6_addr + 12, &v4, 4);
	} else if (is_loopback(&w->peer)) {
		a.sin6_addr = in6addr_loopback;
	} else {
		memcpy(&a.sin6_addr, documentation, sizeof(documentation));
	}
	return (union th_peer_address){.v6 = a};
}

/* Puts the socket `new` in the place of the agent's, guise and all; takes `new`. */
static int replace(const struct wish *w, int new, const struct th_guise *guise)
{
	uint64_t before = th_guise_inode(w->fd), inode = th_guise_inode(new);
	struct th_guise *g = th_guise_put(inode, guise);
	int flags = th_sys_fcntl(w->fd, F_GETFD, 0);
	int r = g && flags >= 0 ? 0 : g ? flags : -ENOBUFS;
	if (r == 0) {
		carry_over(w->fd, new);
		r = (int)TH_SYS(SYS_dup3, new, w->fd, flags & FD_CLOEXEC ? O_CLOEXEC : 0);
	}
	th_sys_close(new);
	if (r < 0) {
		if (g) {
			th_guise_drop(g);
		}
		return r;
	}
	th_epoll_moved(w->fd, before, inode);
	return 0;
}

static struct th_guise guise_of(const struct wish *w, uint32_t number)
{
	struct th_guise g = {.peer = w->to, .peer_bytes = w->to_bytes, .fd = w->fd};
	if (w->family == AF_UNIX) {
		return g;
	}
	g.local = local_of(w, number);
	int nodelay = 0;
	socklen_t n = sizeof(nodelay);
	g.nodelay = th_sys_getsockopt(w->fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &nodelay, &n) == 0 &&
		nodelay;
	return g;
}

static bool is_non_blocking(int fd)
{
	int flags = th_sys_fcntl(fd, F_GETFL, 0);
	return flags >= 0 && (flags & O_NONBLOCK);
}

static struct th_hello hello_of(uint8_t kind, const struct wish *w)
{
	th_arm_notice();
	struct th_hello h = th_link_hello(kind, &w->peer, w->port);
	memcpy(h.name, w->name, sizeof(w->name));
	return h;
}

/* Becomes the stream that the (numbered) hello announces. */
static int become_stream(const struct wish *w, const struct th_hello *h)
{
	int stream = th_link_dial(h);
	if (stream < 0) {
		/* The player is gone, or no descriptor is left for it. */
		return stream == -EMFILE || stream == -ENFILE ? stream : -ECONNREFUSED;
	}
	struct th_guise g = guise_of(w, h->connection);
	g.stream_id = h->stream_id;
	g.connected = true;
	g.pending = w->family != AF_UNIX && is_non_blocking(w->fd);
	int r = replace(w, stream, &g);
	return r == 0 && g.pending ? -EINPROGRESS : r;
}

static int serve(const struct wish *w)
{
	struct th_hello h = hello_of(TH_HELLO_STREAM, w);
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

static int fail(const struct wish *w, int error)
{
	if (!is_non_blocking(w->fd) || !comes_later(error) || w->family == AF_UNIX) {
		return -error;
	}
	int doomed = doomed_socket();
	if (doomed < 0) {
		return -error;
	}
	struct th_guise g = guise_of(w, 0);
	g.error = error;
	return replace(w, doomed, &g) < 0 ? -error : -EINPROGRESS;
}

static void report(const struct wish *w)
{
	if (th_arm_is(TH_ARM_REPLAY)) {
		struct th_hello h = hello_of(TH_HELLO_FENCED_CONNECT, w);
		th_link_tell(&h);
	}
}

/* A Unix socket that the recording did not know: one that a process of the tree has bound itself
 * (names with a random part) is let through; one that is not there is an error of the machine's. */
static int connect_unknown_unix(const struct wish *w)
{
	struct stat st;
	struct th_hello h = hello_of(TH_HELLO_WHOSE, w);
	th_link_count();
	if (th_link_ask(&h) == 1) {
		return TH_REPLAY_PASS;
	}
	if (w->name[0] != '@' && th_sys_stat(w->name, &st) == -ENOENT) {
		return -ENOENT;
	}
	report(w);
	return -ECONNREFUSED;
}

static int refuse_stream(const struct wish *w)
{
	th_link_count(); /* it may be one whose TLS the recording could not read */
	report(w);
	return fail(w, ECONNREFUSED);
}

/* Where the player may go, it says whether it can get there: a program that is refused tries the
 * next address. */
static int connect_online(const struct wish *w)
{
	struct th_hello h = hello_of(TH_HELLO_REACH, w);
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

static int connect_stream(const struct wish *w)
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
		return th_link_world()->header->live ? connect_online(w) : refuse_stream(w);
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

static int refuse_datagram(const struct wish *w)
{
	report(w);
	return -ENETUNREACH;
}

/* The socket becomes one whose questions to name servers are answered (replay_resolver.h). */
static int become_resolver(const struct wish *w, bool connected)
{
	if (w->old) { /* another server's turn */
		w->old->peer = w->to;
		w->old->connected = connected;
		return 0;
	}
	int new = th_resolver_socket();
	if (new < 0) {
		return new;
	}
	th_arm_notice();
	struct th_guise g = guise_of(w, (uint32_t) new);
	g.resolver = true;
	g.connected = connected;
	return replace(w, new, &g);
}

/* c-ares sorts a name's addresses by whether they can be reached, for which it connects to them
 * without ever sending (RFC 6724): that is no attempt to get out. Whoever means to send does not
 * wait for it. */
static bool is_probe(const struct wish *w)
{
	return th_arm_is(TH_ARM_REPLAY) && !is_non_blocking(w->fd) && th_resolver_knows(&w->peer);
}

static int connect_datagram(const struct wish *w, bool to_server)
{
	if (to_server && th_arm_is(TH_ARM_REPLAY) && is_inet(w->family)) {
		return become_resolver(w, true);
	}
	return is_probe(w) ? -ENETUNREACH : refuse_datagram(w);
}

/* Sockets that cannot leave the machine by themselves. A stream of AF_UNIX can: by who listens. */
static bool stays_here(int fd, int family)
{
	return family == AF_NETLINK || family == AF_ALG ||
		(family == AF_UNIX && option_of(fd, SO_TYPE) != SOCK_STREAM);
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
	struct wish w = {.fd = fd, .old = th_guise_of(fd)};
	if (w.old && w.old->resolver && sa && len >= sizeof(sa->sa_family) &&
		sa->sa_family == AF_UNSPEC) {
		w.old->connected = false;
		return 0;
	}
	w.family = w.old ? w.old->peer.any.sa_family : option_of(fd, SO_DOMAIN);
	if (w.family < 0 || !sa || len < sizeof(sa->sa_family) || sa->sa_family == AF_UNSPEC ||
		(!w.old && stays_here(fd, w.family))) {
		return TH_REPLAY_PASS; /* nothing leaves here, or the kernel knows the error */
	}
	if (w.old && !w.old->resolver) {
		int r = again(w.old);
		if (r != TH_AGAIN_NEW) {
			return r == TH_AGAIN_DONE ? 0 : r;
		}
	}
	if (!is_inet(w.family) && w.family != AF_UNIX) {
		return -ENETUNREACH;
	}
	if ((w.family == AF_UNIX) != (sa->sa_family == AF_UNIX) || !read_address(sa, len, &w)) {
		return TH_REPLAY_PASS;
	}
	union th_peer_address already;
	socklen_t n = sizeof(already);
	if (!w.old && TH_SYS(SYS_getpeername, fd, &already, &n) == 0) {
		return TH_REPLAY_PASS; /* connected to a peer that was let through */
	}
	return option_of(fd, SO_TYPE) == SOCK_STREAM
		? connect_stream(&w)
		: connect_datagram(&w, th_name_server_port(sa, len));
}

void th_replay_bound(int fd, const struct sockaddr *sa, socklen_t len)
{
	TH_KEEP_ERRNO;
	struct wish w = {.fd = fd, .family = AF_UNIX};
	if (th_arm_is(TH_ARM_REPLAY) && sa && len >= sizeof(sa->sa_family) &&
		sa->sa_family == AF_UNIX && read_unix(sa, len, &w)) {
		struct th_hello h = hello_of(TH_HELLO_BOUND, &w);
		(void)th_link_ask(&h);
	}
}

int th_replay_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	TH_KEEP_ERRNO;
	return connect_to(fd, sa, len);
}

/* ---- sending to an address ---- */

static bool is_there(int fd)
{
	struct th_guise *g = th_guise_of(fd);
	return g && g->connected;
}

int th_replay_send_to(int fd, int flags, const struct sockaddr *sa, socklen_t len)
{
	TH_KEEP_ERRNO;
	struct wish w = {.fd = fd, .old = th_guise_of(fd)};
	if (w.old && !w.old->resolver) {
		return TH_REPLAY_BARE; /* TCP ignores an address once it is connected */
	}
	w.family = w.old ? w.old->peer.any.sa_family : option_of(fd, SO_DOMAIN);
	if (w.family < 0 || w.family == AF_UNIX || stays_here(fd, w.family) || !sa) {
		return TH_REPLAY_PASS;
	}
	if (is_inet(w.family) && option_of(fd, SO_TYPE) == SOCK_STREAM) {
		int r = flags & MSG_FASTOPEN ? connect_to(fd, sa, len) : TH_REPLAY_PASS;
		bool there = r == 0 || (r == -EINPROGRESS && is_there(fd));
		return there ? TH_REPLAY_BARE : r;
	}
	bool read = read_address(sa, len, &w); /* or not: the fence stands in any case */
	if (read && th_arm_is(TH_ARM_REPLAY) && is_inet(w.family) && th_name_server_port(sa, len)) {
		int r = become_resolver(&w, w.old && w.old->connected);
		return r < 0 ? r : TH_REPLAY_BARE;
	}
	return refuse_datagram(&w);
}
