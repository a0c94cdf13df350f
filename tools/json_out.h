/* Writes JSON (RFC 8259) to a stream, value by value, without building it in memory: bodies may be
 * large. Commas are put by the writer; the caller opens and closes in pairs.
 *
 * The output is always valid UTF-8. A string that is not (HTTP allows any byte in a field value)
 * is written as if it were ISO 8859-1, byte by byte, so nothing of it is lost. */
#ifndef TOOLS_JSON_OUT_H
#define TOOLS_JSON_OUT_H

#include <stdio.h>

#include "base/bytes.h"

struct th_jout {
	FILE *out;
	bool comma; /* a value precedes the next one */
};

void th_jout_open(struct th_jout *j, char bracket);  /* '{' or '[' */
void th_jout_close(struct th_jout *j, char bracket); /* '}' or ']' */
void th_jout_key(struct th_jout *j, const char *key);
void th_jout_key_slice(struct th_jout *j, struct th_slice key);

void th_jout_string(struct th_jout *j, struct th_slice s);
void th_jout_text(struct th_jout *j, const char *text); /* NULL: null */
void th_jout_base64(struct th_jout *j, struct th_slice s);
void th_jout_hex(struct th_jout *j, const void *p, size_t n); /* lower case, at most 64 bytes */
void th_jout_u64(struct th_jout *j, uint64_t v);
void th_jout_i64(struct th_jout *j, int64_t v);
void th_jout_double(struct th_jout *j, double v); /* null when it is not finite */
void th_jout_bool(struct th_jout *j, bool v);
void th_jout_null(struct th_jout *j);

/* A member: its key and its value. */
/* A JSON text as it is, on one line. */
void th_jout_json(struct th_jout *j, struct th_slice json);

void th_jout_put_text(struct th_jout *j, const char *key, const char *text); /* NULL: null */
void th_jout_put_u64(struct th_jout *j, const char *key, uint64_t v);
void th_jout_put_known(struct th_jout *j, const char *key, uint64_t v); /* 0, unknown: null */
void th_jout_put_bool(struct th_jout *j, const char *key, bool v);
void th_jout_put_null(struct th_jout *j, const char *key);

#endif
