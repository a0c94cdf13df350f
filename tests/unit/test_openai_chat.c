#include "tests/unit/talk.h"

static const char question[] =
	"{\"model\":\"m-1\",\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"},"
	"{\"role\":\"user\",\"content\":\"How cold is it?\"}]}";

static const char answer[] =
	"{\"id\":\"c-7\",\"model\":\"m-1-2026\",\"choices\":[{\"index\":0,\"finish_reason\":"
	"\"tool_calls\",\"message\":{\"role\":\"assistant\",\"content\":null,\"tool_calls\":["
	"{\"id\":\"t-1\",\"type\":\"function\",\"function\":{\"name\":\"cold\",\"arguments\":"
	"\"{\\\"at\\\":1}\"}}]}}],\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":9,"
	"\"total_tokens\":29,\"prompt_tokens_details\":{\"cached_tokens\":4},"
	"\"completion_tokens_details\":{\"reasoning_tokens\":0}}}";

Test(openai_chat, whole_answer)
{
	struct talk t = talk_new("POST /v1/chat/completions", "api.openai.com", question,
		"200 application/json", answer);
	struct th_call *c = talk_read(&t);
	cr_assert(c);
	cr_expect_str_eq(c->dialect, "openai.chat");
	cr_expect_str_eq(c->provider, "openai");
	cr_expect_eq(c->operation, TH_OP_CHAT);
	cr_expect_str_eq(c->model_asked, "m-1");
	cr_expect_str_eq(c->model_used, "m-1-2026");
	cr_expect_str_eq(c->response_id, "c-7");
	cr_expect_not(c->streamed);
	cr_expect_not(c->cut);
	EXPECT_COUNT(c->tokens.input, 20, "reported");
	EXPECT_COUNT(c->tokens.output, 9, "reported");
	EXPECT_COUNT(c->tokens.total, 29, "reported");
	EXPECT_COUNT(c->tokens.cache_read, 4, "reported");
	EXPECT_COUNT(c->tokens.reasoning, 0, "reported");
	EXPECT_COUNT(c->tokens.cache_write, 0, "absent");
	cr_expect_str_eq(c->finish_raw, "tool_calls");
	cr_expect_eq(c->finish, TH_FINISH_TOOL_CALL);
	cr_assert_eq(c->n_tool_calls, 1);
	cr_expect_str_eq(c->tool_calls[0].id, "t-1");
	cr_expect_str_eq(c->tool_calls[0].name, "cold");
	cr_expect_str_eq(c->tool_calls[0].arguments, "{\"at\":1}");
	cr_expect_eq(c->n_messages, 2);
	cr_expect(c->new_turn);
	talk_free(&t);
}

#define CHUNK(choices) "data: {\"id\":\"c-8\",\"model\":\"m-2\",\"choices\":[" choices "]}\n\n"

static struct talk stream(void)
{
	struct talk t = talk_new("POST /v1/chat/completions", "api.openai.com", question,
		"200 text/event-stream", "");
	made_piece(t.x, CHUNK("{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}"),
		100);
	made_piece(t.x, CHUNK("{\"index\":0,\"delta\":{\"content\":\"Let me see.\"}}"), 200);
	made_piece(t.x,
		CHUNK("{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"t-2\","
		      "\"function\":{\"name\":\"cold\",\"arguments\":\"\"}}]}}"),
		300);
	made_piece(t.x,
		CHUNK("{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":"
		      "{\"arguments\":\"{\\\"a\"}}]}}")
			CHUNK("{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":"
			      "{\"arguments\":\"t\\\":2}\"}}]}}"),
		400);
	made_piece(t.x, CHUNK("{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}"), 1);
	made_piece(t.x, "data: [DONE]\n\n", 1);
	return t;
}

Test(openai_chat, stream_without_usage_is_estimated)
{
	struct talk t = stream();
	struct th_call *c = talk_read(&t);
	cr_assert(c);
	cr_expect(c->streamed);
	cr_expect_not(c->cut);
	EXPECT_COUNT(c->first_chunk, 400, "derived");	/* head after 100, then 100 and 200 */
	EXPECT_COUNT(c->tokens.output, 6, "estimated"); /* 11 of text, 4 of name, 8 of arguments */
	EXPECT_COUNT(c->tokens.input, 6, "estimated");
	EXPECT_COUNT(c->tokens.total, 12, "estimated");
	cr_assert_eq(c->n_tool_calls, 1);
	cr_expect_str_eq(c->tool_calls[0].id, "t-2");
	cr_expect_str_eq(c->tool_calls[0].arguments, "{\"at\":2}");
	cr_expect_eq(c->finish, TH_FINISH_TOOL_CALL);
	cr_expect_gt(c->output_rate, 0);
	talk_free(&t);
}

Test(openai_chat, cut_stream_keeps_what_came)
{
	struct talk t = stream();
	t.x->response.n_pieces = 3;
	made_end(t.x, TH_END_RESET, 0);
	t.x->response.body_bytes = 0;
	for (size_t i = 0; i < 3; i++) {
		t.x->response.body_bytes += t.x->response.pieces[i].bytes.n;
	}
	struct th_call *c = talk_read(&t);
	cr_assert(c);
	cr_expect(c->cut);
	cr_expect_eq(c->finish, TH_FINISH_ERROR);
	cr_expect_null(c->finish_raw);
	cr_expect_str_eq(c->error_type, "cut");
	EXPECT_COUNT(c->tokens.output, 3, "estimated");
	talk_free(&t);
}

Test(openai_chat, nonsense_is_survived)
{
	static const char *const bodies[] = {"", "{", "[]", "null", "{\"choices\":{}}",
		"{\"choices\":[null,1,{\"message\":7}],\"usage\":[]}", "\xff\xfe", "data: {\n\n"};
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct talk t = talk_new("POST /v1/chat/completions", "h", bodies[i],
			"200 application/json", bodies[i]);
		struct th_call *c = talk_read(&t);
		cr_assert(c);
		cr_expect_eq(c->tokens.total.n, 0);
		cr_expect_str_eq(c->provider, "h");
		talk_free(&t);
	}
}

Test(openai_chat, numbers_that_no_count_can_be_are_absent)
{
	static const char *const numbers[] = {
		"-1", "1e300", "1e999", "\"7\"", "null", "9007199254740994"};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		char body[256];
		snprintf(body, sizeof(body), "{\"choices\":[],\"usage\":{\"prompt_tokens\":%s}}",
			numbers[i]);
		struct talk t = talk_new(
			"POST /v1/chat/completions", "h", "{}", "200 application/json", body);
		cr_assert(talk_read(&t));
		EXPECT_COUNT(t.call->tokens.input, 0, "absent");
		talk_free(&t);
	}
}

Test(openai_chat, other_exchanges_are_none)
{
	struct talk t = talk_new("GET /v1/weather", "h", NULL, "200 application/json", "{}");
	cr_expect_null(talk_read(&t));
	talk_free(&t);
}

Test(openai_chat, retries_are_counted)
{
	struct made *m = made_new();
	struct th_process *p = made_process(m, "0");
	struct th_connection *conn = made_connection(m, p, 1);
	static const char ask[] = "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\n\r\n";
	for (int i = 0; i < 4; i++) {
		made_exchange(m, conn, i == 2 ? 2 : 1, ask, question,
			i < 1 ? "HTTP/1.1 429 X\r\n\r\n" : "HTTP/1.1 200 X\r\n\r\n",
			i < 1 ? "{\"error\":{\"message\":\"slow\",\"type\":\"rate\"}}" : answer);
	}
	struct th_calls c;
	cr_assert_eq(th_calls_read(&m->run, &c), 0);
	cr_assert_eq(c.n, 4);
	cr_expect_str_eq(c.at[0]->error_type, "rate");
	cr_expect_str_eq(c.at[0]->error_message, "slow");
	cr_expect_eq(c.at[0]->resend_count, 0);
	cr_expect_eq(c.at[1]->resend_count, 1);
	cr_expect_eq(c.at[2]->resend_count, 0, "another thread");
	cr_expect_eq(c.at[3]->resend_count, 0, "the failure was retried already");
	th_calls_finish(&c);
	free(m);
}
