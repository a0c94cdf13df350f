/* What became of a span, in the few words that a column has room for. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "genai/event_type.h"
#include "tools/feedback.h"
#include "tools/span_facts.h"
#include "tools/tools.h"
#include "tools/utf8.h"
#include "trace/http.h"

static char *outcome_of(const struct th_span_facts *f)
{
	const struct th_exchange *x = f->event.exchange;
	bool exchange = f->event.kind == TH_EVENT_EXCHANGE;
	unsigned retries = f->call ? f->call->resend_count : 0;
	bool inside = f->call && f->http_status < 300 && *f->why; /* HTTP is content */
	if (exchange && inside && f->call->error_type && !f->call->cut &&
		!f->call->mcp.asked.tool_error) {
		th_auto_free char *type = th_text_line(th_slice_str(f->call->error_type));
		return th_tool_format("error: %s", type);
	}
	if (exchange && !inside && f->http_status && !th_http_truncated(&x->request) &&
		!th_http_truncated(&x->response)) {
		return retries ? th_tool_format("%u, retry %u", f->http_status, retries)
			       : th_tool_format("%u", f->http_status);
	}
	return th_tool_format("%s", f->why);
}

char *th_span_decision(const struct th_span_facts *f)
{
	const char *branch = th_decision_of(f->call);
	if (!branch || f->call->n_tool_calls == 0) {
		return branch ? th_tool_format("%s", branch) : NULL;
	}
	char *names = th_tool_format("%s", "");
	for (size_t i = 0; i < f->call->n_tool_calls; i++) {
		th_auto_free char *before = names;
		names = th_tool_format(
			"%s%s%s", before, i ? ", " : "", f->call->tool_calls[i].name);
	}
	char *line = th_text_line(th_slice_str(names));
	free(names);
	return line;
}

char *th_span_outcome(const struct th_span_facts *f)
{
	char *outcome = outcome_of(f);
	th_auto_free char *said = th_feedback_word(f->run, th_span_id(f));
	if (said) {
		th_auto_free char *plain = outcome;
		outcome = th_tool_format("%s%s[%s]", plain, *plain ? " " : "", said);
	}
	return outcome;
}

enum th_table_tone th_span_tone(const struct th_span_facts *f)
{
	if (strcmp(f->status, "error") == 0) {
		return f->http_status && f->http_status < 500 ? TH_TONE_WARN : TH_TONE_BAD;
	}
	bool unseen = f->event.kind == TH_EVENT_OPAQUE || f->event.kind == TH_EVENT_LEFT;
	return unseen ? TH_TONE_WARN : TH_TONE_NORMAL;
}
