#include "player/h1_early.h"

#include <criterion/criterion.h>

#include "made_run.h"

/* "one" is sent at 1000 and "two" at 1200; the answer begins at 1100. */
static struct made *m;
static struct th_exchange *x;
static struct th_piece said[2];

static void setup(void)
{
	m = made_new();
	x = made_exchange(
		m, made_connection(m, made_process(m, "0"), 1), 1, "", "one", "head", "1");
	said[0] = (struct th_piece){1000, th_slice_str("one")};
	said[1] = (struct th_piece){1200, th_slice_str("two")};
	x->request.pieces = said;
	x->request.n_pieces = 2;
	x->request.ended = 1200;
}

static void teardown(void)
{
	free(m);
}

TestSuite(h1_early, .init = setup, .fini = teardown);

static bool agrees(const char *sent)
{
	return th_h1_early_agrees(x, th_slice_str(sent));
}

Test(h1_early, is_what_was_answered_before_it_was_over)
{
	cr_expect(th_h1_early_is(x));
	cr_expect_eq(th_h1_early_need(x), 3);
	x->response.began = 1300;
	cr_expect_not(th_h1_early_is(x));
	x->request.bodiless = true;
	x->response.began = 900;
	cr_expect_not(th_h1_early_is(x));
}

Test(h1_early, is_what_was_cut)
{
	x->response.began = 1300;
	x->request.end = TH_END_RESET;
	cr_expect(th_h1_early_is(x));
	cr_expect_eq(th_h1_early_need(x), 6);
	x->response = (struct th_message){.present = true, .finished = true};
	cr_expect(th_h1_early_is(x));
	cr_expect_eq(th_h1_early_need(x), 6, "its end is no answer");
	cr_expect_eq(th_h1_early_answer_began(x), UINT64_MAX);
	x->request.finished = false;
	cr_expect(th_h1_early_is(x));
}

Test(h1_early, counts_what_was_sent_by_then)
{
	cr_expect_eq(th_h1_early_sent_by(x, 1000), 0);
	cr_expect_eq(th_h1_early_sent_by(x, 1001), 3);
	cr_expect_eq(th_h1_early_sent_by(x, UINT64_MAX), 6);
	cr_expect_eq(th_h1_early_answer_began(x), 1100);
	made_interim(x, "HTTP/1.1 103 E\r\n\r\n");
	cr_expect_eq(th_h1_early_answer_began(x), x->interim[0].time);
}

Test(h1_early, agrees_with_a_beginning)
{
	cr_expect(agrees(""));
	cr_expect(agrees("onet"));
	cr_expect(agrees("onetwo"));
	cr_expect_not(agrees("onex"));
	cr_expect_not(agrees("onetwo!"));
	x->request.end = TH_END_LOCAL;
	cr_expect(agrees("onetwo!"), "more was to come");
	cr_expect_not(agrees("ontwo!"));
}
