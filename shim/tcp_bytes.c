/* See tcp_bytes.h; tcp(7), RFC 4898 (tcpEStatsAppHCThruOctetsAcked and -Received).
 *
 * Given = acknowledged + still in the queue. The SYN is counted among the acknowledged, a FIN of
 * ours in either. Taken = received - not yet read; a FIN of the peer's counts as received. Where a
 * FIN may be among them one byte is taken off. The two halves of a sum are read one after the
 * other while data moves: the one that grows first, so that a sum is too small rather than too
 * large. The kernel reads its state
 * before it locks the socket, so a FIN may be counted that the state does not know of yet: the
 * state is asked for again. Left out: kernel TLS (records are longer than what was written) and
 * MPTCP. */
#include "shim/tcp_bytes.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/sys.h"

enum { /* of linux/net/tcp_states.h, which is not for programs */
	ESTABLISHED = 1,
	FIN_WAIT1 = 4,
	FIN_WAIT2 = 5,
	CLOSE_WAIT = 8,
};

#define QUEUED_IN 0x541b  /* FIONREAD */
#define QUEUED_OUT 0x5411 /* TIOCOUTQ; SIOCOUTQ of linux/sockios.h */

static bool counts_otherwise(int fd)
{
	char ulp[16] = "";
	int protocol = 0;
	socklen_t n = sizeof(protocol);
	if (th_sys_getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &n) < 0 ||
		protocol != IPPROTO_TCP) {
		return true;
	}
	n = sizeof(ulp);
	return th_sys_getsockopt(fd, IPPROTO_TCP, TCP_ULP, ulp, &n) == 0 && n > 0 && ulp[0];
}

static bool tcp_info(int fd, struct tcp_info *ret_info)
{
	socklen_t n = sizeof(*ret_info);
	return th_sys_getsockopt(fd, IPPROTO_TCP, TCP_INFO, ret_info, &n) >= 0 &&
		n >= offsetof(struct tcp_info, tcpi_segs_out) && ret_info->tcpi_bytes_acked > 0;
}

static bool has_own_fin(uint8_t state)
{
	return state != ESTABLISHED && state != CLOSE_WAIT;
}

static bool has_peers_fin(uint8_t state)
{
	return state != ESTABLISHED && state != FIN_WAIT1 && state != FIN_WAIT2;
}

bool th_tcp_bytes(int fd, uint64_t *ret_sent, uint64_t *ret_taken)
{
	struct tcp_info info = {0}, later = {0};
	int in = 0, out = 0;
	if (!tcp_info(fd, &info) || TH_SYS(SYS_ioctl, fd, QUEUED_IN, &in) < 0 ||
		TH_SYS(SYS_ioctl, fd, QUEUED_OUT, &out) < 0 || counts_otherwise(fd) ||
		!tcp_info(fd, &later)) {
		return false;
	}
	uint64_t own_fin = has_own_fin(info.tcpi_state) || has_own_fin(later.tcpi_state);
	uint64_t peers_fin = has_peers_fin(info.tcpi_state) || has_peers_fin(later.tcpi_state);
	uint64_t sent = info.tcpi_bytes_acked - 1 + (uint64_t)out, taken = info.tcpi_bytes_received;
	taken = taken > (uint64_t)in ? taken - (uint64_t)in : 0;
	*ret_sent = sent > own_fin ? sent - own_fin : 0;
	*ret_taken = taken > peers_fin ? taken - peers_fin : 0;
	return true;
}
