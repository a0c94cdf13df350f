/* See h2_stream.h. A stream steps through interim heads, head, pieces, trailer and end, each when
 * it is due; streams wait for each other only where one's end came before another's part (order.h).
 * nghttp2 frames what we give it, within flow
 * control: a recorded piece becomes a DATA frame of its own where the windows let it. */
#include "player/h2_stream.h"

#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "capture/frame.h"
#include "player/online_h2.h"

#define TURN_LOOK_NS 500000 /* between two looks whether it is our turn */

bool th_h2_fields_make(const struct th_head *head, bool copied, struct th_h2_fields *ret_fields)
{
	size_t pos = 0, n = 0, at = 0;
	struct th_field f;
	while (th_head_next(head, &pos, &f)) {
		n++;
	}
	nghttp2_nv *nv = calloc(n + 1, sizeof(*nv));
	pos = 0;
	while (nv && at < n && th_head_next(head, &pos, &f)) {
		nv[at++] = (nghttp2_nv){.name = (uint8_t *)f.name.p,
			.namelen = f.name.n,
			.value = (uint8_t *)f.value.p,
			.valuelen = f.value.n,
			.flags = copied
				? NGHTTP2_NV_FLAG_NONE
				: NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
	}
	*ret_fields = (struct th_h2_fields){nv, at};
	return nv != NULL;
}

/* Of the capture, which stays. */
static bool make_nv(const struct th_head *head, struct th_h2_fields *ret)
{
	return th_h2_fields_make(head, false, ret);
}

bool th_h2_head_add(struct th_buf *head, struct th_slice name, struct th_slice value)
{
	if (head->n + 6 + name.n + value.n > TH_H2_HEAD_MAX ||
		!th_buf_room(head, 6 + name.n + value.n)) {
		return false;
	}
	struct th_out out = {.p = head->p + head->n, .cap = 6 + name.n + value.n};
	th_out_u16(&out, (uint16_t)name.n);
	th_out_u32(&out, (uint32_t)value.n);
	th_out_bytes(&out, name.p, name.n);
	th_out_bytes(&out, value.p, value.n);
	head->n += out.n;
	return true;
}

struct th_h2_stream *th_h2_stream_new(struct th_h2_session *session, int32_t id)
{
	struct th_h2_stream *s = calloc(1, sizeof(*s));
	if (s) {
		s->session = session;
		s->id = id;
		s->next = session->streams;
		session->streams = s;
	}
	return s;
}

static void note_sent(struct th_h2_stream *s, bool whole)
{
	th_h2_taken_note(&s->session->taken, s->session->c->serving->order,
		(struct th_order_event){s->x, whole});
}

/* An answer that was cut is no less given. */
static void note_given(struct th_h2_stream *s)
{
	struct th_order *order = s->session->c->serving->order;
	if (s->x && !s->given) {
		if (th_order_has_whole(order, s->x) && s->piece < s->x->response.n_pieces) {
			note_sent(s, true);
		}
		note_sent(s, false);
	}
	s->given = true;
}

/* nghttp2 has all of it, or gets it next. */
static void be_over(struct th_h2_stream *s)
{
	s->step = TH_H2_STEP_OVER;
	note_given(s);
}

void th_h2_stream_free(struct th_h2_stream *s)
{
	struct th_h2_stream **at = &s->session->streams;
	while (*at && *at != s) {
		at = &(*at)->next;
	}
	if (*at) {
		*at = s->next;
	}
	if (s->step == TH_H2_STEP_OVER) {
		note_given(s);
	} else if (s->x && !s->given) { /* the agent left it */
		th_order_answered(s->session->c->serving->order, s->x);
	}
	th_buf_finish(&s->head);
	th_online_h2_forget(s);
	th_buf_finish(&s->body);
	if (s->duplex) {
		th_duplex_finish(s->duplex);
		free(s->duplex);
	}
	th_buf_finish(&s->raw);
	free(s->miss);
	free(s);
}

bool th_h2_stream_busy(const struct th_h2_stream *s)
{
	return s->step > TH_H2_STEP_ASKING && s->step < TH_H2_STEP_SILENT;
}

/* ---- answering ---- */

static nghttp2_nv text_nv(const char *name, const char *value)
{
	return (nghttp2_nv){.name = (uint8_t *)name,
		.namelen = strlen(name),
		.value = (uint8_t *)value,
		.valuelen = strlen(value)};
}

void th_h2_stream_continue(struct th_h2_stream *s)
{
	const nghttp2_nv go_on = text_nv(":status", "100");
	nghttp2_submit_headers(s->session->ng, NGHTTP2_FLAG_NONE, s->id, NULL, &go_on, 1, NULL);
	s->continued = true;
}

bool th_h2_stream_interim(struct th_h2_stream *s, const struct th_exchange *x)
{
	struct th_h2_fields list;
	const struct th_head *head = &x->interim[s->interims].head;
	if (!head->list) { /* the 101 of an upgrade: it went as HTTP/1 */
		s->interims++;
		return true;
	}
	if (!make_nv(head, &list)) {
		return false;
	}
	int r = nghttp2_submit_headers(
		s->session->ng, NGHTTP2_FLAG_NONE, s->id, NULL, list.nv, list.n, NULL);
	free(list.nv);
	s->interims++;
	return r == 0;
}

/* What was read together with what went last on this connection goes with it: for order.h. */
static const void *way_of(const struct th_h2_session *h, uint64_t time)
{
	bool goes_on = time >= h->last_part && time - h->last_part < TH_FRAME_ONE_READ_NS;
	return goes_on ? &h->taken : NULL;
}

/* Nanoseconds until to look again whether answers that had ended by `time` have been taken. */
static uint64_t wait_for_others(struct th_h2_stream *s, uint64_t time)
{
	struct th_h2_session *h = s->session;
	bool ready = th_order_ready_part(
		h->c->serving->order, s->x, time, way_of(h, time), &s->waits_since);
	h->last_part = ready ? time : h->last_part;
	return ready ? 0 : TURN_LOOK_NS;
}

/* Nanoseconds until what was recorded at `time` is due; 0: now. */
static uint64_t due_in(struct th_h2_stream *s, uint64_t time)
{
	uint64_t ns = th_timeline_wait(&s->timeline, time);
	ns = ns ? ns : th_h2_stream_wait_for_agent(s, time);
	return ns ? ns : wait_for_others(s, time);
}

static bool is_complete(const struct th_message *m)
{
	return m->bodiless || (m->finished && m->end == TH_END_COMPLETE);
}

static void submit_trailer(struct th_h2_stream *s)
{
	struct th_h2_fields list;
	if (make_nv(&s->x->response.trailer, &list)) {
		nghttp2_submit_trailer(s->session->ng, s->id, list.nv, list.n);
		free(list.nv);
	}
}

/* All pieces went: the end that nghttp2 writes, or the cut that we make afterwards. */
static ssize_t end_of_data(struct th_h2_stream *s, uint32_t *flags, size_t sent)
{
	const struct th_message *m = &s->x->response;
	if (!is_complete(m)) {
		s->step = TH_H2_STEP_CUT;
		s->deferred = sent == 0;
		return sent ? (ssize_t)sent : NGHTTP2_ERR_DEFERRED;
	}
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (m->trailer.bytes.n) {
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		submit_trailer(s);
	}
	be_over(s);
	return (ssize_t)sent;
}

/* An answer's end may have waited for more of the request, or for others to end, too. */
static ssize_t end_when_due(struct th_h2_stream *s, uint32_t *flags)
{
	const struct th_message *m = &s->x->response;
	if (is_complete(m) && due_in(s, m->ended) > 0) {
		s->deferred = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	return end_of_data(s, flags, 0);
}

static void skip_empty_pieces(struct th_h2_stream *s)
{
	const struct th_message *m = &s->x->response;
	while (s->piece + 1 < m->n_pieces && m->pieces[s->piece].bytes.n == 0) {
		s->piece++;
	}
}

static ssize_t read_recorded(nghttp2_session *ng, int32_t id, uint8_t *buf, size_t length,
	uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct th_h2_stream *s = source->ptr;
	const struct th_message *m = &s->x->response;
	if (s->step == TH_H2_STEP_CUT) {
		s->deferred = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	skip_empty_pieces(s);
	if (s->piece == m->n_pieces) {
		return end_when_due(s, flags);
	}
	const struct th_piece *p = &m->pieces[s->piece];
	if (due_in(s, p->time) > 0) {
		s->deferred = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	size_t n = p->bytes.n - s->offset < length ? p->bytes.n - s->offset : length;
	if (n) {
		memcpy(buf, p->bytes.p + s->offset, n);
	}
	s->offset += n;
	s->session->served += n;
	if (s->offset < p->bytes.n) {
		return (ssize_t)n;
	}
	s->piece++;
	s->offset = 0;
	if (s->piece < m->n_pieces) {
		return (ssize_t)n;
	}
	bool ends = !s->duplex && is_complete(m) && due_in(s, m->ended) == 0;
	if (th_order_has_whole(s->session->c->serving->order, s->x)) {
		note_sent(s, true);
	}
	return ends ? end_of_data(s, flags, n) : (ssize_t)n;
}

static ssize_t read_miss(nghttp2_session *ng, int32_t id, uint8_t *buf, size_t length,
	uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct th_h2_stream *s = source->ptr;
	size_t left = strlen(s->miss) - s->offset, n = left < length ? left : length;
	memcpy(buf, s->miss + s->offset, n);
	s->offset += n;
	if (n == left) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		s->step = TH_H2_STEP_OVER;
	}
	return (ssize_t)n;
}

static bool method_is_head(const struct th_h2_stream *s)
{
	struct th_head head = th_h2_stream_request(s);
	struct th_slice method = {NULL, 0}, target;
	th_head_request(&head, &method, &target);
	return th_slice_eq(method, TH_SLICE_LIT("HEAD"));
}

static void submit_miss(struct th_h2_stream *s)
{
	char length[24];
	snprintf(length, sizeof(length), "%zu", strlen(s->miss));
	const nghttp2_nv nv[] = {text_nv(":status", "424"),
		text_nv("content-type", "application/json"), text_nv("tracehook-miss", "1"),
		text_nv("content-length", length)};
	nghttp2_data_provider data = {.source.ptr = s, .read_callback = read_miss};
	bool no_body = method_is_head(s);
	nghttp2_submit_response(
		s->session->ng, s->id, nv, sizeof(nv) / sizeof(*nv), no_body ? NULL : &data);
	s->step = no_body ? TH_H2_STEP_OVER : TH_H2_STEP_DATA;
}

static void submit_head(struct th_h2_stream *s)
{
	const struct th_message *m = &s->x->response;
	struct th_h2_fields list;
	if (!m->head_done || !m->head.list) {
		s->step = TH_H2_STEP_CUT;
		return;
	}
	if (!make_nv(&m->head, &list)) {
		be_over(s);
		return;
	}
	bool ends = m->bodiless ||
		(is_complete(m) && m->n_pieces == 0 && m->trailer.bytes.n == 0 && !s->duplex &&
			due_in(s, m->ended) == 0);
	nghttp2_data_provider data = {.source.ptr = s, .read_callback = read_recorded};
	nghttp2_submit_response(s->session->ng, s->id, list.nv, list.n, ends ? NULL : &data);
	free(list.nv);
	s->session->served += m->head.bytes.n;
	s->step = TH_H2_STEP_DATA;
	if (ends) {
		be_over(s);
	}
}

/* The recorded end of an answer that its protocol did not end. */
static void cut(struct th_h2_stream *s)
{
	struct th_h2_session *h = s->session;
	const struct th_message *m = &s->x->response;
	be_over(s);
	if (m->finished && m->end == TH_END_STREAM_RESET) {
		nghttp2_submit_rst_stream(h->ng, NGHTTP2_FLAG_NONE, s->id, m->end_code);
		return;
	}
	if (m->finished && m->end == TH_END_GOAWAY) {
		nghttp2_submit_goaway(
			h->ng, NGHTTP2_FLAG_NONE, s->id > 2 ? s->id - 2 : 0, m->end_code, NULL, 0);
		return;
	}
	struct th_ending e = th_ending_of_stream(h->c->serving, s->x);
	if (e.after == TH_AFTER_SILENT) {
		s->step = TH_H2_STEP_SILENT;
		s->silent_until = th_clock_mono() + e.patience_ns;
	} else if (h->dying.after == TH_AFTER_KEEP) {
		h->dying = e;
		h->dying_since = th_clock_mono();
	}
}

static uint64_t drive_turn(struct th_h2_stream *s)
{
	const struct th_h2_session *h = s->session;
	const void *way = way_of(h, th_order_answer_began(s->x));
	if (!th_order_ready(h->c->serving->order, s->x, way, &s->waits_since)) {
		return TURN_LOOK_NS;
	}
	s->step = TH_H2_STEP_INTERIMS;
	return 0;
}

static uint64_t drive_interims(struct th_h2_stream *s)
{
	while (s->interims < s->x->n_interim) {
		uint64_t ns = due_in(s, s->x->interim[s->interims].time);
		if (ns) {
			return ns;
		}
		if (!th_h2_stream_interim(s, s->x)) {
			break;
		}
	}
	s->step = TH_H2_STEP_HEAD;
	return 0;
}

static uint64_t drive_head(struct th_h2_stream *s)
{
	if (s->miss) {
		submit_miss(s);
		return 0;
	}
	const struct th_message *m = &s->x->response;
	uint64_t ns = m->present ? due_in(s, m->began) : 0;
	if (ns == 0) {
		submit_head(s);
	}
	return ns;
}

static uint64_t drive_data(struct th_h2_stream *s)
{
	if (!s->deferred || s->miss) {
		return UINT64_MAX; /* nghttp2 asks when it can send */
	}
	const struct th_message *m = &s->x->response;
	uint64_t ns = s->piece < m->n_pieces ? due_in(s, m->pieces[s->piece].time)
		: is_complete(m)	     ? due_in(s, m->ended)
					     : 0;
	if (ns == 0) {
		s->deferred = false;
		nghttp2_session_resume_data(s->session->ng, s->id);
		return UINT64_MAX;
	}
	return ns;
}

static uint64_t drive_cut(struct th_h2_stream *s)
{
	const struct th_message *m = &s->x->response;
	uint64_t ns = due_in(s, m->ended);
	if (ns == 0) {
		cut(s);
	}
	return ns;
}

/* As on HTTP/1 (th_caller_end()): an agent that waits longer than it did then must not hang. */
static uint64_t drive_silent(struct th_h2_stream *s)
{
	struct th_caller *c = s->session->c;
	uint64_t now = th_clock_mono();
	th_order_answered(c->serving->order, s->x); /* all there is of it was given */
	s->given = true;
	if (now < s->silent_until) {
		return s->silent_until - now;
	}
	th_caller_silent_too_long(c, s->x);
	nghttp2_submit_rst_stream(s->session->ng, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_INTERNAL_ERROR);
	s->step = TH_H2_STEP_OVER;
	return 0;
}

uint64_t th_h2_stream_drive(struct th_h2_stream *s)
{
	uint64_t ns = 0;
	while (ns == 0) {
		switch (s->step) {
		case TH_H2_STEP_TURN:
			ns = drive_turn(s);
			break;
		case TH_H2_STEP_INTERIMS:
			ns = drive_interims(s);
			break;
		case TH_H2_STEP_HEAD:
			ns = drive_head(s);
			break;
		case TH_H2_STEP_DATA:
			return drive_data(s);
		case TH_H2_STEP_CUT:
			ns = drive_cut(s);
			break;
		case TH_H2_STEP_SILENT:
			ns = drive_silent(s);
			break;
		case TH_H2_STEP_OVER:
			note_given(s);
			return UINT64_MAX;
		default:
			return UINT64_MAX;
		}
	}
	return ns;
}
