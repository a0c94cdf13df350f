/* What a connection to the player answers when it is asked about itself: as one to the internet
 * would (replay_guise.h), and how it ends: a recorded reset must look like one, though sockets of
 * AF_UNIX know none, so the player is asked when the end is read. */
#include <netinet/in.h>
#include <signal.h>

#include "base/sys.h"
#include "shim/replay.h"
#include "shim/replay_guise.h"
#include "shim/replay_link.h"
#include "shim/replay_option.h"

bool th_replay_is_guise(int fd)
{
	TH_KEEP_ERRNO;
	return th_guise_of(fd) != NULL;
}

bool th_replay_was_guise(int fd)
{
	return th_guise_likely(fd);
}

/* What a Unix socket says of itself is true of one to the player, but for its peer's name. */
static bool is_unix(const struct th_guise *g)
{
	return g->peer.any.sa_family == AF_UNIX;
}

/* ---- names ---- */

static int give_address(const union th_peer_address *a, struct sockaddr *sa, socklen_t *len)
{
	socklen_t whole = a->any.sa_family == AF_INET ? sizeof(a->v4) : sizeof(a->v6);
	if (!sa || !len) {
		return -EFAULT;
	}
	memcpy(sa, a, *len < whole ? *len : whole);
	*len = whole;
	return 0;
}

/* A stream of the internet does not tell its source; the player's socket would. */
void th_replay_source(int fd, struct sockaddr *addr, socklen_t room, socklen_t *len)
{
	TH_KEEP_ERRNO;
	struct th_guise *g = th_guise_of(fd);
	if (g) {
		*len = g->datagram ? room : 0;
	}
	if (g && g->datagram) {
		(void)give_address(&g->peer, addr, len);
	}
}

int th_replay_peername(int fd, struct sockaddr *sa, socklen_t *len)
{
	TH_KEEP_ERRNO;
	struct th_guise *g = th_guise_of(fd);
	if (!g) {
		return TH_REPLAY_PASS;
	}
	if (!g->connected) {
		return -ENOTCONN;
	}
	return is_unix(g) ? th_option_give(&g->peer, g->peer_bytes, sa, len)
			  : give_address(&g->peer, sa, len);
}

int th_replay_sockname(int fd, struct sockaddr *sa, socklen_t *len)
{
	TH_KEEP_ERRNO;
	struct th_guise *g = th_guise_of(fd);
	return g && !is_unix(g) ? give_address(&g->local, sa, len) : TH_REPLAY_PASS;
}

/* ---- options ---- */

static int give_int(int value, void *out, socklen_t *len)
{
	return th_option_give(&value, sizeof(value), out, len);
}

static int socket_option(struct th_guise *g, int fd, int name, void *value, socklen_t *len)
{
	int error = 0;
	socklen_t n = sizeof(error);
	switch (name) {
	case SO_DOMAIN:
		return give_int(g->peer.any.sa_family, value, len);
	case SO_PROTOCOL:
		return give_int(g->datagram ? IPPROTO_UDP : IPPROTO_TCP, value, len);
	case SO_ERROR:
		if (g->connected) {
			return TH_REPLAY_PASS;
		}
		th_sys_getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n); /* forgets the kernel's */
		return give_int(atomic_exchange(&g->error, 0), value, len);
	default:
		return TH_REPLAY_PASS;
	}
}

int th_replay_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	TH_KEEP_ERRNO;
	struct th_guise *g = th_guise_of(fd);
	if (!g || is_unix(g)) {
		return TH_REPLAY_PASS;
	}
	if (level == SOL_SOCKET) {
		return socket_option(g, fd, name, value, len);
	}
	return th_option_get(g, level, name, value, len);
}

int th_replay_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	TH_KEEP_ERRNO;
	struct th_guise *g = th_guise_of(fd);
	if (!g || is_unix(g) || level == SOL_SOCKET) {
		return TH_REPLAY_PASS;
	}
	return th_option_set(g, level, name, value, len);
}

/* ---- the end ---- */

/* The errno that the end of this stream is to look like, once; 0: an orderly end. */
static int end_of(struct th_guise *g)
{
	if (!g->connected) {
		return atomic_exchange(&g->error, 0);
	}
	if (atomic_exchange(&g->asked, true)) {
		return 0;
	}
	struct th_hello h = th_link_hello(TH_HELLO_ENDED, NULL, 0);
	h.stream_id = g->stream_id;
	int r = th_link_ask(&h);
	return r > 0 ? r : 0;
}

ssize_t th_replay_received(int fd, size_t wanted, ssize_t n)
{
	int error = errno;
	bool ended = n == 0 && wanted > 0;
	bool refused = n < 0 && error == ECONNRESET;
	if (!ended && !refused) {
		return n;
	}
	struct th_guise *g = th_guise_of(fd);
	if (!g) {
		errno = error;
		return n;
	}
	/* A reset by the kernel only says that the player left bytes unread: it knows better. */
	int how = end_of(g);
	errno = how ? how : error;
	return how ? -1 : g->connected ? 0 : n;
}

/* The first call that meets the end of a connection is told how it ended, as with TCP. */
bool th_replay_sent(int fd, int flags, int kept, ssize_t *n)
{
	if (*n >= 0 || (errno != EPIPE && errno != ENOTSOCK)) {
		return true;
	}
	struct th_guise *g = th_guise_of(fd);
	if (!g) {
		errno = kept;
		return false;
	}
	int how = end_of(g);
	if ((!how || how == EPIPE) && !(flags & MSG_NOSIGNAL)) {
		TH_SYS(SYS_tgkill, TH_SYS(SYS_getpid), TH_SYS(SYS_gettid), SIGPIPE);
	}
	errno = how ? how : EPIPE;
	return true;
}
