#include "tools/context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "tools/tools.h"

static const uint8_t hash_key[TH_SIPHASH_KEY_BYTES]; /* nobody gains by a collision here */

static uint64_t mix(uint64_t hash, const char *text)
{
	uint64_t both[2] = {hash, th_siphash(hash_key, text, strlen(text))};
	return th_siphash(hash_key, both, sizeof(both));
}

static uint64_t hash_turn(const struct th_turn *t)
{
	uint64_t hash = mix(1, t->role);
	for (size_t i = 0; i < t->n_parts; i++) {
		const struct th_part *p = &t->parts[i];
		hash = mix(mix(mix(hash ^ (uint64_t)p->kind, p->text), p->id), p->name);
		hash ^= p->kind == TH_PART_MEDIA ? p->size : 0; /* its data are not here */
	}
	return hash;
}

static uint64_t hash_offers(const struct th_conversation *c)
{
	uint64_t hash = 2;
	for (size_t i = 0; i < c->n_offers; i++) {
		const struct th_offer *o = &c->offers[i];
		hash = mix(mix(mix(hash, o->name), o->description), o->parameters);
	}
	return hash;
}

enum th_section th_section_of(const struct th_turn *t, const struct th_part *p)
{
	if (p->kind == TH_PART_MEDIA) {
		return TH_SECTION_MEDIA;
	}
	if (p->kind == TH_PART_TOOL_RESULT || strcmp(t->role, "tool") == 0) {
		return TH_SECTION_RESULTS;
	}
	if (strcmp(t->role, "system") == 0 || strcmp(t->role, "developer") == 0) {
		return TH_SECTION_SYSTEM;
	}
	return strcmp(t->role, "assistant") == 0 ? TH_SECTION_ASSISTANT : TH_SECTION_USER;
}

static void measure(struct th_context *c, const struct th_conversation *talk)
{
	size_t n = talk->n_turns - talk->answered;
	c->items = th_tool_alloc((n + 1) * sizeof(*c->items));
	c->items[0] = hash_offers(talk);
	c->n_items = n + 1;
	for (size_t i = 0; i < talk->n_offers; i++) {
		c->bytes[TH_SECTION_TOOLS] += talk->offers[i].size;
	}
	for (size_t i = 0; i < n; i++) {
		const struct th_turn *t = &talk->turns[i];
		c->items[i + 1] = hash_turn(t);
		for (size_t k = 0; k < t->n_parts; k++) {
			c->bytes[th_section_of(t, &t->parts[k])] += t->parts[k].size;
		}
	}
}

/* ---- the call before ---- */

static bool is_related(const struct th_context *a, const struct th_context *b)
{
	const struct th_call *x = a->span->call, *y = b->span->call;
	const char *asked = x->model_asked ? x->model_asked : "";
	return a->span->process == b->span->process && strcmp(x->dialect, y->dialect) == 0 &&
		strcmp(asked, y->model_asked ? y->model_asked : "") == 0;
}

static size_t common(const struct th_context *a, const struct th_context *b)
{
	size_t n = a->n_items < b->n_items ? a->n_items : b->n_items, i = 0;
	while (i < n && a->items[i] == b->items[i]) {
		i++;
	}
	return i;
}

/* The tools alone are no common beginning: without any, all have them in common. */
static void find_before(struct th_contexts *all, size_t at)
{
	struct th_context *c = &all->calls[at];
	size_t oldest = at > TH_CONTEXT_BACK ? at - TH_CONTEXT_BACK : 0, best = 1;
	for (size_t i = at; i > oldest; i--) {
		const struct th_context *b = &all->calls[i - 1];
		size_t n = is_related(c, b) ? common(c, b) : 0;
		if (n > best) {
			best = n;
			c->before = b;
		}
	}
	c->kept = c->before ? best : 0;
	if (c->before) {
		c->prefix = best == c->before->n_items ? TH_PREFIX_KEPT : TH_PREFIX_BROKEN;
	}
}

static void add(struct th_contexts *all, const struct th_span_facts *span)
{
	struct th_conversation *talk = NULL;
	int r = th_conversation_read(span->event.exchange, &talk);
	if (r == -ENOMEM) {
		th_tool_no_memory();
	}
	if (r == 0) {
		struct th_context *c = &all->calls[all->n];
		*c = (struct th_context){.span = span};
		measure(c, talk);
		find_before(all, all->n++);
	}
	th_conversation_free(talk);
}

struct th_contexts th_contexts_of(const struct th_span_list *spans)
{
	struct th_contexts all = {th_tool_alloc(spans->n * sizeof(*all.calls)), 0};
	for (size_t i = 0; i < spans->n; i++) {
		const struct th_call *call = spans->spans[i].call;
		if (call && th_call_is_llm(call)) {
			add(&all, &spans->spans[i]);
		}
	}
	return all;
}

void th_contexts_finish(struct th_contexts *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->calls[i].items);
	}
	free(c->calls);
	*c = (struct th_contexts){NULL, 0};
}

/* ---- numbers ---- */

size_t th_context_total(const struct th_context *c)
{
	size_t n = 0;
	for (size_t i = 0; i < TH_N_SECTIONS; i++) {
		n += c->bytes[i];
	}
	return n;
}

static uint64_t share(uint64_t tokens, size_t bytes, size_t total)
{
	return total ? (uint64_t)((double)tokens * (double)bytes / (double)total + 0.5) : 0;
}

enum th_provenance th_context_tokens_source(const struct th_context *c)
{
	bool known = c->span->call->tokens.input.from > TH_ESTIMATED;
	return known && c->bytes[TH_SECTION_MEDIA] == 0 ? TH_DERIVED : TH_ESTIMATED;
}

uint64_t th_context_tokens(const struct th_context *c, enum th_section section, size_t bytes)
{
	const struct th_count *input = &c->span->call->tokens.input;
	size_t total = th_context_total(c), media = c->bytes[TH_SECTION_MEDIA];
	if (th_context_tokens_source(c) == TH_DERIVED) {
		return share(input->n, bytes, total);
	}
	uint64_t texts = (total - media + 3) / 4;
	if (section == TH_SECTION_MEDIA && input->from > TH_ESTIMATED) {
		return share(input->n > texts ? input->n - texts : 0, bytes, media);
	}
	return (bytes + 3) / 4;
}

const char *th_section_name(enum th_section s)
{
	static const char *const names[TH_N_SECTIONS] = {
		"system", "tools", "user", "assistant", "results", "media"};
	return names[s];
}

const char *th_prefix_name(enum th_prefix p)
{
	static const char *const names[] = {"new", "kept", "broken"};
	return names[p];
}
