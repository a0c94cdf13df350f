/* Going live: requests without a recorded answer that are asked of the network instead
 * (docs/live.md), when `TRACEHOOK_ON_MISS=live` or `--live-after` say so.
 *
 * Idea: the player does for the agent what the agent would have done by itself, over a connection
 * of its own to the same place (upstream.h), and hands on what comes, byte for byte. Nothing of it
 * is kept: whoever wants the answers for later records the replay (`auto` does). */
#ifndef PLAYER_ONLINE_H
#define PLAYER_ONLINE_H

#include "player/answer.h"

struct th_online;

/* NULL without memory. */
struct th_online *th_online_create(void);
/* Takes NULL; returns NULL. */
struct th_online *th_online_destroy(struct th_online *l);

/* May a request that nothing answers go to the network now? */
bool th_online_now(const struct th_serving *s);

/* Sees to it that c->up is open. 0; or a negative errno and the reason in c->live_why. */
int th_online_open(struct th_caller *c);

/* A TLS handshake has begun with a server that the recording does not know: its real handshake is
 * made first, so that the agent meets the same protocol, certificate, or failure. `alpn` is what
 * the agent offers, as in its ClientHello. c->verdict says what becomes of the handshake. */
void th_online_meet(struct th_caller *c, struct th_slice alpn);

/* Does the recording know the TLS server that the agent asks for? */
bool th_online_is_recorded(const struct th_caller *c);

/* Counts an answer from the network. `status` 0: there was none, for the reason `why`. */
void th_online_note(struct th_caller *c, const char *request, int status, const char *why);

/* Can the peer of this hello be reached? 0, or the errno of connect(). `agent` is where it asks. */
int th_online_reach(struct th_online *l, const struct th_hello *h, int agent);

/* Resolves a name that the recording does not have. */
void th_online_resolve(struct th_online *l, const char *name, struct th_resolved *ret_resolved);

/* Was this address an answer of th_online_resolve()? */
bool th_online_resolved(struct th_online *l, uint8_t family, const uint8_t address[16]);

/* What th_online_h1() leaves behind. */
enum th_online_next {
	TH_ONLINE_NEXT_KEEP,   /* the connection goes on */
	TH_ONLINE_NEXT_OVER,   /* it has been ended */
	TH_ONLINE_NEXT_TUNNEL, /* CONNECT was granted: begin again with what comes through it */
};

/* One request of HTTP/1, as the agent wrote it. */
struct th_online_request {
	struct th_slice head, body; /* of the body the wire bytes, chunk framing and all */
	struct th_slice early;	    /* what was read behind it */
	const char *line;	    /* for people: "POST https://host/path" */
	uint8_t version;	    /* 10, 11 */
	bool continued;		    /* its 100 was sent already */
};

enum th_online_next th_online_h1(struct th_caller *c, const struct th_online_request *r);

#endif
