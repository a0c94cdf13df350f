/* The body of a request as the matcher sees it (DESIGN 2.4): what two clients that mean the same
 * would send, byte for byte.
 *
 * JSON with sorted keys; multipart with a neutral boundary; forms with one percent-encoding;
 * everything else as it is. Array order, number text and field order are meaning and stay. */
#ifndef PLAYER_CANON_BODY_H
#define PLAYER_CANON_BODY_H

#include "player/buf.h"

enum th_canon_kind {
	TH_CANON_EMPTY = '0',
	TH_CANON_RAW = 'r',
	TH_CANON_JSON = 'j',
	TH_CANON_MULTIPART = 'm',
	TH_CANON_FORM = 'f',
};

#define TH_CANON_BOUNDARY "th-boundary"

/* Appends the canonical form of a decoded body; `type` is the Content-Type value, may be empty.
 * A body that is not what its type says is taken raw. */
enum th_canon_kind th_canon_body(struct th_slice type, struct th_slice body, struct th_buf *out);

/* Appends a Content-Type value, a multipart boundary made neutral. */
void th_canon_content_type(struct th_slice type, struct th_buf *out);

/* Appends one form component: percent-decoded, then encoded one way. */
void th_canon_form_component(struct th_slice s, struct th_buf *out);

#endif
