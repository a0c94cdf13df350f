/* What Bedrock's dialects share. */
#ifndef GENAI_BEDROCK_H
#define GENAI_BEDROCK_H

#include "genai/dialect.h"

/* The model asked for, out of "/model/ID/verb". */
void th_bedrock_model(struct th_reading *r);

/* Usage in converse's words. */
void th_bedrock_usage(struct th_reading *r, const cJSON *usage);

#endif
