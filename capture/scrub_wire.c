#include "capture/scrub_wire.h"

#include "base/text.h"

enum state {
	SIZE,
	EXTENSION,
	CONTENT,
	CONTENT_END, /* the line end behind it */
};

static int hex_digit(uint8_t c)
{
	uint8_t l = th_lower(c);
	return c >= '0' && c <= '9' ? c - '0' : l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

static void framing_byte(struct th_wire_place *w, uint8_t byte)
{
	int digit = hex_digit(byte);
	if (w->state == CONTENT_END) {
		w->state = byte == '\n' ? SIZE : CONTENT_END;
		w->left = 0;
	} else if (byte == '\n') {
		w->state = w->left ? CONTENT : SIZE;
	} else if (w->state == SIZE && digit >= 0) {
		w->left = w->left << 4 | (uint64_t)digit;
	} else {
		w->state = EXTENSION;
	}
}

size_t th_wire_content(struct th_wire_place *w, const uint8_t *p, size_t n, size_t *at)
{
	while (w->chunked && *at < n && w->state != CONTENT) {
		framing_byte(w, p[(*at)++]);
	}
	size_t run = n - *at;
	if (!w->chunked) {
		return run;
	}
	run = run < w->left ? run : (size_t)w->left;
	w->left -= run;
	w->state = run && w->left == 0 ? CONTENT_END : w->state;
	return run;
}

/* What extensions of chunks say (RFC 9112 7.1.1): nobody goes by it. */
static bool mask_extensions(struct th_wire_place w, uint8_t *p, size_t n)
{
	bool any = false;
	for (size_t at = 0; w.chunked && at < n;) {
		if (w.state == CONTENT) {
			size_t run = th_wire_content(&w, p, n, &at);
			at += run;
			continue;
		}
		framing_byte(&w, p[at]);
		if (w.state == EXTENSION && !strchr("*\r; \t", p[at])) {
			p[at] = '*';
			any = true;
		}
		at++;
	}
	return any;
}

int th_scrub_wire(const struct th_scrub *s, const struct th_wire_place *place, uint8_t *p, size_t n,
	uint8_t *room)
{
	struct th_wire_place w = *place;
	size_t content = 0, at = 0, run;
	while ((run = th_wire_content(&w, p, n, &at)) > 0) {
		memcpy(room + content, p + at, run);
		content += run;
		at += run;
	}
	ssize_t replaced = th_scrub_content(s, room, content, room + n);
	if (replaced < 0) {
		return (int)replaced;
	}
	w = *place;
	content = at = 0;
	while (replaced && (run = th_wire_content(&w, p, n, &at)) > 0) {
		memcpy(p + at, room + content, run);
		content += run;
		at += run;
	}
	return mask_extensions(*place, p, n) || replaced;
}
