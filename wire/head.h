/* Looks into a message head as the capture keeps it: HTTP/1 bytes or an HTTP/2 field list.
 *
 * Views only; nothing is copied or changed, so order, case and repeats stay visible. Lenient as
 * real clients and servers are (RFC 9112 2.2: a bare LF ends a line). */
#ifndef WIRE_HEAD_H
#define WIRE_HEAD_H

#include "base/bytes.h"
#include "base/lines.h"

struct th_head {
	struct th_slice bytes;
	bool list; /* TH_HEAD_LIST, else HTTP/1 bytes */
	/* Of HTTP/1 bytes that are a whole head: where its lines are, so that they need not be
	 * looked for; NULL: they are. */
	const struct th_lines *lines;
};

struct th_field {
	struct th_slice name;
	struct th_slice value; /* HTTP/1: trimmed of optional white space */
};

/* Start line of an HTTP/1 request: "GET /x HTTP/1.1". False when it is not one. */
bool th_h1_request_line(struct th_slice head, struct th_slice *ret_method,
	struct th_slice *ret_target, struct th_slice *ret_version);

/* Start line of an HTTP/1 response; the reason may be empty. */
bool th_h1_status_line(struct th_slice head, struct th_slice *ret_version, uint16_t *ret_status,
	struct th_slice *ret_reason);

/* Iterates over the fields (HTTP/2 pseudo-fields included): start with *pos = 0; false: no more. */
bool th_head_next(const struct th_head *h, size_t *pos, struct th_field *ret_field);

/* The value of line number `i` of h->lines. */
struct th_slice th_head_line(const struct th_head *h, size_t i);

/* The same, for who looks for names that begin with one of `letters`: passes over
 * others where that is seen at a glance, and may give some all the same. */
bool th_head_next_of(
	const struct th_head *h, const char *letters, size_t *pos, struct th_field *ret_field);

/* Iterates over the values of that name, case ignored; as th_head_next(). */
bool th_head_next_named(
	const struct th_head *h, struct th_slice name, size_t *pos, struct th_slice *ret_value);

/* First field of that name, case ignored; false when there is none. */
bool th_head_get(const struct th_head *h, const char *name, struct th_slice *ret_value);

/* Method and target of a request in either form (":method", ":path"). */
bool th_head_request(
	const struct th_head *h, struct th_slice *ret_method, struct th_slice *ret_target);

/* Status of a response in either form; 0 when there is none. */
uint16_t th_head_status(const struct th_head *h);

/* Host field or ":authority"; empty when there is neither. */
struct th_slice th_head_authority(const struct th_head *h);

/* Takes the next element off a comma-separated list (RFC 9110 5.6.1), trimmed, perhaps empty; false
 * at its end. */
bool th_list_next(struct th_slice *list, struct th_slice *ret_element);

/* Is the content of its message something else than what its bytes read as: coded
 * (Content-Encoding, Transfer-Encoding, gRPC's and Connect's fields), an archive, or frames with
 * JSON in base64? */
bool th_head_is_coded(const struct th_head *h);

/* Does a comma-separated field (Connection, Transfer-Encoding …) contain the token? */
bool th_head_has_token(const struct th_head *h, const char *name, const char *token);

#endif
