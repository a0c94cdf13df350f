/* Meaning: what an exchange with a model (or an MCP server) was about. Derived when reading, from
 * any capture.
 *
 * Neutral facts only; names of other people's conventions are chosen where they are exported.
 * Every count says where it comes from, and one that nobody knows is absent, which is not 0.
 * What a cut answer said before it was cut counts. */
#ifndef GENAI_GENAI_H
#define GENAI_GENAI_H

#include "trace/trace.h"

enum th_provenance {
	TH_ABSENT,    /* nobody said, and it cannot be told */
	TH_ESTIMATED, /* from the length of the text: a quarter of its bytes */
	TH_DERIVED,   /* computed from reported numbers, or reported before the answer was cut */
	TH_REPORTED,  /* the provider's own number */
};

struct th_count {
	enum th_provenance from;
	uint64_t n; /* 0 when absent */
};

/* The same for every provider: input holds what was read from and written to caches, output holds
 * reasoning. */
struct th_tokens {
	struct th_count input, output, cache_read, cache_write, reasoning, total;
};

enum th_operation {
	TH_OP_CHAT,	  /* any shape of conversation but the next */
	TH_OP_RESPONSES,  /* OpenAI's responses */
	TH_OP_COMPLETION, /* a text goes on */
	TH_OP_EMBEDDINGS,
	TH_OP_RERANK,
	TH_OP_FETCH, /* an answer made earlier: its tokens were counted there */
	TH_OP_COUNT_TOKENS,
	TH_OP_MODELS, /* a list of models, or one */
	TH_OP_MCP,    /* a message to an MCP server, or its stream of messages */
};

enum th_finish {
	TH_FINISH_UNKNOWN, /* no reason was given, or one that we do not know */
	TH_FINISH_STOP,
	TH_FINISH_LENGTH,
	TH_FINISH_TOOL_CALL,
	TH_FINISH_CONTENT_FILTER,
	TH_FINISH_PAUSE,
	TH_FINISH_ERROR, /* also: the answer was cut before its end */
};

/* A tool that the model asked for. Texts are never NULL. */
struct th_tool_call {
	char *id; /* "": the dialect gives none: calls pair with results by name and order */
	char *name;
	char *arguments; /* JSON text as sent; of objects: printed without spaces */
	bool by_server;	 /* the provider ran it: no result will be sent */
};

/* What a tool gave, as the request hands it to the model. */
struct th_tool_result {
	char *id, *name; /* "" when not given */
	char *text;
	bool is_error;
};

/* A message of the Model Context Protocol and the answer to it. NULL when there is none of it. */
struct th_mcp_message {
	char *method;	 /* "tools/call"; NULL: a stream from the server, or an answer to it */
	char *id;	 /* JSON-RPC id as text; NULL: a notification */
	char *target;	 /* tool, prompt, or resource URI */
	char *arguments; /* JSON text */
	char *result;	 /* JSON text; NULL: none was seen */
	char *error_code, *error_message; /* of the protocol */
	bool tool_error;		  /* the tool itself said that it failed */
	size_t offset;	   /* of an answer that a stream carried: where in the body it ends */
	uint64_t answered; /* when another exchange's stream carried its answer, ns; 0: none did */
};

/* What an exchange was for an MCP server, of any era. */
struct th_mcp {
	struct th_mcp_message asked; /* of a batch the first request */
	/* The others of a batch; of a stream from the server the answers that it carried. */
	struct th_mcp_message *others;
	size_t n_others;
	char *endpoint; /* where that stream asked for posts; NULL: in a newer era */
	char *version;	/* of the protocol */
	char *session;	/* as its header was recorded, that is redacted by default */
};

#define TH_STOPS_MAX 8
#define TH_CHOICES_MAX 8

/* What the request asks of the model besides its words. */
struct th_parameters {
	struct th_count max_tokens, seed, choices; /* reported or absent */
	struct th_setting {
		bool there;
		double n;
	} temperature, top_p, top_k, frequency_penalty, presence_penalty;
	char *stops[TH_STOPS_MAX]; /* the first ones */
	size_t n_stops;
	char *reasoning; /* "low" …; NULL: not said */
	bool json;	 /* the answer is to be JSON */
};

/* What an exchange meant. Read only: owned by who got it from th_call_read(). */
struct th_call {
	const struct th_exchange *exchange;
	const char *dialect; /* static: "openai.chat", "anthropic.messages", "mcp" … */
	char *provider;	     /* "openai", "aws.bedrock" …; else the host */
	enum th_operation operation;
	char *model_asked, *model_used; /* NULL: not said */
	bool streamed;			/* the answer came as a stream of events */
	bool cut;			/* the answer, or the stream in it, has no end */
	struct th_tokens tokens;
	char *finish_raw; /* the first choice's, as sent; NULL: none */
	enum th_finish finish;
	char *finishes[TH_CHOICES_MAX]; /* of each choice, by its index; NULL: none */
	struct th_count first_chunk;	/* ns from the request's start to the first event that
					 * carries content; streams only */
	double output_rate;		/* output tokens per second while they came; 0: unknown */
	struct th_tool_call *tool_calls;
	size_t n_tool_calls;
	struct th_tool_result *tool_results;
	size_t n_tool_results;
	size_t n_offers;		  /* tools that the model may choose from */
	size_t n_messages;		  /* of the request, system instructions included */
	bool new_turn;			  /* the last message is the user's own words */
	char *error_type, *error_message; /* NULL: none */
	char *response_id;		  /* NULL: none */
	struct th_parameters parameters;
	uint64_t fingerprint;  /* the same for the same body sent to the same place */
	unsigned resend_count; /* how often the same had failed before; in runs only */
	struct th_mcp mcp;     /* TH_OP_MCP */
};

/* 0 and the call; -ENOENT: the exchange is none that is known; -ENOMEM. */
int th_call_read(const struct th_exchange *x, struct th_call **ret_call);

/* Takes NULL; returns NULL. */
struct th_call *th_call_free(struct th_call *c);

/* The model worked for it: chat, responses, completion, embeddings, rerank. */
bool th_call_is_llm(const struct th_call *c);

/* The model that did it, else the one asked for; NULL: neither is known. */
const char *th_call_model(const struct th_call *c);

/* "reported", "derived", "estimated", "absent". */
const char *th_provenance_name(enum th_provenance p);

/* "chat", "responses", "completion", "embeddings", "rerank", "fetch", "count_tokens", "models",
 * "mcp". */
const char *th_operation_name(enum th_operation o);

/* "stop", "length", "tool_call", "content_filter", "pause", "error"; NULL when unknown. */
const char *th_finish_name(enum th_finish f);

/* The weakest source of the input and output counts that are there. */
enum th_provenance th_tokens_source(const struct th_tokens *t);

/* The calls of a run, by th_exchange.order; NULL where the exchange is none. Retries are counted
 * (th_call.resend_count); a tool result that an earlier request had handed over has no text; what
 * an MCP server answered on its stream stands with what was asked. */
struct th_calls {
	struct th_call **at;
	size_t n;
};

/* 0 or -ENOMEM. Release with th_calls_finish(). */
int th_calls_read(const struct th_run *run, struct th_calls *ret_calls);
void th_calls_finish(struct th_calls *c);

#endif
