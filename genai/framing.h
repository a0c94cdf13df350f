/* The framings of streamed answers, event by event. */
#ifndef GENAI_FRAMING_H
#define GENAI_FRAMING_H

#include <cjson/cJSON.h>

#include "base/bytes.h"

struct th_framed {
	struct th_slice name; /* of the event; may be empty */
	const cJSON *data;    /* NULL: it is no JSON */
	struct th_slice text; /* the data as it came */
	bool is_exception;    /* Amazon's: the name is that of the error */
	size_t end;	      /* offset in the decoded body at which it was whole */
};

typedef void (*th_framed_fn)(void *context, const struct th_framed *event);

typedef void th_framing(struct th_slice body, th_framed_fn fn, void *context);

/* text/event-stream. */
th_framing th_framing_sse;

/* JSON values one after the other; commas and brackets of an array around them are passed over. */
th_framing th_framing_values;

/* Amazon's event stream: up to the first message that is cut or is none. */
th_framing th_framing_amazon;

#endif
