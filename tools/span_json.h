/* One event of a run as one JSON object on one line: the contract of DESIGN 1.3.
 *
 * What is not known is null, never absent and never 0. Bodies are decoded, and text when they are
 * valid UTF-8, else base64 under another key. */
#ifndef TOOLS_SPAN_JSON_H
#define TOOLS_SPAN_JSON_H

#include <stdio.h>

#include "genai/genai.h"
#include "tools/events.h"
#include "tools/json_out.h"

/* `call`: what an exchange meant; may be NULL. */
void th_span_json(FILE *out, const struct th_run *run, const struct th_event *event,
	const struct th_call *call);

/* The run's "k=v,k2=v2" as an object of strings, under "meta". */
void th_span_json_meta(struct th_jout *j, struct th_slice meta);

#endif
