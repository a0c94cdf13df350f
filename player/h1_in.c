/* See h1_in.h. */
#include "player/h1_in.h"

void th_h1_in_next(struct th_h1_in *in)
{
	if (in->at && in->at < in->buf.n) {
		memmove(in->buf.p, in->buf.p + in->at, in->buf.n - in->at);
	}
	in->buf.n -= in->at;
	in->at = in->head_n = 0;
	in->whole = false;
	in->parser = (struct th_h1_parser){0};
}

struct th_slice th_h1_in_head(const struct th_h1_in *in)
{
	return (struct th_slice){in->buf.p, in->head_n};
}

struct th_slice th_h1_in_body(const struct th_h1_in *in)
{
	return (struct th_slice){in->buf.p + in->head_n, in->at - in->head_n};
}

struct th_slice th_h1_in_unread(const struct th_h1_in *in)
{
	return (struct th_slice){in->buf.p + in->at, in->buf.n - in->at};
}

static bool begin_body(struct th_h1_in *in, enum th_h1_body body, uint64_t length)
{
	in->head_n = in->at;
	in->body = body;
	th_h1_body(&in->parser, body, length);
	in->whole = body == TH_H1_BODY_NONE || body == TH_H1_BODY_TUNNEL ||
		(body == TH_H1_BODY_LENGTH && length == 0);
	return body != TH_H1_BODY_BAD;
}

static bool end_head(struct th_h1_in *in)
{
	uint64_t length = 0;
	enum th_h1_body body = th_h1_request_body((struct th_slice){in->buf.p, in->at}, &length);
	return begin_body(in, body, length);
}

void th_h1_in_take_known(struct th_h1_in *in, size_t n, uint64_t length)
{
	in->at = n;
	(void)begin_body(in, TH_H1_BODY_LENGTH, length);
}

bool th_h1_in_take(struct th_h1_in *in)
{
	while (in->at < in->buf.n && !in->whole) {
		struct th_h1_event ev;
		in->at += th_h1_next(&in->parser, th_h1_in_unread(in), &ev);
		if (ev.kind == TH_H1_ERROR) {
			return false;
		}
		if (ev.kind == TH_H1_HEAD && ev.last) {
			return end_head(in);
		}
		in->whole = ev.kind == TH_H1_BODY && ev.last;
	}
	return true;
}
