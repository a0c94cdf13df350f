/* What was said: the messages of a request to a model, and its answer as one more, in one shape for
 * every dialect.
 *
 * Roles and parts as OpenTelemetry has them (semantic conventions for generative AI, the schema of
 * gen_ai.input.messages). Requests of all dialects are read by one reader that goes by the shape of
 * a part, not by the name of the provider: gateways mix them. Answers come from the dialect. */
#ifndef GENAI_CONVERSATION_H
#define GENAI_CONVERSATION_H

#include "genai/genai.h"

enum th_part_kind {
	TH_PART_TEXT,
	TH_PART_REASONING,
	TH_PART_TOOL_CALL,
	TH_PART_TOOL_RESULT,
	TH_PART_MEDIA, /* an image, a sound, a file: its data are left out */
	TH_N_PARTS,
};

/* Texts are never NULL. */
struct th_part {
	enum th_part_kind kind;
	char *text;  /* words; arguments of a call (JSON); a result; of media: what it is */
	char *id;    /* of calls and results; "" when the dialect gives none */
	char *name;  /* of calls, maybe of results */
	size_t size; /* bytes of the JSON it came as; of an answer: of its text */
	bool is_error;
};

struct th_turn {
	char *role; /* "system", "user", "assistant", "tool", or another as sent */
	struct th_part *parts;
	size_t n_parts;
};

/* A tool as offered to the model. */
struct th_offer {
	char *name, *description; /* never NULL */
	char *parameters;	  /* JSON schema; "" when there is none */
	size_t size;		  /* bytes of the JSON it came as */
};

struct th_conversation {
	struct th_call *call; /* what th_call_read() gives */
	struct th_turn *turns;
	size_t n_turns;
	bool answered; /* the last turn is the answer; the others are the request */
	struct th_offer *offers;
	size_t n_offers;
};

/* 0 and the conversation, with no turn when the exchange is no talk with a model; -ENOENT: it is
 * none that is known; -ENOMEM. Release with th_conversation_free(). */
int th_conversation_read(const struct th_exchange *x, struct th_conversation **ret_conversation);

/* Takes NULL; returns NULL. */
struct th_conversation *th_conversation_free(struct th_conversation *c);

/* "text", "reasoning", "tool_call", "tool_call_response", "media". */
const char *th_part_kind_name(enum th_part_kind kind);

#endif
