/* What fills a prompt: bytes and tokens per section, and how much of it is the same as in the call
 * before, in the same order from the start on. That is the part for which a provider's prompt cache
 * can be used; one changed word near the beginning makes the whole rest new. */
#ifndef TOOLS_CONTEXT_H
#define TOOLS_CONTEXT_H

#include "genai/conversation.h"
#include "tools/span_facts.h"

enum th_section {
	TH_SECTION_SYSTEM,
	TH_SECTION_TOOLS, /* their definitions */
	TH_SECTION_USER,
	TH_SECTION_ASSISTANT,
	TH_SECTION_RESULTS, /* of tools */
	TH_SECTION_MEDIA,
	TH_N_SECTIONS,
};

enum th_prefix {
	TH_PREFIX_NEW,	  /* nothing of it had been sent before */
	TH_PREFIX_KEPT,	  /* all that the call before sent, and then more, or the same again */
	TH_PREFIX_BROKEN, /* it begins like the call before, and then differs */
};

#define TH_CONTEXT_BACK 64 /* earlier calls that are looked at */

struct th_context {
	const struct th_span_facts *span;
	size_t bytes[TH_N_SECTIONS];
	enum th_prefix prefix;
	const struct th_context *before; /* the call before; NULL: new */
	size_t kept;			 /* items that are the same as there */
	size_t n_items;			 /* the tools are the first, then each turn */
	uint64_t *items;		 /* hashes */
};

struct th_contexts {
	struct th_context *calls; /* in order of time */
	size_t n;
};

/* The calls to a model among the spans. The call before is the one of the last TH_CONTEXT_BACK with
 * the same model, in the same process, that has the most in common; of equals the latest. Release
 * with th_contexts_finish(). */
struct th_contexts th_contexts_of(const struct th_span_list *spans);
void th_contexts_finish(struct th_contexts *c);

/* All bytes. */
size_t th_context_total(const struct th_context *c);

/* How many of the call's input tokens so many of its bytes make: their share of all; where there
 * are media, whose bytes say nothing of their tokens, a quarter of the bytes of texts, and what
 * these leave for media. Not known: a quarter of the bytes. */
uint64_t th_context_tokens(const struct th_context *c, enum th_section section, size_t bytes);

/* Where these numbers come from: TH_DERIVED or TH_ESTIMATED. */
enum th_provenance th_context_tokens_source(const struct th_context *c);

/* "system", "tools", "user", "assistant", "results", "media". */
const char *th_section_name(enum th_section s);

/* The section in which a part of a turn counts. */
enum th_section th_section_of(const struct th_turn *t, const struct th_part *p);

/* "new", "kept", "broken". */
const char *th_prefix_name(enum th_prefix p);

#endif
