#include "tools/view.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "tools/load.h"
#include "tools/tools.h"

int th_view_take(struct th_view *v, int option)
{
	int code = TH_EXIT_OK;
	if (option == 'j') {
		v->json = true;
	} else if (option == 'r') {
		v->run = optarg;
	} else if (option >= TH_FILTER_TYPE && option < TH_FILTER_END) {
		code = th_span_filter_take(&v->filter, v->command, option, optarg);
	} else {
		return th_tool_option_exit(option);
	}
	return code == TH_EXIT_OK ? -1 : code;
}

int th_view_arguments(const struct th_view *v, int argc, char **argv)
{
	if (optind + 1 == argc) {
		return -1;
	}
	return th_tool_misuse(v->command, optind == argc ? "which capture?" : "one capture");
}

void th_view_finish(struct th_view *v)
{
	th_span_filter_finish(&v->filter);
}

static void add_run(const struct th_view *v, struct th_view_runs *runs, const struct th_run *run)
{
	struct th_view_run *r = &runs->runs[runs->n++];
	r->run = run;
	r->filtered = v->filter.any;
	r->spans = th_span_list_of(run);
	r->shown = th_tool_alloc(r->spans.n * sizeof(*r->shown));
	for (size_t i = 0; i < r->spans.n; i++) {
		r->shown[i] = th_span_filter_holds(&v->filter, &r->spans.spans[i]);
	}
}

static void finish_runs(struct th_view_runs *runs)
{
	for (size_t i = 0; i < runs->n; i++) {
		th_span_list_finish(&runs->runs[i].spans);
		free(runs->runs[i].shown);
	}
	free(runs->runs);
}

static int choose_runs(const struct th_view *v, const char *path, const struct th_trace *t,
	struct th_view_runs *runs)
{
	const struct th_run *run = NULL;
	if (t->n_runs == 0 && !v->run) {
		th_load_say_no_run(t, path);
	} else if (v->run || v->one_run) {
		int code = th_load_run(t, path, v->run, &run);
		if (code != TH_EXIT_OK) {
			return code;
		}
		add_run(v, runs, run);
	} else {
		for (size_t i = 0; i < t->n_runs; i++) {
			add_run(v, runs, t->runs[i]);
		}
	}
	return TH_EXIT_OK;
}

int th_view_show(const struct th_view *v, const char *path,
	void (*show)(void *ctx, const struct th_view_runs *runs), void *ctx)
{
	struct th_trace *t = NULL;
	int code = th_load(path, &t);
	if (code != TH_EXIT_OK) {
		return code;
	}
	th_cleanup(finish_runs) struct th_view_runs runs = {
		.runs = th_tool_alloc((t->n_runs + 1) * sizeof(*runs.runs))};
	code = choose_runs(v, path, t, &runs);
	if (code == TH_EXIT_OK) {
		show(ctx, &runs);
	}
	int damage = th_load_say_damage(t);
	th_trace_free(t);
	return th_tool_output_end(code == TH_EXIT_OK ? damage : code);
}
