#include "tools/call_json.h"

#include "genai/event_type.h"

void th_call_json_count(struct th_jout *j, const char *key, struct th_count c)
{
	if (c.from == TH_ABSENT) {
		th_jout_put_null(j, key);
	} else {
		th_jout_put_u64(j, key, c.n);
	}
}

void th_call_json_tokens(struct th_jout *j, const char *key, const struct th_tokens *t)
{
	th_jout_key(j, key);
	th_jout_open(j, '{');
	th_call_json_count(j, "input", t->input);
	th_call_json_count(j, "output", t->output);
	th_call_json_count(j, "cache_read", t->cache_read);
	th_call_json_count(j, "cache_write", t->cache_write);
	th_call_json_count(j, "reasoning", t->reasoning);
	th_call_json_count(j, "total", t->total);
	th_jout_put_text(j, "source", th_provenance_name(th_tokens_source(t)));
	th_jout_close(j, '}');
}

/* Which tools of how many, or which branch instead. */
static void put_decision(struct th_jout *j, const struct th_call *c)
{
	const char *branch = th_decision_of(c);
	if (!branch) {
		th_jout_put_null(j, "decision");
		return;
	}
	th_jout_key(j, "decision");
	th_jout_open(j, '{');
	th_jout_put_text(j, "branch", branch);
	th_jout_key(j, "tools");
	th_jout_open(j, '[');
	for (size_t i = 0; i < c->n_tool_calls; i++) {
		th_jout_text(j, c->tool_calls[i].name);
	}
	th_jout_close(j, ']');
	th_jout_put_u64(j, "offered", c->n_offers);
	th_jout_close(j, '}');
}

void th_call_json(struct th_jout *j, const struct th_call *c)
{
	th_jout_put_text(j, "operation", c ? th_operation_name(c->operation) : NULL);
	th_jout_put_text(j, "provider", c ? c->provider : NULL);
	th_jout_put_text(j, "model", c ? th_call_model(c) : NULL);
	th_jout_put_text(j, "finish", c ? th_finish_name(c->finish) : NULL);
	if (!c) {
		th_jout_put_null(j, "streamed");
		th_jout_put_null(j, "resend_count");
		th_jout_put_null(j, "tokens");
		th_jout_put_null(j, "decision");
		return;
	}
	th_jout_put_bool(j, "streamed", c->streamed);
	th_jout_put_u64(j, "resend_count", c->resend_count);
	if (th_call_is_llm(c)) {
		th_call_json_tokens(j, "tokens", &c->tokens);
	} else {
		th_jout_put_null(j, "tokens");
	}
	put_decision(j, c);
}
