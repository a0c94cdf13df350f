/* JSON inside base64 (RFC 4648), as Bedrock wraps the events of a stream. */
#ifndef GENAI_UNWRAP_H
#define GENAI_UNWRAP_H

#include <cjson/cJSON.h>

/* NULL: no base64, or no JSON in it. The caller frees. */
cJSON *th_unwrap_base64(const char *text);

#endif
