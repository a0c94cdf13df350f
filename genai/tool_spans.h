/* Tools at work, inferred from the conversation: the model asked for a call in one answer, and the
 * program handed its result over with a later request. In between the tool ran.
 *
 * Every later request repeats the history, so each call is paired once, with the first request that
 * has its result. By id; where the dialect has none, by name, the last results of a request first.
 */
#ifndef GENAI_TOOL_SPANS_H
#define GENAI_TOOL_SPANS_H

#include "genai/genai.h"

struct th_tool_span {
	const struct th_call *asked;	 /* the answer that asked for it */
	const struct th_tool_call *call; /* there */
	const struct th_call *answered;	 /* the request that has the result; NULL: none was seen */
	const struct th_tool_result *result; /* there; NULL */
	uint8_t span_id[TH_SPAN_ID_BYTES];   /* derived from the exchange's and the place in it */
	uint64_t start, end; /* end of the answer, start of that request; end 0: not known */
};

struct th_tool_spans {
	struct th_tool_span *spans; /* in the order in which they were asked for */
	size_t n;
};

/* Tools that the provider itself ran have no result to come, and are left out. 0 or -ENOMEM. The
 * spans point into `calls`. Release with th_tool_spans_finish(). */
int th_tool_spans_of(const struct th_calls *calls, struct th_tool_spans *ret_spans);
void th_tool_spans_finish(struct th_tool_spans *s);

#endif
