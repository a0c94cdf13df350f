/* OpenAI's responses. A stream ends with the whole response; what its deltas said before counts
 * only when it was cut. Fetching a stored response again is no use of tokens.
 * Source: platform.openai.com API reference, "Responses". */
#include "genai/openai.h"

static enum th_claim claims(const struct th_reading *r)
{
	bool one = th_path_has(r, "/responses/") && th_path_has(r, "resp_");
	if (th_path_ends(r, "/responses") || th_path_ends(r, "/responses/compact") ||
		th_path_ends(r, "/responses/input_tokens") || one) {
		return TH_CLAIM_PATH;
	}
	const char *object = th_dig_text(r->whole, "object");
	return object && strcmp(object, "response") == 0 ? TH_CLAIM_SHAPE : TH_CLAIM_NONE;
}

static enum th_operation operation(const struct th_reading *r)
{
	if (th_path_ends(r, "/input_tokens")) {
		return TH_OP_COUNT_TOKENS;
	}
	return th_method_is(r, "POST") && !th_path_has(r, "/responses/resp_") ? TH_OP_RESPONSES
									      : TH_OP_FETCH;
}

static void read_item(struct th_reading *r, const cJSON *item)
{
	const char *type = th_dig_text(item, "type"), *role = th_dig_text(item, "role");
	r->call->n_messages++;
	r->call->new_turn = role && strcmp(role, "user") == 0;
	th_asked(r, th_dig(item, "content"));
	th_asked(r, th_dig(item, "arguments"));
	if (type &&
		(strcmp(type, "function_call_output") == 0 ||
			strcmp(type, "custom_tool_call_output") == 0)) {
		th_asked(r, th_dig(item, "output"));
		th_say_tool_result(
			r, th_dig_text(item, "call_id"), NULL, th_dig(item, "output"), false);
	}
}

static void question(struct th_reading *r)
{
	const cJSON *input = th_dig(r->question, "input");
	r->call->operation = operation(r);
	th_openai_model(r);
	th_asked(r, th_dig(r->question, "instructions"));
	r->call->n_messages = th_dig_text(r->question, "instructions") != NULL;
	if (cJSON_IsString(input)) {
		r->call->n_messages++;
		r->call->new_turn = true;
		th_asked(r, input);
	}
	for (const cJSON *i = th_dig_first(input, ""); i; i = i->next) {
		read_item(r, i);
	}
}

static bool is_type(const cJSON *o, const char *type)
{
	const char *text = th_dig_text(o, "type");
	return text && strcmp(text, type) == 0;
}

/* Items of tools that the provider runs: "web_search_call", "mcp_call" … */
static bool is_server_tool(const cJSON *o)
{
	const char *type = th_dig_text(o, "type");
	size_t n = type ? strlen(type) : 0;
	return n > 5 && strcmp(type + n - 5, "_call") == 0;
}

static void read_parts(struct th_reading *r, const cJSON *o)
{
	void (*say)(struct th_reading *, const char *) = is_type(o, "reasoning") ? th_thought
										 : th_said;
	for (const cJSON *p = th_dig_first(o, "content"); p; p = p->next) {
		say(r, th_dig_text(p, "text"));
		say(r, th_dig_text(p, "refusal"));
	}
	for (const cJSON *p = th_dig_first(o, "summary"); p; p = p->next) {
		th_thought(r, th_dig_text(p, "text"));
	}
}

static void read_output(struct th_reading *r, const cJSON *o)
{
	if (is_type(o, "function_call")) {
		th_say_tool_call(r, th_dig_text(o, "call_id"), th_dig_text(o, "name"),
			th_dig(o, "arguments"));
	} else if (is_type(o, "custom_tool_call")) {
		th_say_tool_call(
			r, th_dig_text(o, "call_id"), th_dig_text(o, "name"), th_dig(o, "input"));
	} else if (is_server_tool(o)) {
		const char *id = th_dig_text(o, "call_id"), *name = th_dig_text(o, "name");
		struct th_tool_call *t = th_say_tool_call(r, id ? id : th_dig_text(o, "id"),
			name ? name : th_dig_text(o, "type"),
			th_dig(o, th_dig(o, "arguments") ? "arguments" : "action"));
		if (t) { /* those that the agent runs are given back by their call_id */
			t->by_server = id == NULL;
		}
	} else {
		read_parts(r, o);
	}
}

static void read_status(struct th_reading *r, const cJSON *a)
{
	const char *why = th_dig_text(a, "incomplete_details.reason");
	th_say_text(r, &r->call->finish_raw, why ? why : th_dig_text(a, "status"));
}

static void answer(struct th_reading *r, const cJSON *a)
{
	th_openai_identity(r, a);
	for (const cJSON *o = th_dig_first(a, "output"); o; o = o->next) {
		read_output(r, o);
	}
	read_status(r, a);
}

static void read_delta(struct th_reading *r, const cJSON *e)
{
	double index = th_dig_number(e, "output_index", 0);
	const cJSON *item = th_dig(e, "item");
	if (is_type(e, "response.output_item.added") &&
		(is_type(item, "function_call") || is_type(item, "custom_tool_call"))) {
		struct th_tool_call *t = th_say_tool_at(r, 0, index);
		if (t) {
			th_say_text(r, &t->id, th_dig_text(item, "call_id"));
			th_say_text(r, &t->name, th_dig_text(item, "name"));
			th_made(r, t->name);
		}
	} else if (is_type(e, "response.function_call_arguments.delta") ||
		is_type(e, "response.custom_tool_call_input.delta")) {
		th_say_arguments(r, th_say_tool_at(r, 0, index), th_dig_text(e, "delta"));
	} else if (is_type(e, "response.reasoning_text.delta") ||
		is_type(e, "response.reasoning_summary_text.delta")) {
		th_thought(r, th_dig_text(e, "delta"));
	} else if (is_type(e, "response.output_text.delta") ||
		is_type(e, "response.refusal.delta")) {
		th_said(r, th_dig_text(e, "delta"));
	}
}

static void event(struct th_reading *r, struct th_slice name, const cJSON *e)
{
	const cJSON *response = th_dig(e, "response");
	if (is_type(e, "error")) {
		th_say_once(r, &r->call->error_type, th_dig_text(e, "code"));
		th_say_once(r, &r->call->error_type, "error");
		th_say_once(r, &r->call->error_message, th_dig_text(e, "message"));
	} else if (is_type(e, "response.completed") || is_type(e, "response.incomplete") ||
		is_type(e, "response.failed")) {
		if (th_dig_first(response, "output")) { /* of a failed one it may be empty */
			th_forget_said(r);
		}
		th_say_error(r, response);
		answer(r, response);
		r->is_final = true;
	} else if (response) {
		th_openai_identity(r, response);
	} else {
		read_delta(r, e);
	}
}

const struct th_dialect th_openai_responses = {"openai.responses", claims, question, answer, event};
