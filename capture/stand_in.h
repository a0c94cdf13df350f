/* What stands in the capture where a secret was: a token made of a keyed hash, so that equal
 * secrets of one file have equal stand-ins and nothing else of them is kept.
 *
 * A replay hands stand-ins to the agent (a cookie, a session id), which sends them back. So the
 * stand-in of a stand-in is itself: what the agent then asks equals what was recorded. Their
 * characters may stand in a cookie, a URL, a header field and a JSON string.
 *
 * Pure; usable inside the agent. */
#ifndef CAPTURE_STAND_IN_H
#define CAPTURE_STAND_IN_H

#include "base/bytes.h"
#include "base/siphash.h"

/* A token is "th-redacted:", 16 hex digits of SipHash-2-4 under the file's key, ':', and two
 * digits: the value's length rounded up to a power of two, as that power. */
#define TH_STAND_IN_BYTES 31

/* Is it a token, perhaps with dots behind it? */
bool th_stand_in_is(struct th_slice value);

/* The token for a value that is not empty; a token's own is itself, without dots. */
void th_stand_in(const uint8_t key[TH_SIPHASH_KEY_BYTES], struct th_slice value,
	uint8_t ret_token[TH_STAND_IN_BYTES]);

#endif
