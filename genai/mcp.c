/* The Model Context Protocol over HTTP, both eras: streamable HTTP, where a POST is answered by
 * JSON or its own stream of events; and before, where a POST is only accepted, and its answer comes
 * by the session's one stream: mcp_join.c brings them together.
 *
 * JSON-RPC has other users, so a message counts as one of the protocol's when its headers or its
 * method are. Of a batch, which one revision allowed, the first request stands for all.
 * Source: modelcontextprotocol.io specification, "Transports" of 2024-11-05, 2025-03-26 and later.
 */
#include "genai/mcp.h"

#include <stdlib.h>

#include "genai/dialect.h"

static bool has_field(const struct th_reading *r, const char *name)
{
	struct th_slice value;
	const struct th_head *h = &r->exchange->request.head;
	return h->bytes.n && th_head_get(h, name, &value);
}

/* The first request, else the first message. */
static const cJSON *message_of(const struct th_reading *r)
{
	const cJSON *m = cJSON_IsArray(r->question) ? r->question->child : NULL;
	while (m && !(th_dig(m, "id") && th_dig(m, "method"))) {
		m = m->next;
	}
	return m ? m : cJSON_IsArray(r->question) ? r->question->child : r->question;
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

static void read_message(struct th_reading *r, struct th_mcp_message *ret_message, const cJSON *m)
{
	const cJSON *params = th_dig(m, "params");
	th_say_text(r, &ret_message->method, th_dig_text(m, "method"));
	say_json(r, &ret_message->id, th_dig(m, "id"));
	th_say_text(r, &ret_message->target, th_dig_text(params, "name"));
	th_say_once(r, &ret_message->target, th_dig_text(params, "uri"));
	say_json(r, &ret_message->arguments, th_dig(params, "arguments"));
}

/* One more of a batch, or of what a stream carries; NULL without memory or beyond the limit. */
static struct th_mcp_message *one_more(struct th_reading *r)
{
	struct th_mcp *mcp = &r->call->mcp;
	struct th_mcp_message *grown = mcp->n_others < TH_CALL_RESULTS_MAX
		? th_say_room(r, mcp->others, mcp->n_others, sizeof(*mcp->others))
		: NULL;
	if (!grown) {
		return NULL;
	}
	mcp->others = grown;
	mcp->others[mcp->n_others] = (struct th_mcp_message){.method = NULL};
	return &mcp->others[mcp->n_others++];
}

static void question(struct th_reading *r)
{
	const cJSON *first = message_of(r), *m = cJSON_IsArray(r->question) ? first->next : NULL;
	struct th_mcp *mcp = &r->call->mcp;
	r->call->operation = TH_OP_MCP;
	read_message(r, &mcp->asked, first);
	for (; m; m = m->next) {
		struct th_mcp_message *other = th_dig(m, "method") ? one_more(r) : NULL;
		if (other) {
			read_message(r, other, m);
		}
	}
	/* the server's stream ends when it likes */
	r->is_final = mcp->asked.method == NULL;
	say_header(r, "mcp-session-id", &mcp->session);
	say_header(r, "mcp-protocol-version", &mcp->version);
	th_say_once(r, &mcp->version, th_dig_text(first, "params.protocolVersion"));
}

/* ---- answers ---- */

/* Of a batch, answers come mostly in the order of what was asked: so the search goes on behind what
 * was found before. */
static struct th_mcp_message *asked_with(struct th_reading *r, const char *id)
{
	struct th_mcp *mcp = &r->call->mcp;
	const size_t n = mcp->asked.method ? 1 + mcp->n_others : 0;
	for (size_t i = 0; i < n && r->batch_looks < TH_BATCH_LOOKS_MAX; i++, r->batch_looks++) {
		const size_t at = (r->batch_next + i) % n;
		struct th_mcp_message *m = at ? &mcp->others[at - 1] : &mcp->asked;
		if (m->id && strcmp(m->id, id) == 0) {
			r->batch_next = at + 1;
			return m;
		}
	}
	return NULL;
}

static void read_result(struct th_reading *r, struct th_mcp_message *m, const cJSON *reply)
{
	const cJSON *result = th_dig(reply, "result"), *error = th_dig(reply, "error");
	say_json(r, &m->result, result);
	m->tool_error = th_dig_true(result, "isError");
	if (m->tool_error) {
		th_say_text(
			r, &m->error_message, th_dig_text(th_dig_first(result, "content"), "text"));
	}
	if (error) {
		say_json(r, &m->error_code, th_dig(error, "code"));
		th_say_once(r, &m->error_code, "error");
		th_say_text(r, &m->error_message, th_dig_text(error, "message"));
	}
}

bool th_mcp_settle(struct th_call *c, const struct th_mcp_message *m)
{
	const char *type = m->error_code ? m->error_code : m->tool_error ? "tool_error" : NULL;
	if (type && !c->error_type) {
		c->error_type = strdup(type);
		c->error_message = m->error_message && !c->error_message ? strdup(m->error_message)
									 : c->error_message;
		return c->error_type && (c->error_message || !m->error_message);
	}
	return true;
}

/* The answer to what was asked; a stream from the server keeps all that it carries. */
static void read_reply(struct th_reading *r, const cJSON *reply)
{
	char *id = NULL;
	if (!th_dig(reply, "result") && !th_dig(reply, "error")) {
		return;
	}
	say_json(r, &id, th_dig(reply, "id"));
	struct th_mcp_message *m = id ? asked_with(r, id) : NULL;
	if (m) {
		read_result(r, m, reply);
		th_say_text(r, &r->call->mcp.version, th_dig_text(reply, "result.protocolVersion"));
		r->has_content = r->is_final = true;
		r->failed |= !th_mcp_settle(r->call, m);
	} else if (id && !r->call->mcp.asked.method && (m = one_more(r))) {
		th_say_text(r, &m->id, id);
		read_result(r, m, reply);
		m->offset = r->at;
	}
	free(id);
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

/* The old era's stream says first where to post. */
static void plain(struct th_reading *r, struct th_slice name, struct th_slice text)
{
	if (text.n && th_slice_eq(name, TH_SLICE_LIT("endpoint")) && !r->call->mcp.endpoint) {
		char *copy = strndup((const char *)text.p, text.n);
		th_say_text(r, &r->call->mcp.endpoint, copy);
		free(copy);
	}
}

const struct th_dialect th_mcp = {.name = "mcp",
	.claims = claims,
	.question = question,
	.answer = answer,
	.event = event,
	.plain = plain,
	.knows_errors = true};
