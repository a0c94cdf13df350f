/* The Huffman code of HPACK strings (RFC 7541 5.2 and appendix B). Used by hpack.c only. */
#ifndef WIRE_HPACK_HUFFMAN_H
#define WIRE_HPACK_HUFFMAN_H

#include "base/bytes.h"

/* The shortest code has five bits: an upper bound of the decoded length of n bytes. */
static inline size_t th_hpack_huffman_bound(size_t n)
{
	return n * 8 / 5;
}

/* Decodes a string into `out` (capacity at least th_hpack_huffman_bound(in.n)). 0 and the length,
 * or -EBADMSG: a cut code, padding that is not ones or over seven bits, or EOS. */
int th_hpack_huffman_decode(struct th_slice in, uint8_t *out, size_t *ret_n);

#endif
