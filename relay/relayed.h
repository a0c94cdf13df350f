/* One connection that is relayed: the agent's end (a socket of AF_UNIX that took the place of its
 * connection) and the server's (that connection), TLS on both, and what passes between them.
 *
 * The server is asked first: with the name, protocols and versions that the agent asks for. What
 * comes of it decides what the agent gets: the same version and protocol, a certificate with the
 * server's names; the server's alert, end or reset. Where the agent does not go along with our
 * certificate, the server wants one of the agent's, or is none that the agent is known to trust,
 * its bytes pass as they are and nothing is recorded but that it refuses such a server.
 *
 * Nothing blocks: th_relayed_drive() does what can be done. What is read is recorded before it is
 * handed on, and no more is read than was handed on, so memory is bounded. */
#ifndef RELAY_RELAYED_H
#define RELAY_RELAYED_H

#include <openssl/ssl.h>

#include "player/ca.h"
#include "player/protocol.h"
#include "player/resets.h"
#include "recorder/recorder.h"
#include "relay/refused.h"

/* What the links of one process share. */
struct th_relay_ends {
	SSL_CTX *server; /* towards the agent */
	SSL_CTX *client; /* towards servers: with what the agent trusts */
	struct th_ca *ca;
	struct th_resets *resets;
	struct th_refused *refused;
	bool silent; /* nothing is recorded here */
};

struct th_relayed;

/* Takes both descriptors. NULL without memory: they are closed. */
struct th_relayed *th_relayed_create(const struct th_relay_ends *ends,
	const struct th_relay_hello *hello, int agent, int server);

/* Takes NULL; returns NULL. Closes what is open. */
struct th_relayed *th_relayed_destroy(struct th_relayed *l);

enum th_relayed_state {
	TH_RELAYED_WAITS, /* for one of its descriptors */
	TH_RELAYED_MORE,  /* it could go on: others first */
	TH_RELAYED_OVER,
};

enum th_relayed_state th_relayed_drive(struct th_relayed *l);

/* The descriptors to watch for reading and writing, edge by edge; the second may change once, which
 * drive() tells by the result of th_relayed_changed(). */
int th_relayed_agent(const struct th_relayed *l);
int th_relayed_server(const struct th_relayed *l);
bool th_relayed_changed(struct th_relayed *l);

/* The agent's end hung up: nobody reads any more. */
void th_relayed_hung_up(struct th_relayed *l);

/* The contexts of th_relay_ends. NULL when OpenSSL fails. */
SSL_CTX *th_relayed_server_context(void);
SSL_CTX *th_relayed_client_context(void);

#endif
