/* A stream of HTTP/2 whose answer began before its request was over: a gRPC call that streams both
 * ways (one message for each), a WebSocket inside an extended CONNECT (RFC 8441). Such a request
 * cannot be answered when it is whole, since the agent waits for the answer before it goes on. So
 * it is answered by what there is of it, and each part of the answer comes when the agent has said
 * what it had said before it then. */
#ifndef PLAYER_H2_DUPLEX_H
#define PLAYER_H2_DUPLEX_H

#include "player/script.h"

struct th_duplex {
	const struct th_exchange *x;
	struct th_script script; /* of what the agent says */
	struct th_buf in;	 /* WebSocket: from the agent, not yet understood */
	uint64_t said;		 /* frames; not WebSocket: bytes */
	bool over;		 /* the agent's half of the stream */
	size_t heard; /* of the recorded frames or pieces, and what they come to: needed */
	uint64_t need;
};

/* Was it such an exchange? */
bool th_duplex_applies(const struct th_exchange *x);

/* Can `sent`, all that there is of a request by now, be this one's, and was it answered by then? */
bool th_duplex_fits(const struct th_exchange *x, struct th_slice sent);

/* 0 or -ENOMEM. */
int th_duplex_init(struct th_duplex *d, const struct th_exchange *x);

/* For th_cleanup() too. */
void th_duplex_finish(struct th_duplex *d);

/* The agent says more, or has said all. False: it is not what was recorded, or there is no memory.
 */
bool th_duplex_hear(struct th_duplex *d, struct th_slice bytes);
bool th_duplex_hear_end(struct th_duplex *d);

/* Has the agent said all that it had said at this time of the recording? Times do not decrease from
 * call to call. */
bool th_duplex_reached(struct th_duplex *d, uint64_t time);

#endif
