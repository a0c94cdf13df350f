/* What did the work of a tool: an exchange, or a process, that ran between the model's call and the
 * program's handing the result over. */
#ifndef GENAI_TOOL_WORK_H
#define GENAI_TOOL_WORK_H

#include "genai/tool_spans.h"

struct th_tool_work {
	const struct th_exchange *exchange; /* NULL: none was found */
	const struct th_process *process;   /* NULL: none was found */
	bool by_name; /* the exchange bears the tool's name; else only its time fits */
};

/* One for each tool span, in their order; the caller frees. An exchange is the work of one tool
 * only. By name first: an MCP call of the tool (equal arguments before others), then a path that
 * has the tool's name in it. By time only what is alone with the tool in its span of time. 0 or
 * -ENOMEM. */
int th_tool_work_of(const struct th_run *run, const struct th_calls *calls,
	const struct th_tool_spans *spans, struct th_tool_work **ret_work);

#endif
