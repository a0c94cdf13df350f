/* UDP under replay. See replay_datagram.h.
 *
 * What leads to another socket of the tree on loopback is let through (replay_own.h). Every other
 * socket that is connected, or asks name servers, becomes one of AF_UNIX which reaches nobody,
 * whatever is done with it: questions to name servers are answered (replay_resolver.c), all else
 * that is sent is refused and told.
 *
 * To connect sends nothing, and programs do so without ever sending: c-ares and curl sort the
 * addresses of a name by whether they can be reached (RFC 6724), others ask getsockname()
 * afterwards which address of theirs leads out. So it succeeds, where the recording reached anybody
 * by that version of IP: a machine without IPv6 goes on without it. ENETUNREACH else, as it was
 * live. */
#include "shim/replay_datagram.h"

#include "base/sys.h"
#include "shim/replay.h"
#include "shim/replay_link.h"
#include "shim/replay_own.h"
#include "shim/replay_resolver.h"
#include "shim/replay_swap.h"

#define NAME_SERVER_PORT 53

/* By this version of IP? Where nobody was reached at all by the older one. */
static bool was_reached(uint8_t family)
{
	bool any = false;
	const struct th_world_header *h = th_link_world()->header;
	const struct th_world_peer *peers = (const void *)((const char *)h + h->peers_offset);
	for (uint32_t i = 0; i < h->n_peers; i++) {
		bool reached = peers[i].seen && peers[i].verdict != TH_PEER_FAILED;
		if (reached && peers[i].address.family == family) {
			return true;
		}
		any = any || (reached && peers[i].address.family != TH_WORLD_UNIX);
	}
	return !any && family == 4;
}

/* Where such a socket seems to send from: what the machine would choose, which is asked on a socket
 * of ours (nothing is sent); without a network it is loopback, where a program can also listen. */
static union th_peer_address source_of(const struct th_wish *w, uint32_t number)
{
	union th_peer_address a = {0};
	socklen_t n = sizeof(a);
	int fd = th_sys_socket(w->family, SOCK_DGRAM, 0);
	if (fd < 0 || th_sys_connect(fd, &w->to, w->to_bytes) < 0 ||
		TH_SYS(SYS_getsockname, fd, &a, &n) < 0) {
		struct th_wish home = *w;
		home.peer = th_world_plain_address(4, (const uint8_t[16]){127, 0, 0, 1});
		if (w->peer.family == 6) {
			home.peer = th_world_plain_address(6, (const uint8_t[16]){[15] = 1});
		}
		a = th_swap_guise(&home, number).local;
	}
	if (fd >= 0) {
		th_sys_close(fd);
	}
	return a;
}

/* The socket becomes one that reaches nobody, or stays one. */
static int become(const struct th_wish *w, bool connected)
{
	if (w->old) { /* another address's turn */
		w->old->peer = w->to;
		w->old->connected = connected;
		return 0;
	}
	int new = th_resolver_socket();
	if (new < 0) {
		return new;
	}
	th_arm_notice();
	struct th_guise g = th_swap_guise(w, (uint32_t) new);
	g.local = source_of(w, (uint32_t) new);
	g.datagram = true;
	g.connected = connected;
	return th_swap(w->fd, new, &g);
}

static int refuse(const struct th_wish *w)
{
	th_wish_refused(w);
	return -ENETUNREACH;
}

int th_datagram_connect(const struct th_wish *w)
{
	if (!th_arm_is(TH_ARM_REPLAY) || !th_wish_inet(w->family)) {
		return refuse(w);
	}
	if (w->port == NAME_SERVER_PORT) {
		return become(w, true);
	}
	if (!w->old && th_own_listens(w, SOCK_DGRAM)) {
		return TH_REPLAY_PASS;
	}
	return was_reached(w->peer.family) ? become(w, true) : -ENETUNREACH;
}

int th_datagram_send_to(const struct th_wish *w, bool whole)
{
	if (!whole || !th_arm_is(TH_ARM_REPLAY) || !th_wish_inet(w->family)) {
		return refuse(w);
	}
	if (w->port == NAME_SERVER_PORT) {
		int r = become(w, w->old && w->old->connected);
		return r < 0 ? r : TH_REPLAY_BARE;
	}
	return !w->old && th_own_listens(w, SOCK_DGRAM) ? TH_REPLAY_PASS : refuse(w);
}

/* ---- what is sent on it ---- */

static in_port_t port_of(const union th_peer_address *a)
{
	return ntohs(a->any.sa_family == AF_INET ? a->v4.sin_port : a->v6.sin6_port);
}

int th_replay_datagram(int fd, const void *message, size_t n)
{
	TH_KEEP_ERRNO;
	struct th_guise *g = th_resolver_any() ? th_guise_of(fd) : NULL;
	if (!g || !g->datagram) {
		return TH_REPLAY_PASS;
	}
	if (port_of(&g->peer) == NAME_SERVER_PORT) {
		th_resolver_asked(fd, (struct th_slice){message, n});
		return 0;
	}
	struct th_wish w = {.fd = fd, .family = g->peer.any.sa_family};
	if (th_wish_read(&g->peer.any, sizeof(g->peer), &w)) {
		th_wish_refused(&w);
	}
	return -ENETUNREACH;
}
