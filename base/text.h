/* ASCII text helpers that do not depend on the locale (the agent may have set any). */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/bytes.h"

/* Lower-case of an ASCII letter; other bytes as they are. */
static inline uint8_t th_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* Equal when ASCII case is ignored. */
bool th_slice_ieq(struct th_slice a, struct th_slice b);

/* Without leading and trailing spaces and tabs (RFC 9110 OWS). */
static inline struct th_slice th_slice_trim(struct th_slice s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s.p++;
		s.n--;
	}
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) {
		s.n--;
	}
	return s;
}

/* Writes 2n lower-case hex digits, no NUL. */
void th_hex_encode(char *ret_hex, const void *p, size_t n);

/* Reads 2n hex digits into n bytes; false when one is not a hex digit. */
bool th_hex_decode(uint8_t *ret_bytes, const char *hex, size_t n);

/* Writes it in decimal, with a NUL (11 bytes are enough); its length. */
size_t th_put_decimal(char *p, uint32_t v);

/* Reads a whole non-negative decimal number; false when empty, not all digits, or over 2^64-1. */
bool th_parse_u64(struct th_slice s, uint64_t *ret_value);

#endif
