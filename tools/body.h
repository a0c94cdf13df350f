/* A body as people and hashes want it: without chunk framing and content coding. */
#ifndef TOOLS_BODY_H
#define TOOLS_BODY_H

#include "trace/http.h"

struct th_body {
	uint8_t *bytes;
	size_t n;
	const char *trouble;  /* why it is not what was meant, one clause; NULL: it is */
	bool text;	      /* valid UTF-8 */
	bool partial;	      /* further bytes came, and what they stand for is not here */
	bool limited;	      /* for TH_BODY_LIMIT or its like */
	struct th_slice type; /* Content-Type, may be empty */
};

/* An unknown content coding leaves the body as it came. Release with th_body_finish(). */
struct th_body th_body_load(const struct th_message *m);
void th_body_finish(struct th_body *b);

static inline struct th_slice th_body_slice(const struct th_body *b)
{
	return (struct th_slice){b->bytes, b->n};
}

#define TH_BODY_HASH_CHARS 65

/* SHA-256 of the body in its canonical form (JSON: as the matcher compares it), hex and NUL. */
void th_body_hash(const struct th_body *b, char ret_hex[TH_BODY_HASH_CHARS]);

/* The same of a text that is JSON, maybe. */
void th_body_hash_text(const char *text, char ret_hex[TH_BODY_HASH_CHARS]);

#endif
