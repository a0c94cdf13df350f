/* See replay_swap.h. The agent's descriptor is replaced (dup3) by one of AF_UNIX, with what the
 * agent had set on it. */
#include "shim/replay_swap.h"

#include <sys/time.h>

#include "base/sys.h"
#include "shim/replay_epoll.h"
#include "shim/replay_option.h"

#define EPHEMERAL_FIRST 32768
#define EPHEMERAL_COUNT 28232

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

/* Where the connection seems to come from: what the agent had bound, else loopback or an address of
 * documentation (RFC 5737, RFC 3849), and a port of its own. */
static union th_peer_address local_of(const struct th_wish *w, uint32_t number)
{
	static const uint8_t documentation[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
	union th_peer_address local = {0};
	socklen_t n = sizeof(local);
	TH_SYS(SYS_getsockname, w->fd, &local, &n);
	in_port_t port = htons((uint16_t)(EPHEMERAL_FIRST + number % EPHEMERAL_COUNT));
	uint32_t v4 = htonl(th_wish_loopback(w) ? INADDR_LOOPBACK : 0xc0000201u);
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
	} else if (th_wish_loopback(w)) {
		a.sin6_addr = (struct in6_addr)IN6ADDR_LOOPBACK_INIT;
	} else {
		memcpy(&a.sin6_addr, documentation, sizeof(documentation));
	}
	return (union th_peer_address){.v6 = a};
}

int th_swap(int fd, int new, const struct th_guise *guise)
{
	uint64_t before = th_guise_inode(fd), inode = th_guise_inode(new);
	struct th_guise *g = th_guise_put(inode, guise);
	int flags = th_sys_fcntl(fd, F_GETFD, 0);
	int r = g && flags >= 0 ? 0 : g ? flags : -ENOBUFS;
	if (r == 0) {
		carry_over(fd, new);
		r = (int)TH_SYS(SYS_dup3, new, fd, flags & FD_CLOEXEC ? O_CLOEXEC : 0);
	}
	th_sys_close(new);
	if (r < 0) {
		if (g) {
			th_guise_drop(g);
		}
		return r;
	}
	th_epoll_moved(fd, before, inode);
	return 0;
}

struct th_guise th_swap_guise(const struct th_wish *w, uint32_t number)
{
	struct th_guise g = {.peer = w->to, .peer_bytes = w->to_bytes, .fd = w->fd};
	if (w->family == AF_UNIX) {
		return g;
	}
	g.local = local_of(w, number);
	th_option_carry_over(w->fd, &g);
	return g;
}

bool th_swap_non_blocking(int fd)
{
	int flags = th_sys_fcntl(fd, F_GETFL, 0);
	return flags >= 0 && (flags & O_NONBLOCK);
}
