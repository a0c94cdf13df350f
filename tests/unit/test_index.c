#include "player/index.h"

#include <criterion/criterion.h>
#include <errno.h>

#include "made_run.h"
#include "player/volatile.h"

#define ASK(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

static struct made *m;
static struct th_index *ix;
static struct th_process *p0, *p1;

static void setup(void)
{
	m = made_new();
	p0 = made_process(m, "0");
	p1 = made_process(m, "0.0");
}

static void teardown(void)
{
	th_index_destroy(ix);
	free(m);
}

TestSuite(index, .init = setup, .fini = teardown);

static struct th_exchange *get(struct th_connection *c, uint32_t thread, const char *head)
{
	return made_exchange(m, c, thread, head, NULL, OK, NULL);
}

/* The order of the exchange that answers, -1: none. */
static int ask(const char *head, struct th_asker who, struct th_claim *ret_claim)
{
	struct made *asking = made_new();
	struct th_connection *c = made_connection(asking, made_process(asking, "0"), 1);
	struct th_exchange *x = made_exchange(asking, c, 1, head, NULL, NULL, NULL);
	struct th_canon canon = {0};
	struct th_claim claim = {0};
	cr_assert_eq(th_canon_request(x, &canon), 0);
	bool found = th_index_claim(ix, &canon, &who, &claim);
	th_canon_finish(&canon);
	free(asking);
	if (ret_claim) {
		*ret_claim = claim;
	}
	return found ? (int)claim.x->order : -1;
}

static struct th_asker who(uint32_t process, uint32_t thread, uint32_t connection)
{
	return (struct th_asker){11, process, thread, connection};
}

Test(index, gives_each_answer_once_and_in_order)
{
	struct th_connection *c = made_connection(m, p0, 1);
	for (int i = 0; i < 3; i++) {
		get(c, 1, ASK("/x"));
	}
	ix = th_index_create(&m->run, TH_MATCH_CANONICAL, NULL);
	cr_expect_eq(th_index_unused(ix), 3);
	cr_expect_eq(th_index_left_on(ix, c), 3);
	for (int i = 0; i < 3; i++) {
		cr_expect_eq(ask(ASK("/x"), who(0, 1, 1), NULL), i);
	}
	cr_expect_eq(ask(ASK("/x"), who(0, 1, 1), NULL), -1);
	cr_expect_eq(ask(ASK("/y"), who(0, 1, 1), NULL), -1);
	cr_expect_eq(th_index_unused(ix), 0);
	cr_expect_eq(th_index_left_on(ix, c), 0);
}

Test(index, prefers_the_own_lane)
{
	struct th_connection *a = made_connection(m, p0, 1), *b = made_connection(m, p0, 2);
	struct th_connection *c = made_connection(m, p1, 1);
	get(a, 1, ASK("/x")); /* 0 */
	get(b, 1, ASK("/x")); /* 1: same thread, other connection */
	get(c, 1, ASK("/x")); /* 2: other process */
	get(a, 2, ASK("/x")); /* 3: other thread */
	ix = th_index_create(&m->run, TH_MATCH_CANONICAL, NULL);
	struct th_claim claim;
	cr_expect_eq(ask(ASK("/x"), who(1, 1, 9), &claim), 2);
	cr_expect_not(claim.crossed, "a connection's number is no crossing");
	cr_expect_eq(ask(ASK("/x"), who(0, 2, 1), &claim), 3);
	cr_expect_not(claim.crossed);
	cr_expect_eq(ask(ASK("/x"), who(0, 1, 2), &claim), 1);
	cr_expect_not(claim.crossed);
	cr_expect_eq(ask(ASK("/x"), who(1, 1, 1), &claim), 0);
	cr_expect(claim.crossed);
	cr_expect_not(claim.relaxed);
}

#define ASK_AS(user) "GET /me?key=" user " HTTP/1.1\r\nHost: a\r\nAuthorization: " user "\r\n\r\n"

Test(index, prefers_what_was_asked_with_the_same_credentials)
{
	struct th_connection *c = made_connection(m, p0, 1);
	get(c, 1, ASK_AS("anna"));
	get(c, 1, ASK_AS("bert"));
	get(c, 1, ASK_AS("anna"));
	get(c, 1, ASK_AS("carl"));
	ix = th_index_create(&m->run, TH_MATCH_CANONICAL, NULL);
	cr_expect_eq(ask(ASK_AS("bert"), who(0, 1, 1), NULL), 1);
	cr_expect_eq(ask(ASK_AS("carl"), who(1, 9, 9), NULL), 3);
	cr_expect_eq(ask(ASK_AS("anna"), who(0, 1, 1), NULL), 0);
	cr_expect_eq(ask("GET /me HTTP/1.1\r\nHost: a\r\n\r\n", who(0, 1, 1), NULL), 2,
		"no key is needed");
	cr_expect_eq(ask(ASK_AS("anna"), who(0, 1, 1), NULL), -1);
	cr_expect_eq(th_index_unused(ix), 0);
}

Test(index, a_stranger_takes_what_is_left_and_crosses)
{
	get(made_connection(m, p0, 1), 1, ASK("/x"));
	get(made_connection(m, p0, 1), 1, ASK("/x"));
	ix = th_index_create(&m->run, TH_MATCH_CANONICAL, NULL);
	struct th_claim claim;
	cr_expect_eq(ask(ASK("/x"), who(TH_LANE_UNKNOWN, 1, 1), &claim), 0);
	cr_expect(claim.crossed);
	cr_expect_eq(ask(ASK("/x"), who(TH_LANE_UNKNOWN, 1, 1), &claim), 1);
	cr_expect(claim.crossed, "who has the other one is told by nothing but chance");
}

/* Workers of a pool share their tasks differently each time. */
Test(index, an_answer_that_could_be_no_other_crosses_nothing)
{
	get(made_connection(m, p0, 1), 1, ASK("/x"));
	ix = th_index_create(&m->run, TH_MATCH_CANONICAL, NULL);
	struct th_claim claim;
	cr_expect_eq(ask(ASK("/x"), who(TH_LANE_UNKNOWN, 1, 1), &claim), 0);
	cr_expect_not(claim.crossed);
}

Test(index, versions_do_not_mix_and_the_miss_says_so)
{
	struct th_exchange *x = get(made_connection(m, p0, 1), 1, ASK("/x"));
	x->request.version = 20;
	ix = th_index_create(&m->run, TH_MATCH_CANONICAL, NULL);
	cr_expect_eq(ask(ASK("/x"), who(0, 1, 1), NULL), -1);
	struct th_canon canon = {0};
	struct th_near near;
	struct th_asker asker = who(0, 1, 1);
	cr_assert_eq(th_canon_request(x, &canon), 0);
	cr_assert_eq(th_index_near(ix, &canon, &asker, &near), 0);
	cr_expect_eq(near.other_version, 20);
	cr_expect_eq(near.same, 0);
	free(near.x);
	asker.version = 20;
	cr_expect_eq(ask(ASK("/x"), asker, NULL), 0);
	th_canon_finish(&canon);
}

Test(index, sequence_takes_the_next_of_the_endpoint)
{
	struct th_connection *c = made_connection(m, p0, 1);
	get(c, 1, ASK("/x?a=1"));
	get(c, 1, ASK("/x?a=2"));
	ix = th_index_create(&m->run, TH_MATCH_SEQUENCE, NULL);
	struct th_claim claim;
	cr_expect_eq(ask(ASK("/x?a=2"), who(0, 1, 1), &claim), 1);
	cr_expect_not(claim.relaxed, "what matches is no relaxation");
	cr_expect_eq(ask(ASK("/x?a=3"), who(0, 1, 1), &claim), 0);
	cr_expect(claim.relaxed);
	cr_expect_eq(ask(ASK("/y"), who(0, 1, 1), &claim), -1);
}

#define ASK_AT(time) ASK("/x?at=" time)

Test(index, volatile_takes_what_matches_but_for_the_rules)
{
	struct th_rules *rules = th_rules_builtin();
	struct th_connection *c = made_connection(m, p0, 1);
	get(c, 1, ASK_AT("2026-11-20"));
	get(c, 1, ASK_AT("2026-11-21"));
	ix = th_index_create(&m->run, TH_MATCH_VOLATILE, rules);
	struct th_claim claim;
	struct th_canon canon = {0};
	struct made *asking = made_new();
	struct th_exchange *x = made_exchange(
		asking, made_connection(asking, p0, 1), 1, ASK_AT("2026-11-21"), NULL, NULL, NULL);
	struct th_exchange *y = made_exchange(
		asking, made_connection(asking, p0, 1), 1, ASK_AT("2026-11-22"), NULL, NULL, NULL);
	struct th_asker asker = who(0, 1, 1);
	cr_assert_eq(th_canon_request(x, &canon), 0);
	cr_assert_eq(th_volatile_take(rules, &canon), 0);
	cr_expect(th_index_claim(ix, &canon, &asker, &claim));
	cr_expect_eq(claim.x->order, 1, "what matches as it is comes first");
	cr_expect_null(claim.relaxed);
	cr_assert_eq(th_canon_request(y, &canon), 0);
	cr_assert_eq(th_volatile_take(rules, &canon), 0);
	cr_expect(th_index_claim(ix, &canon, &asker, &claim));
	cr_expect_eq(claim.x->order, 0);
	cr_expect_str_eq(claim.relaxed, "volatile");
	cr_expect_not(th_index_claim(ix, &canon, &asker, &claim));
	th_canon_finish(&canon);
	free(asking);
	th_index_destroy(ix);
	ix = NULL;
	th_rules_destroy(rules);
}

#define UPLOAD "POST /u HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n"

Test(index, an_answer_to_a_cut_request_needs_its_beginning_only)
{
	struct th_connection *c = made_connection(m, p0, 1);
	struct th_exchange *x = made_exchange(m, c, 1, UPLOAD, "abc", OK, NULL);
	x->request.end = TH_END_LOCAL;
	made_exchange(m, c, 1, UPLOAD, "abcdef", OK, NULL);
	ix = th_index_create(&m->run, TH_MATCH_CANONICAL, NULL);
	struct th_canon canon = {0};
	struct th_claim claim;
	struct th_asker asker = who(0, 1, 1);
	cr_assert_eq(th_canon_request_head(x, &canon), 0);
	cr_expect_not(th_index_claim_partial(ix, &canon, TH_SLICE_LIT("abd"), &asker, &claim));
	cr_expect_not(th_index_claim_partial(ix, &canon, TH_SLICE_LIT("ab"), &asker, &claim));
	cr_expect(th_index_claim_partial(ix, &canon, TH_SLICE_LIT("abcxyz"), &asker, &claim));
	cr_expect_eq(claim.x, x);
	cr_expect_not(th_index_claim_partial(ix, &canon, TH_SLICE_LIT("abcxyz"), &asker, &claim));
	th_canon_finish(&canon);
}

Test(index, peeking_claims_nothing)
{
	struct th_connection *c = made_connection(m, p0, 1);
	struct th_exchange *x = made_exchange(m, c, 1, UPLOAD, "abcdef", OK, NULL);
	made_interim(x, "HTTP/1.1 100 Continue\r\n\r\n");
	get(c, 1, ASK("/plain"));
	ix = th_index_create(&m->run, TH_MATCH_CANONICAL, NULL);
	struct th_canon canon = {0};
	struct th_asker asker = who(0, 1, 1);
	cr_assert_eq(th_canon_request_head(x, &canon), 0);
	cr_expect_eq(th_index_peek_head(ix, &canon, &asker), x);
	cr_expect_eq(th_index_peek_head(ix, &canon, &asker), x);
	cr_expect_eq(th_index_unused(ix), 2);
	cr_assert_eq(th_canon_request_head(m->run.exchanges[1], &canon), 0);
	cr_expect_null(th_index_peek_head(ix, &canon, &asker));
	th_canon_finish(&canon);
}

Test(index, near_gives_free_answers_first)
{
	struct th_connection *c = made_connection(m, p0, 1);
	get(c, 1, ASK("/x?a=1"));
	get(c, 1, ASK("/x?a=2"));
	struct th_exchange *asked = get(c, 1, ASK("/x?a=3"));
	m->run.n_exchanges--;
	ix = th_index_create(&m->run, TH_MATCH_CANONICAL, NULL);
	cr_expect_eq(ask(ASK("/x?a=1"), who(0, 1, 1), NULL), 0);
	struct th_canon canon = {0};
	struct th_near near;
	struct th_asker asker = who(0, 1, 1);
	cr_assert_eq(th_canon_request(asked, &canon), 0);
	cr_assert_eq(th_index_near(ix, &canon, &asker, &near), 0);
	cr_expect_eq(near.n, 2);
	cr_expect_eq(near.total, 2);
	cr_expect_eq(near.x[0]->order, 1);
	cr_expect_eq(near.x[1]->order, 0);
	free(near.x);
	th_canon_finish(&canon);
}

Test(index, an_empty_run_answers_nothing)
{
	ix = th_index_create(&m->run, TH_MATCH_CANONICAL, NULL);
	cr_expect_eq(ask(ASK("/x"), who(0, 1, 1), NULL), -1);
	cr_expect_eq(th_index_unused(ix), 0);
	cr_expect_eq(th_index_lane(ix, "0.0"), TH_LANE_UNKNOWN, "nobody opened a connection");
}

Test(index, processes_are_known_by_the_order_of_their_connections)
{
	struct th_process *late = made_process(m, "0.1"), *early = made_process(m, "0.2");
	made_process(m, "0.3"); /* opens none */
	made_connection(m, late, 1)->connect_began = 2000;
	made_connection(m, early, 1)->connect_began = 1000;
	struct th_connection *refused = made_connection(m, early, 2);
	refused->connect_began = 1;
	refused->error = ECONNREFUSED;
	ix = th_index_create(&m->run, TH_MATCH_CANONICAL, NULL);
	cr_expect_eq(th_index_lane(ix, "0.0"), m->run.n_processes - 2);
	cr_expect_eq(th_index_lane(ix, "0.1"), m->run.n_processes - 3);
	cr_expect_eq(th_index_lane(ix, "0.2"), TH_LANE_UNKNOWN);
}
