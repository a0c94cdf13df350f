#include "genai/event_type.h"

#include "trace/http.h"

#define BIT(type) (1u << (type))

static bool is_tool_call(const struct th_call *c)
{
	return c->operation == TH_OP_MCP && c->mcp.asked.method &&
		strcmp(c->mcp.asked.method, "tools/call") == 0;
}

const char *th_decision_of(const struct th_call *c)
{
	if (!c || !th_call_is_llm(c)) {
		return NULL;
	}
	if (c->n_tool_calls) {
		return th_finish_name(TH_FINISH_TOOL_CALL);
	}
	return c->n_offers && !c->error_type ? th_finish_name(c->finish) : NULL;
}

unsigned th_event_types_of_exchange(const struct th_exchange *x, const struct th_call *c)
{
	bool error = th_http_outcome(x, NULL)[0] == 'e' || (c && c->error_type);
	unsigned types = error ? BIT(TH_TYPE_ERROR) : 0;
	if (c && th_call_is_llm(c)) {
		types |= BIT(TH_TYPE_LLM_CALL);
		types |= th_decision_of(c) ? BIT(TH_TYPE_DECISION) : 0;
		types |= c->new_turn ? BIT(TH_TYPE_STATE_TRANSITION) : 0;
	} else if (c && is_tool_call(c)) {
		types |= BIT(TH_TYPE_TOOL_CALL);
	} else if (th_http_status(x)) {
		types |= BIT(TH_TYPE_HTTP);
	}
	return types ? types : BIT(TH_TYPE_ERROR); /* nothing came back */
}

unsigned th_event_types_of_tool(const struct th_tool_span *t)
{
	bool error = t->result && t->result->is_error;
	return BIT(TH_TYPE_TOOL_CALL) | (error ? BIT(TH_TYPE_ERROR) : 0);
}

const char *th_event_type_name(enum th_event_type t)
{
	static const char *const names[TH_N_TYPES] = {"LLM_CALL", "TOOL_CALL", "HTTP", "PROCESS",
		"DECISION", "STATE_TRANSITION", "ERROR"};
	return names[t];
}

const char *th_event_type_main(unsigned types)
{
	unsigned t = 0;
	while (t + 1 < TH_N_TYPES && !(types & BIT(t))) {
		t++;
	}
	return th_event_type_name(t);
}
