#include "tools/budget.h"

#include <string.h>

#include "tools/run_sum.h"

const char *th_budget_name(enum th_budget_kind kind)
{
	static const char *const names[TH_N_BUDGETS] = {"tokens", "input tokens", "output tokens",
		"cost", "calls to models", "requests", "errors", "duration"};
	return names[kind];
}

static void add_count(struct th_measure *m, struct th_count c, bool needed)
{
	if (c.from == TH_ABSENT) {
		m->unknown += needed;
	} else {
		m->value += (double)c.n;
	}
}

static bool is_call(const struct th_span_facts *f)
{
	return f->call && th_call_is_llm(f->call);
}

/* A call that failed used nothing that anybody knows of; embeddings have no output. */
static void add_tokens(struct th_measure *m, const struct th_span_facts *f, bool in, bool out)
{
	const struct th_tokens *t = &f->call->tokens;
	bool worked = strcmp(f->status, "ok") == 0;
	if (in) {
		add_count(m, t->input, worked);
	}
	if (out) {
		add_count(m, t->output, worked && f->call->operation <= TH_OP_COMPLETION);
	}
	m->unknown_why = "counts that nobody gave";
}

static void add_cost(
	struct th_measure *m, const struct th_span_facts *f, const struct th_prices *prices)
{
	double cost = 0;
	bool worked = strcmp(f->status, "ok") == 0;
	if (th_prices_cost(prices, th_call_model(f->call), &f->call->tokens, &cost)) {
		m->value += cost;
	} else {
		m->unknown += worked;
	}
	m->unknown_why = "calls without a price";
}

static void add_call(struct th_measure *m, enum th_budget_kind kind, const struct th_span_facts *f,
	const struct th_prices *prices)
{
	switch (kind) {
	case TH_BUDGET_TOKENS:
		add_tokens(m, f, true, true);
		break;
	case TH_BUDGET_INPUT:
		add_tokens(m, f, true, false);
		break;
	case TH_BUDGET_OUTPUT:
		add_tokens(m, f, false, true);
		break;
	case TH_BUDGET_COST:
		add_cost(m, f, prices);
		break;
	default:
		m->value += kind == TH_BUDGET_CALLS;
	}
}

static struct th_measure duration(const struct th_run *run)
{
	struct th_measure m = {(double)th_run_sum_took(run) / 1e9, 0, "end that was not recorded"};
	m.unknown = run->end == TH_RUN_CUT;
	return m;
}

struct th_measure th_budget_measure(
	enum th_budget_kind kind, const struct th_view_run *run, const struct th_prices *prices)
{
	struct th_measure m = {0, 0, ""};
	if (kind == TH_BUDGET_DURATION) {
		return duration(run->run);
	}
	for (size_t i = 0; i < run->spans.n; i++) {
		const struct th_span_facts *f = &run->spans.spans[i];
		if (!run->shown[i]) {
			continue;
		}
		if (is_call(f)) {
			add_call(&m, kind, f, prices);
		}
		if (kind == TH_BUDGET_REQUESTS && f->event.kind == TH_EVENT_EXCHANGE) {
			m.value++;
		} else if (kind == TH_BUDGET_ERRORS && strcmp(f->status, "error") == 0) {
			m.value++;
		}
	}
	return m;
}
