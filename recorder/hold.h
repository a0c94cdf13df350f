/* Bodies under redaction rules of one's own (capture/scrub.h): held until they can be looked into
 * as a whole, in bounded memory, and then written in the pieces and with the times in which they
 * came. An event stream is written event by event.
 *
 * What cannot be looked into is never written: a body with a content coding (unless the rules say
 * "keep"), one that is larger than TH_SCRUB_WIRE_MAX, what follows a protocol switch. Such a
 * message ends as TH_END_WITHHELD. Without rules there is no hold, and a body costs what it did.
 *
 * With TRACEHOOK_BODY=hash no body is held or written: its SHA-256 and size are (BODY_HASH).
 *
 * The price: what the agent has received of a body that is being held is not in the capture yet. */
#ifndef RECORDER_HOLD_H
#define RECORDER_HOLD_H

#include "capture/redact.h"
#include "recorder/gather.h"
#include "wire/head.h"

/* One message's body; zeroed: none is held. */
struct th_hold {
	struct th_held *held;
};

/* Must bodies of that side not be written as they come? */
bool th_hold_hides(enum th_redact_side side);

/* A message's head has been seen, and a body may follow. `chunked`: in HTTP/1's chunks; `opaque`:
 * what follows is not HTTP. */
void th_hold_begin(struct th_hold *h, enum th_redact_side side, const struct th_head *head,
	bool chunked, bool opaque);

/* As th_emit_data(), at once or later. */
void th_hold_data(
	struct th_hold *h, uint32_t exchange, uint8_t type, uint8_t flags, struct th_slice bytes);

/* Writes what is held; the message goes on with a trailer (then it is `whole`), or ends by
 * th_emit_end(). True: it was withheld, which has been said, and nothing more may be written of it
 * but its end. */
bool th_hold_flush(struct th_hold *h, uint32_t exchange, uint8_t type, bool whole);

/* Forgets it. */
void th_hold_free(struct th_hold *h);

#endif
