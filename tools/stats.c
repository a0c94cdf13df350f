#include "tools/stats.h"

#include <stdlib.h>
#include <string.h>

#include "tools/exchange_json.h"
#include "tools/run_sum.h"
#include "tools/tools.h"

static char *copy(const char *text)
{
	return text ? th_tool_format("%s", text) : NULL;
}

static char *model_of(const struct th_span_facts *s)
{
	return s->call && th_call_is_llm(s->call) ? copy(th_span_model(s)) : NULL;
}

static char *host_of(const struct th_span_facts *s)
{
	return copy(s->host);
}

/* Calls that the model asked for, and calls of an MCP server. */
static char *tool_of(const struct th_span_facts *s)
{
	if (s->event.kind == TH_EVENT_TOOL) {
		return copy(s->name);
	}
	bool mcp = s->call && strcmp(s->type, "TOOL_CALL") == 0;
	return mcp ? copy(s->title) : NULL;
}

static char *process_of(const struct th_span_facts *s)
{
	if (!s->process || s->event.kind == TH_EVENT_PROCESS || s->event.kind == TH_EVENT_TOOL) {
		return NULL;
	}
	struct th_slice name = th_span_process_name(s->process);
	return th_tool_format("%s %.*s", s->process->lane, (int)name.n, (const char *)name.p);
}

/* What it did, whatever with. */
static char *step_of(const struct th_span_facts *s)
{
	if (s->event.kind == TH_EVENT_TOOL) {
		return th_tool_format("tool %s", s->name);
	}
	return s->event.kind == TH_EVENT_PROCESS ? NULL : copy(th_span_title(s));
}

static char *type_of(const struct th_span_facts *s)
{
	return copy(s->type);
}

const struct th_stats_key th_stats_keys[] = {{"model", model_of}, {"host", host_of},
	{"tool", tool_of}, {"process", process_of}, {"step", step_of}, {"type", type_of}};
const size_t th_stats_n_keys = sizeof(th_stats_keys) / sizeof(th_stats_keys[0]);

const struct th_stats_key *th_stats_key(const char *name)
{
	for (size_t i = 0; i < th_stats_n_keys; i++) {
		if (strcmp(th_stats_keys[i].name, name) == 0) {
			return &th_stats_keys[i];
		}
	}
	return NULL;
}

static void add_tokens(
	struct th_stats_group *g, const struct th_span_facts *s, const struct th_prices *prices)
{
	struct th_tokens tokens;
	double cost;
	if (!th_span_tokens(s, &tokens)) {
		return;
	}
	th_run_sum_tokens(&g->tokens, &tokens);
	if (prices && th_prices_cost(prices, th_span_model(s), &tokens, &cost)) {
		g->cost += cost;
		g->priced++;
	} else if (strcmp(s->status, "ok") == 0) {
		g->unpriced++;
	}
}

static void add(
	struct th_stats_group *g, const struct th_span_facts *s, const struct th_prices *prices)
{
	g->count++;
	g->errors += strcmp(s->status, "error") == 0;
	g->busy += th_span_took(s);
	if (s->end >= s->start) {
		th_values_add(&g->took, th_span_took(s));
	}
	if (th_span_first(s)) {
		th_values_add(&g->first, th_span_first(s));
	}
	add_tokens(g, s, prices);
}

struct named {
	char *name;
	const struct th_span_facts *span;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

/* Sorted by name, so that what belongs together lies together. */
static struct named *name_spans(const struct th_stats_key *key,
	const struct th_span_facts *const *spans, size_t n, size_t *ret_n)
{
	struct named *named = th_tool_alloc(n * sizeof(*named));
	size_t m = 0;
	for (size_t i = 0; i < n; i++) {
		char *name = key->of(spans[i]);
		if (name) {
			named[m++] = (struct named){name, spans[i]};
		}
	}
	qsort(named, m, sizeof(*named), by_name);
	*ret_n = m;
	return named;
}

static int by_busy(const void *a, const void *b)
{
	const struct th_stats_group *x = a, *y = b;
	if (x->busy != y->busy) {
		return x->busy > y->busy ? -1 : 1;
	}
	return strcmp(x->name, y->name);
}

void th_stats_of(struct th_stats *ret_stats, const struct th_stats_key *key,
	const struct th_span_facts *const *spans, size_t n, const struct th_prices *prices)
{
	size_t n_named;
	struct named *named = name_spans(key, spans, n, &n_named);
	struct th_stats t = {th_tool_alloc(n_named * sizeof(*t.groups)), 0};
	for (size_t i = 0; i < n_named; i++) {
		if (t.n && strcmp(t.groups[t.n - 1].name, named[i].name) == 0) {
			free(named[i].name);
		} else {
			t.groups[t.n++] = (struct th_stats_group){.name = named[i].name};
		}
		add(&t.groups[t.n - 1], named[i].span, prices);
	}
	free(named);
	for (size_t i = 0; i < t.n; i++) {
		th_values_sort(&t.groups[i].took);
		th_values_sort(&t.groups[i].first);
	}
	qsort(t.groups, t.n, sizeof(*t.groups), by_busy);
	*ret_stats = t;
}

void th_stats_finish(struct th_stats *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->groups[i].name);
		th_values_finish(&t->groups[i].took);
		th_values_finish(&t->groups[i].first);
	}
	free(t->groups);
	*t = (struct th_stats){0};
}
