/* HTTP/1 live (online.h): the request goes out as the agent wrote it, the answer comes back as the
 * server wrote it, piece by piece as it arrives. The parser only looks on, to know where the
 * answer ends.
 *
 * After a 101 both sides' bytes are handed on until one of them ends. */
#include <errno.h>
#include <poll.h>

#include "base/text.h"
#include "player/online.h"
#include "wire/http1.h"

#define READ_BYTES 16384

struct answer {
	struct th_caller *c;
	const struct th_online_request *r;
	struct th_slice method;
	struct th_h1_parser parser;
	struct th_buf head; /* of the present message, until it is whole */
	int status;	    /* of the final answer; 0: none yet */
	enum th_h1_body body;
	bool over;	  /* the answer is whole */
	bool until_close; /* it is whole when the server closes */
	bool closes;	  /* either side said that the connection ends with it */
	bool agent_left;
};

/* ---- to the agent ---- */

static bool put(struct answer *a, struct th_slice bytes)
{
	if (th_stream_write(&a->c->stream, bytes) < 0) {
		a->agent_left = true;
	}
	return !a->agent_left;
}

static bool says_close(const struct th_head *head, bool old)
{
	return old ? !th_head_has_token(head, "connection", "keep-alive")
		   : th_head_has_token(head, "connection", "close");
}

static void take_head(struct answer *a)
{
	struct th_head head = {.bytes = th_buf_view(&a->head)};
	uint64_t length = 0;
	int status = th_head_status(&head);
	a->body = th_h1_response_body(head.bytes, a->method, &length);
	th_h1_body(&a->parser, a->body, length);
	if (status != 100 || !a->r->continued) {
		put(a, head.bytes);
	}
	if (status >= 200 || status == 101) {
		static const char old[] = "HTTP/1.0";
		a->status = status;
		a->closes = a->closes ||
			says_close(&head, memcmp(head.bytes.p, old, sizeof(old) - 1) == 0);
		a->until_close = a->body == TH_H1_BODY_UNTIL_CLOSE;
		a->over = a->body == TH_H1_BODY_NONE || a->body == TH_H1_BODY_TUNNEL ||
			(a->body == TH_H1_BODY_LENGTH && length == 0);
	}
	a->head.n = 0;
}

/* Returns how much of `in` belonged to the answer, or -EPROTO. */
static ssize_t take(struct answer *a, struct th_slice in)
{
	size_t at = 0;
	while (at < in.n && !a->over) {
		struct th_h1_event ev;
		struct th_slice rest = {in.p + at, in.n - at};
		at += th_h1_next(&a->parser, rest, &ev);
		if (ev.kind == TH_H1_ERROR) {
			return -EPROTO;
		}
		if (ev.kind == TH_H1_HEAD) {
			th_buf_slice(&a->head, ev.bytes);
			if (a->head.failed) {
				return -ENOMEM;
			}
			if (ev.last) {
				take_head(a);
			}
		} else if (ev.kind == TH_H1_BODY) {
			put(a, ev.bytes);
			a->over = a->over || ev.last;
		}
	}
	return (ssize_t)at;
}

/* ---- after a 101 ---- */

/* Hands on what one side says. False: it has ended. */
static bool carry(struct th_stream *from, struct th_stream *to)
{
	uint8_t bytes[READ_BYTES];
	do {
		ssize_t n = th_stream_read(from, bytes, sizeof(bytes));
		if (n <= 0 || th_stream_write(to, (struct th_slice){bytes, (size_t)n}) < 0) {
			return false;
		}
	} while (th_stream_has_input(from));
	return th_stream_flush(to) == 0;
}

static void relay(struct answer *a, struct th_slice behind)
{
	struct th_stream *agent = &a->c->stream, *up = &a->c->up.stream;
	bool on = put(a, behind) && th_stream_flush(agent) == 0 &&
		th_stream_write(up, a->r->early) == 0 && th_stream_flush(up) == 0;
	while (on) {
		struct pollfd fds[2] = {
			{.fd = agent->fd, .events = POLLIN}, {.fd = up->fd, .events = POLLIN}};
		bool agent_has = th_stream_has_input(agent), up_has = th_stream_has_input(up);
		if (poll(fds, 2, agent_has || up_has ? 0 : -1) < 0 && errno != EINTR) {
			break;
		}
		on = (!fds[1].revents && !up_has) || carry(up, agent);
		on = on && ((!fds[0].revents && !agent_has) || carry(agent, up));
	}
	th_upstream_close(&a->c->up);
	th_stream_end(agent, true);
}

/* ---- one request ---- */

/* Reads until the answer is whole. 0; 1: the server closed; or a negative errno. What came behind
 * the answer is in `bytes` from *ret_at to *ret_n. */
static int receive(struct answer *a, uint8_t bytes[READ_BYTES], size_t *ret_at, size_t *ret_n)
{
	struct th_upstream *up = &a->c->up;
	while (!a->over) {
		int r = th_upstream_await(up, a->c->stream.fd);
		if (r < 0) {
			return r;
		}
		ssize_t n = th_upstream_read(up, bytes, READ_BYTES);
		if (n <= 0) {
			return n < 0 ? (int)n : 1;
		}
		ssize_t took = take(a, (struct th_slice){bytes, (size_t)n});
		if (took < 0) {
			return (int)took;
		}
		if (th_stream_flush(&a->c->stream) < 0 || a->agent_left) {
			return -ECANCELED;
		}
		*ret_at = (size_t)took;
		*ret_n = (size_t)n;
	}
	return 0;
}

static enum th_online_next end_with(struct th_caller *c, enum th_after after, uint32_t code)
{
	th_upstream_close(&c->up);
	th_caller_end(c, &(struct th_ending){.after = after, .code = code});
	return TH_ONLINE_NEXT_OVER;
}

/* The answer is not whole: to the agent it looks as if it had asked by itself. */
static enum th_online_next cut(struct answer *a, int r)
{
	struct th_caller *c = a->c;
	bool whole = r == 1 && a->until_close;
	const char *why = r == 1 ? "the server closed the connection" : strerror(-r);
	why = r == -EPROTO && c->up.fault ? c->up.fault : why;
	why = r == -ECANCELED ? "the agent did not wait for it" : why;
	th_online_note(c, a->r->line, whole ? a->status : 0,
		a->status && r != -ECANCELED ? "the connection ended in the middle of the answer"
					     : why);
	if (r != 1) {
		uint32_t code = r == -EPROTO || r == -ECANCELED ? ECONNRESET : (uint32_t)-r;
		return end_with(c, TH_AFTER_RESET, code);
	}
	bool notified = c->up.stream.ssl &&
		(SSL_get_shutdown(c->up.stream.ssl) & SSL_RECEIVED_SHUTDOWN);
	return end_with(c, notified || whole ? TH_AFTER_NOTIFY : TH_AFTER_FIN, 0);
}

/* The answer is whole. Its server may have closed right behind it, which is seen when the agent
 * asks again (th_online_open()). */
static enum th_online_next finish(struct answer *a, struct th_slice behind)
{
	struct th_caller *c = a->c;
	th_online_note(c, a->r->line, a->status, "");
	if (a->body == TH_H1_BODY_TUNNEL && a->status == 101) {
		relay(a, behind);
		return TH_ONLINE_NEXT_OVER;
	}
	if (a->body == TH_H1_BODY_TUNNEL) {
		th_upstream_close(&c->up); /* through the tunnel it is another one */
		th_buf_slice(&c->tunnel, a->r->head);
		return TH_ONLINE_NEXT_TUNNEL;
	}
	return a->closes ? end_with(c, TH_AFTER_NOTIFY, 0) : TH_ONLINE_NEXT_KEEP;
}

static int send_request(struct answer *a)
{
	struct th_stream *up = &a->c->up.stream;
	int r = th_stream_write(up, a->r->head);
	r = r < 0 ? r : th_stream_write(up, a->r->body);
	r = r < 0 ? r : th_stream_flush(up);
	/* A server may answer and close before it has read all: the answer counts. */
	return r == -EPIPE || r == -ECONNRESET ? 0 : r;
}

enum th_online_next th_online_h1(struct th_caller *c, const struct th_online_request *request)
{
	struct answer a = {.c = c, .r = request};
	struct th_head head = {.bytes = request->head};
	struct th_slice target;
	uint8_t bytes[READ_BYTES];
	size_t at = 0, n = 0;
	th_head_request(&head, &a.method, &target);
	a.closes = says_close(&head, request->version == 10);
	int r = th_online_open(c);
	if (r < 0) {
		th_online_note(c, request->line, 0, c->live_why);
		return end_with(c, TH_AFTER_RESET, ECONNRESET);
	}
	r = send_request(&a);
	r = r < 0 ? r : receive(&a, bytes, &at, &n);
	th_buf_finish(&a.head);
	if (r != 0) {
		return cut(&a, r);
	}
	return finish(&a, (struct th_slice){bytes + at, n - at});
}
