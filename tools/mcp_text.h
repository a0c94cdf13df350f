/* A request to an MCP server, and the answer to it, wherever that came. */
#ifndef TOOLS_MCP_TEXT_H
#define TOOLS_MCP_TEXT_H

#include <stdio.h>

#include "genai/genai.h"

/* False: it is no such request, and nothing was printed. */
bool th_mcp_text(FILE *out, const struct th_run *run, const struct th_exchange *x, bool colour);

#endif
