/* Finish reasons of all dialects in one table: no two mean different things by one word. */
#include "genai/dialect.h"

#include <strings.h>

static const struct {
	const char *raw;
	enum th_finish finish;
} reasons[] = {
	{"stop", TH_FINISH_STOP},
	{"end_turn", TH_FINISH_STOP},
	{"stop_sequence", TH_FINISH_STOP},
	{"complete", TH_FINISH_STOP},
	{"completed", TH_FINISH_STOP},
	{"finish", TH_FINISH_STOP},
	{"length", TH_FINISH_LENGTH},
	{"model_length", TH_FINISH_LENGTH},
	{"max_tokens", TH_FINISH_LENGTH},
	{"max_output_tokens", TH_FINISH_LENGTH},
	{"model_context_window_exceeded", TH_FINISH_LENGTH},
	{"tool_calls", TH_FINISH_TOOL_CALL},
	{"tool_call", TH_FINISH_TOOL_CALL},
	{"function_call", TH_FINISH_TOOL_CALL},
	{"tool_use", TH_FINISH_TOOL_CALL},
	{"content_filter", TH_FINISH_CONTENT_FILTER},
	{"content_filtered", TH_FINISH_CONTENT_FILTER},
	{"guardrail_intervened", TH_FINISH_CONTENT_FILTER},
	{"refusal", TH_FINISH_CONTENT_FILTER},
	{"safety", TH_FINISH_CONTENT_FILTER},
	{"recitation", TH_FINISH_CONTENT_FILTER},
	{"blocklist", TH_FINISH_CONTENT_FILTER},
	{"prohibited_content", TH_FINISH_CONTENT_FILTER},
	{"spii", TH_FINISH_CONTENT_FILTER},
	{"image_safety", TH_FINISH_CONTENT_FILTER},
	{"pause_turn", TH_FINISH_PAUSE},
	{"error", TH_FINISH_ERROR},
	{"failed", TH_FINISH_ERROR},
	{"cancelled", TH_FINISH_ERROR},
	{"timeout", TH_FINISH_ERROR},
	{"malformed_function_call", TH_FINISH_ERROR},
	{"unexpected_tool_call", TH_FINISH_ERROR},
	{"too_many_tool_calls", TH_FINISH_ERROR},
};

enum th_finish th_finish_of(const char *raw)
{
	for (size_t i = 0; raw && i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (strcasecmp(raw, reasons[i].raw) == 0) {
			return reasons[i].finish;
		}
	}
	return TH_FINISH_UNKNOWN;
}
