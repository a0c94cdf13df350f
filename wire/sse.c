/* Server-sent events are lines; a blank line ends an event. The recorder keeps the bytes as they
 * came, so this walks a whole body, and the views it gives are of that body. */
#include "wire/sse.h"

/* The line that begins at *pos, without its end; false at the end of the text. */
static bool next_line(struct th_slice text, size_t *pos, struct th_slice *ret_line)
{
	if (*pos >= text.n) {
		return false;
	}
	size_t end = *pos;
	while (end < text.n && text.p[end] != '\n' && text.p[end] != '\r') {
		end++;
	}
	*ret_line = (struct th_slice){text.p + *pos, end - *pos};
	bool crlf = end + 1 < text.n && text.p[end] == '\r' && text.p[end + 1] == '\n';
	*pos = end + (crlf ? 2 : end < text.n);
	return true;
}

/* "name: value", one space after the colon being no part of the value; a line without a colon is a
 * name alone, a comment has an empty name. */
static void split_field(struct th_slice line, struct th_slice *ret_name, struct th_slice *ret_value)
{
	const uint8_t *colon = line.n ? memchr(line.p, ':', line.n) : NULL;
	if (!colon) {
		*ret_name = line;
		*ret_value = (struct th_slice){NULL, 0};
		return;
	}
	size_t name_n = (size_t)(colon - line.p);
	size_t value_at = name_n + 1;
	value_at += value_at < line.n && line.p[value_at] == ' ';
	*ret_name = (struct th_slice){line.p, name_n};
	*ret_value = (struct th_slice){line.p + value_at, line.n - value_at};
}

static void note_line(struct th_sse_event *e, struct th_slice line)
{
	struct th_slice name, value;
	split_field(line, &name, &value);
	if (th_slice_eq(name, TH_SLICE_LIT("data"))) {
		e->data = e->data_lines == 0 ? value : e->data;
		e->data_lines++;
	} else if (th_slice_eq(name, TH_SLICE_LIT("event"))) {
		e->event = value;
	} else if (th_slice_eq(name, TH_SLICE_LIT("id"))) {
		e->id = value;
	}
}

bool th_sse_next(struct th_slice body, size_t *pos, struct th_sse_event *ret_event)
{
	static const struct th_slice mark = {(const uint8_t *)"\xef\xbb\xbf", 3};
	if (*pos == 0 && body.n >= mark.n && memcmp(body.p, mark.p, mark.n) == 0) {
		*pos = mark.n;
	}
	struct th_sse_event e = {.raw = {NULL, 0}};
	struct th_slice line;
	while (!e.complete && next_line(body, pos, &line)) {
		if (line.n == 0) {
			e.complete = e.raw.n > 0; /* blank lines before an event mean nothing */
			continue;
		}
		e.raw.p = e.raw.p ? e.raw.p : line.p;
		e.raw.n = (size_t)(line.p + line.n - e.raw.p);
		note_line(&e, line);
	}
	if (e.raw.n == 0) {
		return false;
	}
	*ret_event = e;
	return true;
}

bool th_sse_data_next(const struct th_sse_event *e, size_t *pos, struct th_slice *ret_line)
{
	struct th_slice line, name, value;
	while (next_line(e->raw, pos, &line)) {
		split_field(line, &name, &value);
		if (th_slice_eq(name, TH_SLICE_LIT("data"))) {
			*ret_line = value;
			return true;
		}
	}
	return false;
}
