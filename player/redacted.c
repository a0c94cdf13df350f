#include "player/redacted.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "capture/scrub_wire.h"

static bool redact_list(const struct th_redaction *how, const struct th_head *head,
	struct th_buf *out, bool *ret_changed)
{
	size_t pos = 0;
	struct th_field f;
	while (th_head_next(head, &pos, &f)) {
		size_t at = out->n;
		if (!th_buf_room(out, 6 + f.name.n + th_redact_bound(f.value.n))) {
			return false;
		}
		out->n += 6;
		th_buf_slice(out, f.name);
		size_t n = th_redact_field(
			how, TH_REDACT_REQUEST, f.name, f.value, out->p + out->n, ret_changed);
		struct th_out lengths = {.p = out->p + at, .cap = 6};
		th_out_u16(&lengths, (uint16_t)f.name.n);
		th_out_u32(&lengths, (uint32_t)n);
		out->n += n;
	}
	return !out->failed;
}

bool th_redacted_head(const struct th_redaction *how, const struct th_head *head,
	struct th_buf *out, bool *ret_changed)
{
	if (head->list) {
		return redact_list(how, head, out, ret_changed);
	}
	if (!th_buf_room(out, th_redact_bound(head->bytes.n))) {
		return false;
	}
	out->n += th_redact_h1_head(how, head->bytes, out->p + out->n, ret_changed);
	return true;
}

bool th_redacted_body(
	const struct th_redaction *how, const struct th_head *head, uint8_t *body, size_t n)
{
	struct th_scrub s = {.how = how, .side = TH_REDACT_REQUEST};
	if (n == 0 || n > TH_SCRUB_WIRE_MAX ||
		!th_scrub_rules_on_bodies(how->rules, TH_REDACT_REQUEST) ||
		th_head_is_coded(head)) {
		return true;
	}
	th_auto_free uint8_t *room = malloc(2 * n);
	if (!room) {
		return false;
	}
	const struct th_wire_place start = {
		.chunked = !head->list && th_head_has_token(head, "transfer-encoding", "chunked")};
	th_head_get(head, "content-type", &s.type);
	th_scrub_wire(&s, &start, body, n, room);
	return true;
}

/* Keeps `buf` when it differs from the head. */
static int take(struct th_redacted *r, struct th_buf *buf, struct th_head *head)
{
	if (th_slice_eq(th_buf_view(buf), head->bytes)) {
		return 0;
	}
	if ((r->n & (r->n - 1)) == 0) {
		void *p = realloc(r->heads, (r->n ? 2 * r->n : 1) * sizeof(*r->heads));
		if (!p) {
			return -ENOMEM;
		}
		r->heads = p;
	}
	r->heads[r->n++] = *buf;
	head->bytes = th_buf_view(buf);
	*buf = (struct th_buf){0};
	return 0;
}

int th_redacted_run(struct th_redacted *r, const struct th_redaction *how, const struct th_run *run)
{
	struct th_buf buf = {0};
	int error = 0;
	for (size_t i = 0; i < run->n_exchanges && error == 0; i++) {
		struct th_head *head = &run->exchanges[i]->request.head;
		bool changed = false;
		buf.n = 0;
		if (!th_redacted_head(how, head, &buf, &changed)) {
			error = -ENOMEM;
		} else if (changed) {
			error = take(r, &buf, head);
		}
	}
	th_buf_finish(&buf);
	return error;
}

void th_redacted_finish(struct th_redacted *r)
{
	for (size_t i = 0; i < r->n; i++) {
		th_buf_finish(&r->heads[i]);
	}
	free(r->heads);
	*r = (struct th_redacted){0};
}
