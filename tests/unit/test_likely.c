/* What is recognised to the byte is answered as what is compared by its canonical form: runs and
 * questions are drawn from a few heads and bodies, so that many are equal, or nearly. */
#include "player/likely.h"

#include <criterion/criterion.h>

#include "made_run.h"
#include "player/index.h"
#include "player/volatile.h"

#define RECORDED 24
#define ASKED 40
#define RUNS 150

static const char *const heads[] = {
	"POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n\r\n",
	"POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nUser-Agent: x\r\n\r\n",
	"POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nAuthorization: k\r\n\r\n",
	"POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nAuthorization: l\r\n\r\n",
	"POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
	"Transfer-Encoding: chunked\r\n\r\n",
	"POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
	"Content-Encoding: gzip\r\n\r\n",
	"POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n",
	"POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=c\r\n\r\n",
	"POST /b HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n\r\n",
	"POST /a HTTP/1.1\r\nHost: h\r\n\r\n",
};
#define HEADS (sizeof(heads) / sizeof(*heads))

static const char *const bodies[] = {
	"{\"a\":1,\"b\":2}",
	"{\"b\":2,\"a\":1}",
	"{\"a\":1,\"b\":3}",
	"2\r\n{}\r\n0\r\n\r\n",
	"{}",
	"--b\r\n\r\nx\r\n--b--\r\n",
	"--c\r\n\r\nx\r\n--c--\r\n",
	"a=1&b=2",
	"{\"id\":\"2f1d7a30-9c5e-4b6f-8a3b-0123456789ab\"}",
	"{\"id\":\"6c84fb90-12c4-11e1-840d-7b25c5ee775a\"}",
	NULL,
};
#define BODIES (sizeof(bodies) / sizeof(*bodies))

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define SWITCHED "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"

static uint32_t state;

static uint32_t draw(uint32_t n)
{
	state = state * 1664525 + 1013904223;
	return (state >> 16) % n;
}

static struct made *record(void)
{
	struct made *m = made_new();
	struct th_connection *on[4];
	for (int i = 0; i < 4; i++) {
		on[i] = made_connection(
			m, i % 2 ? m->process_list[0] : made_process(m, i ? "0.0" : "0"), 1 + i);
	}
	for (int i = 0; i < RECORDED; i++) {
		const char *body = bodies[draw(BODIES)];
		made_exchange(m, on[draw(4)], draw(2), heads[draw(HEADS)], body,
			draw(9) || body ? OK : SWITCHED, NULL);
	}
	return m;
}

struct player {
	struct th_index *ix;
	const struct th_rules *rules;
	struct th_canon canon;
	const struct th_exchange *last;
};

/* As th_answer_find() does it. The order of the answer; -1: none. */
static int answer(struct player *p, bool soon, const struct th_exchange *asked,
	const struct th_asker *who, struct th_claim *ret)
{
	bool found = soon && th_canon_request_head(asked, &p->canon) == 0 &&
		th_index_claim_likely(p->ix, asked, p->last, &p->canon, who, ret);
	if (!found) {
		cr_assert_eq(th_canon_request(asked, &p->canon), 0);
		cr_assert_eq(th_volatile_take(p->rules, &p->canon), 0);
		found = th_index_claim(p->ix, &p->canon, who, ret);
	}
	p->last = found ? ret->x : p->last;
	return found ? (int)ret->x->order : -1;
}

/* A body in two pieces, cut anywhere. */
static void cut(struct th_message *m, struct th_piece pieces[2])
{
	if (m->n_pieces) {
		struct th_slice all = m->pieces[0].bytes;
		size_t at = draw((uint32_t)all.n + 1);
		pieces[0].bytes = (struct th_slice){all.p, at};
		pieces[1].bytes = (struct th_slice){all.p + at, all.n - at};
		m->pieces = pieces;
		m->n_pieces = 2;
	}
}

static void ask_both(struct player *soon, struct player *slow)
{
	struct made *m = made_new();
	struct th_connection *c = made_connection(m, made_process(m, "0"), 1);
	struct th_claim a = {0}, b = {0};
	struct th_piece pieces[2] = {{0}};
	struct th_asker who = {draw(8) ? 11 : 20, draw(3), draw(2), draw(3)};
	struct th_exchange *x = made_exchange(
		m, c, 1, heads[draw(HEADS)], bodies[draw(BODIES)], NULL, NULL);
	cut(&x->request, pieces);
	int order = answer(soon, true, x, &who, &a);
	cr_assert_eq(order, answer(slow, false, x, &who, &b));
	cr_assert_arr_eq(&soon->canon.full, &slow->canon.full, sizeof(soon->canon.full));
	cr_assert_eq(soon->canon.kind, slow->canon.kind);
	if (order >= 0) {
		cr_assert_eq(a.x, b.x);
		cr_assert_eq(a.crossed, b.crossed);
		cr_assert_eq(a.relaxed, b.relaxed);
	}
	free(m);
}

static void finish(struct player *p)
{
	th_index_destroy(p->ix);
	th_canon_finish(&p->canon);
}

Test(likely, chooses_what_the_canonical_form_chooses)
{
	struct th_rules *builtin = th_rules_builtin();
	for (uint32_t run = 0; run < RUNS; run++) {
		state = run;
		struct made *m = record();
		unsigned match = run % 4; /* each relaxation, none, both */
		const struct th_rules *rules = match & TH_MATCH_VOLATILE ? builtin : NULL;
		struct player soon = {.ix = th_index_create(&m->run, match, rules), .rules = rules};
		struct player slow = {.ix = th_index_create(&m->run, match, rules), .rules = rules};
		for (int i = 0; i < ASKED; i++) {
			ask_both(&soon, &slow);
		}
		finish(&soon);
		finish(&slow);
		free(m);
	}
	th_rules_destroy(builtin);
}

/* ---- one by one ---- */

struct recorded {
	struct made *m;
	struct th_likely *likely;
	struct th_canon canon;
};

static struct recorded record_one(const char *head, const char *body, const char *response)
{
	struct recorded r = {.m = made_new()};
	struct th_connection *c = made_connection(r.m, made_process(r.m, "0"), 1);
	struct th_exchange *x = made_exchange(r.m, c, 1, head, body, response, NULL);
	r.likely = th_likely_create(&r.m->run);
	cr_assert_eq(th_canon_request(x, &r.canon), 0);
	th_likely_note(r.likely, x, 0, 7, &r.canon);
	cr_expect_eq(th_likely_queue(r.likely, x), 7);
	return r;
}

static void forget(struct recorded *r)
{
	cr_assert_null(th_likely_destroy(r->likely));
	th_canon_finish(&r->canon);
	free(r->m);
}

/* Is the second taken for the first? */
static bool is(const char *head_a, const char *body_a, const char *response, const char *head_b,
	const char *body_b)
{
	struct recorded r = record_one(head_a, body_a, response);
	struct made *m = made_new();
	struct th_connection *c = made_connection(m, made_process(m, "0"), 1);
	struct th_exchange *x = made_exchange(m, c, 1, head_b, body_b, NULL, NULL);
	struct th_canon canon = {0};
	cr_assert_eq(th_canon_request_head(x, &canon), 0);
	bool same = th_likely_is(r.likely, r.m->exchange_list[0], x, &canon);
	th_canon_finish(&canon);
	free(m);
	forget(&r);
	return same;
}

Test(likely, knows_the_same_request_again)
{
	for (size_t i = 0; i < HEADS; i++) {
		for (size_t k = 0; k < BODIES; k++) {
			cr_expect(
				is(heads[i], bodies[k], OK, heads[i], bodies[k]), "%zu %zu", i, k);
		}
	}
	cr_expect(is(heads[0], bodies[0], OK, heads[1], bodies[0]), "who asks takes no part");
	cr_expect(is(heads[2], bodies[0], OK, heads[3], bodies[0]), "nor do credentials");
}

Test(likely, takes_nothing_else_for_it)
{
	cr_expect_not(is(heads[0], bodies[0], OK, heads[0], bodies[1]), "not the canonical form");
	cr_expect_not(is(heads[0], bodies[0], OK, heads[0], bodies[2]));
	cr_expect_not(is(heads[0], bodies[0], OK, heads[8], bodies[0]));
	cr_expect_not(is(heads[0], bodies[3], OK, heads[4], bodies[3]), "chunked is read else");
	cr_expect_not(is(heads[6], bodies[5], OK, heads[7], bodies[5]), "so is another boundary");
	cr_expect_not(is(heads[0], bodies[0], OK, heads[5], bodies[0]));
	cr_expect_not(is(heads[0], NULL, SWITCHED, heads[0], NULL), "no body behind a 101");
}

Test(likely, what_follows_follows_on_the_connection)
{
	struct made *m = made_new();
	struct th_process *p = made_process(m, "0");
	struct th_connection *a = made_connection(m, p, 1), *b = made_connection(m, p, 2);
	struct th_exchange *x[4];
	for (size_t i = 0; i < 4; i++) {
		x[i] = made_exchange(m, i % 2 ? b : a, 1, heads[0], bodies[0], OK, NULL);
	}
	struct th_likely *l = th_likely_create(&m->run);
	struct th_canon canon = {0};
	for (uint32_t i = 0; i < 4; i++) {
		cr_assert_eq(th_canon_request(x[i], &canon), 0);
		th_likely_note(l, x[i], i % 2, 0, &canon);
	}
	cr_expect_eq(th_likely_after(l, x[0]), x[2]);
	cr_expect_eq(th_likely_after(l, x[1]), x[3]);
	cr_expect_null(th_likely_after(l, x[2]));
	th_canon_finish(&canon);
	th_likely_destroy(l);
	free(m);
}
