/* Requests by their shape. A turn is an object with a role (Gemini, Anthropic, OpenAI …) or an item
 * with a type (OpenAI's responses); its content is a text, a part, or a list of parts; a part is
 * known by the members it has. What has no known shape is media: named, not shown.
 *
 * Limits are silent on purpose: beyond them nobody reads on. */
#include "genai/conversation_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "genai/dig.h"

struct reader {
	struct th_conversation *c;
	struct th_turn *turn; /* under construction */
	bool failed;
};

/* ---- small things ---- */

static bool is_type(const cJSON *o, const char *type)
{
	const char *text = th_dig_text(o, "type");
	return text && strcmp(text, type) == 0;
}

static bool type_ends(const cJSON *o, const char *end)
{
	const char *type = th_dig_text(o, "type");
	size_t n = type ? strlen(type) : 0, k = strlen(end);
	return n >= k && strcmp(type + n - k, end) == 0;
}

/* The first of these that is there; a list of names that ends with NULL. */
static const cJSON *any_of(const cJSON *o, const char *const names[])
{
	const cJSON *found = NULL;
	for (size_t i = 0; names[i] && !found; i++) {
		found = th_dig(o, names[i]);
	}
	return found;
}

static size_t size_of(const cJSON *value)
{
	char *text = value ? cJSON_PrintUnformatted(value) : NULL;
	size_t n = text ? strlen(text) : 0;
	cJSON_free(text);
	return n;
}

static char *printed(const cJSON *value)
{
	if (!value || cJSON_IsString(value)) {
		return strdup(value ? value->valuestring : "");
	}
	return cJSON_PrintUnformatted(value);
}

static void set(struct reader *r, char **at, const char *text)
{
	char *copy = text ? strdup(text) : NULL;
	r->failed |= text && !copy;
	if (copy) {
		free(*at);
		*at = copy;
	}
}

static struct th_part *add(
	struct reader *r, enum th_part_kind kind, const char *text, const cJSON *from)
{
	struct th_part *p = th_conversation_part(r->turn, kind, text, size_of(from));
	r->failed |= !p && r->turn->n_parts < TH_PARTS_MAX;
	return p;
}

static void add_text(struct reader *r, const char *text, const cJSON *from)
{
	if (text && *text) {
		add(r, TH_PART_TEXT, text, from);
	}
}

static void add_thought(struct reader *r, const char *text, const cJSON *from)
{
	if (text && *text) {
		add(r, TH_PART_REASONING, text, from);
	}
}

/* ---- tools ---- */

static void add_call(struct reader *r, const cJSON *from, const char *id, const char *name,
	const cJSON *arguments)
{
	th_auto_free char *text = printed(arguments);
	struct th_part *p = add(r, TH_PART_TOOL_CALL, text, from);
	if (p) {
		set(r, &p->id, id);
		set(r, &p->name, name);
	}
}

/* The texts of a list of parts, one after the other, else all of it as JSON. */
static char *result_text(const cJSON *content)
{
	size_t n = 1;
	const cJSON *p;
	cJSON_ArrayForEach(p, content)
	{
		if (!cJSON_IsArray(content) || !th_dig_text(p, "text")) {
			return printed(content);
		}
		n += strlen(th_dig_text(p, "text")) + 1;
	}
	if (!cJSON_IsArray(content)) {
		return printed(content);
	}
	char *text = malloc(n), *end = text;
	if (text) {
		*text = '\0';
		cJSON_ArrayForEach(p, content)
		{
			end = stpcpy(end, end == text ? "" : "\n");
			end = stpcpy(end, th_dig_text(p, "text"));
		}
	}
	return text;
}

static void add_result(
	struct reader *r, const cJSON *from, const char *id, const char *name, const cJSON *content)
{
	th_auto_free char *text = result_text(content);
	struct th_part *p = add(r, TH_PART_TOOL_RESULT, text, from);
	if (p) {
		const char *status = th_dig_text(from, "toolResult.status");
		set(r, &p->id, id);
		set(r, &p->name, name);
		p->is_error = th_dig_true(from, "is_error") ||
			(status && strcmp(status, "error") == 0);
	}
}

/* ---- parts ---- */

/* Tools as Anthropic, Bedrock, Gemini and OpenAI's responses write them. */
static bool read_tool_part(struct reader *r, const cJSON *p)
{
	static const char *const calls[] = {"functionCall", "function_call", NULL};
	static const char *const results[] = {"functionResponse", "function_response", NULL};
	const cJSON *use = th_dig(p, "toolUse"), *result = th_dig(p, "toolResult");
	const cJSON *call = any_of(p, calls), *response = any_of(p, results);
	if (type_ends(p, "tool_use")) {
		add_call(r, p, th_dig_text(p, "id"), th_dig_text(p, "name"), th_dig(p, "input"));
	} else if (type_ends(p, "tool_result")) {
		add_result(r, p, th_dig_text(p, "tool_use_id"), NULL, th_dig(p, "content"));
	} else if (use) {
		add_call(r, p, th_dig_text(use, "toolUseId"), th_dig_text(use, "name"),
			th_dig(use, "input"));
	} else if (result) {
		add_result(r, p, th_dig_text(result, "toolUseId"), NULL, th_dig(result, "content"));
	} else if (cJSON_IsObject(call)) {
		add_call(r, p, th_dig_text(call, "id"), th_dig_text(call, "name"),
			th_dig(call, "args"));
	} else if (cJSON_IsObject(response)) {
		add_result(r, p, th_dig_text(response, "id"), th_dig_text(response, "name"),
			th_dig(response, "response"));
	} else {
		return false;
	}
	return true;
}

/* "image/png", else the part's own type, else the name of its first member. */
static const char *media_name(const cJSON *p)
{
	static const char *const types[] = {"source.media_type", "inlineData.mimeType",
		"inline_data.mime_type", "fileData.mimeType", "type", NULL};
	const char *name = cJSON_GetStringValue(any_of(p, types));
	if (!name && p->child) {
		name = p->child->string;
	}
	return name ? name : "media";
}

static const char *thought_in(const cJSON *p)
{
	static const char *const places[] = {
		"thinking", "reasoningContent.reasoningText.text", "redacted_thinking", NULL};
	if (th_dig_true(p, "thought")) {
		return th_dig_text(p, "text");
	}
	return cJSON_GetStringValue(any_of(p, places));
}

static void read_part(struct reader *r, const cJSON *p)
{
	const char *thought = thought_in(p);
	const char *text = th_dig_text(p, "text"), *refusal = th_dig_text(p, "refusal");
	if (cJSON_IsString(p)) {
		add_text(r, p->valuestring, p);
	} else if (thought) {
		add_thought(r, thought, p);
	} else if (text || refusal) {
		add_text(r, text ? text : refusal, p);
	} else if (!read_tool_part(r, p)) {
		add(r, TH_PART_MEDIA, media_name(p), p);
	}
}

static void read_content(struct reader *r, const cJSON *content)
{
	const cJSON *p;
	if (!cJSON_IsArray(content)) {
		if (content) {
			read_part(r, content);
		}
		return;
	}
	cJSON_ArrayForEach(p, content)
	{
		read_part(r, p);
	}
}

/* ---- turns ---- */

/* Members beside the content, as OpenAI, Ollama and Cohere have them. */
static void read_beside(struct reader *r, const cJSON *m)
{
	const cJSON *legacy = th_dig(m, "function_call");
	for (const cJSON *t = th_dig_first(m, "tool_calls"); t; t = t->next) {
		const cJSON *custom = th_dig(t, "custom");
		const cJSON *f = custom ? custom : th_dig(t, "function");
		add_call(r, t, th_dig_text(t, "id"), th_dig_text(f, "name"),
			th_dig(f, custom ? "input" : "arguments"));
	}
	if (legacy) {
		add_call(r, legacy, NULL, th_dig_text(legacy, "name"), th_dig(legacy, "arguments"));
	}
}

static void read_message(struct reader *r, const cJSON *m, const char *role)
{
	static const char *const thoughts[] = {
		"reasoning_content", "reasoning", "thinking", "tool_plan", NULL};
	static const char *const names[] = {"name", "tool_name", NULL};
	const cJSON *content = th_dig(m, cJSON_IsArray(th_dig(m, "parts")) ? "parts" : "content");
	add_thought(r, cJSON_GetStringValue(any_of(m, thoughts)), any_of(m, thoughts));
	if (strcmp(role, "tool") == 0 && !cJSON_IsArray(th_dig(m, "parts"))) {
		add_result(r, m, th_dig_text(m, "tool_call_id"),
			cJSON_GetStringValue(any_of(m, names)), content);
	} else {
		read_content(r, content);
	}
	read_beside(r, m);
}

/* An item of OpenAI's responses that is no message. */
static void read_item(struct reader *r, const cJSON *item)
{
	if (type_ends(item, "_call_output")) {
		add_result(r, item, th_dig_text(item, "call_id"), NULL, th_dig(item, "output"));
	} else if (is_type(item, "reasoning")) {
		for (const cJSON *p = th_dig_first(item, "summary"); p; p = p->next) {
			add_thought(r, th_dig_text(p, "text"), p);
		}
	} else if (type_ends(item, "_call")) {
		bool custom = is_type(item, "custom_tool_call");
		const char *name = th_dig_text(item, "name");
		add_call(r, item, th_dig_text(item, "call_id"),
			name ? name : th_dig_text(item, "type"),
			th_dig(item, custom ? "input" : "arguments"));
	} else {
		add(r, TH_PART_MEDIA, media_name(item), item);
	}
}

static const char *role_of(const cJSON *m)
{
	const char *role = th_dig_text(m, "role");
	if (!role) {
		bool answered = type_ends(m, "_call_output");
		bool model = type_ends(m, "_call") || is_type(m, "reasoning");
		return answered ? "tool" : model ? "assistant" : "user";
	}
	if (strcmp(role, "model") == 0) {
		return "assistant";
	}
	return strcmp(role, "function") == 0 ? "tool" : role;
}

/* False: the limit, or no memory. */
static bool begin(struct reader *r, const char *role)
{
	r->turn = th_conversation_turn(r->c, role);
	r->failed |= !r->turn && r->c->n_turns < TH_TURNS_MAX;
	return r->turn != NULL;
}

static void read_turn(struct reader *r, const cJSON *m)
{
	if (!begin(r, role_of(m))) {
		return;
	}
	if (cJSON_IsString(m)) {
		add_text(r, m->valuestring, m);
	} else if (th_dig(m, "role") || th_dig(m, "content") || th_dig(m, "parts")) {
		read_message(r, m, r->turn->role);
	} else {
		read_item(r, m);
	}
}

static void read_turns(struct reader *r, const cJSON *list)
{
	const cJSON *m;
	if (list && !cJSON_IsArray(list)) {
		read_turn(r, list);
		return;
	}
	cJSON_ArrayForEach(m, list)
	{
		read_turn(r, m);
	}
}

static void read_system(struct reader *r, const cJSON *q)
{
	static const char *const names[] = {
		"system", "instructions", "systemInstruction", "system_instruction", NULL};
	const cJSON *system = any_of(q, names), *parts = th_dig(system, "parts");
	if (system && begin(r, "system")) {
		read_content(r, parts ? parts : system);
	}
}

/* ---- tools on offer ---- */

static void read_offer(struct reader *r, const cJSON *outer)
{
	static const char *const wraps[] = {"function", "toolSpec", "custom", NULL};
	static const char *const schemas[] = {"parameters", "input_schema", "inputSchema.json",
		"parametersJsonSchema", "parameters_json_schema", NULL};
	const cJSON *wrapped = any_of(outer, wraps);
	const cJSON *t = cJSON_IsObject(wrapped) ? wrapped : outer;
	const char *name = th_dig_text(t, "name"), *description = th_dig_text(t, "description");
	const cJSON *schema = any_of(t, schemas);
	struct th_conversation *c = r->c;
	struct th_offer *grown = c->n_offers < TH_OFFERS_MAX
		? realloc(c->offers, (c->n_offers + 1) * sizeof(*grown))
		: NULL;
	if (!grown) {
		r->failed |= c->n_offers < TH_OFFERS_MAX;
		return;
	}
	c->offers = grown;
	struct th_offer *o = &c->offers[c->n_offers++];
	*o = (struct th_offer){strdup(name ? name : media_name(outer)),
		strdup(description ? description : ""), printed(schema), size_of(outer)};
	r->failed |= !o->name || !o->description || !o->parameters;
}

static void read_offers(struct reader *r, const cJSON *list)
{
	const cJSON *t;
	cJSON_ArrayForEach(t, list)
	{
		static const char *const groups[] = {
			"functionDeclarations", "function_declarations", NULL};
		const cJSON *group = any_of(t, groups), *one;
		if (!group) {
			read_offer(r, t);
		}
		cJSON_ArrayForEach(one, group)
		{
			read_offer(r, one);
		}
	}
}

int th_conversation_question(struct th_conversation *c, const cJSON *question)
{
	static const char *const lists[] = {
		"messages", "contents", "input", "prompt", "inputText", "texts", NULL};
	static const char *const tools[] = {"tools", "toolConfig.tools", "functions", NULL};
	struct reader r = {.c = c};
	const cJSON *wrapped = th_dig(question, "request");
	const cJSON *q = cJSON_IsObject(wrapped) ? wrapped : question;
	read_system(&r, q);
	read_turns(&r, any_of(q, lists));
	read_offers(&r, any_of(q, tools));
	return r.failed ? -ENOMEM : 0;
}
