#include "tools/run_tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/exchange_json.h"
#include "tools/json_out.h"
#include "tools/run_sum.h"
#include "tools/table.h"
#include "tools/tools.h"
#include "tools/units.h"
#include "tools/utf8.h"

#define NONE TH_SPAN_NO_PARENT

enum {
	AT_LABEL,
	AT_TIME,
	AT_TOOK,
	AT_FIRST,
	AT_TOKENS,
	AT_STATUS,
	N_COLUMNS,
};

static const struct th_table_column columns[N_COLUMNS] = {
	[AT_LABEL] = {"", false, TH_FIT_END, 20, 0},
	[AT_TIME] = {"at", true, TH_FIT_WHOLE, 0, 3},
	[AT_TOOK] = {"took", true, TH_FIT_WHOLE, 0, 1},
	[AT_FIRST] = {"first", true, TH_FIT_WHOLE, 0, 4},
	[AT_TOKENS] = {"tokens", true, TH_FIT_WHOLE, 0, 2},
	[AT_STATUS] = {"status", false, TH_FIT_END, 8, 0},
};

struct node {
	size_t first, last, next; /* children, and the next one of the same parent */
	size_t below;		  /* spans to be shown among all that is below */
	size_t pending;		  /* children that have not told yet what is below them */
	bool shown;		  /* is asked for */
	bool kept;		  /* to be shown, or for what is below */
};

struct tree {
	const struct th_view_run *run;
	struct node *nodes;
	size_t first, last; /* roots */
	unsigned depth;
	struct th_table *table; /* or: */
	FILE *json;
	size_t quiet; /* processes left out */
};

static void append(struct tree *t, size_t i)
{
	size_t parent = t->run->spans.spans[i].parent;
	size_t *first = parent == NONE ? &t->first : &t->nodes[parent].first;
	size_t *last = parent == NONE ? &t->last : &t->nodes[parent].last;
	if (*first == NONE) {
		*first = i;
	} else {
		t->nodes[*last].next = i;
	}
	*last = i;
	if (parent != NONE) {
		t->nodes[parent].pending++;
	}
}

/* Tells those above it, once all of its children have: each span tells but once, as a file can say
 * that each is the child of the one before. There is no circle (trace/runs.c). */
static void tell_up(struct tree *t, size_t i)
{
	while (t->nodes[i].pending == 0 && t->run->spans.spans[i].parent != NONE) {
		const struct node *child = &t->nodes[i];
		size_t below = child->below + (child->shown ? 1 : 0);
		i = t->run->spans.spans[i].parent;
		t->nodes[i].below += below;
		t->nodes[i].kept |= below > 0;
		t->nodes[i].pending--;
	}
}

/* A helper that did nothing on the network and started nothing: a shell's many would hide the rest.
 * Unless they are what is asked for. */
static bool is_quiet(const struct tree *t, size_t i)
{
	const struct th_span_facts *s = &t->run->spans.spans[i];
	return !t->json && !t->run->filtered && s->event.kind == TH_EVENT_PROCESS &&
		s->parent != NONE && t->nodes[i].first == NONE;
}

static void build(struct tree *t)
{
	size_t n = t->run->spans.n;
	t->nodes = th_tool_alloc(n * sizeof(*t->nodes));
	t->first = t->last = NONE;
	for (size_t i = 0; i < n; i++) {
		t->nodes[i].first = t->nodes[i].last = t->nodes[i].next = NONE;
	}
	for (size_t i = 0; i < n; i++) {
		append(t, i);
	}
	for (size_t i = 0; i < n; i++) {
		bool quiet = t->run->shown[i] && is_quiet(t, i);
		t->quiet += quiet;
		t->nodes[i].shown = t->nodes[i].kept = t->run->shown[i] && !quiet;
	}
	for (size_t i = 0; i < n; i++) {
		if (t->nodes[i].first == NONE) {
			tell_up(t, i);
		}
	}
}

/* ---- a line ---- */

/* "#5", "helper (pid 7)". */
static char *work_of(const struct th_tool_work *w)
{
	if (w->exchange) {
		return th_tool_format("#%zu", w->exchange->order + 1);
	}
	struct th_slice name = th_span_process_name(w->process);
	return th_tool_format(
		"%.*s (pid %" PRIu32 ")", (int)name.n, (const char *)name.p, w->process->pid);
}

/* "POST api.example.test/v1/chat", "agent (pid 7)". */
static char *label_of(const struct th_span_facts *s)
{
	const char *space = strchr(s->name, ' ');
	char *label;
	if (s->event.kind == TH_EVENT_PROCESS) {
		label = th_tool_format("%s (pid %" PRIu32 ")", s->name, s->process->pid);
	} else if (s->work && (s->work->exchange || s->work->process)) {
		th_auto_free char *by = work_of(s->work);
		const struct th_tool_call *call = s->event.tool->call;
		label = th_tool_format("tool %s by %s %s", call->name, by, call->arguments);
	} else if (s->title) {
		label = th_tool_format(
			"%s%s%s", s->title, s->host ? "  " : "", s->host ? s->host : "");
	} else if (s->event.kind == TH_EVENT_EXCHANGE && space && s->host) {
		label = th_tool_format(
			"%.*s %s%s", (int)(space - s->name), s->name, s->host, space + 1);
	} else {
		label = th_tool_format("%s", s->name);
	}
	char *safe = th_text_line(th_slice_str(label));
	free(label);
	return safe;
}

static enum th_table_tone tone_of(const struct tree *t, size_t i)
{
	const struct th_span_facts *s = &t->run->spans.spans[i];
	return t->run->shown[i] ? th_span_tone(s) : TH_TONE_DIM;
}

static char *duration(uint64_t ns)
{
	char text[TH_UNITS_TEXT];
	return th_tool_format("%s", ns ? th_units_duration(text, ns) : "-");
}

static void add_line(struct tree *t, size_t i, const char *guide, size_t hidden)
{
	const struct th_span_facts *s = &t->run->spans.spans[i];
	uint64_t began = t->run->run->began;
	char at[TH_UNITS_TEXT];
	th_auto_free char *label = label_of(s);
	th_auto_free char *more = hidden ? th_tool_format("  (%zu below)", hidden) : NULL;
	th_auto_free char *line = th_tool_format("%s%s%s", guide, label, more ? more : "");
	th_auto_free char *took = duration(th_span_took(s));
	th_auto_free char *first = th_span_first(s) ? duration(th_span_first(s)) : NULL;
	th_auto_free char *tokens = th_span_tokens_text(s);
	th_auto_free char *outcome = th_span_outcome(s);
	const char *const cells[N_COLUMNS] = {
		[AT_LABEL] = line,
		[AT_TIME] = th_units_duration(at, s->start > began ? s->start - began : 0),
		[AT_TOOK] = took,
		[AT_FIRST] = first,
		[AT_TOKENS] = tokens,
		[AT_STATUS] = outcome,
	};
	th_table_add(t->table, tone_of(t, i), cells);
}

static void put_json(const struct tree *t, size_t i, unsigned level)
{
	struct th_jout j = {.out = t->json};
	th_jout_open(&j, '{');
	th_span_facts_json(&j, &t->run->spans.spans[i]);
	th_jout_put_u64(&j, "depth", level);
	th_jout_close(&j, '}');
	fputc('\n', t->json);
}

/* ---- the walk ---- */

static size_t next_kept(const struct tree *t, size_t i)
{
	while (i != NONE && !t->nodes[i].kept) {
		i = t->nodes[i].next;
	}
	return i;
}

/* `guide`: of the level above, four columns each. */
static void walk(struct tree *t, size_t first, unsigned level, const char *guide)
{
	for (size_t i = next_kept(t, first); i != NONE;) {
		const struct node *n = &t->nodes[i];
		size_t next = next_kept(t, n->next);
		bool deeper = level + 1 < t->depth;
		th_auto_free char *mine = th_tool_format("%s%s", guide,
			level == 0	       ? ""
				: next == NONE ? "\xe2\x94\x94\xe2\x94\x80 "
					       : "\xe2\x94\x9c\xe2\x94\x80 ");
		th_auto_free char *below = th_tool_format("%s%s", guide,
			level == 0	       ? ""
				: next == NONE ? "   "
					       : "\xe2\x94\x82  ");
		if (t->json) {
			put_json(t, i, level);
		} else {
			add_line(t, i, mine, deeper ? 0 : n->below);
		}
		if (deeper) {
			walk(t, n->first, level + 1, below);
		}
		i = next;
	}
}

void th_run_tree_print(
	FILE *out, const struct th_view_run *r, unsigned depth, unsigned width, bool colour)
{
	struct tree t = {.run = r, .depth = depth};
	build(&t);
	t.table = th_table_create(columns, N_COLUMNS);
	walk(&t, t.first, 0, "");
	th_run_sum_print(out, r->run, th_run_sum_of(&r->spans).errors, width, colour);
	if (next_kept(&t, t.first) != NONE) {
		th_table_print(t.table, out, width, colour);
	}
	if (t.quiet) {
		th_auto_free char *line = th_tool_format(
			"and %zu process%s without traffic", t.quiet, t.quiet == 1 ? "" : "es");
		th_auto_free char *cut = th_table_shorten(line, width, false);
		fprintf(out, "%s\n", cut);
	}
	th_table_destroy(t.table);
	free(t.nodes);
}

void th_run_tree_json(FILE *out, const struct th_view_run *r, unsigned depth)
{
	struct tree t = {.run = r, .depth = depth, .json = out};
	build(&t);
	walk(&t, t.first, 0, "");
	free(t.nodes);
}
