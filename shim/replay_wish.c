/* See replay_wish.h. */
#include "shim/replay_wish.h"

#include "base/sys.h"
#include "shim/arm.h"
#include "shim/replay_link.h"

int th_wish_option(int fd, int name)
{
	int v = 0;
	socklen_t n = sizeof(v);
	int r = th_sys_getsockopt(fd, SOL_SOCKET, name, &v, &n);
	return r < 0 ? r : v;
}

/* A copy of the agent's memory is read: it may change its own meanwhile. */
static bool read_unix(const struct sockaddr *sa, socklen_t len, struct th_wish *w)
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

bool th_wish_read(const struct sockaddr *sa, socklen_t len, struct th_wish *w)
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

bool th_wish_loopback(const struct th_wish *w)
{
	const struct th_world_address *a = &w->peer;
	return a->family == 4 ? a->bytes[0] == 127
			      : a->family == 6 && IN6_IS_ADDR_LOOPBACK((const void *)a->bytes);
}

struct th_hello th_wish_hello(uint8_t kind, const struct th_wish *w)
{
	th_arm_notice();
	struct th_hello h = th_link_hello(kind, &w->peer, w->port);
	memcpy(h.name, w->name, sizeof(w->name));
	return h;
}

void th_wish_refused(const struct th_wish *w)
{
	if (th_arm_is(TH_ARM_REPLAY)) {
		struct th_hello h = th_wish_hello(TH_HELLO_FENCED_CONNECT, w);
		th_link_tell(&h);
	}
}
