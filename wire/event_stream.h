/* Amazon's event stream (application/vnd.amazon.eventstream): length-prefixed messages with typed
 * headers and two checksums. Views only.
 *
 * Source: "Amazon event stream specification" of Smithy; all numbers are big-endian. */
#ifndef WIRE_EVENT_STREAM_H
#define WIRE_EVENT_STREAM_H

#include "base/bytes.h"

#define TH_EVENT_STREAM_MESSAGE_MAX ((uint32_t)24 << 20) /* bytes, all told */

struct th_event_message {
	struct th_slice headers;
	struct th_slice payload;
};

/* The next message from *pos on, which is moved behind it. 1; 0 at the end; -EAGAIN when the bytes
 * end within it, -EBADMSG when it is none (length or checksum): *pos then stays. */
int th_event_stream_next(struct th_slice bytes, size_t *pos, struct th_event_message *ret_message);

/* Value of the first header of that name that is a string; false when there is none, or a header
 * before it is malformed. */
bool th_event_stream_header(
	const struct th_event_message *m, const char *name, struct th_slice *ret_value);

#endif
