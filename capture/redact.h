/* Takes credentials out of a request head before it is written (DESIGN 2.5).
 *
 * A secret value is replaced by a token made of a keyed hash of it and its length class, so equal
 * secrets of one file stay comparable and nothing else of them is kept. What counts as secret is
 * said in capture/secret.c; userinfo in a URL always does.
 *
 * Pure: no allocation, usable inside the agent; the player applies it to what it is asked, so
 * that equality survives redaction. */
#ifndef CAPTURE_REDACT_H
#define CAPTURE_REDACT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/siphash.h"

/* A token is "th-redacted:", 16 hex digits of SipHash-2-4 under the file's key, ':', and two
 * digits: the value's length rounded up to a power of two, as that power. */
#define TH_REDACT_TOKEN_BYTES 31

/* Upper bounds on tokens; what comes behind them is replaced as a whole. They bound the output. */
#define TH_REDACT_URL_TOKENS 32
#define TH_REDACT_HEAD_TOKENS 96

/* Upper bound of the output for an input of n bytes. */
static inline size_t th_redact_bound(size_t n)
{
	size_t tokens = TH_REDACT_HEAD_TOKENS + TH_REDACT_URL_TOKENS + 2;
	return n + tokens * TH_REDACT_TOKEN_BYTES + 4;
}

/* Each writes the redacted form of `in` to `out` (capacity at least th_redact_bound(in.n)), sets
 * *ret_redacted when anything was replaced (else leaves it), and returns the length. Malformed
 * input is redacted rather more than less: a line without a colon, a value with a bare CR or a
 * NUL in it, is replaced whole. */

/* A request head in HTTP/1 form, from the start line to the empty line. */
size_t th_redact_h1_head(const uint8_t key[TH_SIPHASH_KEY_BYTES], struct th_slice in, uint8_t *out,
	bool *ret_redacted);

/* The value of one request field, as HTTP/2 has them (":path" is treated as a target). */
size_t th_redact_field(const uint8_t key[TH_SIPHASH_KEY_BYTES], struct th_slice name,
	struct th_slice value, uint8_t *out, bool *ret_redacted);

/* A URL or request target. */
size_t th_redact_url(const uint8_t key[TH_SIPHASH_KEY_BYTES], struct th_slice url, uint8_t *out,
	bool *ret_redacted);

#endif
