/* The Model Context Protocol over HTTP, both eras: streamable HTTP, where a POST is answered by
 * JSON or its own stream of events; and before, where the answer to a POST comes by the session's
 * one stream, which are kept as that stream's results and not yet joined with their posts.
 *
 * JSON-RPC has other users, so a message counts as one of the protocol's when its headers or its
 * method are. Of a batch, which one revision allowed, the first message is read.
 * Source: modelcontextprotocol.io specification, "Transports" of 2024-11-05, 2025-03-26 and later.
 */
#include "genai/dialect.h"

#include <stdlib.h>

static bool has_field(const struct th_reading *r, const char *name)
{
	struct th_slice value;
	const struct th_head *h = &r->exchange->request.head;
	return h->bytes.n && th_head_get(h, name, &value);
}

static const cJSON *message_of(const struct th_reading *r)
{
	return cJSON_IsArray(r->question) ? r->question->child : r->question;
}

static bool is_method(const char *method)
{
	static const char *const kinds[] = {"initialize", "ping", "tools/", "prompts/",
		"resources/", "completion/", "logging/", "notifications/", "sampling/",
		"elicitation/", "roots/", "server/", "subscriptions/", "tasks/"};
	for (size_t i = 0; method && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t n = strlen(kinds[i]);
		bool begins = strncmp(method, kinds[i], n) == 0;
		if (begins && (kinds[i][n - 1] == '/' || method[n] == '\0')) {
			return true;
		}
	}
	return false;
}

static bool has_our_field(const struct th_reading *r)
{
	return has_field(r, "mcp-session-id") || has_field(r, "mcp-protocol-version") ||
		has_field(r, "mcp-method");
}

/* The old era's stream begins by saying where to post. */
static bool opens_with_endpoint(const struct th_reading *r)
{
	static const char first[] = "event: endpoint";
	const struct th_message *m = &r->exchange->response;
	return m->n_pieces &&
		memmem(m->pieces[0].bytes.p, m->pieces[0].bytes.n, first, sizeof(first) - 1);
}

static enum th_claim claims(const struct th_reading *r)
{
	const char *version = th_dig_text(message_of(r), "jsonrpc");
	bool rpc = version && strcmp(version, "2.0") == 0;
	if (rpc && (is_method(th_dig_text(message_of(r), "method")) || has_our_field(r))) {
		return TH_CLAIM_PATH;
	}
	bool bare = th_method_is(r, "GET") || th_method_is(r, "DELETE");
	return bare && (has_our_field(r) || opens_with_endpoint(r)) ? TH_CLAIM_PATH : TH_CLAIM_NONE;
}

/* JSON as text; NULL of nothing. Numbers and strings without quotation marks. */
static void say_json(struct th_reading *r, char **at, const cJSON *value)
{
	char *printed = value && !cJSON_IsString(value) ? cJSON_PrintUnformatted(value) : NULL;
	th_say_text(r, at, printed ? printed : cJSON_GetStringValue(value));
	cJSON_free(printed);
}

static void say_header(struct th_reading *r, const char *name, char **at)
{
	struct th_slice value;
	if (*at || !has_field(r, name)) {
		return;
	}
	th_head_get(&r->exchange->request.head, name, &value);
	char *text = strndup((const char *)value.p, value.n);
	th_say_text(r, at, text);
	free(text);
}

static void question(struct th_reading *r)
{
	const cJSON *m = message_of(r), *params = th_dig(m, "params");
	struct th_mcp *mcp = &r->call->mcp;
	r->call->operation = TH_OP_MCP;
	r->is_final = th_dig(m, "method") == NULL; /* the server's stream ends when it likes */
	th_say_text(r, &mcp->method, th_dig_text(m, "method"));
	say_json(r, &mcp->id, th_dig(m, "id"));
	th_say_text(r, &mcp->target, th_dig_text(params, "name"));
	th_say_once(r, &mcp->target, th_dig_text(params, "uri"));
	say_json(r, &mcp->arguments, th_dig(params, "arguments"));
	say_header(r, "mcp-protocol-version", &mcp->version);
	th_say_once(r, &mcp->version, th_dig_text(params, "protocolVersion"));
}

static void read_error(struct th_reading *r, const cJSON *error)
{
	char *code = NULL;
	say_json(r, &code, th_dig(error, "code"));
	th_say_once(r, &r->call->error_type, code ? code : "error");
	th_say_once(r, &r->call->error_message, th_dig_text(error, "message"));
	free(code);
}

/* The answer to what was asked; of a stream from the server every answer is kept by its id. */
static void read_reply(struct th_reading *r, const cJSON *m)
{
	const cJSON *result = th_dig(m, "result"), *error = th_dig(m, "error");
	struct th_mcp *mcp = &r->call->mcp;
	char *id = NULL;
	say_json(r, &id, th_dig(m, "id"));
	if (id && !mcp->method && (result || error)) {
		th_say_tool_result(r, id, NULL, result ? result : error,
			error || th_dig_true(result, "isError"));
	} else if (id && mcp->id && strcmp(id, mcp->id) == 0) {
		say_json(r, &mcp->result, result);
		mcp->tool_error = th_dig_true(result, "isError");
		th_say_text(r, &mcp->version, th_dig_text(result, "protocolVersion"));
		r->has_content = r->is_final = true;
		if (error) {
			read_error(r, error);
		}
	}
	free(id);
	if (mcp->tool_error) {
		th_say_once(r, &r->call->error_type, "tool_error");
		th_say_once(r, &r->call->error_message,
			th_dig_text(th_dig_first(result, "content"), "text"));
	}
}

static void answer(struct th_reading *r, const cJSON *a)
{
	if (!cJSON_IsArray(a)) {
		read_reply(r, a);
		return;
	}
	for (const cJSON *m = a->child; m; m = m->next) {
		read_reply(r, m);
	}
}

static void event(struct th_reading *r, struct th_slice name, const cJSON *e)
{
	answer(r, e);
}

const struct th_dialect th_mcp = {.name = "mcp",
	.claims = claims,
	.question = question,
	.answer = answer,
	.event = event,
	.knows_errors = true};
