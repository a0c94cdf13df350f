/* The members of a span's JSON object that tell what it meant. */
#ifndef TOOLS_MEANING_JSON_H
#define TOOLS_MEANING_JSON_H

#include "genai/tool_work.h"
#include "tools/json_out.h"

/* "event_type" and "event_types": a set of them. */
void th_meaning_json_types(struct th_jout *j, unsigned types);

/* "event_types" alone. */
void th_meaning_json_type_list(struct th_jout *j, unsigned types);

/* "event_type", "event_types", "model", "tokens"; of calls everything else that is known, too. c
 * may be NULL. */
void th_meaning_json_exchange(
	struct th_jout *j, const struct th_exchange *x, const struct th_call *c);

/* "work_span_id" and "work_found_by": the exchange or process that did a tool's work. */
void th_meaning_json_work(struct th_jout *j, const struct th_tool_work *w);

/* A line of its own for a tool's span. */
void th_meaning_json_tool(FILE *out, const struct th_run *run, const struct th_tool_span *t,
	const struct th_tool_work *work);

#endif
