/* Trace context put into requests: what is sent instead, and how much of it stands for what the
 * agent gave. */
#include "recorder/rewrite.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "emit_double.h"
#include "guard.h"
#include "h2_peer.h"

#define HEAD "POST /v1 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n"
#define TRACE "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-"
#define GET ":method: GET\n:path: /a\n:scheme: https\n:authority: h\n"

static struct th_rewrite *rewritten(const struct th_tap *tap, const void *state, struct th_slice in)
{
	struct th_rewrite *w = calloc(1, sizeof(*w));
	if (tap->rewrite(state, th_guard(in), w)) {
		cr_assert_eq(w->taken, in.n);
		return w;
	}
	cr_assert_eq(w->edits, 0);
	free(w);
	return NULL;
}

static void *new_state(const struct th_tap *tap, struct th_conn *conn)
{
	void *state = calloc(1, tap->state_size);
	th_emitted_reset();
	tap->init(state, conn);
	return state;
}

static void old_state(const struct th_tap *tap, void *state)
{
	tap->end(state, TH_END_FIN, 0);
	tap->finish(state);
	free(state);
}

/* Every number of bytes that may be gone stands for as many of the agent's, never for more. */
static void check_given(const struct th_rewrite *w)
{
	size_t last = 0;
	for (size_t sent = 0; sent <= w->n; sent++) {
		size_t given = th_rewrite_given(w, sent);
		cr_assert(given == last || given == last + 1);
		cr_assert_leq(given, w->taken);
		last = given;
	}
	cr_assert_eq(last, w->taken);
}

static void is_left_alone(const char *text)
{
	cr_assert_null(rewritten(&th_tap_h1, NULL, th_slice_str(text)), "%s", text);
}

Test(rewrite, a_head_gets_its_lines_at_its_end)
{
	struct th_rewrite *w = rewritten(&th_tap_h1, NULL, TH_SLICE_LIT(HEAD "\r\nbody"));
	cr_assert_not_null(w);
	cr_assert_eq(
		memcmp(w->p, HEAD "traceparent: " TRACE, sizeof(HEAD "traceparent: " TRACE) - 1),
		0);
	cr_assert_eq(memcmp(w->p + w->n - 11, "-01\r\n\r\nbody", 11), 0);
	check_given(w);
	cr_assert_not(th_rewrite_bound(w, 0));
	cr_assert(th_rewrite_bound(w, 1));
	cr_assert(th_rewrite_bound(w, w->edit[0].to - 1));
	cr_assert_not(th_rewrite_bound(w, w->edit[0].to));
	free(w);
}

Test(rewrite, what_is_inherited_goes_along_unless_it_is_there)
{
	th_rewrite_start("v=1", "user=ana");
	struct th_rewrite *w = rewritten(
		&th_tap_h1, NULL, TH_SLICE_LIT(HEAD "Baggage: own=1\r\n\r\n"));
	cr_assert(memmem(w->p, w->n, "\r\ntracestate: v=1\r\n\r\n", 21));
	cr_assert_not(memmem(w->p, w->n, "ana", 3));
	free(w);
	th_rewrite_start("v=1\r\nevil: 1", NULL);
	w = rewritten(&th_tap_h1, NULL, TH_SLICE_LIT(HEAD "\r\n"));
	cr_assert_not(memmem(w->p, w->n, "evil", 4));
	cr_assert_not(memmem(w->p, w->n, "tracestate", 10));
	free(w);
}

Test(rewrite, what_is_no_whole_head_is_left_alone)
{
	is_left_alone(HEAD);
	is_left_alone(HEAD "\r");
	is_left_alone(HEAD "TraceParent: 00-x\r\n\r\n");
	is_left_alone("CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n");
	is_left_alone("POST /v1 HTTP/2.0\r\nHost: h\r\n\r\n");
	is_left_alone("{\"no\": \"request\"}\r\n\r\n");
	is_left_alone("");
}

/* In the middle of a request nothing begins; behind it the next one does. */
Test(rewrite, requests_begin_where_the_one_before_has_ended)
{
	struct th_conn conn = {0};
	const struct th_slice request = TH_SLICE_LIT(HEAD "\r\nbody");
	void *state = new_state(&th_tap_h1, &conn);
	cr_assert(th_tap_h1.may_begin(state));
	for (size_t i = 1; i < request.n; i++) {
		th_tap_h1.sent(state, (struct th_slice){request.p + i - 1, 1});
		cr_assert_not(th_tap_h1.may_begin(state), "%zu", i);
	}
	th_tap_h1.sent(state, (struct th_slice){request.p + request.n - 1, 1});
	cr_assert(th_tap_h1.may_begin(state));
	old_state(&th_tap_h1, state);
}

/* ---- HTTP/2 ---- */

static size_t count(const char *text, const char *what)
{
	size_t n = 0;
	for (; (text = strstr(text, what)); text++) {
		n++;
	}
	return n;
}

/* What the tap makes of it, another decoder than the copy that looked ahead. */
static void check_read(
	const struct th_rewrite *w, const struct th_slice *before, size_t requests, size_t contexts)
{
	struct th_conn conn = {0};
	void *state = new_state(&th_tap_h2, &conn);
	cr_assert(!before || th_tap_h2.sent(state, *before));
	cr_assert(th_tap_h2.sent(state, (struct th_slice){w->p, w->n}));
	cr_assert_eq(count(th_emitted.text, "REQ_HEAD"), requests, "%s", th_emitted.text);
	cr_assert_eq(
		count(th_emitted.text, "  traceparent: " TRACE), contexts, "%s", th_emitted.text);
	old_state(&th_tap_h2, state);
}

Test(rewrite, streams_get_literals)
{
	struct peer p;
	peer_begin(&p, true);
	peer_headers(&p, 1, END_STREAM, GET "x-long: something to be indexed\n");
	peer_headers(&p, 3, 0, GET "x-long: something to be indexed\ntraceparent: 00-own\n");
	peer_data(&p, 3, END_STREAM, "body");
	peer_headers(&p, 5, END_STREAM, GET "x-long: something to be indexed\n");
	struct th_rewrite *w = rewritten(&th_tap_h2, NULL, (struct th_slice){p.p, p.n});
	cr_assert_eq(w->edits, 2);
	check_given(w);
	check_read(w, NULL, 3, 2);
	free(w);
	peer_end(&p);
}

/* The agent's own comes from the table: only who follows the table knows. */
Test(rewrite, a_name_from_the_table_is_known)
{
	struct peer p;
	struct th_conn conn = {0};
	peer_begin(&p, true);
	peer_headers(&p, 1, END_STREAM, GET "traceparent: 00-own\n");
	const struct th_slice before = {p.p, p.n};
	void *state = new_state(&th_tap_h2, &conn);
	cr_assert(th_tap_h2.sent(state, before));
	peer_headers(&p, 3, END_STREAM, GET "traceparent: 00-other\n");
	cr_assert_not(memmem(p.p + before.n, p.n - before.n, "traceparent", 11));
	cr_assert_null(
		rewritten(&th_tap_h2, state, (struct th_slice){p.p + before.n, p.n - before.n}));
	size_t at = p.n;
	peer_headers(&p, 5, END_STREAM, GET);
	cr_assert(th_tap_h2.sent(state, (struct th_slice){p.p + before.n, at - before.n}));
	struct th_rewrite *w = rewritten(&th_tap_h2, state, (struct th_slice){p.p + at, p.n - at});
	cr_assert_eq(w->edits, 1);
	const struct th_slice all = {p.p, at};
	old_state(&th_tap_h2, state);
	check_read(w, &all, 3, 1);
	free(w);
	peer_end(&p);
}

/* Padding, priority, trailers, a block in two frames, and a write that ends within a frame. */
Test(rewrite, frames_of_all_shapes)
{
	struct peer p;
	uint8_t block[512], payload[600] = {4, 0x80, 0, 0, 0, 7};
	peer_begin(&p, true);
	size_t n = peer_block(&p, GET, block, sizeof(block));
	memcpy(payload + 6, block, n);
	peer_frame(&p, TH_H2_HEADERS, END_HEADERS | 0x28, 1, payload, 6 + n + 4);
	peer_headers(&p, 1, END_STREAM, "x-sum: 1\n");
	n = peer_block(&p, GET, block, sizeof(block));
	struct th_rewrite *w = rewritten(&th_tap_h2, NULL, (struct th_slice){p.p, p.n});
	cr_assert_eq(w->edits, 1);
	check_read(w, NULL, 1, 1);
	free(w);
	size_t whole = p.n;
	peer_frame(&p, TH_H2_HEADERS, END_STREAM, 3, block, 2);
	peer_frame(&p, TH_H2_CONTINUATION, END_HEADERS, 3, block + 2, n - 2);
	peer_headers(&p, 5, END_STREAM, GET);
	for (size_t cut = sizeof(TH_H2_PREFACE); cut <= p.n; cut++) {
		w = rewritten(&th_tap_h2, NULL, (struct th_slice){p.p, cut});
		cr_assert_eq(w ? w->edits : 0, cut + 30 > whole && w ? 1 : 0, "%zu", cut);
		if (w) {
			check_given(w);
		}
		free(w);
	}
	peer_end(&p);
}

/* In the middle of a DATA frame: what is left of it is passed over. */
Test(rewrite, behind_the_rest_of_a_frame)
{
	struct peer p;
	struct th_conn conn = {0};
	peer_begin(&p, true);
	peer_headers(&p, 1, 0, GET);
	size_t data = p.n;
	peer_data(&p, 1, END_STREAM, "a body in pieces");
	size_t next = p.n;
	peer_headers(&p, 3, END_STREAM, GET);
	for (size_t cut = data; cut <= next; cut++) {
		void *state = new_state(&th_tap_h2, &conn);
		cr_assert(th_tap_h2.sent(state, (struct th_slice){p.p, cut}));
		bool may = cut == data || cut >= data + 9;
		cr_assert_eq(th_tap_h2.may_begin(state), may, "%zu", cut);
		if (may) {
			const struct th_slice before = {p.p, cut};
			struct th_rewrite *w = rewritten(
				&th_tap_h2, state, (struct th_slice){p.p + cut, p.n - cut});
			cr_assert_eq(w->edits, 1);
			check_given(w);
			old_state(&th_tap_h2, state);
			check_read(w, &before, 2, 1);
			free(w);
		} else {
			old_state(&th_tap_h2, state);
		}
	}
	peer_end(&p);
}
