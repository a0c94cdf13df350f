#include "player/explain.h"

#include <criterion/criterion.h>

#include "made_run.h"
#include "player/explain_json.h"

#define HEAD(line, fields) line " HTTP/1.1\r\nHost: a.example\r\n" fields "\r\n"
#define JSON HEAD("POST /v1/chat", "")

static struct made *m;
static struct th_connection *c;

static void setup(void)
{
	m = made_new();
	c = made_connection(m, made_process(m, "0"), 1);
}

static void teardown(void)
{
	free(m);
}

TestSuite(explain, .init = setup, .fini = teardown);

static void record(const char *head, const char *body)
{
	made_exchange(m, c, 1, head, body, "HTTP/1.1 200 OK\r\n\r\n", NULL);
}

/* What a miss of this request says; `claims` of it are taken first. */
static char *explain(const char *head, const char *body, int claims)
{
	struct made *asking = made_new();
	struct th_connection *ac = made_connection(asking, made_process(asking, "0"), 1);
	struct th_exchange *x = made_exchange(asking, ac, 1, head, body, NULL, NULL);
	struct th_index *ix = th_index_create(&m->run, TH_MATCH_CANONICAL, NULL);
	struct th_asker who = {11, 0, 1, 1};
	struct th_canon canon = {0};
	struct th_claim claim;
	struct th_near near;
	cr_assert_eq(th_canon_request(x, &canon), 0);
	while (claims--) {
		cr_assert(th_index_claim(ix, &canon, &who, &claim));
	}
	cr_assert_not(th_index_claim(ix, &canon, &who, &claim));
	cr_assert_eq(th_index_near(ix, &canon, &who, &near), 0);
	char *text = th_explain_miss(&m->run, NULL, &canon, &near);
	free(near.x);
	th_canon_finish(&canon);
	th_index_destroy(ix);
	free(asking);
	return text;
}

#define EXPECT(head, body, claims, want) \
	do { \
		char *got = explain(head, body, claims); \
		cr_expect_str_eq(got, want); \
		free(got); \
	} while (0)

#define NEAREST "nearest is #1 (span 00000000): "

Test(explain, unknown_endpoints)
{
	record(HEAD("GET /a", ""), NULL);
	EXPECT(HEAD("GET /b", ""), NULL, 0,
		"no request to this endpoint was recorded (1 to its host, 1 in the run)");
	EXPECT(HEAD("PUT /a", ""), NULL, 0,
		"no request to this endpoint was recorded; recorded as GET http");
}

Test(explain, used_up)
{
	record(HEAD("GET /a", ""), NULL);
	EXPECT(HEAD("GET /a", ""), NULL, 1, "its one recorded answer was used");
	record(HEAD("GET /a", ""), NULL);
	EXPECT(HEAD("GET /a", ""), NULL, 2, "all 2 recorded answers were used");
}

Test(explain, fields_and_parameters)
{
	record(HEAD("GET /a?x=1&y=2", "Accept: text/html\r\n"), NULL);
	EXPECT(HEAD("GET /a?x=1&y=3", "Accept: text/html\r\n"), NULL, 0,
		NEAREST "parameter y: asked \"3\", recorded \"2\"");
	EXPECT(HEAD("GET /a?x=1", "Accept: text/html\r\n"), NULL, 0,
		NEAREST "parameter y: asked nothing, recorded \"2\"");
	EXPECT(HEAD("GET /a?x=1&y=2", "Accept: text/plain\r\n"), NULL, 0,
		NEAREST "field accept: asked \"text/plain\", recorded \"text/html\"");
	EXPECT(HEAD("GET /a?x=1&y=2", "Accept: text/html\r\nX-New: 1\r\n"), NULL, 0,
		NEAREST "field x-new: asked \"1\", recorded nothing");
}

Test(explain, json_paths)
{
	record(JSON,
		"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"What is the "
		"capital "
		"of France, please?\"}],\"temperature\":0}");
	EXPECT(JSON,
		"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"What is the "
		"capital of "
		"Spain, please?\"}],\"temperature\":0}",
		0,
		NEAREST
		"message 0 (user): "
		"messages[0].content at character 23: asked \"What is the capital of Spain, "
		"please?\", recorded \"What is the capital of France, please?\"");
	EXPECT(JSON, "{\"model\":\"m\",\"messages\":[]}", 0,
		NEAREST
		"message 0 (user): "
		"messages[0]: asked nothing, recorded {\"content\":\"What is the capital of "
		"France, please?\",\"role\":\"user\"}");
	EXPECT(JSON,
		"{\"model\":\"n\",\"messages\":[{\"role\":\"user\",\"content\":\"What is the "
		"capital "
		"of France, please?\"}],\"temperature\":0}",
		0, NEAREST "model at character 0: asked \"n\", recorded \"m\"");
	EXPECT(JSON, "[1]", 0,
		NEAREST "the body: asked [1], recorded "
			"{\"messages\":[{\"content\":\"What is the capital of France, "
			"please?\",\"role\":\"user\"}"
			"],\"model\":\"m\",\"temperature\":0}");
}

/* In words, where two bodies of a dialect part. */
static const struct {
	const char *asked, *recorded, *words;
} dialects[] = {
	/* OpenAI chat, Mistral, Ollama, gateways */
	{"{'messages':[{'role':'system','content':'a'},{'role':'user','content':'How tall?'}]}",
		"{'messages':[{'role':'system','content':'a'},{'role':'user','content':'How "
		"wide?'}]}",
		"message 1 (user): messages[1].content at character 4: asked 'How tall?', recorded "
		"'How wide?'"},
	{"{'messages':[{'role':'user','content':[{'type':'image_url'},{'type':'text','text':'x'}]}"
	 "]}",
		"{'messages':[{'role':'user','content':[{'type':'image_url'},{'type':'text',"
		"'text':'y'}]}]}",
		"message 0 (user), block 1 (text): messages[0].content[1].text at character 0: "
		"asked 'x', recorded 'y'"},
	{"{'messages':[{'role':'assistant','tool_calls':[{'type':'function','function':{'arguments'"
	 ":'1'}}]}]}",
		"{'messages':[{'role':'assistant','tool_calls':[{'type':'function','function':{"
		"'arguments':'2'}}]}]}",
		"message 0 (assistant), tool call 0 (function): "
		"messages[0].tool_calls[0].function.arguments at character 0: asked '1', recorded "
		"'2'"},
	{"{'tools':[{'type':'function','function':{'name':'draw','description':'a'}}]}",
		"{'tools':[{'type':'function','function':{'name':'draw','description':'b'}}]}",
		"tool 0 (draw): tools[0].function.description at character 0: asked 'a', recorded "
		"'b'"},
	/* Anthropic, and it through Vertex and Bedrock */
	{"{'system':[{'type':'text','text':'Be exact.'}]}",
		"{'system':[{'type':'text','text':'Be quick.'}]}",
		"system instructions, block 0 (text): system[0].text at character 3: asked 'Be "
		"exact.', recorded 'Be quick.'"},
	{"{'messages':[{'role':'user','content':[{'type':'tool_result','content':'31'}]}]}",
		"{'messages':[{'role':'user','content':[{'type':'tool_result','content':'32'}]}]}",
		"message 0 (user), block 0 (tool_result): messages[0].content[0].content at "
		"character 1: asked '31', recorded '32'"},
	/* Bedrock converse */
	{"{'messages':[{'role':'user','content':[{'text':'a'}]}]}",
		"{'messages':[{'role':'user','content':[{'text':'b'}]}]}",
		"message 0 (user), block 0 (text): messages[0].content[0].text at character 0: "
		"asked 'a', recorded 'b'"},
	/* Gemini */
	{"{'systemInstruction':{'parts':[{'text':'a'}]}}",
		"{'systemInstruction':{'parts':[{'text':'b'}]}}",
		"system instructions, block 0 (text): systemInstruction.parts[0].text at character "
		"0: asked 'a', recorded 'b'"},
	{"{'contents':[{'role':'model','parts':[{'functionCall':{'name':'a'}}]}]}",
		"{'contents':[{'role':'model','parts':[{'functionCall':{'name':'b'}}]}]}",
		"message 0 (model), block 0 (functionCall): "
		"contents[0].parts[0].functionCall.name at character 0: asked 'a', recorded 'b'"},
	/* OpenAI responses */
	{"{'input':[{'role':'user','content':'a'}]}", "{'input':[{'role':'user','content':'b'}]}",
		"message 0 (user): input[0].content at character 0: asked 'a', recorded 'b'"},
	{"{'input':[{'type':'function_call_output','output':'31'}]}",
		"{'input':[{'type':'function_call_output','output':'32'}]}",
		"item 0 (function_call_output): input[0].output at character 1: asked '31', "
		"recorded '32'"},
	{"{'instructions':'a'}", "{'instructions':'b'}",
		"system instructions: instructions at character 0: asked 'a', recorded 'b'"},
	/* Cohere */
	{"{'chat_history':[{'role':'USER','message':'a'}]}",
		"{'chat_history':[{'role':'USER','message':'b'}]}",
		"message 0 (USER): chat_history[0].message at character 0: asked 'a', recorded "
		"'b'"},
	/* one message more than recorded, one less */
	{"{'messages':[{'role':'user'},{'role':'tool'}]}", "{'messages':[{'role':'user'}]}",
		"message 1 (tool): messages[1]: asked {'role':'tool'}, recorded nothing"},
	{"{'messages':[]}", "{'messages':[{'role':'user'}]}",
		"message 0 (user): messages[0]: asked nothing, recorded {'role':'user'}"},
	/* nothing of the kind */
	{"{'items':[1]}", "{'items':[2]}", "items[0]: asked 1, recorded 2"},
	{"{'prompt':'a'}", "{'prompt':'b'}", "prompt at character 0: asked 'a', recorded 'b'"},
};

static char *quoted(const char *text)
{
	char *s = strdup(text);
	for (char *p = s; *p; p++) {
		*p = *p == '\'' ? '"' : *p;
	}
	return s;
}

Test(explain, the_place_in_a_conversation)
{
	for (size_t i = 0; i < sizeof(dialects) / sizeof(*dialects); i++) {
		char *a = quoted(dialects[i].asked), *r = quoted(dialects[i].recorded);
		char *words = quoted(dialects[i].words);
		struct th_json asked, recorded;
		struct th_buf out = {0};
		cr_assert_eq(th_json_parse(th_slice_str(a), &asked), 0, "%s", a);
		cr_assert_eq(th_json_parse(th_slice_str(r), &recorded), 0, "%s", r);
		cr_expect(th_explain_json(&asked, &recorded, &out));
		char *got = th_buf_take(&out);
		cr_expect_str_eq(got, words);
		free(got);
		th_json_finish(&asked);
		th_json_finish(&recorded);
		free(a);
		free(r);
		free(words);
	}
}

Test(explain, characters_not_bytes)
{
	record(JSON, "{\"t\":\"éééa\"}");
	EXPECT(JSON, "{\"t\":\"ééèa\"}", 0,
		NEAREST "t at character 2: asked \"ééèa\", recorded \"éééa\"");
}

Test(explain, other_bodies)
{
	record(JSON, "hello world");
	EXPECT(JSON, "hello there", 0,
		NEAREST
		"the body at byte 6 of 11: asked \"hello there\", recorded \"hello world\"");
	EXPECT(JSON, "{}", 0, NEAREST "asked with JSON, recorded with a body");
	EXPECT(JSON, NULL, 0, NEAREST "asked with no body, recorded with a body");
}

Test(explain, the_nearest_is_the_likest)
{
	record(JSON, "{\"q\":\"alpha beta\"}");
	record(JSON, "{\"q\":\"gamma delta\"}");
	EXPECT(JSON, "{\"q\":\"gamma delto\"}", 0,
		"nearest is #2 (span 00000000): q at character 10: asked \"gamma delto\", recorded "
		"\"gamma "
		"delta\"");
}

Test(explain, what_is_said_is_one_line_of_utf8)
{
	struct th_buf out = {0};
	th_explain_quote(TH_SLICE_LIT("a\nb\xff\xc3\xa9\x80\xed\xa0\x80\x7f"), 100, &out);
	char *text = th_buf_take(&out);
	cr_expect_str_eq(text, "\"a\\x0ab\\xff\xc3\xa9\\x80\\xed\\xa0\\x80\\x7f\"");
	free(text);
	th_explain_quote(TH_SLICE_LIT("\xc3\xa9\xc3\xa9\xc3\xa9"), 3, &out);
	text = th_buf_take(&out);
	cr_expect_str_eq(text, "\"\xc3\xa9\xc3\xa9…\"");
	free(text);
}
