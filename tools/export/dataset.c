/* Rows for evaluations: what a model was asked, what it said, and what is known about it. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "tools/call_json.h"
#include "tools/export/export.h"
#include "tools/export/messages_json.h"
#include "tools/feedback.h"
#include "tools/tools.h"

static void put_json(struct th_jout *j, const char *key, const char *json)
{
	th_jout_key(j, key);
	th_jout_json(j, th_slice_str(json ? json : "null"));
}

static void put_metadata(struct th_jout *j, const struct th_span_facts *f)
{
	const struct th_call *c = f->call;
	th_jout_key(j, "metadata");
	th_jout_open(j, '{');
	th_jout_key(j, "trace_id");
	th_jout_hex(j, f->run->trace_id, TH_TRACE_ID_BYTES);
	th_jout_key(j, "span_id");
	th_jout_hex(j, th_span_id(f), TH_SPAN_ID_BYTES);
	th_jout_put_text(j, "provider", c->provider);
	th_jout_put_text(j, "model", th_call_model(c));
	th_jout_put_text(j, "operation", th_operation_name(c->operation));
	th_jout_put_text(j, "finish", th_finish_name(c->finish));
	th_jout_put_text(j, "status", f->status);
	th_jout_put_text(j, "error", c->error_type);
	th_jout_put_u64(j, "start_unix_nano", f->start);
	th_jout_put_u64(j, "duration_ns", th_span_took(f));
	th_call_json_count(j, "input_tokens", c->tokens.input);
	th_call_json_count(j, "output_tokens", c->tokens.output);
	th_jout_put_bool(j, "redacted", f->event.exchange->redacted);
	th_feedback_json(j, f->run, th_span_id(f));
	th_jout_close(j, '}');
}

static void put_row(const struct th_export *e, const struct th_span_facts *f)
{
	struct th_conversation *c = NULL;
	int r = th_conversation_read(f->event.exchange, &c);
	if (r == -ENOMEM) {
		th_tool_no_memory();
	}
	if (r == 0) {
		struct th_jout j = {.out = e->out};
		th_auto_free char *input = th_messages_json(c, TH_MESSAGES_ALL, e->style.text_max);
		th_auto_free char *output = th_messages_json(
			c, TH_MESSAGES_OUTPUT, e->style.text_max);
		th_auto_free char *tools = th_messages_json(
			c, TH_MESSAGES_TOOLS, e->style.text_max);
		th_jout_open(&j, '{');
		put_json(&j, "input", input);
		put_json(&j, "output", output);
		put_json(&j, "tools", tools);
		put_metadata(&j, f);
		th_jout_close(&j, '}');
		fputc('\n', e->out);
	}
	th_conversation_free(c);
}

int th_export_dataset(const struct th_export *e, const struct th_view_runs *runs)
{
	for (size_t r = 0; r < runs->n; r++) {
		for (size_t i = 0; i < runs->runs[r].spans.n; i++) {
			const struct th_span_facts *f = &runs->runs[r].spans.spans[i];
			if (runs->runs[r].shown[i] && f->call && th_call_is_llm(f->call)) {
				put_row(e, f);
			}
		}
	}
	return TH_EXIT_OK;
}
