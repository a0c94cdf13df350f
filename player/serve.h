/* Serves one connection of the agent, in a thread of its own. */
#ifndef PLAYER_SERVE_H
#define PLAYER_SERVE_H

#include "player/answer.h"

/* The TLS server's side for all connections: certificates by SNI, protocol by ALPN. NULL without
 * memory. The caller frees it with SSL_CTX_free(). */
SSL_CTX *th_serve_tls_context(void);

/* TLS on a connection whose first byte looks like it. 0 or a negative errno. */
int th_serve_tls(struct th_caller *c);

/* Makes the certificate that a connection to such a server will be shown. False: there is none that
 * is known beforehand. */
bool th_serve_tls_ready(struct th_serving *serving, const struct th_connection *peer);

/* Looks at the first bytes and serves what they ask for until the connection ends. */
void th_serve(struct th_caller *c);

enum th_h1_next {
	TH_H1_NEXT_END,	   /* the connection is over */
	TH_H1_NEXT_TUNNEL, /* 2xx to CONNECT: begin again with what comes through it */
};

/* HTTP/1 until the connection ends, or becomes something else. */
enum th_h1_next th_serve_h1(struct th_caller *c);

/* HTTP/2, whose preface is still to come. */
void th_serve_h2(struct th_caller *c);

/* HTTP/2 after HTTP/1's Upgrade: h2c (RFC 7540 3.2). `x`, already claimed and with its 101 sent, is
 * answered on stream 1; `early` is what was read behind the request. */
void th_serve_h2_upgraded(struct th_caller *c, const struct th_exchange *x,
	struct th_slice settings, struct th_slice early);

/* A name server's part, over TCP: do the first bytes say so? Serves until the agent closes. */
bool th_serve_is_dns(struct th_caller *c);
void th_serve_dns(struct th_caller *c);

#endif
