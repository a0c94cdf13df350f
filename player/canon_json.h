/* JSON as the matcher sees it: keys sorted, strings without escapes, the text of numbers kept.
 *
 * Not cJSON, because equality must be exact: cJSON turns numbers into doubles (1.0 and 1 and
 * 12345678901234567890 change), drops what follows a NUL, and merges nothing about duplicate keys
 * that we could rely on. Array order is meaning and is never touched; duplicate keys keep their
 * order. Anything that RFC 8259 does not allow is refused: the body is then compared as raw bytes.
 */
#ifndef PLAYER_CANON_JSON_H
#define PLAYER_CANON_JSON_H

#include "base/bytes.h"
#include "player/buf.h"

#define TH_JSON_DEPTH_MAX 256
#define TH_JSON_NONE UINT32_MAX

enum th_json_type {
	TH_JSON_NULL,
	TH_JSON_FALSE,
	TH_JSON_TRUE,
	TH_JSON_NUMBER,
	TH_JSON_STRING,
	TH_JSON_ARRAY,
	TH_JSON_OBJECT,
};

struct th_json_node {
	enum th_json_type type;
	uint32_t child, next; /* indices into nodes, or TH_JSON_NONE; objects: sorted by key */
	struct th_slice key;  /* of an object's member: unescaped UTF-8 */
	struct th_slice text; /* string: unescaped UTF-8 (lone surrogates as three bytes); number:
				 as sent */
};

/* nodes[0] is the value. Slices point into the parsed text or into `unescaped`. */
struct th_json {
	struct th_json_node *nodes;
	uint32_t n, cap;
	uint8_t *unescaped;
	size_t unescaped_n;
};

/* Parses one JSON text; `text` must outlive the result. 0; -EBADMSG: not JSON; -E2BIG: nested too
 * deep; -ENOMEM. On failure there is nothing to finish. */
int th_json_parse(struct th_slice text, struct th_json *ret_json);

/* Frees; for th_cleanup() too. A zeroed struct is allowed. */
void th_json_finish(struct th_json *j);

/* Appends a string in quotes, as th_json_write() does. */
void th_json_write_string(struct th_slice s, struct th_buf *out);

/* Appends the canonical text of a node: no white space, only what must be escaped is. */
void th_json_write(const struct th_json *j, uint32_t node, struct th_buf *out);

#endif
