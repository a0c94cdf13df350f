/* Messages to an MCP server whose answers came by another exchange: the session's stream of events,
 * the only way in the protocol's first era, and after a broken connection in its second. */
#ifndef GENAI_MCP_H
#define GENAI_MCP_H

#include "genai/genai.h"

/* Gives each message that has no answer the one with its id that a stream of the same server and
 * session carried after it was asked; each answer once. 0 or -ENOMEM. */
int th_mcp_join(const struct th_calls *calls);

/* An error in the answer is one of the call's; false without memory. */
bool th_mcp_settle(struct th_call *c, const struct th_mcp_message *m);

#endif
