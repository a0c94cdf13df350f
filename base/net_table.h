/* Lines of /proc/net/tcp, udp and their forms for IPv6 (proc(5)): who listens on this machine. */
#ifndef BASE_NET_TABLE_H
#define BASE_NET_TABLE_H

#include "base/bytes.h"

#define TH_NET_LISTENS 0x0a	/* a TCP socket that listens */
#define TH_NET_UNCONNECTED 0x07 /* a UDP socket that takes from anybody */

struct th_net_entry {
	uint8_t family;	     /* 4, 6 */
	uint8_t address[16]; /* its own; of IPv4 the first 4 */
	uint16_t port;	     /* its own, host order */
	uint8_t state;
	uint64_t inode;
};

/* False: the line says nothing of a socket (the heading). Nothing allocates. */
bool th_net_table_line(struct th_slice line, struct th_net_entry *ret_entry);

#endif
