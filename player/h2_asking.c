/* What the agent asks on a stream of HTTP/2 (h2_stream.h): from its head, its body or its end to
 * the recorded answer. Most requests are answered when they are whole; those that wait for a 100,
 * and those whose answer had begun before (h2_duplex.h), are not. */
#include <errno.h>

#include "base/clock.h"
#include "player/h2_stream.h"
#include "player/online.h"
#include "player/online_h2.h"

struct th_head th_h2_stream_request(const struct th_h2_stream *s)
{
	return (struct th_head){.bytes = th_buf_view(&s->head), .list = true};
}

void th_h2_stream_begin(struct th_h2_stream *s, const struct th_exchange *x)
{
	s->x = x;
	s->timeline = th_timeline_begin(s->session->c->serving, x);
	s->asked_at = th_clock_mono();
	s->step = TH_H2_STEP_TURN;
	s->session->recorded = x->connection;
}

/* ---- the head ---- */

/* A recorded 100 goes out, or a recorded refusal of the body. */
static void expect(struct th_h2_stream *s, struct th_exchange *asked)
{
	struct th_caller *c = s->session->c;
	struct th_claim claim;
	const struct th_exchange *x = th_index_peek_head(c->serving->index, &c->canon, &c->asker);
	if (x && x->n_interim == 0 && x->request.body_bytes == 0 && x->response.head_done &&
		th_answer_find_early(c, asked, &claim)) {
		th_h2_stream_begin(s, claim.x);
		return;
	}
	if (!x && th_online_now(c->serving)) {
		th_h2_stream_continue(s);
	}
	while (x && s->interims < x->n_interim) {
		bool is_100 = th_head_status(&x->interim[s->interims].head) == 100;
		if (!th_h2_stream_interim(s, x) || is_100) {
			return;
		}
	}
}

static bool make_canon(struct th_h2_stream *s, struct th_exchange *ret_asked)
{
	struct th_caller *c = s->session->c;
	return th_answer_head(c, th_h2_stream_request(s), 20, ret_asked) &&
		th_canon_request_head(ret_asked, &c->canon) == 0;
}

/* ---- an answer to what there is ---- */

static void give_up(struct th_h2_stream *s, const char *why)
{
	th_caller_strayed(s->session->c, s->x, why);
	nghttp2_submit_rst_stream(s->session->ng, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_INTERNAL_ERROR);
	s->step = TH_H2_STEP_OVER;
}

static void take_duplex(struct th_h2_stream *s)
{
	struct th_exchange asked;
	struct th_claim claim;
	struct th_duplex *d = NULL;
	if (!make_canon(s, &asked) ||
		!th_answer_find_duplex(s->session->c, th_buf_view(&s->body), &claim)) {
		return;
	}
	th_h2_stream_begin(s, claim.x);
	s->timeline.recorded_start = claim.x->request.began;
	d = calloc(1, sizeof(*d));
	if (!d || th_duplex_init(d, claim.x) < 0) {
		free(d);
		give_up(s, "there is no memory");
		return;
	}
	s->duplex = d;
	s->patient_until = s->asked_at + TH_DUPLEX_PATIENCE_NS;
	(void)th_duplex_hear(d, th_buf_view(&s->body)); /* it fits */
}

void th_h2_stream_expect(struct th_h2_stream *s)
{
	struct th_caller *c = s->session->c;
	struct th_exchange asked;
	struct th_head head = th_h2_stream_request(s);
	if (!make_canon(s, &asked)) {
		return;
	}
	s->may_be_duplex = th_index_has_duplex(c->serving->index, &c->canon, &c->asker);
	if (s->may_be_duplex) {
		take_duplex(s);
	}
	if (s->step == TH_H2_STEP_ASKING && th_head_has_token(&head, "expect", "100-continue")) {
		expect(s, &asked);
	}
}

bool th_h2_stream_data(struct th_h2_stream *s, struct th_slice bytes)
{
	bool heard = !s->duplex || s->step == TH_H2_STEP_OVER || th_duplex_hear(s->duplex, bytes);
	if (!s->duplex) {
		th_buf_slice(&s->body, bytes);
	}
	if (!heard) {
		give_up(s, "it is not what was recorded");
	} else if (s->duplex) {
		s->patient_until = th_clock_mono() + TH_DUPLEX_PATIENCE_NS;
	} else if (s->may_be_duplex && s->step == TH_H2_STEP_ASKING) {
		take_duplex(s);
	}
	return !s->body.failed;
}

uint64_t th_h2_stream_wait_for_agent(struct th_h2_stream *s, uint64_t time)
{
	if (!s->duplex || th_duplex_reached(s->duplex, time)) {
		return 0;
	}
	uint64_t now = th_clock_mono();
	if (now < s->patient_until) {
		return s->patient_until - now;
	}
	th_caller_strayed(
		s->session->c, s->x, "it never came; the recorded server goes on without it");
	s->duplex->said = UINT64_MAX;
	s->duplex->over = true;
	return 0;
}

/* ---- the end ---- */

void th_h2_stream_asked(struct th_h2_stream *s)
{
	struct th_caller *c = s->session->c;
	struct th_exchange asked;
	struct th_claim claim;
	struct th_piece piece;
	if (s->duplex && s->step != TH_H2_STEP_OVER && !th_duplex_hear_end(s->duplex)) {
		give_up(s, "it ended before the recorded one did");
	}
	if (s->step != TH_H2_STEP_ASKING) {
		return; /* answered by what there was of it */
	}
	s->step = TH_H2_STEP_OVER;
	if (!th_answer_head(c, th_h2_stream_request(s), 20, &asked)) {
		return;
	}
	if (c->serving->live) {
		th_buf_slice(&s->raw, th_buf_view(&s->body));
	}
	th_answer_body(c, &asked, th_buf_view(&s->body), &piece);
	enum th_found found = th_answer_find(c, &asked, &claim, &s->miss);
	if (found == TH_FOUND_RECORDED) {
		th_h2_stream_begin(s, claim.x);
	} else if (found == TH_FOUND_LIVE) {
		s->step = TH_H2_STEP_LIVE;
		th_online_h2_ask(s);
	} else if (s->miss) {
		s->step = TH_H2_STEP_HEAD;
	} else {
		nghttp2_submit_rst_stream(
			s->session->ng, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_INTERNAL_ERROR);
	}
}
