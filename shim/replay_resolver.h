/* Inside replaying: sockets of programs that ask name servers themselves. */
#ifndef SHIM_REPLAY_RESOLVER_H
#define SHIM_REPLAY_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>

#include "player/world.h"

/* A socket that receives what is sent on it, or a negative errno: what an agent's UDP socket
 * becomes. */
int th_resolver_socket(void);

/* Did a process of ours ever have one? */
bool th_resolver_any(void);

/* Does a name of the recording have this address? */
bool th_resolver_knows(const struct th_world_address *a);

#endif
