#include "player/h2_duplex.h"

#include <criterion/criterion.h>

#include "made_run.h"

/* An empty list of fields: what it holds does not matter here. */
static struct made *m;
static struct th_exchange *x;
static struct th_piece said[3];
static struct th_duplex d;

/* The agent says "one" at 1000, the peer begins at 1100, the agent says "two" at 1200 and ends. */
static void setup(void)
{
	m = made_new();
	x = made_exchange(m, made_connection(m, made_process(m, "0"), 1), 1, "", "one", "", "1");
	said[0] = (struct th_piece){1000, th_slice_str("one")};
	said[1] = (struct th_piece){1200, th_slice_str("two")};
	x->request.pieces = said;
	x->request.n_pieces = 2;
	x->request.ended = 1200;
	x->request.head.list = x->response.head.list = true;
}

static void teardown(void)
{
	th_duplex_finish(&d);
	free(m);
}

TestSuite(h2_duplex, .init = setup, .fini = teardown);

static bool fits(const char *sent)
{
	return th_duplex_fits(x, th_slice_str(sent));
}

Test(h2_duplex, is_an_answer_before_the_end_of_the_request)
{
	cr_expect(th_duplex_applies(x));
	x->request.ended = 1050;
	cr_expect_not(th_duplex_applies(x));
	x->request.finished = false;
	cr_expect(th_duplex_applies(x), "it never ended");
	x->response.head_done = false;
	cr_expect_not(th_duplex_applies(x));
}

Test(h2_duplex, fits_what_has_said_enough_and_nothing_else)
{
	cr_expect_not(fits(""));
	cr_expect_not(fits("on"));
	cr_expect(fits("one"));
	cr_expect(fits("onetw"));
	cr_expect(fits("onetwo"));
	cr_expect_not(fits("onetwo!"));
	cr_expect_not(fits("ont"));
	x->response.began = 900;
	cr_expect(fits(""), "the peer began at once");
}

Test(h2_duplex, goes_on_as_the_agent_does)
{
	cr_assert_eq(th_duplex_init(&d, x), 0);
	cr_expect(th_duplex_reached(&d, 1000));
	cr_expect_not(th_duplex_reached(&d, 1100));
	cr_expect(th_duplex_hear(&d, th_slice_str("on")));
	cr_expect_not(th_duplex_reached(&d, 1100));
	cr_expect(th_duplex_hear(&d, th_slice_str("et")));
	cr_expect(th_duplex_reached(&d, 1100));
	cr_expect(th_duplex_reached(&d, 1200));
	cr_expect_not(th_duplex_reached(&d, 1300));
	cr_expect(th_duplex_hear(&d, th_slice_str("wo")));
	cr_expect_not(th_duplex_reached(&d, 1300), "the end counts");
	cr_expect(th_duplex_hear_end(&d));
	cr_expect(th_duplex_reached(&d, 1300));
}

Test(h2_duplex, notices_what_was_not_said_then)
{
	cr_assert_eq(th_duplex_init(&d, x), 0);
	cr_expect(th_duplex_hear(&d, th_slice_str("one")));
	cr_expect_not(th_duplex_hear(&d, th_slice_str("x")));
	cr_expect_not(th_duplex_hear(&d, th_slice_str("two!")));
	cr_expect_not(th_duplex_hear_end(&d), "too early");
}
