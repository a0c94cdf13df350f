/* Inside replaying: sockets of programs that ask name servers themselves. */
#ifndef SHIM_REPLAY_RESOLVER_H
#define SHIM_REPLAY_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

/* A socket that receives what is sent on it, or a negative errno: what an agent's UDP socket
 * becomes. */
int th_resolver_socket(void);

/* Did a process of ours ever have one? */
bool th_resolver_any(void);

/* The agent asks a name server on such a socket: it receives the answer. */
void th_resolver_asked(int fd, struct th_slice question);

#endif
