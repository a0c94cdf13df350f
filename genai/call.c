/* The life of a call, and what dialects say into it. A failed allocation makes the reading failed
 * and changes nothing else. */
#include <stdlib.h>

#include "genai/dialect.h"

static void free_tool_calls(struct th_call *c)
{
	for (size_t i = 0; i < c->n_tool_calls; i++) {
		free(c->tool_calls[i].id);
		free(c->tool_calls[i].name);
		free(c->tool_calls[i].arguments);
	}
	free(c->tool_calls);
	c->tool_calls = NULL;
	c->n_tool_calls = 0;
}

static void free_tool_results(struct th_call *c)
{
	for (size_t i = 0; i < c->n_tool_results; i++) {
		free(c->tool_results[i].id);
		free(c->tool_results[i].name);
		free(c->tool_results[i].text);
	}
	free(c->tool_results);
}

static void free_mcp_message(struct th_mcp_message *m)
{
	char *texts[] = {m->method, m->id, m->target, m->arguments, m->result, m->error_code,
		m->error_message};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		free(texts[i]);
	}
}

static void free_mcp(struct th_mcp *m)
{
	free_mcp_message(&m->asked);
	for (size_t i = 0; i < m->n_others; i++) {
		free_mcp_message(&m->others[i]);
	}
	free(m->others);
}

static void free_parameters(struct th_parameters *p)
{
	for (size_t i = 0; i < p->n_stops; i++) {
		free(p->stops[i]);
	}
	free(p->reasoning);
}

struct th_call *th_call_free(struct th_call *c)
{
	if (c) {
		free_tool_calls(c);
		free_tool_results(c);
		free_mcp(&c->mcp);
		free_parameters(&c->parameters);
		for (size_t i = 0; i < TH_CHOICES_MAX; i++) {
			free(c->finishes[i]);
		}
		char *texts[] = {c->provider, c->model_asked, c->model_used, c->finish_raw,
			c->error_type, c->error_message, c->response_id, c->mcp.endpoint,
			c->mcp.version, c->mcp.session};
		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
			free(texts[i]);
		}
		free(c);
	}
	return NULL;
}

/* ---- texts ---- */

static char *copy(struct th_reading *r, const char *text)
{
	char *s = strdup(text ? text : "");
	r->failed |= s == NULL;
	return s;
}

void th_say_text(struct th_reading *r, char **at, const char *text)
{
	char *s = text ? copy(r, text) : NULL;
	if (s) {
		free(*at);
		*at = s;
	}
}

void th_say_once(struct th_reading *r, char **at, const char *text)
{
	if (!*at) {
		th_say_text(r, at, text);
	}
}

void th_say_finish(struct th_reading *r, double choice, const char *reason)
{
	th_say_once(r, &r->call->finish_raw, reason);
	if (choice >= 0 && choice < TH_CHOICES_MAX) {
		th_say_once(r, &r->call->finishes[(size_t)choice], reason);
	}
}

/* A string as its text, everything else printed. */
static char *as_text(struct th_reading *r, const cJSON *value)
{
	if (!value || cJSON_IsNull(value)) {
		return copy(r, "");
	}
	char *s = cJSON_IsString(value) ? copy(r, value->valuestring)
					: cJSON_PrintUnformatted(value);
	r->failed |= s == NULL;
	return s;
}

void th_made(struct th_reading *r, const char *text)
{
	if (text && *text) {
		r->said_bytes += strlen(text);
		r->has_content = true;
	}
}

void th_said(struct th_reading *r, const char *text)
{
	th_made(r, text);
	r->failed |= r->said && !th_words_put(&r->said->words, text);
}

void th_thought(struct th_reading *r, const char *text)
{
	th_made(r, text);
	r->failed |= r->said && !th_words_put(&r->said->thoughts, text);
}

/* Every text in it, however deep, but no data (images come as long strings under other names). */
void th_asked(struct th_reading *r, const cJSON *content)
{
	if (cJSON_IsString(content)) {
		r->asked_bytes += strlen(content->valuestring);
		return;
	}
	for (const cJSON *c = content ? content->child : NULL; c; c = c->next) {
		bool is_text = !c->string || strcmp(c->string, "text") == 0 ||
			strcmp(c->string, "content") == 0 || strcmp(c->string, "arguments") == 0 ||
			strcmp(c->string, "output") == 0;
		if (is_text || !cJSON_IsString(c)) {
			th_asked(r, c);
		}
	}
}

/* ---- tools ---- */

/* Arrays grow by doubling. */
void *th_say_room(struct th_reading *r, void *array, size_t n, size_t size)
{
	if (n && (n & (n - 1))) {
		return array;
	}
	void *grown = realloc(array, (n ? 2 * n : 1) * size);
	r->failed |= grown == NULL;
	return grown;
}

struct th_tool_call *th_say_tool_call(
	struct th_reading *r, const char *id, const char *name, const cJSON *arguments)
{
	struct th_call *c = r->call;
	if (c->n_tool_calls == TH_CALL_TOOLS_MAX) {
		return NULL;
	}
	struct th_tool_call *grown = th_say_room(
		r, c->tool_calls, c->n_tool_calls, sizeof(*c->tool_calls));
	if (!grown) {
		return NULL;
	}
	c->tool_calls = grown;
	struct th_tool_call *t = &c->tool_calls[c->n_tool_calls++];
	*t = (struct th_tool_call){copy(r, id), copy(r, name), as_text(r, arguments), false};
	if (r->failed) {
		return NULL; /* a text may be missing */
	}
	th_made(r, t->name);
	th_made(r, t->arguments);
	return t;
}

struct th_tool_call *th_say_tool_at(struct th_reading *r, double choice, double index)
{
	size_t cap = sizeof(r->slots) / sizeof(r->slots[0]);
	if (!(choice >= 0 && choice < UINT16_MAX && index >= 0 && index < UINT16_MAX)) {
		return NULL;
	}
	uint64_t place = (uint64_t)choice << 32 | (uint64_t)index;
	for (size_t i = r->n_slots; i > 0; i--) {
		if (r->slots[i - 1].place == place) {
			return &r->call->tool_calls[r->slots[i - 1].call];
		}
	}
	struct th_tool_call *t = r->n_slots < cap ? th_say_tool_call(r, NULL, NULL, NULL) : NULL;
	if (t) {
		r->slots[r->n_slots++] = (struct th_slot){place, r->call->n_tool_calls - 1, 0, 0};
	}
	return t;
}

static struct th_slot *slot_of(struct th_reading *r, const struct th_tool_call *t)
{
	size_t call = (size_t)(t - r->call->tool_calls);
	size_t i = r->n_slots;
	while (i > 0 && r->slots[i - 1].call != call) {
		i--;
	}
	return i ? &r->slots[i - 1] : NULL;
}

void th_say_arguments(struct th_reading *r, struct th_tool_call *t, const char *more)
{
	struct th_slot *slot = t ? slot_of(r, t) : NULL;
	if (!slot || !t->arguments) {
		return;
	}
	struct th_words w = {t->arguments, slot->n, slot->cap};
	r->failed |= !th_words_put(&w, more);
	t->arguments = w.text;
	slot->n = w.n;
	slot->cap = w.cap;
	th_made(r, more);
}

void th_forget_said(struct th_reading *r)
{
	free_tool_calls(r->call);
	r->n_slots = 0;
	r->said_bytes = 0;
	if (r->said) {
		th_words_clear(&r->said->words);
		th_words_clear(&r->said->thoughts);
	}
}

/* The texts of a list of parts, one after the other; NULL: it is no such list. */
static char *join_parts(struct th_reading *r, const cJSON *parts)
{
	size_t n = 0;
	const cJSON *p;
	cJSON_ArrayForEach(p, parts)
	{
		const char *text = th_dig_text(p, "text");
		if (!text) {
			return NULL;
		}
		n += strlen(text) + 1;
	}
	char *joined = malloc(n + 1), *end = joined;
	r->failed |= joined == NULL;
	if (joined) {
		*joined = '\0';
		cJSON_ArrayForEach(p, parts)
		{
			end = stpcpy(end, end == joined ? "" : "\n");
			end = stpcpy(end, th_dig_text(p, "text"));
		}
	}
	return joined;
}

void th_say_tool_result(
	struct th_reading *r, const char *id, const char *name, const cJSON *content, bool is_error)
{
	struct th_call *c = r->call;
	if (c->n_tool_results == TH_CALL_RESULTS_MAX) {
		return;
	}
	struct th_tool_result *grown = th_say_room(
		r, c->tool_results, c->n_tool_results, sizeof(*c->tool_results));
	if (!grown) {
		return;
	}
	c->tool_results = grown;
	char *text = cJSON_IsArray(content) ? join_parts(r, content) : NULL;
	c->tool_results[c->n_tool_results++] = (struct th_tool_result){
		copy(r, id), copy(r, name), text ? text : as_text(r, content), is_error};
}

/* ---- counts ---- */

void th_say_count(struct th_count *count, const cJSON *number)
{
	if (!cJSON_IsNumber(number) || !(number->valuedouble >= 0) ||
		number->valuedouble > 9007199254740992.0) {
		return;
	}
	*count = (struct th_count){TH_REPORTED, (uint64_t)(number->valuedouble + 0.5)};
}

struct th_count th_count_sum(struct th_count a, struct th_count b)
{
	if (a.from == TH_ABSENT || b.from == TH_ABSENT) {
		return a.from == TH_ABSENT ? b : a;
	}
	enum th_provenance weaker = a.from < b.from ? a.from : b.from;
	bool computed = a.n && b.n;
	return (struct th_count){computed && weaker > TH_DERIVED ? TH_DERIVED : weaker, a.n + b.n};
}

/* ---- names ---- */

bool th_call_is_llm(const struct th_call *c)
{
	return c->operation <= TH_OP_RERANK;
}

const char *th_call_model(const struct th_call *c)
{
	return c->model_used ? c->model_used : c->model_asked;
}

const char *th_provenance_name(enum th_provenance p)
{
	static const char *const names[] = {"absent", "estimated", "derived", "reported"};
	return names[p];
}

const char *th_operation_name(enum th_operation o)
{
	static const char *const names[] = {"chat", "responses", "completion", "embeddings",
		"rerank", "fetch", "count_tokens", "models", "mcp"};
	return names[o];
}

const char *th_finish_name(enum th_finish f)
{
	static const char *const names[] = {
		NULL, "stop", "length", "tool_call", "content_filter", "pause", "error"};
	return names[f];
}

enum th_provenance th_tokens_source(const struct th_tokens *t)
{
	if (t->input.from == TH_ABSENT || t->output.from == TH_ABSENT) {
		return t->input.from == TH_ABSENT ? t->output.from : t->input.from;
	}
	return t->input.from < t->output.from ? t->input.from : t->output.from;
}
