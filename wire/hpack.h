/* HPACK decoding (RFC 7541), incremental per header block, memory from the pool.
 *
 * The recorder must see request fields to redact them, so it follows both dynamic tables of a
 * connection. Only decoding; players encode with nghttp2. */
#ifndef WIRE_HPACK_H
#define WIRE_HPACK_H

#include "base/bytes.h"

#define TH_HPACK_TABLE_MAX (64u << 10)	/* a peer that allows more is followed up to this */
#define TH_HPACK_STRING_MAX (64u << 10) /* one name or value */

struct th_hpack; /* opaque, in hpack.c */

/* A decoder whose peer may use `table_size` bytes (SETTINGS_HEADER_TABLE_SIZE of the side that
 * receives; RFC 9113 6.5.2: 4,096 until changed). NULL without memory. */
struct th_hpack *th_hpack_create(uint32_t table_size);
/* Another one in the same state; NULL without memory. */
struct th_hpack *th_hpack_copy(const struct th_hpack *h);
/* Takes NULL; returns NULL. */
struct th_hpack *th_hpack_destroy(struct th_hpack *h);

/* The receiving side acknowledged another limit. */
void th_hpack_limit(struct th_hpack *h, uint32_t table_size);

/* Is told of a field. What it writes to *note, which is 0 at first, stays with the field as long as
 * it is in a table: the next that is the same by its index comes with it. */
typedef void th_hpack_field_fn(
	void *ctx, struct th_slice name, struct th_slice value, uint8_t *note);

/* Decodes one whole header block, calling `field` for each field. 0, or -EBADMSG (the connection
 * cannot be decoded any further), -E2BIG, -ENOMEM. */
int th_hpack_decode(struct th_hpack *h, struct th_slice block, th_hpack_field_fn *field, void *ctx);

/* How often the dynamic table was changed: as long as it is the same, a block that changes nothing
 * has the same fields. */
uint32_t th_hpack_changes(const struct th_hpack *h);

#endif
