/* Ids of spans that were sent along with a request before it had a number (TRACEHOOK_PROPAGATE):
 * the low 32 bits of a keyed hash of a count, then the count, so that a reader can tell them from
 * ids that the agent made (FORMAT.md, "Exchanges"). */
#ifndef CAPTURE_SPAN_MADE_H
#define CAPTURE_SPAN_MADE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/siphash.h"
#include "capture/frame.h"

static inline void th_span_made(
	const uint8_t process[TH_SPAN_ID_BYTES], uint32_t count, uint8_t ret_id[TH_SPAN_ID_BYTES])
{
	uint8_t key[TH_SIPHASH_KEY_BYTES] = "\0\0\0\0\0\0\0\0tosender";
	memcpy(key, process, TH_SPAN_ID_BYTES);
	uint32_t hash = (uint32_t)th_siphash(key, &count, sizeof(count));
	memcpy(ret_id, &hash, sizeof(hash));
	memcpy(ret_id + sizeof(hash), &count, sizeof(count));
}

/* Was it made so by that process? */
static inline bool th_span_is_made(
	const uint8_t process[TH_SPAN_ID_BYTES], const uint8_t id[TH_SPAN_ID_BYTES])
{
	uint32_t count;
	uint8_t made[TH_SPAN_ID_BYTES];
	memcpy(&count, id + sizeof(count), sizeof(count));
	th_span_made(process, count, made);
	return memcmp(made, id, sizeof(made)) == 0;
}

#endif
