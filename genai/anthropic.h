/* Anthropic's bodies travel through other doors too: Vertex, Bedrock's invoke. */
#ifndef GENAI_ANTHROPIC_H
#define GENAI_ANTHROPIC_H

#include "genai/dialect.h"

void th_anthropic_question(struct th_reading *r);
void th_anthropic_answer(struct th_reading *r, const cJSON *a);
void th_anthropic_event(struct th_reading *r, struct th_slice name, const cJSON *e);

#endif
