/* What the views (list, tree, spans, stats) show of one thing that happened in a run: the same
 * facts under the same names, whatever it was.
 *
 * Derived when reading; nothing is guessed. Bodies are not looked at here. */
#ifndef TOOLS_SPAN_FACTS_H
#define TOOLS_SPAN_FACTS_H

#include "genai/event_type.h"
#include "genai/tool_work.h"
#include "tools/events.h"
#include "tools/json_out.h"
#include "tools/table.h"
#include "trace/http.h"

#define TH_SPAN_NO_PARENT SIZE_MAX /* a root, or its parent was not recorded */

struct th_span_facts {
	struct th_event event;
	const struct th_run *run;
	const struct th_process *process; /* it belongs to, or it is; NULL: not known */
	const struct th_call *call;	  /* what the exchange meant; NULL: not known */
	const struct th_tool_work *work;  /* of tools: what did their work; else NULL */
	unsigned types;			  /* bits of enum th_event_type */
	const char *type;     /* the main one: "LLM_CALL", "TOOL_CALL", "HTTP", "PROCESS", "ERROR",
				 "OPAQUE" */
	const char *status;   /* "ok", "error", "unset" */
	const char *why;      /* of the status, one clause; "" */
	char *words;	      /* `why`, where it is the capture's; NULL */
	char *name;	      /* as it came: th_text_line() before it is shown */
	char *title;	      /* of calls: what they were for; NULL */
	char *host;	      /* as in a URL; NULL: it has none */
	uint64_t start, end;  /* ns since the epoch; end 0: not known */
	uint64_t first;	      /* from request to first byte, ns; 0: not known */
	uint16_t http_status; /* 0: none */
	size_t parent;	      /* place in the list; TH_SPAN_NO_PARENT */
};

struct th_span_list {
	struct th_span_facts *spans; /* in order of time */
	size_t n;
	struct th_calls calls;
	struct th_tool_spans tools;
	struct th_tool_work *work; /* one per tool */
};

/* All spans of the run. Release with th_span_list_finish(). */
struct th_span_list th_span_list_of(const struct th_run *run);
void th_span_list_finish(struct th_span_list *l);

/* How long it took, ns; 0 when its end is not known. */
static inline uint64_t th_span_took(const struct th_span_facts *f)
{
	return f->end > f->start ? f->end - f->start : 0;
}

/* The id: of processes, exchanges and tools their own; NULL for what has none. */
const uint8_t *th_span_id(const struct th_span_facts *f);

/* The name for people. */
const char *th_span_title(const struct th_span_facts *f);

/* Of calls that a model worked for; false: it is none. */
bool th_span_tokens(const struct th_span_facts *f, struct th_tokens *ret_tokens);

/* "1200→34", "?→34" when one is not known, "~1200→34" when estimated; "". The caller frees. */
char *th_span_tokens_text(const struct th_span_facts *f);
char *th_span_count_text(const struct th_tokens *t);

/* What whoever waits for it waits: to a stream's first content, else to the first byte, ns; 0: not
 * known. */
uint64_t th_span_first(const struct th_span_facts *f);

/* The model that answered or was asked; NULL: none, or not known. */
const char *th_span_model(const struct th_span_facts *f);

/* "weather, search", or "stop": what the model chose; NULL: the span is no decision. The caller
 * frees. */
char *th_span_decision(const struct th_span_facts *f);

/* Status in a word or a clause: "200", "503", "the connection was reset", "" when all is well with
 * something that has no number; and, in brackets, what was said of it since. The caller frees. */
char *th_span_outcome(const struct th_span_facts *f);

/* How its line is coloured: the server's faults and broken connections worse than what a client may
 * be told. */
enum th_table_tone th_span_tone(const struct th_span_facts *f);

/* The members of a span's JSON object, after an opened brace: ids, name, times, status. */
void th_span_facts_json(struct th_jout *j, const struct th_span_facts *f);

#endif
