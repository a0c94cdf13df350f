/* A call to a model as the conversation that it is: who said what, tools called and their results.
 * What the bytes were is exchange_text.h's. */
#ifndef TOOLS_CONVERSATION_TEXT_H
#define TOOLS_CONVERSATION_TEXT_H

#include <stdio.h>

#include "genai/conversation.h"

/* False: there is nothing to show as a conversation, and nothing was printed. */
bool th_conversation_text(
	FILE *out, const struct th_run *run, const struct th_exchange *x, bool colour);

#endif
