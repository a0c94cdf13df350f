/* The members of a JSON object that tell what an exchange meant. */
#ifndef TOOLS_CALL_JSON_H
#define TOOLS_CALL_JSON_H

#include "genai/genai.h"
#include "tools/json_out.h"

/* "operation", "provider", "model", "streamed", "finish", "resend_count", "tokens" and
 * "decision"; c may be NULL: each is null. */
void th_call_json(struct th_jout *j, const struct th_call *c);

/* An object of counts, null where absent, and their "source". */
void th_call_json_tokens(struct th_jout *j, const char *key, const struct th_tokens *t);

/* A count; null when nobody knows it. */
void th_call_json_count(struct th_jout *j, const char *key, struct th_count c);

#endif
