/* What kinds of event a span is. One is the main one; others may hold besides. */
#ifndef GENAI_EVENT_TYPE_H
#define GENAI_EVENT_TYPE_H

#include "genai/tool_spans.h"

enum th_event_type {
	TH_TYPE_LLM_CALL,
	TH_TYPE_TOOL_CALL,
	TH_TYPE_HTTP,
	TH_TYPE_PROCESS,
	TH_TYPE_DECISION,	  /* the model chose tools, or to do without those offered */
	TH_TYPE_STATE_TRANSITION, /* a process came, a turn of the conversation began */
	TH_TYPE_ERROR,
	TH_N_TYPES,
};

/* Bits, 1 << enum th_event_type; the lowest is the main type. c may be NULL. */
unsigned th_event_types_of_exchange(const struct th_exchange *x, const struct th_call *c);
unsigned th_event_types_of_tool(const struct th_tool_span *t);

/* What the model chose, for those that are decisions: "tool_call", or the branch it took instead,
 * that is how it finished ("stop", "length" …); NULL: it is no decision. */
const char *th_decision_of(const struct th_call *c);

/* "LLM_CALL", "TOOL_CALL" … */
const char *th_event_type_name(enum th_event_type t);

/* Of a set of types, the main one's name. */
const char *th_event_type_main(unsigned types);

#endif
