/* Undoes permessage-deflate (RFC 7692), frame by frame: one direction of a WebSocket. Reading side
 * only, as codings are.
 *
 * The window is kept over messages and has its full size, so what was negotiated about either makes
 * no difference: who compresses without them refers to nothing before. */
#ifndef WIRE_WS_INFLATE_H
#define WIRE_WS_INFLATE_H

#include "base/bytes.h"

struct th_ws_inflate;

/* NULL without memory. Destroy takes NULL, and returns it. */
struct th_ws_inflate *th_ws_inflate_create(void);
struct th_ws_inflate *th_ws_inflate_destroy(struct th_ws_inflate *w);

/* The payload, unmasked, of the next frame of a compressed message; `fin`: the message's last. At
 * most `limit` bytes are made; the caller frees *ret_bytes, which is set in every case but -ENOMEM.
 * 0; -EBADMSG: not what was compressed so, and nothing of this direction can be read any more;
 * -E2BIG: more than `limit`, the same. What could be read is given. */
int th_ws_inflate_frame(struct th_ws_inflate *w, struct th_slice payload, bool fin, size_t limit,
	uint8_t **ret_bytes, size_t *ret_n);

#endif
