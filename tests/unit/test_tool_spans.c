#include "genai/tool_spans.h"

#include <criterion/criterion.h>

#define CALLS 4

struct talk {
	struct th_process process;
	struct th_exchange exchanges[CALLS];
	struct th_call calls[CALLS], *list[CALLS];
	struct th_tool_call asked[CALLS][4];
	struct th_tool_result results[CALLS][8];
};

static struct talk talk;
static char no_arguments[] = "{}";

/* Calls one after the other: from 100 i to 100 i + 50. */
static void begin(void)
{
	for (size_t i = 0; i < CALLS; i++) {
		struct th_exchange *x = &talk.exchanges[i];
		x->process = &talk.process;
		x->span_id[0] = (uint8_t)(i + 1);
		x->order = i;
		x->request.began = 100 * i;
		x->response.ended = 100 * i + 50;
		talk.list[i] = &talk.calls[i];
		talk.calls[i].exchange = x;
		talk.calls[i].tool_calls = talk.asked[i];
		talk.calls[i].tool_results = talk.results[i];
	}
}

static void asks(size_t call, const char *id, const char *name)
{
	struct th_call *c = &talk.calls[call];
	talk.asked[call][c->n_tool_calls++] = (struct th_tool_call){
		.id = (char *)id, .name = (char *)name, .arguments = no_arguments};
}

static void hands_over(size_t call, const char *id, const char *name, const char *text)
{
	struct th_call *c = &talk.calls[call];
	talk.results[call][c->n_tool_results++] = (struct th_tool_result){
		.id = (char *)id, .name = (char *)name, .text = (char *)text};
}

static struct th_tool_spans pair(void)
{
	struct th_tool_spans s;
	struct th_calls calls = {talk.list, CALLS};
	cr_assert_eq(th_tool_spans_of(&calls, &s), 0);
	return s;
}

Test(tool_spans, last_from_answer_to_request, .init = begin)
{
	asks(0, "a", "weather");
	hands_over(1, "a", "", "cold");
	struct th_tool_spans s = pair();
	cr_assert_eq(s.n, 1);
	cr_assert_eq(s.spans[0].start, 50);
	cr_assert_eq(s.spans[0].end, 100);
	cr_assert_str_eq(s.spans[0].result->text, "cold");
	cr_assert_eq(s.spans[0].answered, &talk.calls[1]);
	th_tool_spans_finish(&s);
}

Test(tool_spans, pair_once_though_history_repeats, .init = begin)
{
	asks(0, "a", "weather");
	hands_over(1, "a", "", "cold");
	asks(1, "b", "weather");
	hands_over(2, "a", "", "cold");
	hands_over(2, "b", "", "warm");
	struct th_tool_spans s = pair();
	cr_assert_eq(s.n, 2);
	cr_assert_eq(s.spans[0].answered, &talk.calls[1]);
	cr_assert_eq(s.spans[1].answered, &talk.calls[2]);
	cr_assert_str_eq(s.spans[1].result->text, "warm");
	cr_assert_neq(memcmp(s.spans[0].span_id, s.spans[1].span_id, TH_SPAN_ID_BYTES), 0);
	th_tool_spans_finish(&s);
}

/* Gemini: no ids; the last results are the new ones. */
Test(tool_spans, without_ids_pair_by_name_and_order, .init = begin)
{
	asks(0, "", "weather");
	hands_over(1, "", "weather", "first");
	asks(1, "", "weather");
	asks(1, "", "weather");
	hands_over(2, "", "weather", "first");
	hands_over(2, "", "weather", "second");
	hands_over(2, "", "weather", "third");
	struct th_tool_spans s = pair();
	cr_assert_eq(s.n, 3);
	cr_assert_str_eq(s.spans[0].result->text, "first");
	cr_assert_str_eq(s.spans[1].result->text, "second");
	cr_assert_str_eq(s.spans[2].result->text, "third");
	th_tool_spans_finish(&s);
}

Test(tool_spans, what_never_came_stays_open, .init = begin)
{
	struct th_process other;
	asks(0, "a", "weather");
	asks(0, "b", "weather");
	talk.asked[0][1].by_server = true;
	talk.exchanges[1].process = &other; /* somebody else's conversation */
	hands_over(1, "a", "", "not mine");
	hands_over(2, "c", "", "never asked for");
	talk.list[3] = NULL; /* no call at all */
	struct th_tool_spans s = pair();
	cr_assert_eq(s.n, 1);
	cr_assert_null(s.spans[0].result);
	cr_assert_eq(s.spans[0].end, 0);
	th_tool_spans_finish(&s);
}

Test(tool_spans, of_nothing, .init = begin)
{
	struct th_tool_spans s = pair();
	cr_assert_eq(s.n, 0);
	th_tool_spans_finish(&s);
}

/* A process for each request, as in shell; one that still runs is another agent. */
Test(tool_spans, go_on_in_another_process_when_theirs_is_gone, .init = begin)
{
	struct th_process curl = {.ended_well = true, .ended = 60}, other = {.ended_well = false};
	asks(0, "a", "weather");
	asks(1, "b", "weather");
	talk.exchanges[0].process = &curl;
	talk.exchanges[1].process = &other;
	hands_over(2, "a", "", "cold");
	hands_over(2, "b", "", "not mine");
	struct th_tool_spans s = pair();
	cr_assert_eq(s.n, 2);
	cr_assert_str_eq(s.spans[0].result->text, "cold");
	cr_assert_null(s.spans[1].result);
	th_tool_spans_finish(&s);
}
