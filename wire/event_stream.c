#include "wire/event_stream.h"

#include <errno.h>
#include <zlib.h>

#define PRELUDE 12u /* total length, length of the headers, checksum of both */
#define FRAMING 16u /* prelude and the checksum at the end */

enum type {
	TYPE_TRUE,
	TYPE_FALSE,
	TYPE_BYTE,
	TYPE_SHORT,
	TYPE_INT,
	TYPE_LONG,
	TYPE_BYTES,
	TYPE_STRING,
	TYPE_TIMESTAMP,
	TYPE_UUID,
	N_TYPES,
};

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t checksum(const uint8_t *p, size_t n)
{
	return (uint32_t)crc32(crc32(0, NULL, 0), p, (uInt)n);
}

int th_event_stream_next(struct th_slice bytes, size_t *pos, struct th_event_message *ret_message)
{
	const uint8_t *p = bytes.n ? bytes.p + *pos : NULL;
	size_t left = bytes.n - *pos;
	if (left == 0) {
		return 0;
	}
	if (left < PRELUDE) {
		return -EAGAIN;
	}
	uint32_t total = be32(p), headers = be32(p + 4);
	if (checksum(p, 8) != be32(p + 8) || total < FRAMING ||
		total > TH_EVENT_STREAM_MESSAGE_MAX || headers > total - FRAMING) {
		return -EBADMSG;
	}
	if (left < total) {
		return -EAGAIN;
	}
	if (checksum(p, total - 4) != be32(p + total - 4)) {
		return -EBADMSG;
	}
	ret_message->headers = (struct th_slice){p + PRELUDE, headers};
	ret_message->payload = (struct th_slice){p + PRELUDE + headers, total - FRAMING - headers};
	*pos += total;
	return 1;
}

/* A u16 length, big-endian, and that many bytes. */
static struct th_slice counted(struct th_in *in)
{
	struct th_slice n = th_in_bytes(in, 2);
	return th_in_bytes(in, n.p ? (size_t)n.p[0] << 8 | n.p[1] : 0);
}

static struct th_slice read_value(struct th_in *in, uint8_t type)
{
	static const uint8_t sizes[N_TYPES] = {[TYPE_BYTE] = 1,
		[TYPE_SHORT] = 2,
		[TYPE_INT] = 4,
		[TYPE_LONG] = 8,
		[TYPE_TIMESTAMP] = 8,
		[TYPE_UUID] = 16};
	if (type >= N_TYPES) {
		in->failed = true;
		return (struct th_slice){NULL, 0};
	}
	bool is_counted = type == TYPE_BYTES || type == TYPE_STRING;
	return is_counted ? counted(in) : th_in_bytes(in, sizes[type]);
}

bool th_event_stream_header(
	const struct th_event_message *m, const char *name, struct th_slice *ret_value)
{
	struct th_in in = {m->headers.p, m->headers.n, false};
	while (in.n && !in.failed) {
		struct th_slice key = th_in_bytes(&in, th_in_u8(&in));
		uint8_t type = th_in_u8(&in);
		struct th_slice value = read_value(&in, type);
		if (!in.failed && type == TYPE_STRING && th_slice_eq(key, th_slice_str(name))) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}
