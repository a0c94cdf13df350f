/* The canonical form of a whole request and its fingerprints (DESIGN 2.4).
 *
 * Recorded and asked requests go through the same code: what a server has read is put into the
 * same struct th_exchange that a capture gives. The head must be redacted as the capture's is. */
#ifndef PLAYER_CANON_REQUEST_H
#define PLAYER_CANON_REQUEST_H

#include "player/canon_body.h"
#include "player/same_head.h"
#include "trace/trace.h"

#define TH_FINGERPRINT_BYTES 32

struct th_fingerprint {
	uint8_t bytes[TH_FINGERPRINT_BYTES]; /* SHA-256 */
};

/* What the head of the request before had in it: the next one's on the same connection is mostly
 * the same. */
struct th_canon_memo {
	bool set, list;
	const struct th_connection *where; /* and as it was then */
	struct th_connection connection;
	struct th_buf bytes; /* of the head */
	struct th_length_line line;
	struct th_buf text;	   /* the canonical one, up to the body */
	struct th_buf credentials; /* name NUL value NUL */
	struct th_fingerprint endpoint, head;
	size_t path_at, query_at, fields_at;
};

struct th_canon {
	struct th_fingerprint endpoint; /* method, scheme, authority, path */
	struct th_fingerprint head;	/* those, query and fields */
	struct th_fingerprint full;	/* all and the body */
	struct th_fingerprint exact;	/* all, the body and the credentials */
	bool has_credentials;		/* else exact is not set */
	struct th_fingerprint masked;	/* without what rules let differ: th_volatile_take() */
	bool has_masked;		/* else masked is not set */
	enum th_canon_kind kind;
	size_t path_at, query_at, fields_at, body_at; /* where each begins in text */
	struct th_buf text; /* method NUL scheme NUL authority NUL path NUL query NUL, then
			     * "name: value" LF per field, NUL, then the body */
	struct th_canon_memo memo;
};

/* Makes the canonical form. `c` is zeroed or was used before: its buffer is used again. 0, or
 * -EINVAL when there is no request head, -ENOMEM. */
int th_canon_request(const struct th_exchange *x, struct th_canon *c);

/* Only endpoint and head, for a request whose body has not come yet. */
int th_canon_request_head(const struct th_exchange *x, struct th_canon *c);

/* Takes the exact fingerprint, or says that there are no credentials, once `full` is known. 0 or
 * -ENOMEM. */
int th_canon_take_exact(struct th_canon *c);

/* For th_cleanup(). */
void th_canon_finish(struct th_canon *c);

#endif
