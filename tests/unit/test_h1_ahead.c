#include "player/h1_ahead.h"

#include <criterion/criterion.h>

#include "made_run.h"

static struct made *m;
static struct th_exchange *first, *second, *elsewhere, *third;

/* At 1000, 2000, 3000 (on another connection), 4000. */
static void setup(void)
{
	m = made_new();
	struct th_process *p = made_process(m, "0");
	struct th_connection *c = made_connection(m, p, 1), *other = made_connection(m, p, 2);
	first = made_exchange(m, c, 1, "", NULL, "", "1");
	second = made_exchange(m, c, 1, "", NULL, "", "2");
	elsewhere = made_exchange(m, other, 1, "", NULL, "", "3");
	third = made_exchange(m, c, 1, "", NULL, "", "4");
}

static void teardown(void)
{
	free(m);
}

TestSuite(h1_ahead, .init = setup, .fini = teardown);

Test(h1_ahead, counts_what_was_asked_on_the_connection_by_then)
{
	struct th_h1_ahead a = th_h1_ahead_begin(&m->run, first);
	cr_expect_eq(th_h1_ahead_by(&a, 1500), 0);
	cr_expect_null(a.next);
	cr_expect_eq(th_h1_ahead_by(&a, 2000), 0, "at the same time is not before");
	cr_expect_eq(th_h1_ahead_by(&a, 2001), 1);
	cr_expect_eq(a.next, second);
	cr_expect_eq(th_h1_ahead_by(&a, 3500), 1, "another connection's does not count");
	cr_expect_eq(th_h1_ahead_by(&a, UINT64_MAX), 2);
	cr_expect_eq(a.next, second);
	a = th_h1_ahead_begin(&m->run, elsewhere);
	cr_expect_eq(th_h1_ahead_by(&a, UINT64_MAX), 0);
	a = th_h1_ahead_begin(&m->run, third);
	cr_expect_eq(th_h1_ahead_by(&a, UINT64_MAX), 0);
}

Test(h1_ahead, counts_whole_heads)
{
	static const char text[] = "POST /1 HTTP/1.1\r\nContent-Length: 5\r\n\r\n12345"
				   "POST /2 HTTP/1.1\r\nTransfer-Encoding: "
				   "chunked\r\n\r\n3\r\nabc\r\n0\r\nT: u\r\n\r\n"
				   "\r\nGET /3 HTTP/1.1\r\n\r\n"
				   "GET /4 HTTP/1.1\r\n";
	static const char *const last[] = {
		"h: 5\r\n\r\n", "chunked\r\n\r\n", "/3 HTTP/1.1\r\n\r\n"};
	size_t ends[3];
	for (size_t i = 0; i < 3; i++) {
		ends[i] = (size_t)(strstr(text, last[i]) - text) + strlen(last[i]);
	}
	for (size_t n = 0; n < sizeof(text); n++) {
		size_t heads = (n >= ends[0]) + (n >= ends[1]) + (n >= ends[2]);
		cr_expect_eq(th_h1_ahead_count((struct th_slice){(const uint8_t *)text, n}), heads,
			"in %zu bytes", n);
	}
	cr_expect_eq(th_h1_ahead_count(TH_SLICE_LIT("\r\n\r\n\x16\x03\x01")), 0);
}

/* Claims what answers a GET of that path, whoever asks. */
static void ask_elsewhere(struct th_index *ix, struct th_exchange *x)
{
	struct th_canon canon = {0};
	struct th_claim claim = {0};
	const struct th_asker who = {11, 0, 1, 2};
	cr_assert_eq(th_canon_request(x, &canon), 0);
	cr_assert(th_index_claim(ix, &canon, &who, &claim));
	cr_assert_eq(claim.x, x);
	th_canon_finish(&canon);
}

Test(h1_ahead, what_was_asked_elsewhere_is_not_waited_for)
{
	struct th_process *p = made_process(m, "0.0");
	struct th_connection *c = made_connection(m, p, 1);
	struct th_exchange *x[3];
	static const char *const heads[] = {"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n"};
	for (size_t i = 0; i < 3; i++) {
		x[i] = made_exchange(m, c, 1, heads[i], NULL,
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", NULL);
	}
	struct th_index *ix = th_index_create(&m->run, TH_MATCH_CANONICAL, NULL);
	struct th_h1_ahead a = th_h1_ahead_begin(&m->run, x[0]);
	cr_expect_eq(th_h1_ahead_unasked(&a, ix), 0, "nothing is expected yet");
	cr_expect_eq(th_h1_ahead_by(&a, UINT64_MAX), 2);
	cr_expect_eq(th_h1_ahead_unasked(&a, ix), 2);
	ask_elsewhere(ix, x[2]);
	cr_expect_eq(th_h1_ahead_unasked(&a, ix), 1);
	ask_elsewhere(ix, x[1]);
	cr_expect_eq(th_h1_ahead_unasked(&a, ix), 0);
	th_index_destroy(ix);
}
