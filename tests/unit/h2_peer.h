/* Writes one direction of an HTTP/2 connection, for tests: frames, and header blocks that
 * libnghttp2 encodes. */
#ifndef TESTS_UNIT_H2_PEER_H
#define TESTS_UNIT_H2_PEER_H

#include <assert.h>
#include <nghttp2/nghttp2.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "wire/http2.h"

#define PEER_ROOM ((size_t)1 << 20)
#define PEER_FIELDS 64

enum {
	END_STREAM = 1,
	END_HEADERS = 4,
};

struct peer {
	uint8_t *p;
	size_t n;
	nghttp2_hd_deflater *hpack;
};

static inline void peer_put(struct peer *w, const void *p, size_t n)
{
	assert(w->n + n <= PEER_ROOM);
	memcpy(w->p + w->n, p, n);
	w->n += n;
}

static inline void peer_frame(
	struct peer *w, uint8_t type, uint8_t flags, uint32_t stream, const void *payload, size_t n)
{
	uint8_t h[9] = {(uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n, type, flags,
		(uint8_t)(stream >> 24), (uint8_t)(stream >> 16), (uint8_t)(stream >> 8),
		(uint8_t)stream};
	peer_put(w, h, sizeof(h));
	peer_put(w, payload, n);
}

static inline void peer_begin(struct peer *w, bool client)
{
	*w = (struct peer){.p = malloc(PEER_ROOM)};
	assert(w->p && nghttp2_hd_deflate_new(&w->hpack, 4096) == 0);
	if (client) {
		peer_put(w, TH_H2_PREFACE, sizeof(TH_H2_PREFACE) - 1);
	}
	peer_frame(w, TH_H2_SETTINGS, 0, 0, "", 0);
}

static inline void peer_end(struct peer *w)
{
	nghttp2_hd_deflate_del(w->hpack);
	free(w->p);
}

/* `fields`: "name: value\n…". Returns the block's size. */
static inline size_t peer_block(struct peer *w, const char *fields, uint8_t *block, size_t cap)
{
	nghttp2_nv nv[PEER_FIELDS];
	size_t n = 0;
	while (*fields) {
		const char *colon = strstr(fields, ": ");
		const char *end = strchr(fields, '\n');
		assert(colon && end && n < PEER_FIELDS);
		nv[n++] = (nghttp2_nv){(uint8_t *)fields, (uint8_t *)colon + 2,
			(size_t)(colon - fields), (size_t)(end - colon - 2), 0};
		fields = end + 1;
	}
	ssize_t made = nghttp2_hd_deflate_hd(w->hpack, block, cap, nv, n);
	assert(made >= 0);
	return (size_t)made;
}

static inline void peer_headers(struct peer *w, uint32_t stream, uint8_t flags, const char *fields)
{
	uint8_t block[4096];
	size_t n = peer_block(w, fields, block, sizeof(block));
	peer_frame(w, TH_H2_HEADERS, flags | END_HEADERS, stream, block, n);
}

static inline void peer_data(struct peer *w, uint32_t stream, uint8_t flags, const char *data)
{
	peer_frame(w, TH_H2_DATA, flags, stream, data, strlen(data));
}

static inline void peer_reset(struct peer *w, uint32_t stream, uint8_t code)
{
	uint8_t payload[4] = {0, 0, 0, code};
	peer_frame(w, TH_H2_RST_STREAM, 0, stream, payload, sizeof(payload));
}

static inline void peer_goaway(struct peer *w, uint8_t last_stream, uint8_t code)
{
	uint8_t payload[8] = {0, 0, 0, last_stream, 0, 0, 0, code};
	peer_frame(w, TH_H2_GOAWAY, 0, 0, payload, sizeof(payload));
}

#endif
