/* What an exchange became after a 101, or a CONNECT that was granted: another protocol's
 * connection, whose end is its program's to choose. */
#ifndef TRACE_TUNNEL_H
#define TRACE_TUNNEL_H

#include "trace/trace.h"

/* Do the bytes of this answer belong to another protocol? HTTP/1 only. */
bool th_tunnel_is(const struct th_exchange *x);

/* The program closed a tunnel: was that its end, and not one in the middle? A WebSocket's is after
 * the server's Close frame (RFC 6455 7.1.1). */
bool th_tunnel_was_over(const struct th_message *m);

#endif
