/* What OpenAI's dialects share. */
#ifndef GENAI_OPENAI_H
#define GENAI_OPENAI_H

#include "genai/dialect.h"

/* The model asked for: in the body, or the deployment in an Azure path. */
void th_openai_model(struct th_reading *r);

/* Id, model used, and usage of an answer or event. */
void th_openai_identity(struct th_reading *r, const cJSON *a);

/* Usage in the words of completions (prompt_tokens …) and of responses (input_tokens …). */
void th_openai_usage(struct th_reading *r, const cJSON *usage);

#endif
