/* Inside genai/: the request's side of a conversation, from its JSON. */
#ifndef GENAI_CONVERSATION_READ_H
#define GENAI_CONVERSATION_READ_H

#include <cjson/cJSON.h>

#include "genai/conversation.h"

#define TH_TURNS_MAX 65536
#define TH_PARTS_MAX 65536 /* of one turn */
#define TH_OFFERS_MAX 4096

/* Adds the turns and the tools of a request. 0 or -ENOMEM. */
int th_conversation_question(struct th_conversation *c, const cJSON *question);

/* A new turn, and a new part of one; texts are copied, NULL is "". NULL: no memory, or the limit.
 */
struct th_turn *th_conversation_turn(struct th_conversation *c, const char *role);
struct th_part *th_conversation_part(
	struct th_turn *t, enum th_part_kind kind, const char *text, size_t size);

#endif
