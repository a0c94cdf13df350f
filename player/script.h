/* What was said after a 101, or through a CONNECT, as a script for the player: the server's parts
 * and how much the client had said before each.
 *
 * A WebSocket's client masks its frames with keys that differ in every run (RFC 6455 5.3), so what
 * it said is kept as unmasked frames. Its pings and pongs are left out, and so are the server's
 * answers to its pings: heartbeats follow the clock and not the conversation. Of any other protocol
 * the bytes count. */
#ifndef PLAYER_SCRIPT_H
#define PLAYER_SCRIPT_H

#include "player/buf.h"
#include "trace/trace.h"
#include "wire/websocket.h"

struct th_said {
	struct th_ws_frame frame;
	struct th_slice payload; /* unmasked */
	uint64_t time;
};

struct th_part {
	struct th_slice bytes;
	uint64_t time;
	uint64_t need; /* frames (not WebSocket: bytes) that the client had said before */
};

struct th_script {
	bool websocket;
	struct th_said *said; /* data and close frames, in order; WebSocket only */
	size_t n_said;
	struct th_said *pings; /* the client's */
	size_t n_pings;
	struct th_part *parts;
	size_t n_parts;
	struct th_buf client, server; /* all bytes; the client's frames unmasked in place */
};

/* Makes the script of such an exchange. 0 or -ENOMEM; what is not a frame any more is taken as
 * bytes to send, or not expected. */
int th_script_init(struct th_script *s, const struct th_exchange *x);

/* For th_cleanup() too. */
void th_script_finish(struct th_script *s);

#endif
