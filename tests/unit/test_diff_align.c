#include <criterion/criterion.h>
#include <stdlib.h>

#include "tools/diff_align.h"

/* A call is a letter: lower case is asked at place 'p', and 'A' is the same request as 'a' with
 * another answer. Its likeness to others is set by hand. */
struct made_side {
	struct th_diff_side side;
	struct th_run run;
	struct th_diff_call calls[64];
	char lanes[2][64];
};

static struct th_diff_call call_of(char c, size_t at)
{
	char lower = c | 0x20;
	struct th_diff_call call = {
		.lane = "0", .thread = 1, .began = 100 * at, .ended = 100 * at + 50};
	memset(call.asked, lower, sizeof(call.asked));
	memset(call.came, c, sizeof(call.came));
	memset(call.place, lower >= 'x' ? lower : 'p', sizeof(call.place));
	for (size_t i = 0; i < TH_DIFF_SKETCH; i++) {
		call.sketch[i] = (uint32_t)(1000 * lower + i + 1); /* like no other letter */
	}
	return call;
}

static struct made_side *side_of(const char *letters)
{
	struct made_side *s = calloc(1, sizeof(*s));
	for (size_t i = 0; letters[i]; i++) {
		s->calls[i] = call_of(letters[i], i + 1);
		s->side.n++;
	}
	strcpy(s->lanes[0], "0");
	strcpy(s->lanes[1], "0.1");
	s->run.n_processes = 2;
	s->side.run = &s->run;
	s->side.calls = s->calls;
	s->side.lanes = s->lanes;
	return s;
}

/* Rows as "a-a": the letter on each side, '.' for nobody, and '!' for one that moved. */
static void rows(const char *what, const struct made_side *a, const char *letters_a,
	const struct made_side *b, const char *letters_b, const char *expected)
{
	char text[400] = "";
	struct th_diff_rows r = th_diff_align(&a->side, &b->side);
	for (size_t i = 0; i < r.n; i++) {
		size_t used = strlen(text);
		snprintf(text + used, sizeof(text) - used, "%s%c%c%s", used ? " " : "",
			r.rows[i].a == TH_DIFF_NONE ? '.' : letters_a[r.rows[i].a],
			r.rows[i].b == TH_DIFF_NONE ? '.' : letters_b[r.rows[i].b],
			r.rows[i].moved ? "!" : "");
	}
	cr_expect_str_eq(text, expected, "%s: %s against %s: %s, not %s", what, letters_a,
		letters_b, text, expected);
	free(r.rows);
}

static void aligned(const char *a, const char *b, const char *expected)
{
	struct made_side *x = side_of(a), *y = side_of(b);
	rows("", x, a, y, b, expected);
	free(x);
	free(y);
}

Test(diff_align, equal_runs)
{
	aligned("abc", "abc", "aa bb cc");
	aligned("", "", "");
	aligned("aaa", "aaa", "aa aa aa");
}

Test(diff_align, what_was_put_in_or_left_out_shifts_nothing)
{
	aligned("abc", "aibc", "aa .i bb cc");
	aligned("abc", "iabc", ".i aa bb cc");
	aligned("abc", "abci", "aa bb cc .i");
	aligned("abc", "ac", "aa b. cc");
	aligned("abc", "", "a. b. c.");
}

Test(diff_align, the_same_answer_goes_before_the_same_place)
{
	aligned("aaA", "aA", "aa a. AA");
	aligned("a", "A", "aA");
}

Test(diff_align, another_request_to_the_same_place_is_its_partner)
{
	aligned("abc", "aic", "aa bi cc");
	aligned("axc", "ayc", "aa x. .y cc"); /* x and y went to different places */
}

Test(diff_align, the_most_alike_are_put_together)
{
	struct made_side *x = side_of("abc"), *y = side_of("aijc");
	memcpy(y->calls[2].sketch, x->calls[1].sketch, sizeof(y->calls[2].sketch));
	rows("j is like b", x, "abc", y, "aijc", "aa .i bj cc");
	memcpy(y->calls[1].sketch, x->calls[1].sketch, sizeof(y->calls[1].sketch));
	y->calls[2].sketch[0] = 1;
	rows("i is more like b", x, "abc", y, "aijc", "aa bi .j cc");
	free(x);
	free(y);
}

Test(diff_align, order_that_cannot_be_chance_has_moved)
{
	aligned("abcd", "bcda", "aa! bb cc dd");
	aligned("abc", "acb", "aa bb! cc");
}

Test(diff_align, what_overlapped_in_either_run_has_no_order)
{
	struct made_side *x = side_of("abc"), *y = side_of("acb");
	x->calls[1].ended = x->calls[2].began + 10;
	rows("at once in A", x, "abc", y, "acb", "aa bb cc");
	free(x);
	x = side_of("abc");
	y->calls[1].ended = y->calls[2].began + 10;
	rows("at once in B", x, "abc", y, "acb", "aa bb cc");
	free(x);
	free(y);
}

Test(diff_align, within_a_process_and_thread_before_others)
{
	struct made_side *x = side_of("aa"), *y = side_of("aa");
	for (size_t i = 0; i < 2; i++) { /* same requests and answers, each its own process */
		x->calls[i].lane = i ? "0.1" : "0";
		y->calls[i].lane = i ? "0" : "0.1";
		x->calls[i].began = y->calls[i].began = 1;
		x->calls[i].ended = y->calls[i].ended = 9;
	}
	struct th_diff_rows r = th_diff_align(&x->side, &y->side);
	cr_assert_eq(r.n, 2);
	cr_expect_eq(r.rows[0].b, 1);
	cr_expect_eq(r.rows[1].b, 0);
	free(r.rows);
	y->calls[0].lane = y->calls[1].lane = "0.7"; /* nobody's: any will do */
	r = th_diff_align(&x->side, &y->side);
	cr_assert_eq(r.n, 2);
	cr_expect_eq(r.rows[0].b, 0);
	free(r.rows);
	free(x);
	free(y);
}

Test(diff_align, the_longest_rising_subsequence)
{
	const size_t numbers[] = {3, 1, 2, 9, 4, 5};
	const bool expected[] = {false, true, true, false, true, true};
	bool in[6];
	th_diff_rising(numbers, 6, in);
	for (size_t i = 0; i < 6; i++) {
		cr_expect_eq(in[i], expected[i], "%zu", i);
	}
	th_diff_rising(numbers, 0, in);
}

/* Both ways of closing a gap leave nobody out who has a place to go. */
Test(diff_align, a_gap_that_is_very_wide)
{
	enum {
		MANY = 600
	}; /* 600 by 600 is more than a gap's table holds */
	struct made_side *a = side_of(""), *b = side_of("");
	struct th_diff_call *x = calloc(MANY, sizeof(*x)), *y = calloc(MANY, sizeof(*y));
	for (size_t i = 0; i < MANY; i++) {
		x[i] = call_of('a', i + 1);
		y[i] = call_of('a', i + 1);
		memcpy(x[i].asked, &i, sizeof(i));
		memcpy(y[i].asked, &i, sizeof(i));
		y[i].asked[31] = 'y';
	}
	a->side.calls = x;
	b->side.calls = y;
	a->side.n = b->side.n = MANY;
	struct th_diff_rows r = th_diff_align(&a->side, &b->side);
	cr_assert_eq(r.n, MANY);
	for (size_t i = 0; i < r.n; i++) {
		cr_assert_eq(r.rows[i].a, i);
		cr_assert_eq(r.rows[i].b, i);
	}
	free(r.rows);
	free(x);
	free(y);
	free(a);
	free(b);
}
