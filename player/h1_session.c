/* See h1_session.h. */
#include "player/h1_session.h"

#include <poll.h>

#include "base/clock.h"

#define READ_BYTES (17u << 10) /* a record of TLS, opened where it is read (tls_data.h) */

bool th_h1_session_more(struct th_h1_session *s)
{
	struct th_buf *b = &s->in.buf;
	if (th_h1_out_flush(&s->out) < 0 || !th_buf_room(b, READ_BYTES)) {
		return false;
	}
	ssize_t n = th_stream_read(&s->c->stream, b->p + b->n, b->cap - b->n);
	b->n += n > 0 ? (size_t)n : 0;
	return n > 0;
}

void th_h1_session_end(struct th_h1_session *s, const struct th_ending *e)
{
	if (!e->at_once) {
		th_h1_out_flush(&s->out);
	}
	th_caller_end(s->c, e);
}

bool th_h1_session_not_http(struct th_h1_session *s)
{
	th_tally_miss(s->c->serving->tally, s->c->hello.process, "bytes that are not HTTP/1",
		"the connection was closed");
	th_h1_session_end(s, &(struct th_ending){.after = TH_AFTER_NOTIFY});
	return false;
}

/* Waits for the next request no longer than the recorded peer did. False: it is over. */
static bool await_request(struct th_h1_session *s)
{
	if (s->in.at < s->in.buf.n || !s->idle.idle_ns || th_stream_has_input(&s->c->stream) ||
		th_h1_out_flush(&s->out) < 0) {
		return true;
	}
	struct pollfd pfd = {.fd = s->c->stream.fd, .events = POLLIN};
	uint64_t since = th_clock_mono(), left;
	while ((left = th_ending_idle_left(s->c->serving, &s->idle, th_clock_mono() - since)) > 0) {
		if (poll(&pfd, 1, (int)(left / 1000000 + 1)) != 0) {
			return true;
		}
	}
	struct th_ending e = s->idle;
	e.after = e.then;
	th_h1_session_end(s, &e);
	return false;
}

static bool take_again(struct th_h1_session *s)
{
	s->again = s->known.plain && s->in.at == 0 && s->in.buf.n &&
		th_answer_head_again(s->c, th_h1_in_unread(&s->in), &s->like);
	if (s->again) {
		th_h1_in_take_known(&s->in, s->like.n, s->like.length);
	}
	return s->again;
}

bool th_h1_session_head(struct th_h1_session *s)
{
	th_h1_in_next(&s->in);
	s->interims = 0;
	s->continued = false;
	s->alone = s->in.buf.n == 0 && !th_stream_has_input(&s->c->stream);
	if (!await_request(s)) {
		return false;
	}
	for (;;) {
		if (take_again(s)) {
			return true;
		}
		if (!th_h1_in_take(&s->in)) {
			return th_h1_session_not_http(s);
		}
		if (s->in.head_n) {
			return true;
		}
		if (!th_h1_session_more(s)) {
			return false;
		}
	}
}

bool th_h1_session_part(struct th_h1_session *s)
{
	size_t at = s->in.at;
	if (!th_h1_in_take(&s->in)) {
		return th_h1_session_not_http(s);
	}
	return s->in.whole || s->in.at > at || th_h1_session_more(s);
}

bool th_h1_session_body(struct th_h1_session *s)
{
	while (!s->in.whole) {
		if (!th_h1_session_part(s)) {
			return false;
		}
	}
	return true;
}
