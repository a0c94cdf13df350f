/* Takes credentials out of a request head before it is written (DESIGN 2.5).
 *
 * A secret value is replaced by a token made of a keyed hash of it and its length class, so equal
 * secrets of one file stay comparable and nothing else of them is kept. What counts as secret:
 * fields authorization, proxy-authorization, cookie, x-api-key, api-key, x-goog-api-key,
 * x-amz-security-token, x-auth-token, mcp-session-id …; query parameters key, api_key, apikey,
 * access_token, token, sig, X-Amz-Signature, X-Amz-Credential, X-Amz-Security-Token …; userinfo in
 * an absolute target or proxy URL. One table each, in redact.c.
 *
 * Pure: no allocation, usable inside the agent; the player applies it to what it is asked, so
 * that equality survives redaction. */
#ifndef CAPTURE_REDACT_H
#define CAPTURE_REDACT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/siphash.h"

/* A token's length, always; tokens begin with "th-redacted:". */
#define TH_REDACT_TOKEN_BYTES 32

/* Upper bound of the output for an input of n bytes. */
size_t th_redact_bound(size_t n);

/* Both write the redacted form of `in` to `out` (capacity at least th_redact_bound(in.n)), set
 * *ret_redacted when anything was replaced, and return the length. */
size_t th_redact_h1_head(const uint8_t key[TH_SIPHASH_KEY_BYTES], struct th_slice in, uint8_t *out,
	bool *ret_redacted);

/* One header field as HTTP/2 has them (":path" is treated as a target). */
size_t th_redact_field(const uint8_t key[TH_SIPHASH_KEY_BYTES], struct th_slice name,
	struct th_slice value, uint8_t *out, bool *ret_redacted);

/* Is the whole value of this request field a secret? Names are compared without case. */
bool th_redact_is_secret_field(struct th_slice name);

/* Is the value of this query parameter a secret? */
bool th_redact_is_secret_param(struct th_slice name);

#endif
