/* The interface that stands in for the network in a replay. See replay_interfaces.h.
 *
 * A peer on loopback tells nothing of the network that was there; IPv4 is taken for granted then.
 */
#include "shim/replay_interfaces.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include "shim/replay.h"
#include "shim/replay_link.h"

struct stand_in {
	struct ifaddrs entry;
	union stand_in_address {
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address, mask, broadcast;
};

/* The addresses of one interface: IPv6 stands behind IPv4 in `both`, alone in its second element.
 * Lists end in one of them, and none is ever changed. */
static char name[] = "tracehook0";
static struct stand_in older, both[2];

#define ENTRY(of, next, more_flags, broadcast_address) \
	{ \
		.ifa_next = (next), .ifa_name = name, \
		.ifa_flags = IFF_UP | IFF_RUNNING | IFF_MULTICAST | (more_flags), \
		.ifa_addr = (struct sockaddr *)&(of).address, \
		.ifa_netmask = (struct sockaddr *)&(of).mask, \
		.ifa_broadaddr = (broadcast_address), \
	}
#define OLDER(of, next) \
	{ \
		.entry = ENTRY(of, next, IFF_BROADCAST, (struct sockaddr *)&(of).broadcast), \
		.address.v4 = {AF_INET, .sin_addr.s_addr = IPV4(192, 0, 2, 1)}, \
		.mask.v4 = {AF_INET, .sin_addr.s_addr = IPV4(255, 255, 255, 0)}, \
		.broadcast.v4 = {AF_INET, .sin_addr.s_addr = IPV4(192, 0, 2, 255)}, \
	}
#define IPV4(a, b, c, d) \
	(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ \
			? ((in_addr_t)(d) << 24 | (c) << 16 | (b) << 8 | (a)) \
			: ((in_addr_t)(a) << 24 | (b) << 16 | (c) << 8 | (d)))

static struct stand_in older = OLDER(older, NULL);
static struct stand_in both[2] = {
	OLDER(both[0], &both[1].entry),
	{
		.entry = ENTRY(both[1], NULL, 0, NULL),
		.address.v6 = {AF_INET6, .sin6_addr.s6_addr = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}},
		.mask.v6 = {AF_INET6,
			.sin6_addr.s6_addr = {255, 255, 255, 255, 255, 255, 255, 255}},
	},
};

static bool beyond_loopback(const struct ifaddrs *i, int family)
{
	return i->ifa_addr && i->ifa_addr->sa_family == family && (i->ifa_flags & IFF_UP) &&
		!(i->ifa_flags & IFF_LOOPBACK);
}

/* Has the machine an address that leads further? */
static bool is_online(const struct ifaddrs *list)
{
	for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
		if (beyond_loopback(i, AF_INET) || beyond_loopback(i, AF_INET6)) {
			return true;
		}
	}
	return false;
}

static bool is_newer(const struct th_world_address *a)
{
	static const uint8_t loopback[16] = {[15] = 1};
	return a->family == 6 && memcmp(a->bytes, loopback, sizeof(loopback)) != 0;
}

/* Did the recording reach anybody by IPv6, by IPv4? */
static bool was_reached(bool newer)
{
	const struct th_world_header *h = th_link_world()->header;
	const struct th_world_peer *peers = (const void *)((const char *)h + h->peers_offset);
	for (uint32_t i = 0; i < h->n_peers; i++) {
		const struct th_world_peer *p = &peers[i];
		if (p->seen && p->verdict != TH_PEER_FAILED && p->address.family != TH_WORLD_UNIX &&
			is_newer(&p->address) == newer) {
			return true;
		}
	}
	return false;
}

static struct ifaddrs *stand_in(void)
{
	if (!was_reached(true)) {
		return was_reached(false) ? &older.entry : NULL;
	}
	return was_reached(false) ? &both[0].entry : &both[1].entry;
}

void th_interfaces_stand_in(struct ifaddrs **list)
{
	if (is_online(*list)) {
		return;
	}
	while (*list) {
		list = &(*list)->ifa_next;
	}
	*list = stand_in();
}

struct ifaddrs *th_interfaces_take_out(struct ifaddrs *list)
{
	struct ifaddrs **at = &list;
	while (*at && (*at)->ifa_name != name) {
		at = &(*at)->ifa_next;
	}
	*at = NULL;
	return list;
}
