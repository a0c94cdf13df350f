/* Undoes content codings (RFC 9110 8.4.1): gzip, deflate (zlib or raw), br, zstd. Reading side
 * only: it allocates and links the codec libraries, so it is no part of the agent's object. */
#ifndef WIRE_CODING_H
#define WIRE_CODING_H

#include "base/bytes.h"

#define TH_CODINGS_MAX 8 /* codings on top of each other; more are refused */

/* Decodes `in` by the codings named in a Content-Encoding value, last first. The caller frees
 * *ret_bytes (which may be NULL when *ret_n is 0). At most `limit` bytes are made.
 * 0; -EBADMSG: the input is cut or damaged; -E2BIG: there is more than `limit` – in these cases
 * what could be decoded is given. -ENOTSUP: an unknown coding, -ENOMEM: nothing is given.
 * "identity" and an empty value copy. Bytes after the end of the coded data are ignored. */
int th_coding_decode(struct th_slice codings, struct th_slice in, size_t limit, uint8_t **ret_bytes,
	size_t *ret_n);

#endif
