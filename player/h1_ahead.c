/* See h1_ahead.h. */
#include "player/h1_ahead.h"

#include "wire/http1.h"

struct th_h1_ahead th_h1_ahead_begin(const struct th_run *run, const struct th_exchange *x)
{
	return (struct th_h1_ahead){.run = run, .x = x, .at = x->order + 1};
}

size_t th_h1_ahead_by(struct th_h1_ahead *a, uint64_t time)
{
	for (; a->at < a->run->n_exchanges; a->at++) {
		const struct th_exchange *x = a->run->exchanges[a->at];
		if (x->request.began >= time) {
			break;
		}
		if (x->connection && x->connection == a->x->connection) {
			a->next = a->sent++ ? a->next : x;
		}
	}
	return a->sent;
}

size_t th_h1_ahead_unasked(const struct th_h1_ahead *a, struct th_index *ix)
{
	size_t n = 0;
	for (size_t i = a->x->order + 1; a->sent && i < a->at; i++) {
		const struct th_exchange *x = a->run->exchanges[i];
		n += x->connection && x->connection == a->x->connection &&
			!th_index_was_claimed(ix, x);
	}
	return n;
}

size_t th_h1_ahead_count(struct th_slice unread)
{
	struct th_h1_parser parser = {0};
	struct th_h1_event ev;
	size_t at = 0, head_at = 0, heads = 0;
	while (at < unread.n) {
		head_at = parser.head_len == 0 ? at : head_at;
		size_t n = th_h1_next(
			&parser, (struct th_slice){unread.p + at, unread.n - at}, &ev);
		if (ev.kind == TH_H1_ERROR) {
			break;
		}
		at += n;
		if (ev.kind == TH_H1_HEAD && ev.last) {
			struct th_slice head = {unread.p + head_at, at - head_at};
			uint64_t length = 0;
			enum th_h1_body body = th_h1_request_body(head, &length);
			th_h1_body(&parser, body, length);
			heads++;
		}
	}
	return heads;
}
