/* Inside genai/: what a dialect is, and what it has at hand while it reads.
 *
 * A dialect is one file: it says whether an exchange speaks it, and takes facts out of the
 * request, the whole answer, or the events of a stream one by one. Everything about bytes (content
 * codings, event framing, cut JSON, arrival times) is done before by reading.c; what all dialects
 * settle in the same way is done after. */
#ifndef GENAI_DIALECT_H
#define GENAI_DIALECT_H

#include <cjson/cJSON.h>

#include "genai/dig.h"
#include "genai/genai.h"
#include "genai/words.h"

#define TH_CALL_TOOLS_MAX 4096	       /* tool calls of one answer */
#define TH_CALL_RESULTS_MAX 65536      /* tool results of one request */
#define TH_BATCH_LOOKS_MAX (16u << 20) /* ids compared to join the answers to a batch */

enum th_claim {
	TH_CLAIM_NONE,
	TH_CLAIM_SHAPE, /* the bodies look like it */
	TH_CLAIM_PATH,	/* the path says so */
};

/* Where in a stream a tool call stands. */
struct th_slot {
	uint64_t place;
	size_t call;
	size_t n, cap; /* of its arguments */
};

/* What the model said, kept only for whoever wants to read it (conversation.c). */
struct th_said {
	struct th_words words, thoughts;
	cJSON *question;
};

struct th_reading {
	const struct th_exchange *exchange;
	struct th_slice method, path, query; /* path without its query */
	const char *host;		     /* lower case, without a port that is the scheme's */
	const cJSON *question;		     /* request body; NULL: none, or no JSON */
	const cJSON *whole;		     /* the answer when it is one JSON value; NULL */
	uint16_t status;
	struct th_call *call;		  /* under construction */
	struct th_count fresh_input;	  /* kept by dialects whose input leaves caches out */
	uint64_t asked_bytes, said_bytes; /* of text: what estimates are made from */
	size_t at;			  /* where in the answer the event ends */
	bool has_content;		  /* set by a dialect: this event carries content */
	size_t batch_next, batch_looks;	  /* a dialect's own: answers to a batch (mcp.c) */
	bool is_final;			  /* set by a dialect: the stream has come to its end */
	bool failed;			  /* no memory */
	struct th_said *said;		  /* NULL: nobody wants to know */
	struct th_slot slots[256];	  /* tool calls of a stream */
	size_t n_slots;
};

struct th_dialect {
	const char *name;
	enum th_claim (*claims)(const struct th_reading *r);
	void (*question)(struct th_reading *r);
	/* The whole answer, when it is no stream. */
	void (*answer)(struct th_reading *r, const cJSON *a);
	/* One event of a stream; `name` is that of the framing, maybe empty. */
	void (*event)(struct th_reading *r, struct th_slice name, const cJSON *e);
	/* An event that is no JSON; NULL: of no interest. */
	void (*plain)(struct th_reading *r, struct th_slice name, struct th_slice text);
	bool knows_errors; /* event() wants to see errors, too */
};

extern const struct th_dialect th_anthropic, th_bedrock_converse, th_bedrock_invoke, th_cohere,
	th_gemini, th_mcp, th_models, th_ollama, th_openai_chat, th_openai_completions,
	th_openai_embeddings, th_openai_responses;

/* ---- what a dialect says ---- */

/* Copies the text; NULL is nothing. Frees what was there. */
void th_say_text(struct th_reading *r, char **at, const char *text);
/* The same unless there is one already. */
void th_say_once(struct th_reading *r, char **at, const char *text);

/* The array with room for one more element behind n; NULL without memory. */
void *th_say_room(struct th_reading *r, void *array, size_t n, size_t size);

/* A new tool call; NULL without memory or beyond the limit. Arguments may be text, or any other
 * JSON value, which is printed. All may be NULL. */
struct th_tool_call *th_say_tool_call(
	struct th_reading *r, const char *id, const char *name, const cJSON *arguments);

/* The tool call at a place of the stream (choice, index), new if there is none yet; NULL beyond the
 * limit. */
struct th_tool_call *th_say_tool_at(struct th_reading *r, double choice, double index);

/* More of the arguments of a call in a stream. */
void th_say_arguments(struct th_reading *r, struct th_tool_call *t, const char *more);

/* A result in the request. Its content may be text, a list of parts with a text, or any JSON. */
void th_say_tool_result(struct th_reading *r, const char *id, const char *name,
	const cJSON *content, bool is_error);

/* Why a choice ended; the first to say so speaks for all. NULL is nothing. */
void th_say_finish(struct th_reading *r, double choice, const char *reason);

/* Reported numbers: kept when the JSON is a number that a count can be; else what was there
 * stays. */
void th_say_count(struct th_count *count, const cJSON *number);

/* a + b when both are there, else the one that is; derived, or as weak as the weaker. */
struct th_count th_count_sum(struct th_count a, struct th_count b);

/* Text that the model made: words of its answer, its reasoning, or anything else that costs tokens.
 * All may be NULL. */
void th_said(struct th_reading *r, const char *text);
void th_thought(struct th_reading *r, const char *text);
void th_made(struct th_reading *r, const char *text);

/* Text that it was given: for estimates. */
void th_asked(struct th_reading *r, const cJSON *content);

/* Nothing was said so far: the whole of it follows. */
void th_forget_said(struct th_reading *r);

/* Error as any provider writes it, at the top of a body or event; false: it is none. */
bool th_say_error(struct th_reading *r, const cJSON *body);

/* th_call_read(); what was said goes to *ret_said, with the request's body (NULL: none, or no
 * JSON), unless that is NULL. Whoever asked frees it, also after a failure. */
int th_reading_do(const struct th_exchange *x, struct th_said *ret_said, struct th_call **ret_call);

/* ---- looking at the request ---- */

/* th_call.parameters, by the names that any dialect has for them. */
void th_read_parameters(struct th_reading *r);

/* Does the path end with this? "/chat/completions" */
bool th_path_ends(const struct th_reading *r, const char *suffix);
bool th_path_has(const struct th_reading *r, const char *part);
bool th_method_is(const struct th_reading *r, const char *method);

/* Of method, host, path and decoded body. */
uint64_t th_reading_fingerprint(const struct th_reading *r, struct th_slice body);

/* A segment of a path without its percent-encoding. The caller frees; NULL without memory. */
char *th_path_segment(struct th_slice segment);

/* The model asked for, out of "…/models/NAME:verb". */
void th_path_model(struct th_reading *r);

/* Provider of a host; NULL: the host is its own name. */
const char *th_provider_of(const struct th_reading *r);

enum th_finish th_finish_of(const char *raw);

#endif
