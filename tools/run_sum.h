/* A run in one line: what list shows, and what heads a tree. */
#ifndef TOOLS_RUN_SUM_H
#define TOOLS_RUN_SUM_H

#include "tools/json_out.h"
#include "tools/span_facts.h"

#define TH_RUN_SUM_MODELS 8

struct th_run_sum {
	size_t errors;	  /* exchanges, tools, look-ups and connections that went wrong */
	size_t llm_calls; /* exchanges that a model worked for */
	struct th_tokens tokens;
	const char *models[TH_RUN_SUM_MODELS]; /* in the order in which they came; of the spans */
	size_t n_models; /* those not kept counted once: at most one more than there is room */
};

/* A count is there when one of the calls has it, and comes from the weakest of its sources. */
struct th_run_sum th_run_sum_of(const struct th_span_list *spans);

/* Adds up: what is absent adds nothing. */
void th_run_sum_tokens(struct th_tokens *sum, const struct th_tokens *more);

/* "gpt-4o, claude-x and others"; "" when there is none. The caller frees. */
char *th_run_sum_models(const struct th_run_sum *sum);

/* The name of its first process; empty when none was recorded. */
struct th_slice th_run_sum_command(const struct th_run *run);

/* From its first to its last moment, ns. */
uint64_t th_run_sum_took(const struct th_run *run);

/* Events of all its processes that could not be recorded. */
uint64_t th_run_sum_lost(const struct th_run *run);

/* "complete", "its end was not seen", "cut short"; before it "3 events lost" when some were. The
 * caller frees. */
char *th_run_sum_end(const struct th_run *run);

/* "run ID  date  7 exchanges, 2 errors  4.00s  complete", on two lines when it does not fit.
 * `errors` 0: nothing about them. */
void th_run_sum_print(
	FILE *out, const struct th_run *run, size_t errors, unsigned width, bool colour);

/* One JSON object on one line. `number`: from 1 in the capture. `outline`: the trace is one, and
 * what has to be counted is left out. */
void th_run_sum_json(FILE *out, const struct th_run *run, size_t number, bool outline);

#endif
