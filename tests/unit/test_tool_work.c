#include "genai/tool_work.h"

#include <criterion/criterion.h>

#include "genai/event_type.h"
#include "tests/unit/made_run.h"

static const char chat[] = "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\n\r\n";
static const char fine[] = "HTTP/1.1 200 X\r\n\r\n";

#define CALL(id, name) \
	"{\"id\":\"" id "\",\"function\":{\"name\":\"" name "\",\"arguments\":\"{\\\"n\\\":1}\"}}"
#define ANSWER(calls) "{\"choices\":[{\"message\":{\"tool_calls\":[" calls "]}}]}"
#define RESULT(id, text) "{\"role\":\"tool\",\"tool_call_id\":\"" id "\",\"content\":\"" text "\"}"
#define QUESTION(results) "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\"}," results "]}"
#define USER "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Go.\"}]}"

struct story {
	struct made *made;
	struct th_connection *conn;
	struct th_calls calls;
	struct th_tool_spans tools;
	struct th_tool_work *work;
};

static struct story begin(void)
{
	struct story s = {.made = made_new()};
	s.conn = made_connection(s.made, made_process(s.made, "0"), 1);
	return s;
}

static void add(struct story *s, const char *head, const char *question, const char *answer)
{
	made_exchange(s->made, s->conn, 1, head, question, fine, answer);
}

static void tell(struct story *s)
{
	cr_assert_eq(th_calls_read(&s->made->run, &s->calls), 0);
	cr_assert_eq(th_tool_spans_of(&s->calls, &s->tools), 0);
	cr_assert_eq(th_tool_work_of(&s->made->run, &s->calls, &s->tools, &s->work), 0);
}

static void end(struct story *s)
{
	free(s->work);
	th_tool_spans_finish(&s->tools);
	th_calls_finish(&s->calls);
	free(s->made);
}

Test(tool_work, each_call_is_paired_once_and_joined_by_name)
{
	struct story s = begin();
	add(&s, chat, USER, ANSWER(CALL("a", "srv__cold") "," CALL("b", "warm")));
	add(&s, "GET /tools/warm?x HTTP/1.1\r\nHost: t\r\n\r\n", NULL, "2");
	add(&s, "POST /mcp HTTP/1.1\r\nHost: t\r\n\r\n",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":"
		"\"cold\",\"arguments\":{\"n\":1}}}",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[]}}");
	add(&s, chat, QUESTION(RESULT("a", "one") "," RESULT("b", "two")), ANSWER(""));
	add(&s, chat, QUESTION(RESULT("a", "one") "," RESULT("b", "two")), ANSWER(""));
	tell(&s);
	cr_assert_eq(s.tools.n, 2);
	cr_expect_eq(s.tools.spans[0].answered, s.calls.at[3]);
	cr_expect_str_eq(s.tools.spans[0].result->text, "one");
	cr_expect_str_eq(s.calls.at[4]->tool_results[0].text, "", "handed over before");
	cr_expect_eq(s.tools.spans[0].start, 1100);
	cr_expect_eq(s.tools.spans[0].end, 4000);
	cr_expect_eq(s.work[0].exchange, s.made->run.exchanges[2]);
	cr_expect(s.work[0].by_name);
	cr_expect_eq(s.work[1].exchange, s.made->run.exchanges[1]);
	cr_expect(s.work[1].by_name);
	cr_expect_neq(memcmp(s.tools.spans[0].span_id, s.tools.spans[1].span_id, 8), 0);
	end(&s);
}

Test(tool_work, by_time_only_what_is_alone)
{
	struct story s = begin();
	add(&s, chat, USER, ANSWER(CALL("a", "cold")));
	add(&s, "GET /anything HTTP/1.1\r\nHost: t\r\n\r\n", NULL, "2");
	add(&s, chat, QUESTION(RESULT("a", "one")), ANSWER(CALL("b", "warm")));
	add(&s, "GET /x HTTP/1.1\r\nHost: t\r\n\r\n", NULL, "2");
	add(&s, "GET /y HTTP/1.1\r\nHost: t\r\n\r\n", NULL, "2");
	add(&s, chat, QUESTION(RESULT("b", "two")), ANSWER(CALL("c", "never")));
	add(&s, "GET /tools/never HTTP/1.1\r\nHost: t\r\n\r\n", NULL, "2");
	tell(&s);
	cr_assert_eq(s.tools.n, 3);
	cr_expect_eq(s.work[0].exchange, s.made->run.exchanges[1]);
	cr_expect_not(s.work[0].by_name);
	cr_expect_null(s.work[1].exchange, "two would fit");
	cr_expect_null(s.tools.spans[2].answered);
	cr_expect_eq(s.tools.spans[2].end, 0);
	cr_expect_null(s.work[2].exchange, "its end is not known");
	end(&s);
}

Test(tool_work, child_processes_do_work)
{
	struct story s = begin();
	add(&s, chat, USER, ANSWER(CALL("a", "shell")));
	add(&s, chat, QUESTION(RESULT("a", "one")), ANSWER(""));
	struct th_process *child = made_process(s.made, "0.0");
	child->parent = s.conn->process;
	child->began = 1500;
	tell(&s);
	cr_expect_eq(s.work[0].process, child);
	end(&s);
}

static void expect_types(
	const struct th_call *c, const struct th_exchange *x, const char *main_type, unsigned types)
{
	cr_expect_str_eq(th_event_type_main(th_event_types_of_exchange(x, c)), main_type);
	cr_expect_eq(th_event_types_of_exchange(x, c), types);
}

Test(tool_work, event_types)
{
	struct story s = begin();
	add(&s, chat, USER, ANSWER(CALL("a", "cold")));
	add(&s, "GET /x HTTP/1.1\r\nHost: t\r\n\r\n", NULL, "2");
	made_exchange(s.made, s.conn, 1, chat, USER, "HTTP/1.1 500 X\r\n\r\n", "{}");
	made_exchange(s.made, s.conn, 1, "GET /y HTTP/1.1\r\nHost: t\r\n\r\n", NULL, NULL, NULL);
	tell(&s);
	struct th_exchange **x = s.made->run.exchanges;
	unsigned turn = 1u << TH_TYPE_STATE_TRANSITION, error = 1u << TH_TYPE_ERROR;
	unsigned llm = 1u << TH_TYPE_LLM_CALL;
	expect_types(s.calls.at[0], x[0], "LLM_CALL", llm | turn | 1u << TH_TYPE_DECISION);
	expect_types(s.calls.at[1], x[1], "HTTP", 1u << TH_TYPE_HTTP);
	expect_types(s.calls.at[2], x[2], "LLM_CALL", llm | turn | error);
	expect_types(s.calls.at[3], x[3], "ERROR", error);
	end(&s);
}
