/* See replay_own.h. A process of the tree that listens (or binds, for datagrams) tells the player
 * its socket's inode number, which is not drawn again (replay_guise.h) and which no other process
 * can pretend to have. Who then wants to connect to a port of loopback looks up which sockets are
 * behind it, in the kernel's own tables, and asks whether they are all known. So a service that was
 * there before is not taken for one of the tree's, nor is one that takes over a port which the tree
 * has given up. (In the wrapper's namespace there are no others.)
 *
 * On loopback only: a listener of the tree's on every address says nothing of where another
 * machine's address leads. Left out: a listening socket that the tree was handed from outside
 * (socket activation): it meets the fence, unless the recording knows it. */
#include "shim/replay_own.h"

#include <string.h>

#include "base/net_table.h"
#include "base/sys.h"
#include "shim/replay.h"
#include "shim/replay_link.h"

#define TABLE_BYTES_MAX (4u << 20) /* of a table; who listens stands first */
#define PIECE_BYTES 4096

/* How the player knows a socket: in the place of an address. */
static struct th_hello hello_of(uint8_t kind, uint64_t inode)
{
	static const char mark[8] = "inode";
	th_arm_notice();
	struct th_hello h = th_link_hello(kind, NULL, 0);
	memcpy(h.address, mark, sizeof(mark));
	memcpy(h.address + sizeof(mark), &inode, sizeof(inode));
	return h;
}

/* ---- telling ---- */

static void note(int fd)
{
	uint64_t inode = th_guise_inode(fd);
	if (inode) {
		struct th_hello h = hello_of(TH_HELLO_BOUND, inode);
		(void)th_link_ask(&h);
	}
}

void th_replay_listens(int fd)
{
	TH_KEEP_ERRNO;
	if (th_arm_is(TH_ARM_REPLAY) && th_wish_inet(th_wish_option(fd, SO_DOMAIN))) {
		note(fd);
	}
}

/* Sockets for datagrams that get any port, on every address, are those that ask, not those that are
 * sent to. */
static bool may_be_sent_to(const struct th_wish *w)
{
	return w->port != 0 || th_wish_loopback(w);
}

void th_replay_bound(int fd, const struct sockaddr *sa, socklen_t len)
{
	TH_KEEP_ERRNO;
	struct th_wish w = {.fd = fd};
	if (!th_arm_is(TH_ARM_REPLAY) || !sa || len < sizeof(sa->sa_family) ||
		!th_wish_read(sa, len, &w)) {
		return;
	}
	w.family = sa->sa_family;
	if (w.family == AF_UNIX) {
		struct th_hello h = th_wish_hello(TH_HELLO_BOUND, &w);
		(void)th_link_ask(&h);
	} else if (th_wish_option(fd, SO_TYPE) == SOCK_DGRAM && may_be_sent_to(&w)) {
		note(fd);
	}
}

/* ---- asking ---- */

struct search {
	const struct th_wish *wish;
	uint8_t state;
	bool found, foreign;
};

static bool is_any(const struct th_world_address *a)
{
	static const uint8_t zeros[16];
	return memcmp(a->bytes, zeros, sizeof(zeros)) == 0;
}

/* A socket of IPv6 on every address takes IPv4 too, mostly. */
static bool could_take(const struct th_net_entry *e, const struct th_wish *w)
{
	struct th_world_address own = th_world_plain_address(e->family, e->address);
	return e->port == w->port && (is_any(&own) || memcmp(&own, &w->peer, sizeof(own)) == 0);
}

static void look_at(struct th_slice line, struct search *s)
{
	struct th_net_entry e;
	if (!th_net_table_line(line, &e) || e.state != s->state || !could_take(&e, s->wish)) {
		return;
	}
	struct th_hello h = hello_of(TH_HELLO_WHOSE, e.inode);
	s->found = true;
	s->foreign = s->foreign || th_link_ask(&h) != 1;
}

/* Whole lines of what was read; the rest moves to the front. Returns its size. */
static size_t look_at_lines(char *p, size_t n, struct search *s)
{
	char *line = p, *end;
	while ((end = memchr(line, '\n', n - (size_t)(line - p))) != NULL) {
		look_at((struct th_slice){(uint8_t *)line, (size_t)(end - line)}, s);
		line = end + 1;
	}
	size_t rest = n - (size_t)(line - p);
	memmove(p, line, rest);
	return rest == PIECE_BYTES ? 0 : rest; /* no line is that long */
}

static void search_table(const char *path, struct search *s)
{
	char piece[PIECE_BYTES];
	size_t have = 0, all = 0;
	int fd = th_sys_open(path, O_RDONLY, 0);
	long got = fd < 0 ? fd : 1;
	while (got > 0 && !s->foreign && all < TABLE_BYTES_MAX) {
		got = th_sys_read(fd, piece + have, sizeof(piece) - have);
		if (got > 0) {
			all += (size_t)got;
			have = look_at_lines(piece, have + (size_t)got, s);
		}
	}
	if (fd >= 0) {
		th_sys_close(fd);
	}
	s->foreign = s->foreign || got > 0; /* not read to its end */
}

bool th_own_listens(const struct th_wish *w, int type)
{
	bool tcp = type == SOCK_STREAM;
	struct search s = {.wish = w, .state = tcp ? TH_NET_LISTENS : TH_NET_UNCONNECTED};
	if (!th_wish_loopback(w)) {
		return false;
	}
	search_table(tcp ? "/proc/thread-self/net/tcp" : "/proc/thread-self/net/udp", &s);
	search_table(tcp ? "/proc/thread-self/net/tcp6" : "/proc/thread-self/net/udp6", &s);
	return s.found && !s.foreign;
}
