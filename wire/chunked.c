/* A whole body in chunked framing, taken apart in one pass (RFC 9112 7.1). Line ends may be bare
 * LF, extensions are passed over, as the incremental parser of the recorder has it (http1.c). */
#include "wire/chunked.h"

#include <errno.h>

#include "base/text.h"

/* The line at the front of *in, without its end. False when its LF has not come. */
static bool take_line(struct th_slice *in, struct th_slice *ret_line)
{
	const uint8_t *lf = in->n ? memchr(in->p, '\n', in->n) : NULL;
	if (!lf) {
		return false;
	}
	size_t n = (size_t)(lf - in->p);
	*ret_line = (struct th_slice){in->p, n && in->p[n - 1] == '\r' ? n - 1 : n};
	in->p += n + 1;
	in->n -= n + 1;
	return true;
}

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c = th_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_size(struct th_slice line, uint64_t *ret_size)
{
	uint64_t size = 0;
	size_t i = 0;
	for (; i < line.n && hex_value(line.p[i]) >= 0; i++) {
		if (size > UINT64_MAX >> 4) {
			return -EBADMSG;
		}
		size = size << 4 | (uint64_t)hex_value(line.p[i]);
	}
	bool ends_well = i == line.n || memchr("; \t\r", line.p[i], 4);
	if (i == 0 || !ends_well) {
		return -EBADMSG;
	}
	*ret_size = size;
	return 0;
}

static int skip_trailer(struct th_slice in, struct th_slice *ret_trailer)
{
	const uint8_t *start = in.p;
	struct th_slice line;
	do {
		if (!take_line(&in, &line)) {
			return -EAGAIN;
		}
	} while (line.n);
	if (ret_trailer) {
		*ret_trailer = (struct th_slice){start, (size_t)(line.p - start)};
	}
	return 0;
}

/* The line end after a chunk's data. */
static int skip_data_end(struct th_slice *in)
{
	struct th_slice line;
	if (in->n >= 1 && in->p[0] != '\r' && in->p[0] != '\n') {
		return -EBADMSG;
	}
	if (in->n >= 2 && in->p[0] == '\r' && in->p[1] != '\n') {
		return -EBADMSG;
	}
	return take_line(in, &line) ? 0 : -EAGAIN;
}

int th_chunked_decode(struct th_slice in, void (*data)(void *ctx, struct th_slice piece), void *ctx,
	struct th_slice *ret_trailer)
{
	struct th_slice line;
	while (take_line(&in, &line)) {
		uint64_t size;
		int r = parse_size(line, &size);
		if (r < 0) {
			return r;
		}
		if (size == 0) {
			return skip_trailer(in, ret_trailer);
		}
		size_t n = size < in.n ? (size_t)size : in.n;
		if (n) {
			data(ctx, (struct th_slice){in.p, n});
		}
		in.p += n;
		in.n -= n;
		r = n < size ? -EAGAIN : skip_data_end(&in);
		if (r < 0) {
			return r;
		}
	}
	return -EAGAIN;
}
