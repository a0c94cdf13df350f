/* See replay_option.h. The socket is one of AF_UNIX, which knows none of these options. What an
 * option's number means, which of them there are, which values they take and by which error they
 * are refused is the kernel's to say: a socket of the kind that the agent believes to have, made
 * for the one question, is asked. (To say 0 to everything is not harmless: Qt asks each connection
 * for SCTP_INITMSG, and takes one that answers for SCTP.) What was set is kept here, since the next
 * question goes to another socket. What only a connection has stands in a table.
 *
 * Left out: options whose value is no int are accepted or refused, but not kept. */
#include "shim/replay_option.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>

#include "base/sys.h"

#define SEGMENT 1448 /* of Ethernet with time stamps */
#define MTU 1500

int th_option_give(const void *value, size_t whole, void *out, socklen_t *len)
{
	if (!out || !len) {
		return -EFAULT;
	}
	if (*len > whole) {
		*len = (socklen_t)whole;
	}
	memcpy(out, value, *len);
	return 0;
}

/* ---- what the agent set: level, name and value in a word, which is read and written whole ---- */

static uint64_t key_of(int level, int name)
{
	return 1ull << 63 | (uint64_t)(level & 0x7fff) << 48 | (uint64_t)(name & 0xffff) << 32;
}

static bool is_of(uint64_t word, uint64_t key)
{
	return word >> 32 == key >> 32;
}

/* With all places taken, it is as if it had not been set. */
static void keep(struct th_guise *g, int level, int name, int value)
{
	uint64_t key = key_of(level, name);
	for (int i = 0; i < TH_GUISE_OPTIONS; i++) {
		uint64_t word = atomic_load(&g->options[i]);
		if ((word == 0 || is_of(word, key)) &&
			atomic_compare_exchange_strong(
				&g->options[i], &word, key | (uint32_t)value)) {
			return;
		}
	}
}

static bool was_set(const struct th_guise *g, int level, int name, int *ret_value)
{
	uint64_t key = key_of(level, name);
	for (int i = 0; i < TH_GUISE_OPTIONS; i++) {
		uint64_t word = atomic_load(&g->options[i]);
		if (is_of(word, key)) {
			*ret_value = (int)(uint32_t)word;
			return true;
		}
	}
	return false;
}

void th_option_carry_over(int fd, struct th_guise *g)
{
	static const struct {
		int level, name;
	} usual[] = {{IPPROTO_TCP, TCP_NODELAY}, {IPPROTO_TCP, TCP_KEEPIDLE},
		{IPPROTO_TCP, TCP_KEEPINTVL}, {IPPROTO_TCP, TCP_KEEPCNT},
		{IPPROTO_TCP, TCP_USER_TIMEOUT}, {IPPROTO_IP, IP_TOS}};
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++) {
		int value = 0;
		socklen_t n = sizeof(value);
		if (th_sys_getsockopt(fd, usual[i].level, usual[i].name, &value, &n) == 0) {
			keep(g, usual[i].level, usual[i].name, value);
		}
	}
}

/* ---- what only a connection has ---- */

static int of_connection(const struct th_guise *g, int level, int name, void *value, socklen_t *len)
{
	struct tcp_info info = {
		.tcpi_state = g->connected ? 1 /* TCP_ESTABLISHED */ : 7 /* CLOSE */,
		.tcpi_snd_mss = SEGMENT,
		.tcpi_rcv_mss = SEGMENT,
		.tcpi_pmtu = MTU};
	static const int segment = SEGMENT, mtu = MTU;
	if (level == IPPROTO_TCP && name == TCP_INFO) {
		return th_option_give(&info, sizeof(info), value, len);
	}
	if (level == IPPROTO_TCP && name == TCP_MAXSEG) {
		return th_option_give(&segment, sizeof(segment), value, len);
	}
	if ((level == IPPROTO_IP && name == IP_MTU) ||
		(level == IPPROTO_IPV6 && name == IPV6_MTU)) {
		return th_option_give(&mtu, sizeof(mtu), value, len);
	}
	return -ENOENT;
}

/* ---- the rest ---- */

static int stand_in(const struct th_guise *g)
{
	return th_sys_socket(g->peer.any.sa_family, g->datagram ? SOCK_DGRAM : SOCK_STREAM, 0);
}

int th_option_get(struct th_guise *g, int level, int name, void *value, socklen_t *len)
{
	int set;
	if (was_set(g, level, name, &set)) {
		return th_option_give(&set, sizeof(set), value, len);
	}
	int r = of_connection(g, level, name, value, len);
	if (r != -ENOENT) {
		return r;
	}
	int fd = stand_in(g);
	if (fd < 0) {
		return -ENOPROTOOPT;
	}
	r = th_sys_getsockopt(fd, level, name, value, len);
	th_sys_close(fd);
	return r;
}

int th_option_set(struct th_guise *g, int level, int name, const void *value, socklen_t len)
{
	int now, fd = stand_in(g);
	if (fd < 0) {
		return 0; /* no descriptor is left for the question, which is no reason to fail */
	}
	socklen_t n = sizeof(now);
	int r = th_sys_setsockopt(fd, level, name, value, len);
	if (r == 0 && th_sys_getsockopt(fd, level, name, &now, &n) == 0 && n == sizeof(now)) {
		keep(g, level, name, now);
	}
	th_sys_close(fd);
	return r;
}
