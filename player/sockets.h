/* Which recorded connections were one socket, and how many sockets their process had opened before.
 *
 * A capture has a TLS connection twice, as what was said through TLS and as the socket under it;
 * both carry the time at which connect() began. The ordinals are what a replayed connection is
 * numbered by, and the socket knows how TCP ended: a peer may say close_notify and yet keep the
 * socket. */
#ifndef PLAYER_SOCKETS_H
#define PLAYER_SOCKETS_H

#include "trace/trace.h"

#define TH_SOCKET_NONE UINT32_MAX

struct th_sockets;

/* NULL without memory. The run must stay. */
struct th_sockets *th_sockets_create(const struct th_run *run);
/* Takes NULL; returns NULL. */
struct th_sockets *th_sockets_destroy(struct th_sockets *s);

/* A dense number of the connection, below run->n_connections; TH_SOCKET_NONE: not of this run. */
uint32_t th_sockets_number(const struct th_sockets *s, const struct th_connection *conn);

/* How many sockets its process had opened by then, from 1; 0: unknown. */
uint32_t th_sockets_ordinal(const struct th_sockets *s, const struct th_connection *conn);

/* The socket under a TLS connection; NULL: unknown, or there is no TLS. */
const struct th_connection *th_sockets_under(
	const struct th_sockets *s, const struct th_connection *conn);

#endif
