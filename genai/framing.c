/* An event that the end of the body cuts is given as far as it came. */
#include "genai/framing.h"

#include <stdlib.h>

#include "genai/dig.h"
#include "wire/event_stream.h"
#include "wire/sse.h"

/* The data of an event as one text; the lines of most are one. */
static cJSON *parse_data(const struct th_sse_event *e)
{
	bool cut;
	struct th_slice line;
	if (e->data_lines == 1) {
		return th_dig_parse(e->data, &cut);
	}
	uint8_t *joined = malloc(e->raw.n + 1);
	size_t n = 0;
	for (size_t pos = 0; joined && th_sse_data_next(e, &pos, &line);) {
		if (line.n) {
			memcpy(joined + n, line.p, line.n);
		}
		n += line.n;
		joined[n++] = '\n';
	}
	cJSON *data = joined ? th_dig_parse((struct th_slice){joined, n}, &cut) : NULL;
	free(joined);
	return data;
}

void th_framing_sse(struct th_slice body, th_framed_fn fn, void *context)
{
	struct th_sse_event e;
	for (size_t pos = 0; th_sse_next(body, &pos, &e);) {
		cJSON *data = e.data_lines ? parse_data(&e) : NULL;
		struct th_framed event = {
			.name = e.event, .data = data, .text = e.data, .end = pos};
		fn(context, &event);
		cJSON_Delete(data);
	}
}

void th_framing_values(struct th_slice body, th_framed_fn fn, void *context)
{
	for (size_t at = 0; at < body.n;) {
		const char *from = (const char *)body.p + at, *end = NULL;
		if (strchr(" \t\r\n,[]", *from)) {
			at++;
			continue;
		}
		bool cut;
		cJSON *value = cJSON_ParseWithLengthOpts(from, body.n - at, &end, false);
		if (!value) {
			value = th_dig_parse((struct th_slice){body.p + at, body.n - at}, &cut);
			end = (const char *)body.p + body.n;
		}
		if (!value) {
			return;
		}
		at = (size_t)(end - (const char *)body.p);
		struct th_framed event = {.data = value, .end = at};
		fn(context, &event);
		cJSON_Delete(value);
	}
}

void th_framing_amazon(struct th_slice body, th_framed_fn fn, void *context)
{
	struct th_event_message m;
	for (size_t pos = 0; th_event_stream_next(body, &pos, &m) > 0;) {
		bool cut;
		cJSON *data = th_dig_parse(m.payload, &cut);
		struct th_framed event = {.data = data, .text = m.payload, .end = pos};
		event.is_exception = !th_event_stream_header(&m, ":event-type", &event.name) &&
			(th_event_stream_header(&m, ":exception-type", &event.name) ||
				th_event_stream_header(&m, ":error-code", &event.name));
		fn(context, &event);
		cJSON_Delete(data);
	}
}
