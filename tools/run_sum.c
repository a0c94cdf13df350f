#include "tools/run_sum.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tools/call_json.h"
#include "tools/exchange_json.h"
#include "tools/span_json.h"
#include "tools/table.h"
#include "tools/tools.h"
#include "tools/units.h"

static void add_count(struct th_count *sum, struct th_count more)
{
	if (more.from == TH_ABSENT) {
		return;
	}
	bool weaker = sum->from == TH_ABSENT || more.from < sum->from;
	sum->from = weaker ? more.from : sum->from;
	sum->n += more.n;
}

void th_run_sum_tokens(struct th_tokens *sum, const struct th_tokens *more)
{
	add_count(&sum->input, more->input);
	add_count(&sum->output, more->output);
	add_count(&sum->cache_read, more->cache_read);
	add_count(&sum->cache_write, more->cache_write);
	add_count(&sum->reasoning, more->reasoning);
	add_count(&sum->total, more->total);
}

static void note_model(struct th_run_sum *sum, const char *model)
{
	for (size_t i = 0; model && i < sum->n_models && i < TH_RUN_SUM_MODELS; i++) {
		if (strcmp(sum->models[i], model) == 0) {
			return;
		}
	}
	if (model && sum->n_models < TH_RUN_SUM_MODELS) {
		sum->models[sum->n_models++] = model;
	} else if (model) {
		sum->n_models = TH_RUN_SUM_MODELS + 1;
	}
}

struct th_run_sum th_run_sum_of(const struct th_span_list *spans)
{
	struct th_run_sum sum = {0};
	for (size_t i = 0; i < spans->n; i++) {
		const struct th_span_facts *s = &spans->spans[i];
		struct th_tokens tokens;
		sum.errors += strcmp(s->status, "error") == 0;
		if (th_span_tokens(s, &tokens)) {
			sum.llm_calls++;
			th_run_sum_tokens(&sum.tokens, &tokens);
			note_model(&sum, th_span_model(s));
		}
	}
	return sum;
}

char *th_run_sum_models(const struct th_run_sum *sum)
{
	char *text = th_tool_format("%s", "");
	for (size_t i = 0; i < sum->n_models && i < TH_RUN_SUM_MODELS; i++) {
		th_auto_free char *before = text;
		text = th_tool_format("%s%s%s", before, i ? ", " : "", sum->models[i]);
	}
	th_auto_free char *known = text;
	return th_tool_format(
		"%s%s", known, sum->n_models > TH_RUN_SUM_MODELS ? ", \xe2\x80\xa6" : "");
}

struct th_slice th_run_sum_command(const struct th_run *run)
{
	return run->n_processes ? th_span_process_name(run->processes[0])
				: (struct th_slice){NULL, 0};
}

uint64_t th_run_sum_took(const struct th_run *run)
{
	return run->ended > run->began ? run->ended - run->began : 0;
}

static const char *end_words(enum th_run_end end)
{
	switch (end) {
	case TH_RUN_ENDED:
		return "complete";
	case TH_RUN_END_UNSEEN:
		return "its end was not seen";
	default:
		return "cut short";
	}
}

uint64_t th_run_sum_lost(const struct th_run *run)
{
	uint64_t lost = 0;
	for (size_t i = 0; i < run->n_processes; i++) {
		lost += run->processes[i]->lost_events;
	}
	return lost;
}

char *th_run_sum_end(const struct th_run *run)
{
	uint64_t lost = th_run_sum_lost(run);
	if (lost == 0) {
		return th_tool_format("%s", end_words(run->end));
	}
	return th_tool_format(
		"%" PRIu64 " event%s lost, %s", lost, lost == 1 ? "" : "s", end_words(run->end));
}

static const char *end_name(enum th_run_end end)
{
	static const char *const names[] = {"complete", "unseen", "cut"};
	return names[end];
}

/* "7 exchanges, 2 errors" */
static char *counts_of(const struct th_run *run, size_t errors)
{
	th_auto_free char *more = errors
		? th_tool_format(", %zu error%s", errors, errors == 1 ? "" : "s")
		: NULL;
	return th_tool_format("%zu exchange%s%s", run->n_exchanges,
		run->n_exchanges == 1 ? "" : "s", more ? more : "");
}

void th_run_sum_print(
	FILE *out, const struct th_run *run, size_t errors, unsigned width, bool colour)
{
	char id[2 * TH_TRACE_ID_BYTES + 1] = "", date[TH_UNITS_TEXT + 8], took[TH_UNITS_TEXT];
	th_hex_encode(id, run->trace_id, TH_TRACE_ID_BYTES);
	th_units_date(date, run->began);
	th_units_duration(took, th_run_sum_took(run));
	th_auto_free char *counts = counts_of(run, errors);
	th_auto_free char *end = th_run_sum_end(run);
	th_auto_free char *facts = th_tool_format("  %s  %s  %s  %s", date, counts, took, end);
	th_auto_free char *name = th_tool_format("run %s", id);
	bool fits = strlen(name) + strlen(facts) <= width; /* else the facts get their own line */
	th_auto_free char *first = th_table_shorten(name, width, false);
	fprintf(out, "%s%s%s%s\n", colour ? "\x1b[1m" : "", first, fits ? facts : "",
		colour ? "\x1b[0m" : "");
	if (!fits) {
		th_auto_free char *second = th_table_shorten(facts, width, false);
		fprintf(out, "%s\n", second);
	}
}

static void put_models(struct th_jout *j, const struct th_run_sum *sum)
{
	th_jout_key(j, "models");
	th_jout_open(j, '[');
	for (size_t i = 0; i < sum->n_models && i < TH_RUN_SUM_MODELS; i++) {
		th_jout_text(j, sum->models[i]);
	}
	th_jout_close(j, ']');
}

static void put_counts(struct th_jout *j, const struct th_run *run)
{
	th_cleanup(th_span_list_finish) struct th_span_list spans = th_span_list_of(run);
	struct th_run_sum sum = th_run_sum_of(&spans);
	th_jout_put_u64(j, "errors", sum.errors);
	th_jout_put_u64(j, "llm_calls", sum.llm_calls);
	put_models(j, &sum);
	th_call_json_tokens(j, "tokens", &sum.tokens);
}

void th_run_sum_json(FILE *out, const struct th_run *run, size_t number, bool outline)
{
	struct th_jout j = {.out = out};
	struct th_slice command = th_run_sum_command(run);
	th_jout_open(&j, '{');
	th_span_json_id(&j, "trace_id", run->trace_id, sizeof(run->trace_id));
	th_jout_put_u64(&j, "number", number);
	th_jout_put_u64(&j, "start_unix_nano", run->began);
	th_jout_put_u64(&j, "duration_ns", th_run_sum_took(run));
	th_jout_key(&j, "command");
	th_jout_string(&j, command);
	th_jout_put_u64(&j, "processes", run->n_processes);
	th_jout_put_u64(&j, "exchanges", outline ? run->outlined : run->n_exchanges);
	if (!outline) {
		put_counts(&j, run);
	}
	th_jout_put_text(&j, "end", end_name(run->end));
	th_jout_put_u64(&j, "lost_events", th_run_sum_lost(run));
	th_span_json_meta(&j, run->meta);
	if (run->hashed) {
		th_jout_put_text(&j, "bodies", "hash");
	}
	th_jout_close(&j, '}');
	fputc('\n', out);
}
