/* What was said over a WebSocket as JSON: an object for each frame. */
#ifndef TOOLS_WS_JSON_H
#define TOOLS_WS_JSON_H

#include "tools/json_out.h"
#include "trace/trace.h"

/* The member "websocket_frames"; none when it is no WebSocket. `start`: of the exchange. */
void th_ws_json(struct th_jout *j, const struct th_exchange *x, uint64_t start);

#endif
