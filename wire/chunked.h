/* Decodes a whole recorded body in chunked framing (RFC 9112 7.1), for the reading side. */
#ifndef WIRE_CHUNKED_H
#define WIRE_CHUNKED_H

#include "base/bytes.h"

/* Calls `data` for each piece of content in order. Returns 0 at the final chunk, -EAGAIN when the
 * input ends before it (what came was given), -EBADMSG on bad framing. *ret_trailer (may be NULL)
 * gets the trailer section. */
int th_chunked_decode(struct th_slice in, void (*data)(void *ctx, struct th_slice piece), void *ctx,
	struct th_slice *ret_trailer);

#endif
