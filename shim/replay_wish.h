/* Inside replaying: what an agent asks for with an address, as replay_connect.c and
 * replay_datagram.c read it. */
#ifndef SHIM_REPLAY_WISH_H
#define SHIM_REPLAY_WISH_H

#include "base/unix_name.h"
#include "player/protocol.h"
#include "player/world.h"
#include "shim/replay_guise.h"

struct th_wish {
	int fd;
	int family; /* of the socket, as the agent sees it: AF_INET, AF_INET6 or AF_UNIX */
	union th_peer_address to;
	socklen_t to_bytes;
	char name[TH_UNIX_NAME_BYTES]; /* of a Unix socket */
	struct th_world_address peer;
	uint16_t port;
	struct th_guise *old; /* of an earlier attempt on this descriptor; NULL: none */
};

/* Takes the address. False: not a whole one. */
bool th_wish_read(const struct sockaddr *sa, socklen_t len, struct th_wish *w);

/* SO_TYPE, SO_DOMAIN; or a negative errno. */
int th_wish_option(int fd, int name);

static inline bool th_wish_inet(int family)
{
	return family == AF_INET || family == AF_INET6;
}

bool th_wish_loopback(const struct th_wish *w);

/* A message about it; the player is told that the fence stopped it. */
struct th_hello th_wish_hello(uint8_t kind, const struct th_wish *w);
void th_wish_refused(const struct th_wish *w);

#endif
