#include "genai/mcp.h"

#include <criterion/criterion.h>

#include "tests/unit/made_run.h"

static const char fine[] = "HTTP/1.1 200 X\r\ncontent-type: text/event-stream\r\n\r\n";
static const char taken[] = "HTTP/1.1 202 X\r\n\r\n";

#define STREAM "GET /sse HTTP/1.1\r\nHost: h\r\n\r\n"
#define POST(session) "POST /post?s=" session " HTTP/1.1\r\nHost: h\r\n\r\n"
#define CALL(id) \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"tools/" \
	"call\",\"params\":{\"name\":\"t\"}}"
#define ENDPOINT(session) "event: endpoint\ndata: /post?s=" session "\n\n"
#define RESULT(id, text) \
	"data: {\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":{\"is\":\"" text "\"}}\n\n"

struct story {
	struct made *made;
	struct th_connection *conn;
	struct th_calls calls;
};

static struct story begin(void)
{
	struct story s = {.made = made_new()};
	s.conn = made_connection(s.made, made_process(s.made, "0"), 1);
	return s;
}

static struct th_exchange *stream(struct story *s, const char *endpoint)
{
	return made_exchange(s->made, s->conn, 1, STREAM, NULL, fine, endpoint);
}

static void post(struct story *s, const char *head, const char *body)
{
	made_exchange(s->made, s->conn, 1, head, body, taken, NULL);
}

static const struct th_mcp_message *asked(const struct story *s, size_t i)
{
	return &s->calls.at[i]->mcp.asked;
}

static void end(struct story *s)
{
	th_calls_finish(&s->calls);
	free(s->made);
}

/* Sessions side by side count their ids alike; streams began at 1000 and 2000. */
Test(mcp_join, by_endpoint_and_id)
{
	struct story s = begin();
	struct th_exchange *a = stream(&s, ENDPOINT("a")), *b = stream(&s, ENDPOINT("b"));
	post(&s, POST("b"), CALL("1"));
	post(&s, POST("a"), CALL("1"));
	post(&s, POST("a"), CALL("2"));
	made_piece(a, RESULT("1", "of a"), 9000);
	made_piece(b, RESULT("1", "of b"), 9000);
	made_piece(a, "data: {\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":-7}}\n\n", 500);
	cr_assert_eq(th_calls_read(&s.made->run, &s.calls), 0);
	cr_expect_str_eq(asked(&s, 2)->result, "{\"is\":\"of b\"}");
	cr_expect_str_eq(asked(&s, 3)->result, "{\"is\":\"of a\"}");
	cr_expect_eq(asked(&s, 3)->answered, 10100);
	cr_expect_str_eq(asked(&s, 4)->error_code, "-7");
	cr_expect_str_eq(s.calls.at[4]->error_type, "-7");
	cr_expect_eq(asked(&s, 4)->answered, 10600);
	end(&s);
}

/* The name of the session is redacted in a URL, not on the stream. */
Test(mcp_join, a_redacted_session)
{
	struct story s = begin();
	struct th_exchange *a = stream(&s, ENDPOINT("a"));
	post(&s, POST("th-redacted:00"), CALL("\"x\""));
	made_piece(a, RESULT("\"x\"", "it"), 9000);
	cr_assert_eq(th_calls_read(&s.made->run, &s.calls), 0);
	cr_expect_str_eq(asked(&s, 1)->result, "{\"is\":\"it\"}");
	end(&s);
}

/* Two of them, which only the threads tell apart: what was asked of one stays with it. */
Test(mcp_join, redacted_sessions_side_by_side)
{
	struct story s = begin();
	struct th_exchange *a = stream(&s, ENDPOINT("a")), *b = stream(&s, ENDPOINT("b"));
	b->thread = 2;
	for (size_t i = 0; i < 4; i++) {
		post(&s, i % 2 ? POST("th-redacted:0b") : POST("th-redacted:0a"),
			i < 2 ? CALL("1") : CALL("2"));
		s.made->exchanges[s.made->run.n_exchanges - 1].thread = i == 1 ? 2 : 1;
	}
	made_piece(b, RESULT("1", "b1") RESULT("2", "b2"), 9000);
	made_piece(a, RESULT("1", "a1") RESULT("2", "a2"), 99000);
	cr_assert_eq(th_calls_read(&s.made->run, &s.calls), 0);
	cr_expect_str_eq(asked(&s, 2)->result, "{\"is\":\"a1\"}");
	cr_expect_str_eq(asked(&s, 3)->result, "{\"is\":\"b1\"}");
	cr_expect_str_eq(asked(&s, 4)->result, "{\"is\":\"a2\"}");
	cr_expect_str_eq(asked(&s, 5)->result, "{\"is\":\"b2\"}");
	end(&s);
}

/* Nothing from before it was asked, from elsewhere, or twice. */
Test(mcp_join, only_what_can_be_its_answer)
{
	struct story s = begin();
	struct th_exchange *a = stream(&s, ENDPOINT("a"));
	made_piece(a, RESULT("1", "early"), 10);
	post(&s, POST("a"), CALL("1"));
	post(&s, "POST /other HTTP/1.1\r\nHost: h\r\n\r\n", CALL("2"));
	post(&s, "POST /post?s=a HTTP/1.1\r\nHost: other\r\n\r\n", CALL("2"));
	post(&s, POST("a"), CALL("3"));
	post(&s, POST("a"), CALL("3"));
	made_piece(a, RESULT("2", "not theirs"), 9000);
	made_piece(a, RESULT("3", "once"), 10);
	cr_assert_eq(th_calls_read(&s.made->run, &s.calls), 0);
	cr_expect_null(asked(&s, 1)->result);
	cr_expect_null(asked(&s, 2)->result);
	cr_expect_null(asked(&s, 3)->result);
	cr_expect_str_eq(asked(&s, 4)->result, "{\"is\":\"once\"}");
	cr_expect_null(asked(&s, 5)->result);
	cr_expect_eq(asked(&s, 1)->answered, 0);
	end(&s);
}
