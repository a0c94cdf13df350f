/* See websocket.h. */
#include "wire/websocket.h"

#include <errno.h>

#define LENGTH_16 126
#define LENGTH_64 127

static bool is_opcode(uint8_t opcode)
{
	return opcode <= TH_WS_BINARY || (opcode >= TH_WS_CLOSE && opcode <= TH_WS_PONG);
}

static size_t extra_of(uint8_t length)
{
	return length == LENGTH_16 ? 2 : length == LENGTH_64 ? 8 : 0;
}

int th_ws_head(struct th_slice in, struct th_ws_frame *ret_frame)
{
	if (in.n < 2) {
		return in.n && !is_opcode(in.p[0] & 15) ? -EBADMSG : 0;
	}
	struct th_ws_frame f = {.fin = in.p[0] & 0x80,
		.reserved = (in.p[0] >> 4) & 7,
		.opcode = in.p[0] & 15,
		.masked = in.p[1] & 0x80,
		.length = in.p[1] & 0x7f};
	size_t extra = extra_of((uint8_t)f.length);
	bool control = f.opcode >= TH_WS_CLOSE;
	if (!is_opcode(f.opcode) || (control && (!f.fin || extra))) {
		return -EBADMSG;
	}
	f.head_n = (uint8_t)(2 + extra + (f.masked ? sizeof(f.mask) : 0));
	if (in.n < f.head_n) {
		return 0;
	}
	f.length = extra ? 0 : f.length;
	for (size_t i = 0; i < extra; i++) {
		f.length = f.length << 8 | in.p[2 + i];
	}
	if (f.length >> 63) {
		return -EBADMSG;
	}
	if (f.masked) {
		memcpy(f.mask, in.p + 2 + extra, sizeof(f.mask));
	}
	*ret_frame = f;
	return 1;
}

size_t th_ws_write_head(uint8_t opcode, uint64_t length, uint8_t ret_head[TH_WS_HEAD_MAX])
{
	uint8_t kind = length < LENGTH_16 ? (uint8_t)length
		: length <= UINT16_MAX	  ? LENGTH_16
					  : LENGTH_64;
	size_t extra = extra_of(kind);
	ret_head[0] = 0x80 | opcode;
	ret_head[1] = kind;
	for (size_t i = 0; i < extra; i++) {
		ret_head[2 + i] = (uint8_t)(length >> (8 * (extra - 1 - i)));
	}
	return 2 + extra;
}

void th_ws_mask(const uint8_t mask[4], uint64_t at, uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		p[i] ^= mask[(at + i) & 3];
	}
}
