/* Writes OTLP messages as JSON or as protobuf from one description: every field is given with its
 * number and its JSON name, and the encoding takes what it needs.
 *
 * Sources: opentelemetry-proto (field numbers, which are stable); the OTLP specification's "JSON
 * Protobuf Encoding" (ids in hex, 64-bit numbers as strings, enums as numbers); protobuf's encoding
 * guide. Lengths of nested messages are put in when the message is closed. */
#ifndef TOOLS_EXPORT_OTLP_OUT_H
#define TOOLS_EXPORT_OTLP_OUT_H

#include <stdio.h>

#include "tools/json_out.h"

#define TH_OTLP_DEPTH_MAX 16

struct th_otlp {
	bool json;
	FILE *out; /* what was written; protobuf: also read back to close a message */
	char *bytes;
	size_t n;
	struct th_jout j;
	size_t open[TH_OTLP_DEPTH_MAX];
	unsigned field[TH_OTLP_DEPTH_MAX];
	size_t depth;
};

/* A field: its number and its name. */
struct th_otlp_field {
	unsigned number;
	const char *name;
};

#define TH_OTLP(number, name) ((struct th_otlp_field){number, name})

void th_otlp_init(struct th_otlp *o, bool json);

/* Ends the outermost message. The bytes belong to the caller, who frees them. */
char *th_otlp_finish(struct th_otlp *o, size_t *ret_n);

/* How many bytes there are so far. */
size_t th_otlp_size(struct th_otlp *o);

/* A message in a field; in a list (JSON: th_otlp_list() around it), or alone. */
void th_otlp_open(struct th_otlp *o, struct th_otlp_field f);
void th_otlp_item(struct th_otlp *o, struct th_otlp_field f);
void th_otlp_close(struct th_otlp *o);

/* Around the items of a repeated field. */
void th_otlp_list(struct th_otlp *o, struct th_otlp_field f);
void th_otlp_list_end(struct th_otlp *o);

void th_otlp_text(struct th_otlp *o, struct th_otlp_field f, struct th_slice text);
void th_otlp_id(struct th_otlp *o, struct th_otlp_field f, const uint8_t *id, size_t n);
void th_otlp_number(struct th_otlp *o, struct th_otlp_field f, uint32_t v); /* enum, uint32 */
void th_otlp_flag(struct th_otlp *o, struct th_otlp_field f, bool v);
void th_otlp_int(struct th_otlp *o, struct th_otlp_field f, int64_t v);	     /* int64 */
void th_otlp_fixed64(struct th_otlp *o, struct th_otlp_field f, uint64_t v); /* times, counts */
void th_otlp_fixed32(struct th_otlp *o, struct th_otlp_field f, uint32_t v); /* flags */
void th_otlp_double(struct th_otlp *o, struct th_otlp_field f, double v);
void th_otlp_fixed64s(struct th_otlp *o, struct th_otlp_field f, const uint64_t *v, size_t n);
void th_otlp_doubles(struct th_otlp *o, struct th_otlp_field f, const double *v, size_t n);

/* ---- attributes: items of a list of KeyValue ---- */

void th_otlp_put_text(struct th_otlp *o, struct th_otlp_field list, const char *key,
	const char *text); /* NULL: none */
void th_otlp_put_slice(
	struct th_otlp *o, struct th_otlp_field list, const char *key, struct th_slice text);
void th_otlp_put_int(struct th_otlp *o, struct th_otlp_field list, const char *key, int64_t v);
void th_otlp_put_double(struct th_otlp *o, struct th_otlp_field list, const char *key, double v);
void th_otlp_put_bool(struct th_otlp *o, struct th_otlp_field list, const char *key, bool v);
void th_otlp_put_texts(struct th_otlp *o, struct th_otlp_field list, const char *key,
	const char *const *texts, size_t n);

#endif
