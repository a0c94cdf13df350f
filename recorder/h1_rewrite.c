/* Trace context in the head of an HTTP/1 request: its lines go before the empty line that ends the
 * head, and all of it is bound to be sent as it is now. */
#include "base/text.h"
#include "recorder/rewrite.h"
#include "recorder/tap_h1.h"

bool th_h1_may_begin(const void *state)
{
	const struct th_h1 *t = state;
	return !t->tunnel && t->expect == TH_H1_NOT_WAITING && !t->sending && t->req.state == 0 &&
		!t->req.any && t->req_head.n == 0;
}

/* What of the context the head has; -1: it is none that may be given any. */
static int context_of(struct th_slice bytes)
{
	const struct th_head head = {bytes, false};
	struct th_slice method, target, version;
	struct th_field f;
	size_t pos = 0;
	unsigned has = 0;
	if (!th_h1_request_line(bytes, &method, &target, &version) || version.p[5] != '1' ||
		th_slice_eq(method, TH_SLICE_LIT("CONNECT"))) {
		return -1;
	}
	while (th_head_next(&head, &pos, &f)) {
		has |= th_rewrite_field(f.name);
	}
	return has & TH_REWRITE_TRACEPARENT ? -1 : (int)has;
}

bool th_h1_rewrite(const void *state, struct th_slice in, struct th_rewrite *w)
{
	uint8_t text[TH_REWRITE_TEXT_MAX];
	const uint8_t *end = in.n ? memmem(in.p, in.n, "\r\n\r\n", 4) : NULL;
	(void)state;
	if (!end || in.p[0] == '\r' || in.p[0] == '\n') {
		return false;
	}
	size_t lines = (size_t)(end - in.p) + 2;
	int has = context_of((struct th_slice){in.p, lines + 2});
	if (has < 0) {
		return false;
	}
	size_t n = th_rewrite_lines((unsigned)has, text);
	th_rewrite_keep(w, (struct th_slice){in.p, lines});
	bool any = th_rewrite_add(w, 0, text, n);
	th_rewrite_keep(w, th_h1_rest(in, lines));
	return any;
}
