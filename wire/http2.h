/* HTTP/2 frame layer (RFC 9113 4), one direction, incremental; memory only for header blocks.
 *
 * Splits bytes into frames; DATA is given as it comes, so no body is held. Header blocks
 * (HEADERS or PUSH_PROMISE and their CONTINUATIONs) are gathered and given whole. */
#ifndef WIRE_HTTP2_H
#define WIRE_HTTP2_H

#include "base/bytes.h"

#define TH_H2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define TH_H2_BLOCK_MAX (256u << 10) /* a longer header block is an error */

enum th_h2_type {
	TH_H2_DATA = 0,
	TH_H2_HEADERS = 1,
	TH_H2_PRIORITY = 2,
	TH_H2_RST_STREAM = 3,
	TH_H2_SETTINGS = 4,
	TH_H2_PUSH_PROMISE = 5,
	TH_H2_PING = 6,
	TH_H2_GOAWAY = 7,
	TH_H2_WINDOW_UPDATE = 8,
	TH_H2_CONTINUATION = 9,
};

/* Any of them may be NULL. Slices live until the callback returns. */
struct th_h2_callbacks {
	/* A piece of a DATA frame's content, padding taken off; `last_piece`: the frame ends here;
	 * `end_stream`: and so does the stream. An empty frame gives one call with n 0. */
	void (*data)(void *ctx, uint32_t stream, struct th_slice piece, bool last_piece,
		bool end_stream);
	/* A whole header block. `promised` is the new stream of PUSH_PROMISE, else 0. A negative
	 * result stops the parser, which then returns it. */
	int (*headers)(void *ctx, uint32_t stream, uint32_t promised, struct th_slice block,
		bool end_stream);
	void (*rst_stream)(void *ctx, uint32_t stream, uint32_t code);
	/* Not called for an acknowledgement; `settings_ack` is. */
	void (*setting)(void *ctx, uint16_t id, uint32_t value);
	void (*settings_ack)(void *ctx);
	void (*goaway)(void *ctx, uint32_t last_stream, uint32_t code);
};

struct th_h2_parser {
	const struct th_h2_callbacks *cb;
	void *ctx;
	int error;	   /* once set, nothing further is decoded */
	uint8_t state;	   /* http2.c */
	bool begun;	   /* the SETTINGS frame that comes first was seen */
	uint8_t have;	   /* bytes in `small` */
	uint8_t want;	   /* bytes that `small` is to have */
	uint8_t small[24]; /* preface, frame header, or fixed fields at a payload's beginning */
	uint8_t type, flags;
	uint32_t stream;
	uint32_t left;	/* payload bytes to come, without padding */
	uint32_t pad;	/* bytes of padding to come after them */
	uint8_t *block; /* header block being gathered, from the pool */
	uint32_t block_len, block_cap;
	uint32_t block_stream; /* 0: no block is open */
	uint32_t block_promised;
	bool block_end_stream;
};

/* `client`: this direction begins with the connection preface. */
void th_h2_init(struct th_h2_parser *p, const struct th_h2_callbacks *cb, void *ctx, bool client);
void th_h2_finish(struct th_h2_parser *p);

/* Bytes to come before the header of the next frame, 0 just before it; false: cannot be told now,
 * or a header block goes on there. */
bool th_h2_next_frame(const struct th_h2_parser *p, size_t *ret_skip);

/* Takes all bytes. 0, or -EBADMSG / -E2BIG / -ENOMEM, or what `headers` returned: not HTTP/2 any
 * more, and nothing further will be decoded. */
int th_h2_feed(struct th_h2_parser *p, struct th_slice in);

#endif
