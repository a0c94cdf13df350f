/* A sequence diagram (mermaid.js.org, "Sequence diagrams"): processes and hosts side by side, what
 * was asked and answered from top to bottom. Characters that mean something to Mermaid are written
 * as its entity codes. */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/exchange_json.h"
#include "tools/export/export.h"
#include "tools/tools.h"
#include "tools/units.h"
#include "tools/utf8.h"

#define TEXT_COLUMNS 60

struct actor {
	char *key; /* lane or host */
	size_t number;
};

struct diagram {
	FILE *out;
	void *tree; /* of actors, by key */
	size_t n;
};

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct actor *)a)->key, ((const struct actor *)b)->key);
}

static void put_text(FILE *out, const char *text)
{
	th_auto_free char *line = th_text_line(th_slice_str(text));
	th_auto_free char *fit = th_table_shorten(line, TEXT_COLUMNS, false);
	for (const char *p = fit; *p; p++) {
		if (strchr("#;<>\"&", *p)) {
			fprintf(out, "#%u;", (unsigned char)*p);
		} else {
			fputc(*p, out);
		}
	}
}

/* Its number; a new one is introduced first. */
static size_t actor(struct diagram *d, const char *kind, const char *key, const char *name)
{
	struct actor *a = th_tool_alloc(sizeof(*a));
	*a = (struct actor){th_tool_format("%s %s", kind, key), d->n};
	struct actor **at = tsearch(a, &d->tree, compare);
	if (!at) {
		th_tool_no_memory();
	}
	size_t number = (*at)->number;
	if (*at != a) {
		free(a->key);
		free(a);
		return number;
	}
	fprintf(d->out, "\tparticipant a%zu as ", d->n++);
	put_text(d->out, name);
	fputc('\n', d->out);
	return number;
}

static size_t process_actor(struct diagram *d, const struct th_process *p)
{
	struct th_slice base = p ? th_span_process_name(p) : TH_SLICE_LIT("?");
	th_auto_free char *name = th_tool_format(
		"%.*s (%s)", (int)base.n, (const char *)base.p, p ? p->lane : "?");
	return actor(d, "process", p ? p->lane : "?", name);
}

static void free_actor(void *a)
{
	free(((struct actor *)a)->key);
	free(a);
}

static void put_actors(struct diagram *d, const struct th_view_run *run)
{
	for (size_t i = 0; i < run->spans.n; i++) {
		const struct th_span_facts *f = &run->spans.spans[i];
		if (!run->shown[i]) {
			continue;
		}
		process_actor(d, f->process);
		if (f->host) {
			actor(d, "host", f->host, f->host);
		}
	}
}

/* ---- what happens ---- */

struct moment {
	uint64_t time;
	const struct th_span_facts *f;
	bool end;
	size_t order;
};

static int by_time(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;
	if (x->time != y->time) {
		return x->time < y->time ? -1 : 1;
	}
	return (x->order > y->order) - (x->order < y->order);
}

static void put_arrow(
	struct diagram *d, size_t from, const char *arrow, size_t to, const char *text)
{
	fprintf(d->out, "\ta%zu%sa%zu: ", from, arrow, to);
	put_text(d->out, *text ? text : "?");
	fputc('\n', d->out);
}

static void put_exchange(struct diagram *d, const struct moment *m)
{
	const struct th_span_facts *f = m->f;
	size_t p = process_actor(d, f->process), h = actor(d, "host", f->host ? f->host : "?", "?");
	char took[TH_UNITS_TEXT];
	if (!m->end) {
		th_auto_free char *text = th_tool_format("%s", th_span_title(f));
		put_arrow(d, p, "->>", h, text);
		return;
	}
	th_auto_free char *outcome = th_span_outcome(f);
	th_auto_free char *tokens = th_span_tokens_text(f);
	th_auto_free char *text = th_tool_format("%s%s%s, %s", outcome, *tokens ? ", tokens " : "",
		tokens, th_units_duration(took, th_span_took(f)));
	put_arrow(d, h, strcmp(f->status, "error") == 0 ? "--x" : "-->>", p, text);
}

static void put_moment(struct diagram *d, const struct moment *m)
{
	const struct th_span_facts *f = m->f;
	switch (f->event.kind) {
	case TH_EVENT_EXCHANGE:
		put_exchange(d, m);
		break;
	case TH_EVENT_PROCESS:
		if (f->process->parent) {
			put_arrow(d, process_actor(d, f->process->parent), "->>",
				process_actor(d, f->process), "starts");
		}
		break;
	case TH_EVENT_TOOL:
		fprintf(d->out, "\tNote over a%zu: ", process_actor(d, f->process));
		put_text(d->out, th_span_title(f));
		fputc('\n', d->out);
		break;
	default:
		put_arrow(d, process_actor(d, f->process), "-x",
			actor(d, "host", f->host ? f->host : "?", "?"), f->why);
	}
}

static void put_run(struct diagram *d, const struct th_view_run *run)
{
	size_t n = 0;
	th_auto_free struct moment *moments = th_tool_alloc(2 * run->spans.n * sizeof(*moments));
	for (size_t i = 0; i < run->spans.n; i++) {
		const struct th_span_facts *f = &run->spans.spans[i];
		if (!run->shown[i]) {
			continue;
		}
		moments[n] = (struct moment){f->start, f, false, n};
		n++;
		if (f->event.kind == TH_EVENT_EXCHANGE) {
			moments[n] = (struct moment){
				f->end > f->start ? f->end : f->start, f, true, n};
			n++;
		}
	}
	qsort(moments, n, sizeof(*moments), by_time);
	for (size_t i = 0; i < n; i++) {
		put_moment(d, &moments[i]);
	}
}

/* A diagram shows one run: of several, one after the other. */
int th_export_mermaid(const struct th_export *e, const struct th_view_runs *runs)
{
	for (size_t r = 0; r < runs->n; r++) {
		struct diagram d = {.out = e->out};
		fputs("sequenceDiagram\n", e->out);
		put_actors(&d, &runs->runs[r]);
		put_run(&d, &runs->runs[r]);
		tdestroy(d.tree, free_actor);
	}
	return TH_EXIT_OK;
}
