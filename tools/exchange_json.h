/* The members of an exchange's JSON object, and the small ones that other objects share. */
#ifndef TOOLS_EXCHANGE_JSON_H
#define TOOLS_EXCHANGE_JSON_H

#include "genai/genai.h"
#include "tools/json_out.h"
#include "trace/http.h"

/* Everything after "trace_id". `call`: what it meant; may be NULL. */
void th_exchange_json(struct th_jout *j, const struct th_exchange *x, const struct th_call *call);

/* An id in hex; null when it is all zeros. */
void th_span_json_id(struct th_jout *j, const char *key, const uint8_t *id, size_t n);

/* "peer_address" and "peer_port"; c may be NULL. */
void th_span_json_connection(struct th_jout *j, const struct th_connection *c);

/* Method and path without its query: the name under which like calls come together. As it came,
 * whatever bytes that are. The caller frees. */
char *th_exchange_name(const struct th_exchange *x);

/* What follows the last slash. */
struct th_slice th_span_base_name(struct th_slice path);

/* The name by which a process is shown: the last part of argv[0] or of its executable. */
struct th_slice th_span_process_name(const struct th_process *p);

/* End of an exchange: the later of its two ends. */
uint64_t th_exchange_end(const struct th_exchange *x);

#endif
