/* Takes credentials out of message heads before they are written (DESIGN 2.5).
 *
 * A secret value is replaced by a stand-in (stand_in.h). What counts as secret is said in
 * capture/secret.c; userinfo in a URL always does. What is replaced in an answer is kept encrypted
 * (kept.h), as a replay is to give it to the agent; where it cannot, it gives the stand-ins, and
 * they match, too, when they come back.
 *
 * Pure: no allocation, usable inside the agent; the player applies it to what it is asked, and to
 * what was recorded, so that equality survives redaction. All of it is idempotent. */
#ifndef CAPTURE_REDACT_H
#define CAPTURE_REDACT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/siphash.h"
#include "capture/stand_in.h"

enum th_redact_side {
	TH_REDACT_REQUEST,
	TH_REDACT_RESPONSE,
};

struct th_scrub_rules;

/* How a capture is redacted. */
struct th_redaction {
	uint8_t key[TH_SIPHASH_KEY_BYTES];  /* the file's */
	bool off;			    /* nothing is replaced */
	bool hash_bodies;		    /* of bodies only their SHA-256 is written */
	const struct th_scrub_rules *rules; /* of one's own (scrub_rules.h); NULL: none */
	/* Is told of each value that a stand-in takes the place of in an answer, unless a rule of
	 * one's own wants it gone; NULL: nobody. */
	void (*keep)(const uint8_t token[TH_STAND_IN_BYTES], struct th_slice value);
};

/* Upper bounds on stand-ins; what comes behind them is replaced as a whole. They bound the output.
 */
#define TH_REDACT_VALUE_TOKENS 32
#define TH_REDACT_HEAD_TOKENS 96

/* Upper bound of the output for an input of n bytes. */
static inline size_t th_redact_bound(size_t n)
{
	size_t tokens = TH_REDACT_HEAD_TOKENS + 2 * TH_REDACT_VALUE_TOKENS + 4;
	return n + tokens * TH_STAND_IN_BYTES + 4;
}

/* Each writes the redacted form of `in` to `out` (capacity at least th_redact_bound(in.n)), sets
 * *ret_redacted when anything was replaced (else leaves it), and returns the length. Malformed
 * input is redacted rather more than less: a request's line without a colon, a value with a bare CR
 * or a NUL in it, is replaced whole. */

/* A request head in HTTP/1 form, from the start line to the empty line. */
size_t th_redact_h1_head(
	const struct th_redaction *how, struct th_slice in, uint8_t *out, bool *ret_redacted);

/* Whole lines of a response head in HTTP/1 form, with the status line or without it; or of a
 * trailer section. A line that its end is missing of is taken as it is. */
size_t th_redact_h1_lines(const struct th_redaction *how, enum th_redact_side side,
	struct th_slice in, uint8_t *out, bool *ret_redacted);

/* The value of one field, as HTTP/2 has them (":path" is treated as a target). */
size_t th_redact_field(const struct th_redaction *how, enum th_redact_side side,
	struct th_slice name, struct th_slice value, uint8_t *out, bool *ret_redacted);

/* A URL or request target. What has no scheme and no slash in front begins with an authority, as
 * libcurl takes it. */
size_t th_redact_url(
	const struct th_redaction *how, struct th_slice url, uint8_t *out, bool *ret_redacted);

/* "k=v,k2=v2", as tracestate, baggage and TRACEHOOK_META have it. */
size_t th_redact_list(
	const struct th_redaction *how, struct th_slice list, uint8_t *out, bool *ret_redacted);

#endif
