/* Limits that a run is held to. What cannot be told from the capture is no keeping of a limit: a
 * call whose tokens nobody counted, a model without a price, a run that was cut. */
#ifndef TOOLS_BUDGET_H
#define TOOLS_BUDGET_H

#include "tools/prices.h"
#include "tools/view.h"

enum th_budget_kind {
	TH_BUDGET_TOKENS,
	TH_BUDGET_INPUT,
	TH_BUDGET_OUTPUT,
	TH_BUDGET_COST,
	TH_BUDGET_CALLS,
	TH_BUDGET_REQUESTS,
	TH_BUDGET_ERRORS,
	TH_BUDGET_DURATION, /* seconds */
	TH_N_BUDGETS,
};

/* "tokens", "input tokens", "cost" … */
const char *th_budget_name(enum th_budget_kind kind);

struct th_measure {
	double value;		 /* what is known of it: at least so much */
	size_t unknown;		 /* how many calls are not in it */
	const char *unknown_why; /* static: "calls without a price" */
};

/* Of the spans that are shown. `prices` is needed for the cost only. */
struct th_measure th_budget_measure(
	enum th_budget_kind kind, const struct th_view_run *run, const struct th_prices *prices);

#endif
