/* A connection of the player's own to a real server: for requests that have no recorded answer and
 * may go to the network (online.h). It is made as the agent made its own: to the same address, with
 * the same SNI and ALPN, through the CONNECT that the agent had sent. */
#ifndef PLAYER_UPSTREAM_H
#define PLAYER_UPSTREAM_H

#include "player/protocol.h"
#include "player/stream.h"

#define TH_UPSTREAM_WHY_BYTES 192

struct th_upstream {
	bool open;
	bool used;		 /* something was asked on it */
	struct th_stream stream; /* its descriptor is the upstream's own; blocks */
	struct th_buf chain;	 /* as th_connection.certificates */
	uint32_t verdict;	 /* of the certificate, TH_TLS_CODE(); 0: no fault */
	const char *fault;	 /* why TLS broke off after its handshake; NULL: it did not */
};

/* Where to, and how. */
struct th_upstream_way {
	const struct th_hello *peer; /* the address that the agent connected to */
	struct th_slice name;	     /* that it was recorded for, resolved anew; empty: none */
	struct th_slice tunnel;	     /* head of the agent's CONNECT; empty: none */
	SSL_CTX *tls;		     /* th_upstream_context(); NULL: plain */
	const char *sni;	     /* "": none */
	struct th_slice alpn;	     /* as in a ClientHello: each with its length; empty: none */
	int agent;		     /* its descriptor: when the agent leaves, so do we */
	int fd;			     /* TCP is there already; taken; -1: no */
};

/* Connects to an address. The descriptor, which blocks; or a negative errno. */
int th_upstream_connect(const struct th_hello *peer, int agent);

/* Trusts what OpenSSL trusts here: SSL_CERT_FILE, SSL_CERT_DIR, else the system's store. A fault of
 * a certificate is noted and ends nothing. NULL without memory. SSL_CTX_free() frees it. */
SSL_CTX *th_upstream_context(void);

/* Opens `u`, which must not be open. 0; or a negative errno and one line in `why`: what connect()
 * said; -EPROTO, a handshake that failed, and u->verdict (TH_TLS_ALERT, TH_TLS_CLOSED);
 * -EHOSTUNREACH, the name cannot be resolved; -ECANCELED, the agent has left. */
int th_upstream_open(
	struct th_upstream *u, const struct th_upstream_way *way, char why[TH_UPSTREAM_WHY_BYTES]);

/* An idle connection: would a request on it still be heard? */
bool th_upstream_alive(struct th_upstream *u);

/* Waits until there is something to read: 1; -ECANCELED: the agent has left. */
int th_upstream_await(const struct th_upstream *u, int agent);

/* As th_stream_read(), but not every end is one in good order: -ECONNRESET; -EPROTO and u->fault
 * (static), an alert for instance. */
ssize_t th_upstream_read(struct th_upstream *u, void *p, size_t n);

/* May be called at any time, and again. */
void th_upstream_close(struct th_upstream *u);

#endif
