/* A conversation as JSON in the shape of OpenTelemetry's gen_ai.input.messages,
 * gen_ai.output.messages, gen_ai.system_instructions and gen_ai.tool.definitions (the JSON schemas
 * of the semantic conventions): valid JSON always, also when long texts in it were cut. */
#ifndef TOOLS_EXPORT_MESSAGES_JSON_H
#define TOOLS_EXPORT_MESSAGES_JSON_H

#include "genai/conversation.h"

/* Which part of the conversation. */
enum th_messages {
	TH_MESSAGES_SYSTEM, /* parts of the system's turns */
	TH_MESSAGES_INPUT,  /* turns of the request, the system's left out */
	TH_MESSAGES_ALL,    /* turns of the request */
	TH_MESSAGES_OUTPUT,
	TH_MESSAGES_TOOLS,
};

/* Texts longer than `text_max` bytes are cut, and say so (0: never). The caller frees; NULL: there
 * is nothing of it. */
char *th_messages_json(const struct th_conversation *c, enum th_messages which, size_t text_max);

/* One tool as an object: {"type": "function", "name": …}. The caller frees. */
char *th_messages_offer(const struct th_offer *o);

/* A text of at most `text_max` bytes (0: any), cut at a character's end, and saying so. The caller
 * frees; NULL of NULL. */
char *th_messages_cut(const char *text, size_t text_max);

/* The words of the answer, or of the last turn of the request; "" when there are none. The caller
 * frees. */
char *th_messages_words(const struct th_conversation *c, bool answer);

#endif
