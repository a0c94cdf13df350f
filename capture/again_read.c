/* Reading half of again.h: frames as they would stand had they been written whole. Inside the
 * agent, too, whose folder puts them together (fold.c). */
#include "capture/again.h"

#include "base/crc32c.h"

/* What the references of a frame add to what it brings itself. `before` is what stands in front of
 * it in the file: no reference may lead elsewhere. False: they are not as the format says. */
static bool join(struct th_slice before, struct th_slice payload, uint8_t *out, uint32_t cap,
	uint32_t *ret_size)
{
	struct th_in in = {payload.p, payload.n, false};
	uint32_t count = th_in_u32(&in), size = th_in_u32(&in);
	if (in.failed || count == 0 || count > in.n / TH_AGAIN_PIECE_BYTES || size > cap) {
		return false;
	}
	struct th_slice rest = {in.p + (size_t)count * TH_AGAIN_PIECE_BYTES,
		in.n - (size_t)count * TH_AGAIN_PIECE_BYTES};
	uint32_t left = size;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t own = th_in_u32(&in), offset = th_in_u32(&in), n = th_in_u32(&in);
		bool good = own <= rest.n && own <= left && n > 0 && n <= left - own &&
			offset >= TH_LIVE_HEADER_BYTES && offset <= before.n &&
			n <= before.n - offset;
		if (!good) {
			return false;
		}
		if (out) {
			memcpy(out, rest.p, own);
			memcpy(out + own, before.p + offset, n);
			out += own + n;
		}
		rest.p += own;
		rest.n -= own;
		left -= own + n;
	}
	if (rest.n != left) {
		return false;
	}
	if (out && left) {
		memcpy(out, rest.p, left);
	}
	*ret_size = size;
	return true;
}

/* The frame at `at` of the file, whole; its bytes, 0: it does not fit into `cap`, or is not sound.
 */
static size_t put_whole(
	struct th_slice file, size_t at, struct th_frame_header h, uint8_t *out, size_t cap)
{
	const uint8_t *p = file.p + at;
	struct th_slice payload = {p + TH_FRAME_HEADER_BYTES, h.length - TH_FRAME_HEADER_BYTES};
	uint32_t size = (uint32_t)payload.n;
	bool refers = th_frame_refers(&h);
	struct th_slice before = {file.p, at};
	if (refers && !join(before, payload, NULL, TH_FRAME_PAYLOAD_MAX, &size)) {
		return 0;
	}
	h.length = TH_FRAME_HEADER_BYTES + size;
	size_t room = th_frame_room(h.length);
	if (room > cap || !out) {
		return room > cap ? 0 : room;
	}
	if (!refers) {
		memcpy(out, p, room);
		return room;
	}
	h.flags &= (uint8_t)~TH_FRAME_REFERS;
	th_frame_encode(out, &h);
	if (!join(before, payload, out + TH_FRAME_HEADER_BYTES, size, &size)) {
		return 0; /* somebody writes there */
	}
	memset(out + h.length, 0, room - h.length);
	uint64_t commit = th_frame_commit(h.length, th_crc32c(0, out + 8, h.length - 8));
	memcpy(out, &commit, sizeof(commit));
	return room;
}

size_t th_again_whole(
	struct th_slice file, size_t *at, uint8_t *out, size_t cap, uint32_t *ret_count)
{
	struct th_frame_header h;
	const size_t most = out ? cap : SIZE_MAX;
	size_t n = 0, room;
	bool ok = false;
	*ret_count = 0;
	while (n < cap && th_frame_decode((struct th_slice){file.p + *at, file.n - *at}, &h, &ok) &&
		ok && (room = put_whole(file, *at, h, out ? out + n : NULL, most - n)) > 0) {
		*at += th_frame_room(h.length);
		n += room;
		++*ret_count;
	}
	return n;
}
