/* Names that differ between versions of the conventions, and the few rules about values. Source:
 * OpenTelemetry semantic conventions 1.36, 1.41; semantic-conventions-genai. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tools/export/otel.h"
#include "tools/tools.h"

static const char *const keys[TH_N_OTEL_FACTS][TH_N_SEMCONVS] = {
	[TH_OTEL_PROVIDER] = {"gen_ai.system", "gen_ai.provider.name", "gen_ai.provider.name"},
	[TH_OTEL_CACHE_READ] = {NULL, "gen_ai.usage.cache_read.input_tokens",
		"gen_ai.usage.cache_read.input_tokens"},
	[TH_OTEL_CACHE_WRITE] = {NULL, "gen_ai.usage.cache_creation.input_tokens",
		"gen_ai.usage.cache_write.input_tokens"},
	[TH_OTEL_REASONING] = {NULL, "gen_ai.usage.reasoning.output_tokens",
		"gen_ai.usage.reasoning.output_tokens"},
	[TH_OTEL_FIRST_CHUNK] = {NULL, "gen_ai.response.time_to_first_chunk",
		"gen_ai.response.time_to_first_chunk"},
	[TH_OTEL_STREAM] = {NULL, "gen_ai.request.stream", "gen_ai.request.stream"},
	[TH_OTEL_OUTPUT_TYPE] = {"gen_ai.output.type", "gen_ai.output.type", "gen_ai.output.type"},
	[TH_OTEL_REASONING_LEVEL] = {NULL, NULL, "gen_ai.request.reasoning.level"},
	[TH_OTEL_INPUT_MESSAGES] = {NULL, "gen_ai.input.messages", "gen_ai.input.messages"},
	[TH_OTEL_OUTPUT_MESSAGES] = {NULL, "gen_ai.output.messages", "gen_ai.output.messages"},
	[TH_OTEL_SYSTEM] = {NULL, "gen_ai.system_instructions", "gen_ai.system_instructions"},
	[TH_OTEL_TOOLS] = {NULL, "gen_ai.tool.definitions", "gen_ai.tool.definitions"},
};

const char *th_otel_key(enum th_semconv v, enum th_otel_fact fact)
{
	return keys[fact][v];
}

const char *th_semconv_name(enum th_semconv v)
{
	static const char *const names[TH_N_SEMCONVS] = {"1.36", "1.41", "latest"};
	return names[v];
}

const char *th_otel_operation(const struct th_call *c)
{
	switch (c->operation) {
	case TH_OP_CHAT:
		return strcmp(c->dialect, "gemini") == 0 ? "generate_content" : "chat";
	case TH_OP_RESPONSES:
		return "chat";
	case TH_OP_COMPLETION:
		return "text_completion";
	case TH_OP_EMBEDDINGS:
		return "embeddings";
	case TH_OP_MCP:
		return c->mcp.asked.method && strcmp(c->mcp.asked.method, "tools/call") == 0
			? "execute_tool"
			: NULL;
	default:
		return th_operation_name(c->operation);
	}
}

char *th_otel_error_type(const struct th_span_facts *f)
{
	if (strcmp(f->status, "error") != 0) {
		return NULL;
	}
	const struct th_call *c = f->call;
	if (c && c->error_type) {
		return th_tool_format("%s", c->error_type);
	}
	if (f->http_status >= 400) {
		return th_tool_format("%u", f->http_status);
	}
	return th_tool_format("%s", *f->why ? f->why : "_OTHER");
}

void th_otel_server(const struct th_span_facts *f, char **ret_host, uint16_t *ret_port)
{
	const char *host = f->host ? f->host : "";
	const char *colon = strrchr(host, ':'), *bracket = strrchr(host, ']');
	uint64_t port = 0;
	size_t n = strlen(host);
	if (colon && colon > bracket && th_parse_u64(th_slice_str(colon + 1), &port)) {
		n = (size_t)(colon - host);
	}
	bool bare = n > 2 && host[0] == '[' && host[n - 1] == ']';
	*ret_host = th_tool_format("%.*s", (int)(bare ? n - 2 : n), host + bare);
	*ret_port = port <= UINT16_MAX ? (uint16_t)port : 0;
	if (port == 0 && f->event.kind == TH_EVENT_EXCHANGE) {
		*ret_port = strcmp(th_http_scheme(f->event.exchange), "https") == 0 ? 443 : 80;
	}
}
