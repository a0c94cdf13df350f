/* What was said over a WebSocket, frame by frame, both sides in order of time: payloads unmasked,
 * permessage-deflate undone.
 *
 * A frame's time is when its last byte had come. What is cut off is given as far as it came; bytes
 * that are no frames end their side. Sources: RFC 6455, RFC 7692, RFC 8441. */
#ifndef TRACE_WS_TALK_H
#define TRACE_WS_TALK_H

#include "trace/trace.h"
#include "wire/websocket.h"

struct th_ws_said {
	bool by_server;
	uint64_t time;
	struct th_ws_frame frame;
	struct th_slice payload; /* as it was meant, or as it came */
	uint64_t came;		 /* payload bytes on the wire; less than its length: it was cut */
	bool deflated;		 /* `payload` is what came of undoing that */
	bool undone;		 /* false: deflated, but it cannot be undone, or not whole */
};

struct th_ws_talk {
	struct th_ws_said *said;
	size_t n;
	struct th_slice rest[2]; /* client, server: bytes at the end that are no frames */
	uint8_t **memory;	 /* what `said` points into */
	size_t n_memory;
};

/* Is what was said a WebSocket's, by an upgrade that was granted or by an extended CONNECT? */
bool th_ws_is(const struct th_exchange *x);

/* 0 or -ENOMEM. Release with th_ws_talk_finish(), also after a failure. */
int th_ws_talk_init(struct th_ws_talk *t, const struct th_exchange *x);
void th_ws_talk_finish(struct th_ws_talk *t);

/* A Close frame's code (0: it has none) and its reason. */
uint16_t th_ws_close(const struct th_ws_said *said, struct th_slice *ret_reason);

/* "text", "binary", "continuation", "close", "ping", "pong". */
const char *th_ws_opcode_name(uint8_t opcode);

#endif
