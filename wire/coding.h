/* Undoes content codings (RFC 9110 8.4.1): gzip, deflate (zlib or raw), br, zstd. Reading side
 * only: it allocates and links the codec libraries, so it is no part of the agent's object. */
#ifndef WIRE_CODING_H
#define WIRE_CODING_H

#include "base/bytes.h"

/* Decodes `in` by the codings named in a Content-Encoding value, last first. The caller frees
 * *ret_bytes. At most `limit` bytes are made (-E2BIG beyond). A cut or damaged input gives what
 * could be decoded and -EBADMSG; an unknown coding -ENOTSUP. "identity" and an empty value copy. */
int th_coding_decode(struct th_slice codings, struct th_slice in, size_t limit, uint8_t **ret_bytes,
	size_t *ret_n);

#endif
