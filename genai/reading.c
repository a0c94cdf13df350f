/* From the bytes of an exchange to a call: decodes both bodies, finds the dialect that claims the
 * exchange, and feeds it the request, then the whole answer or its events one by one.
 *
 * Framings of answers, by content type: JSON; text/event-stream; lines of JSON, or one JSON array
 * that comes in pieces; Amazon's event stream. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "genai/dialect.h"
#include "genai/framing.h"
#include "trace/body_arrival.h"
#include "trace/http.h"

/* The table of dialects: of two that claim by path, or two by shape, the earlier one. */
static const struct th_dialect *const dialects[] = {
	&th_mcp,
	&th_openai_chat,
	&th_openai_responses,
	&th_openai_embeddings,
	&th_openai_completions,
	&th_anthropic,
	&th_gemini,
	&th_bedrock_converse,
	&th_bedrock_invoke,
	&th_ollama,
	&th_cohere,
	&th_models,
};

/* Everything that a reading needs and a dialect does not see. */
struct work {
	struct th_reading r;
	char *host;
	uint8_t *asked, *answered;
	size_t n_asked, n_answered;
	cJSON *question, *whole;
	const struct th_dialect *dialect;
	size_t first_content; /* how much of the answer had to be there for it; 0: none came */
	th_framing *framing;  /* NULL: the answer is whole, or none */
};

static void finish(struct work *w)
{
	free(w->host);
	free(w->asked);
	free(w->answered);
	cJSON_Delete(w->question);
	cJSON_Delete(w->whole);
	th_call_free(w->r.call);
}

/* ---- the request ---- */

static void split_target(struct th_reading *r)
{
	struct th_slice target = th_http_target(r->exchange);
	const uint8_t *mark = memchr(target.p, '?', target.n);
	r->path = (struct th_slice){target.p, mark ? (size_t)(mark - target.p) : target.n};
	if (mark) {
		r->query = (struct th_slice){mark + 1, target.n - r->path.n - 1};
	}
}

static bool is_type(const struct th_message *m, const char *part)
{
	struct th_slice type;
	return m->head.bytes.n && th_head_get(&m->head, "content-type", &type) &&
		memmem(type.p, type.n, part, strlen(part));
}

/* Blanks, then one of these. */
static bool begins_with(struct th_slice s, const char *any)
{
	size_t i = 0;
	while (i < s.n && s.p[i] && strchr(" \t\r\n", s.p[i])) {
		i++;
	}
	return i < s.n && s.p[i] && strchr(any, s.p[i]);
}

static cJSON *parse_body(uint8_t *bytes, size_t n)
{
	bool cut;
	struct th_slice s = {bytes, n};
	return begins_with(s, "{[") ? th_dig_parse(s, &cut) : NULL;
}

static int load_question(struct work *w, const struct th_exchange *x)
{
	struct th_reading *r = &w->r;
	r->exchange = x;
	r->method = th_http_method(x);
	r->status = th_http_status(x);
	split_target(r);
	w->host = th_http_authority(x);
	r->host = w->host;
	if (!w->host) {
		return -ENOMEM;
	}
	if (x->request.n_pieces) {
		(void)th_http_body(&x->request, true, &w->asked, &w->n_asked);
	}
	w->question = parse_body(w->asked, w->n_asked);
	r->question = w->question;
	return 0;
}

/* ---- the answer ---- */

/* By type; an event stream under a wrong one is known by its first field. */
static th_framing *framing_of(const struct th_message *m, struct th_slice body)
{
	bool events = body.n >= 6 &&
		(memcmp(body.p, "data:", 5) == 0 || memcmp(body.p, "event:", 6) == 0);
	if (is_type(m, "vnd.amazon.eventstream")) {
		return th_framing_amazon;
	}
	if (is_type(m, "text/event-stream") || events) {
		return th_framing_sse;
	}
	return is_type(m, "ndjson") || is_type(m, "jsonl") ? th_framing_values : NULL;
}

static void load_answer(struct work *w)
{
	const struct th_message *m = &w->r.exchange->response;
	if (!m->present || m->n_pieces == 0) {
		return;
	}
	(void)th_http_body(m, true, &w->answered, &w->n_answered);
	struct th_slice body = {w->answered, w->n_answered};
	w->framing = framing_of(m, body);
	if (w->framing) {
		return;
	}
	w->whole = parse_body(w->answered, w->n_answered);
	if (cJSON_IsArray(w->whole) || (!w->whole && begins_with(body, "{["))) {
		w->framing = th_framing_values;
	}
	w->r.whole = w->whole;
}

static void say_exception(struct th_reading *r, const struct th_framed *e)
{
	char *name = e->name.n ? strndup((const char *)e->name.p, e->name.n) : NULL;
	th_say_once(r, &r->call->error_type, name ? name : "error");
	th_say_once(r, &r->call->error_message, th_dig_text(e->data, "message"));
	free(name);
}

/* One event of a stream. */
static void feed(void *context, const struct th_framed *e)
{
	struct work *w = context;
	w->r.has_content = false;
	w->r.at = e->end;
	w->r.is_final |= th_slice_eq(e->text, TH_SLICE_LIT("[DONE]"));
	if (e->is_exception) {
		say_exception(&w->r, e);
	} else if (e->data && (w->dialect->knows_errors || !th_say_error(&w->r, e->data))) {
		w->dialect->event(&w->r, e->name, e->data);
	} else if (!e->data && w->dialect->plain) {
		w->dialect->plain(&w->r, e->name, e->text);
	}
	if (w->r.has_content && w->first_content == 0) {
		w->first_content = e->end;
	}
}

static void read_answer(struct work *w)
{
	struct th_slice body = {w->answered, w->n_answered};
	if (w->r.status < 400 && w->framing) {
		w->r.call->streamed = true;
		w->framing(body, feed, w);
	} else if (!th_say_error(&w->r, w->whole) && w->r.status < 400) {
		w->dialect->answer(&w->r, w->whole);
	}
}

/* ---- what all dialects settle in the same way ---- */

static struct th_count estimate(uint64_t bytes)
{
	return (struct th_count){TH_ESTIMATED, (bytes + 3) / 4};
}

static const char *const offers_at[] = {
	"tools", "functions", "toolConfig.tools", "request.tools", NULL};

/* Gemini's are lists within the list. */
static size_t count_offers(const cJSON *question)
{
	size_t n = 0;
	for (size_t i = 0; offers_at[i]; i++) {
		for (const cJSON *o = th_dig_first(question, offers_at[i]); o; o = o->next) {
			const cJSON *list = th_dig(o, "functionDeclarations");
			list = list ? list : th_dig(o, "function_declarations");
			n += list ? (size_t)cJSON_GetArraySize(list) : 1;
		}
	}
	return n;
}

/* Tools that are offered are read by the model, too. */
static uint64_t offer_bytes(const cJSON *question)
{
	uint64_t n = 0;
	for (size_t i = 0; offers_at[i]; i++) {
		const cJSON *offers = th_dig(question, offers_at[i]);
		char *printed = offers ? cJSON_PrintUnformatted(offers) : NULL;
		n += printed ? strlen(printed) : 0;
		cJSON_free(printed);
	}
	return n;
}

/* A stream's usage comes last: what one that was cut, or ended in an error, had said of its output
 * is a lower bound. */
static void settle_tokens(struct th_reading *r)
{
	struct th_tokens *t = &r->call->tokens;
	struct th_count output = estimate(r->said_bytes);
	if (!th_call_is_llm(r->call)) {
		*t = (struct th_tokens){.input = {TH_ABSENT, 0}};
		return;
	}
	bool unfinished = r->call->cut || (r->call->streamed && !r->is_final);
	if (unfinished && t->output.from == TH_REPORTED) {
		t->output.from = TH_DERIVED;
	}
	bool unsaid = t->output.from == TH_ABSENT || (unfinished && t->output.n < output.n);
	if (unsaid && r->said_bytes) {
		t->output = output;
		t->total = (struct th_count){TH_ABSENT, 0};
	}
	if (t->input.from == TH_ABSENT && r->asked_bytes && r->status && r->status < 400) {
		t->input = estimate(r->asked_bytes + offer_bytes(r->question));
	}
	if (t->total.from == TH_ABSENT) {
		t->total = th_count_sum(t->input, t->output);
	}
}

static void settle_end(struct th_reading *r)
{
	struct th_call *c = r->call;
	char code[8];
	const struct th_message *m = &r->exchange->response;
	/* whoever has read the last event need not wait for the end of the body */
	bool whole = c->streamed ? r->is_final : m->present && !th_http_truncated(m);
	c->cut = !whole && !(c->streamed && c->error_type);
	if (c->cut && !c->error_type) {
		const char *why = "";
		(void)th_http_outcome(r->exchange, &why);
		th_say_text(r, &c->error_type, r->status ? "cut" : "no_response");
		th_say_text(r, &c->error_message, *why ? why : "the stream has no end");
	} else if (r->status >= 400 && !c->error_type) {
		snprintf(code, sizeof(code), "%u", r->status);
		th_say_text(r, &c->error_type, code);
	}
	if (!th_call_is_llm(c)) {
		return;
	}
	c->finish = c->error_type ? TH_FINISH_ERROR : th_finish_of(c->finish_raw);
}

static void settle_times(struct work *w)
{
	struct th_call *c = w->r.call;
	const struct th_exchange *x = w->r.exchange;
	uint64_t began = x->request.ended;
	if (c->streamed && w->first_content) {
		began = th_body_arrival(&x->response, w->first_content);
		c->first_chunk = (struct th_count){
			TH_DERIVED, began > x->request.began ? began - x->request.began : 0};
	}
	if (c->tokens.output.n && x->response.present && x->response.ended > began) {
		c->output_rate = (double)c->tokens.output.n * 1e9 /
			(double)(x->response.ended - began);
	}
}

/* Not every dialect has a word for it. */
static void settle_finish(struct th_call *c)
{
	for (size_t i = 0; c->finish == TH_FINISH_STOP && i < c->n_tool_calls; i++) {
		c->finish = c->tool_calls[i].by_server ? TH_FINISH_STOP : TH_FINISH_TOOL_CALL;
	}
}

static const struct th_dialect *claimant(const struct th_reading *r)
{
	const struct th_dialect *best = NULL;
	enum th_claim claim = TH_CLAIM_NONE;
	for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]) && claim < TH_CLAIM_PATH;
		i++) {
		enum th_claim c = dialects[i]->claims(r);
		if (c > claim) {
			best = dialects[i];
			claim = c;
		}
	}
	return best;
}

static int read_call(struct work *w)
{
	struct th_reading *r = &w->r;
	r->call = calloc(1, sizeof(*r->call));
	if (!r->call) {
		return -ENOMEM;
	}
	r->call->exchange = r->exchange;
	r->call->dialect = w->dialect->name;
	const char *provider = th_provider_of(r);
	th_say_text(r, &r->call->provider, provider ? provider : r->host);
	r->call->fingerprint = th_reading_fingerprint(r, (struct th_slice){w->asked, w->n_asked});
	w->dialect->question(r);
	r->call->n_offers = count_offers(r->question);
	th_read_parameters(r);
	read_answer(w);
	settle_end(r);
	settle_finish(r->call);
	settle_tokens(r);
	settle_times(w);
	return r->failed ? -ENOMEM : 0;
}

int th_reading_do(const struct th_exchange *x, struct th_said *ret_said, struct th_call **ret_call)
{
	th_cleanup(finish) struct work w = {.r.said = ret_said};
	int r = load_question(&w, x);
	if (r < 0) {
		return r;
	}
	load_answer(&w);
	w.dialect = claimant(&w.r);
	if (!w.dialect) {
		return -ENOENT;
	}
	r = read_call(&w);
	if (r == 0) {
		*ret_call = th_steal(&w.r.call);
	}
	if (r == 0 && ret_said) {
		ret_said->question = th_steal(&w.question);
	}
	return r;
}

int th_call_read(const struct th_exchange *x, struct th_call **ret_call)
{
	return th_reading_do(x, NULL, ret_call);
}
