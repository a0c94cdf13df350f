#include "genai/tool_spans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE SIZE_MAX
#define LOOKS_MAX (64u << 20) /* calls compared with results in one run: many may have one id */

/* Calls that wait for their result, by id or name: chains in an array of slots, the newest first.
 */
struct waiting {
	size_t *slots;
	size_t n_slots; /* a power of two */
	size_t *next;	/* of each span */
	size_t looks;	/* left */
};

static const char *key_of(const char *id, const char *name)
{
	return *id ? id : name;
}

/* FNV-1a. */
static size_t *slot_of(const struct waiting *w, const char *key)
{
	uint64_t hash = 14695981039346656037u;
	for (; *key; key++) {
		hash = (hash ^ (uint8_t)*key) * 1099511628211u;
	}
	return &w->slots[hash & (w->n_slots - 1)];
}

static size_t count(const struct th_calls *calls)
{
	size_t n = 0;
	for (size_t i = 0; i < calls->n; i++) {
		n += calls->at[i] ? calls->at[i]->n_tool_calls : 0;
	}
	return n;
}

static bool init(struct waiting *w, size_t n)
{
	w->n_slots = 16;
	w->looks = LOOKS_MAX;
	while (w->n_slots < n) {
		w->n_slots *= 2;
	}
	w->slots = malloc(w->n_slots * sizeof(*w->slots));
	w->next = malloc((n + 1) * sizeof(*w->next));
	for (size_t i = 0; w->slots && i < w->n_slots; i++) {
		w->slots[i] = NONE;
	}
	return w->slots && w->next;
}

static bool is_for(const struct th_tool_span *s, const struct th_tool_result *r)
{
	return strcmp(s->call->id, r->id) == 0 && (*r->id || strcmp(s->call->name, r->name) == 0);
}

/* Agents in shell have a process for each request: by id, from one that is gone by then. Another
 * one that still runs may be another agent, whose server counts its ids anew. */
static bool is_handed_on(const struct th_tool_span *s, const struct th_call *c)
{
	const struct th_process *p = s->asked->exchange->process;
	return *s->call->id && p && p->ended_well && p->ended <= c->exchange->request.began;
}

/* Where the call that it is the result of stands in its list; NULL: there is none. */
static size_t *find_call(const struct th_tool_spans *spans, struct waiting *w,
	const struct th_call *c, const struct th_tool_result *r, bool handed_on)
{
	size_t *at = slot_of(w, key_of(r->id, r->name));
	for (; *at != NONE && w->looks > 0; at = &w->next[*at], w->looks--) {
		const struct th_tool_span *s = &spans->spans[*at];
		bool same = s->asked->exchange->process == c->exchange->process;
		if (is_for(s, r) && (handed_on ? is_handed_on(s, c) : same)) {
			return at;
		}
	}
	return NULL;
}

static void take_result(struct th_tool_spans *spans, struct waiting *w, const struct th_call *c,
	const struct th_tool_result *r)
{
	uint64_t time = c->exchange->request.began;
	size_t *at = find_call(spans, w, c, r, false);
	at = at ? at : find_call(spans, w, c, r, true);
	if (at) {
		struct th_tool_span *s = &spans->spans[*at];
		s->answered = c;
		s->result = r;
		s->end = time > s->start ? time : s->start;
		*at = w->next[*at];
	}
}

static void add_call(struct th_tool_spans *spans, struct waiting *w, const struct th_call *c,
	const struct th_tool_call *t, uint32_t place)
{
	size_t i = spans->n++;
	struct th_tool_span *s = &spans->spans[i];
	size_t *slot = slot_of(w, key_of(t->id, t->name));
	*s = (struct th_tool_span){.asked = c, .call = t, .start = c->exchange->response.ended};
	th_trace_span_id(c->exchange->span_id, place, s->span_id);
	w->next[i] = *slot;
	*slot = i;
}

/* Results before calls: an answer comes after its request. */
static void take_call(struct th_tool_spans *spans, struct waiting *w, const struct th_call *c)
{
	for (size_t i = c->n_tool_results; i > 0; i--) {
		take_result(spans, w, c, &c->tool_results[i - 1]);
	}
	for (size_t i = 0; i < c->n_tool_calls; i++) {
		if (!c->tool_calls[i].by_server) {
			add_call(spans, w, c, &c->tool_calls[i], (uint32_t)i + 1);
		}
	}
}

int th_tool_spans_of(const struct th_calls *calls, struct th_tool_spans *ret_spans)
{
	size_t n = count(calls);
	struct waiting w = {0};
	struct th_tool_spans spans = {.spans = calloc(n + 1, sizeof(*spans.spans))};
	bool ready = init(&w, n) && spans.spans;
	for (size_t i = 0; ready && i < calls->n; i++) {
		if (calls->at[i]) {
			take_call(&spans, &w, calls->at[i]);
		}
	}
	free(w.slots);
	free(w.next);
	if (!ready) {
		free(spans.spans);
		return -ENOMEM;
	}
	*ret_spans = spans;
	return 0;
}

void th_tool_spans_finish(struct th_tool_spans *s)
{
	free(s->spans);
	*s = (struct th_tool_spans){NULL, 0};
}
