#include "tools/export/metrics.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/exchange_json.h"
#include "tools/tools.h"

static const double seconds[] = {
	.01, .02, .04, .08, .16, .32, .64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92};
static const double tokens[] = {
	1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864};
static const double http_seconds[] = {
	.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10};
static const double mcp_seconds[] = {.01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30, 60, 120, 300};

#define BOUNDS(list) (list), sizeof(list) / sizeof((list)[0])

enum metric {
	TOKENS,
	TOKENS_IN,
	TOKENS_OUT,
	CALL_TIME,
	CALL_FIRST,
	MCP_TIME,
	HTTP_TIME,
	USED,
	FLOW_TIME,
	NODE_TIME,
	RPC_TIME,
	REQUESTS,
	N_METRICS,
};

/* Until 1.41, and since. */
static const struct th_metric metrics[2][N_METRICS] = {
	{[TOKENS] = {"gen_ai.client.token.usage", "{token}", "Tokens per call, input and output",
		 BOUNDS(tokens)},
		[CALL_TIME] = {"gen_ai.client.operation.duration", "s", "Time of a call to a model",
			BOUNDS(seconds)},
		[CALL_FIRST] = {"gen_ai.client.operation.time_to_first_chunk", "s",
			"Time to the first content of a stream", BOUNDS(seconds)}},
	{[TOKENS_IN] = {"gen_ai.client.inference.operation.input_tokens", "{token}",
		 "Input tokens per call", BOUNDS(tokens)},
		[TOKENS_OUT] = {"gen_ai.client.inference.operation.output_tokens", "{token}",
			"Output tokens per call", BOUNDS(tokens)},
		[CALL_TIME] = {"gen_ai.client.inference.operation.duration", "s",
			"Time of a call to a model", BOUNDS(seconds)},
		[CALL_FIRST] = {"gen_ai.client.inference.operation.time_to_first_chunk", "s",
			"Time to the first content of a stream", BOUNDS(seconds)}},
};

static const struct th_metric always[N_METRICS] = {
	[MCP_TIME] = {"mcp.client.operation.duration", "s", "Time of a message to an MCP server",
		BOUNDS(mcp_seconds)},
	[HTTP_TIME] = {"http.client.request.duration", "s", "Time of an HTTP exchange",
		BOUNDS(http_seconds)},
	[USED] = {"tracehook.token_consumption", "{token}", "Tokens used", NULL, 0},
	[FLOW_TIME] = {"tracehook.flow.duration", "s", "Time of a run", BOUNDS(mcp_seconds)},
	[NODE_TIME] = {"tracehook.node.duration", "s", "Time of a process", BOUNDS(mcp_seconds)},
	[RPC_TIME] = {"tracehook.rpc.duration", "s", "Time of an exchange", BOUNDS(http_seconds)},
	[REQUESTS] = {"tracehook.requests", "{request}", "Exchanges", NULL, 0},
};

struct builder {
	void *tree;
	struct th_metrics m;
	enum th_semconv semconv;
};

/* ---- points ---- */

static int compare(const void *a, const void *b)
{
	const struct th_point *x = a, *y = b;
	int d = strcmp(x->metric->name, y->metric->name);
	for (size_t i = 0; d == 0 && i < x->n_dimensions && i < y->n_dimensions; i++) {
		d = strcmp(x->dimensions[i].key, y->dimensions[i].key);
		d = d ? d : strcmp(x->dimensions[i].value, y->dimensions[i].value);
	}
	return d ? d : (x->n_dimensions > y->n_dimensions) - (x->n_dimensions < y->n_dimensions);
}

static void free_point(struct th_point *p)
{
	for (size_t i = 0; i < p->n_dimensions; i++) {
		free(p->dimensions[i].value);
	}
	free(p);
}

static void add_dimension(struct th_point *p, const char *key, char *value, bool number)
{
	if (value && p->n_dimensions < TH_METRIC_DIMENSIONS) {
		p->dimensions[p->n_dimensions++] = (struct th_dimension){key, value, number};
	} else {
		free(value);
	}
}

static void dimension(struct th_point *p, const char *key, const char *value)
{
	add_dimension(p, key, value ? th_tool_format("%s", value) : NULL, false);
}

static const struct th_metric *metric_of(const struct builder *b, enum metric which)
{
	const struct th_metric *m = &metrics[b->semconv == TH_SEMCONV_LATEST][which];
	m = m->name ? m : &always[which];
	return m->name ? m : NULL;
}

static struct th_point *new_point(const struct builder *b, enum metric which)
{
	const struct th_metric *m = metric_of(b, which);
	struct th_point *p = m ? th_tool_alloc(sizeof(*p)) : NULL;
	if (p) {
		*p = (struct th_point){.metric = m};
	}
	return p;
}

static void observe(struct th_point *p, double v)
{
	size_t i = 0;
	while (i < p->metric->n_bounds && v > p->metric->bounds[i]) {
		i++;
	}
	p->buckets[i]++;
	p->min = p->count == 0 || v < p->min ? v : p->min;
	p->max = p->count == 0 || v > p->max ? v : p->max;
	p->count++;
	p->sum += v;
}

/* Counts the value under the point's dimensions. Takes the point. */
static void add(struct builder *b, struct th_point *p, double v)
{
	struct th_point **at = tsearch(p, &b->tree, compare);
	if (!at) {
		th_tool_no_memory();
	}
	observe(*at, v);
	if (*at != p) {
		free_point(p);
		return;
	}
	b->m.points = th_tool_realloc(b->m.points, (b->m.n + 1) * sizeof(*b->m.points));
	b->m.points[b->m.n++] = p;
}

/* ---- what is counted ---- */

static void add_server(struct th_point *p, const struct th_span_facts *f)
{
	char *host;
	uint16_t port;
	th_otel_server(f, &host, &port);
	add_dimension(p, "server.address", host, false);
	add_dimension(p, "server.port", th_tool_format("%u", port), true);
}

static struct th_point *call_point(
	const struct builder *b, enum metric which, const struct th_span_facts *f)
{
	struct th_point *p = new_point(b, which);
	if (p) {
		dimension(p, "gen_ai.operation.name", th_otel_operation(f->call));
		dimension(p, th_otel_key(b->semconv, TH_OTEL_PROVIDER), f->call->provider);
		dimension(p, "gen_ai.request.model", f->call->model_asked);
		dimension(p, "gen_ai.response.model", f->call->model_used);
		add_server(p, f);
	}
	return p;
}

static void add_tokens(struct builder *b, enum metric which, const struct th_span_facts *f,
	const char *type, struct th_count c)
{
	struct th_point *p = c.from == TH_ABSENT ? NULL : call_point(b, which, f);
	if (p) {
		dimension(p, "gen_ai.token.type", type);
		add(b, p, (double)c.n);
	}
}

static void add_used(
	struct builder *b, const struct th_span_facts *f, const char *type, struct th_count c)
{
	struct th_point *p = c.from == TH_ABSENT ? NULL : new_point(b, USED);
	if (p) {
		dimension(p, "model", th_call_model(f->call));
		dimension(p, "type", type);
		dimension(p, "source", th_provenance_name(c.from));
		add(b, p, (double)c.n);
	}
}

static void add_time(struct builder *b, struct th_point *p, const struct th_span_facts *f)
{
	if (p) {
		add_dimension(p, "error.type", th_otel_error_type(f), false);
		add(b, p, (double)th_span_took(f) / 1e9);
	}
}

static void count_call(struct builder *b, const struct th_span_facts *f)
{
	const struct th_tokens *t = &f->call->tokens;
	add_tokens(b, TOKENS, f, "input", t->input);
	add_tokens(b, TOKENS, f, "output", t->output);
	add_tokens(b, TOKENS_IN, f, NULL, t->input);
	add_tokens(b, TOKENS_OUT, f, NULL, t->output);
	add_used(b, f, "input", t->input);
	add_used(b, f, "output", t->output);
	add_used(b, f, "cache_read", t->cache_read);
	add_used(b, f, "reasoning", t->reasoning);
	add_time(b, call_point(b, CALL_TIME, f), f);
	if (f->call->first_chunk.from) {
		add(b, call_point(b, CALL_FIRST, f), (double)f->call->first_chunk.n / 1e9);
	}
}

/* A stream that waits for what the server has to say is no slow call. */
static bool has_mcp_time(const struct th_call *c)
{
	const char *method = c->operation == TH_OP_MCP ? c->mcp.asked.method : NULL;
	return method && strcmp(method, "subscriptions/listen") != 0;
}

static void count_exchange(struct builder *b, const struct th_span_facts *f)
{
	struct th_slice method = th_http_method(f->event.exchange);
	th_auto_free char *name = th_tool_format("%.*s", (int)method.n, (const char *)method.p);
	th_auto_free char *status = th_tool_format("%u", f->http_status);
	static const enum metric times[] = {HTTP_TIME, RPC_TIME, REQUESTS};
	if (f->call && th_call_is_llm(f->call)) {
		count_call(b, f);
	} else if (f->call && has_mcp_time(f->call)) {
		struct th_point *p = new_point(b, MCP_TIME);
		dimension(p, "mcp.method.name", f->call->mcp.asked.method);
		add_time(b, p, f);
	}
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct th_point *p = new_point(b, times[i]);
		dimension(p, "http.request.method", name);
		add_server(p, f);
		if (f->http_status) {
			dimension(p, "http.response.status_code", status);
		}
		if (times[i] == REQUESTS) {
			dimension(p, "status", f->status);
			add(b, p, 1);
		} else {
			add_time(b, p, f);
		}
	}
}

static void count_process(struct builder *b, const struct th_span_facts *f)
{
	struct th_slice name = th_span_process_name(f->process);
	if (f->end == 0) {
		return; /* how long is not known */
	}
	for (enum metric which = FLOW_TIME; which <= NODE_TIME; which++) {
		if (which == FLOW_TIME && f->process->parent) {
			continue;
		}
		struct th_point *p = new_point(b, which);
		add_dimension(p, "process.executable.name",
			th_tool_format("%.*s", (int)name.n, (const char *)name.p), false);
		add_time(b, p, f);
	}
}

static int by_metric(const void *a, const void *b)
{
	return compare(*(struct th_point *const *)a, *(struct th_point *const *)b);
}

static void keep(void *node)
{
}

struct th_metrics th_metrics_of(const struct th_view_run *run, enum th_semconv semconv)
{
	struct builder b = {.semconv = semconv};
	b.m.began = run->run->began;
	b.m.ended = run->run->ended;
	for (size_t i = 0; i < run->spans.n; i++) {
		const struct th_span_facts *f = &run->spans.spans[i];
		uint64_t end = f->end > f->start ? f->end : f->start;
		b.m.ended = end > b.m.ended ? end : b.m.ended;
		if (!run->shown[i]) {
			continue;
		}
		if (f->event.kind == TH_EVENT_EXCHANGE) {
			count_exchange(&b, f);
		} else if (f->event.kind == TH_EVENT_PROCESS) {
			count_process(&b, f);
		}
	}
	tdestroy(b.tree, keep);
	qsort(b.m.points, b.m.n, sizeof(*b.m.points), by_metric);
	return b.m;
}

void th_metrics_finish(struct th_metrics *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free_point(m->points[i]);
	}
	free(m->points);
	*m = (struct th_metrics){NULL, 0, 0, 0};
}
