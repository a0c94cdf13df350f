/* WebSocket framing (RFC 6455, section 5): the head of a frame, and the masking of its payload.
 *
 * Payloads are not looked into: what permessage-deflate (RFC 7692) makes of them passes through,
 * marked by the reserved bits. */
#ifndef WIRE_WEBSOCKET_H
#define WIRE_WEBSOCKET_H

#include "base/bytes.h"

#define TH_WS_HEAD_MAX 14
#define TH_WS_CONTROL_MAX 125 /* payload of a control frame */

enum th_ws_opcode {
	TH_WS_CONTINUATION = 0,
	TH_WS_TEXT = 1,
	TH_WS_BINARY = 2,
	TH_WS_CLOSE = 8,
	TH_WS_PING = 9,
	TH_WS_PONG = 10,
};

struct th_ws_frame {
	bool fin, masked;
	uint8_t reserved; /* RSV1-3, as bits 4, 2, 1 */
	uint8_t opcode;
	uint8_t mask[4];
	uint8_t head_n; /* bytes of the head; the payload follows */
	uint64_t length;
};

/* Reads the head of a frame. 1: *ret_frame is set; 0: more bytes are needed; -EBADMSG: no frame
 * begins so. */
int th_ws_head(struct th_slice in, struct th_ws_frame *ret_frame);

/* Writes an unmasked, final frame's head, as servers send it; returns its length. */
size_t th_ws_write_head(uint8_t opcode, uint64_t length, uint8_t ret_head[TH_WS_HEAD_MAX]);

/* Masks or unmasks (it is the same) the payload's bytes from its offset `at` on. */
void th_ws_mask(const uint8_t mask[4], uint64_t at, uint8_t *p, size_t n);

#endif
