/* Byte slices, little-endian loads and stores, and two cursors.
 *
 * All reading and writing of binary structures goes through these, so that a parser reads like
 * the table that specifies it. A cursor remembers its first failure: read every field, then ask
 * once. Nothing here allocates; all of it is usable inside the agent and in signal handlers. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes owned by somebody else. `p` may be NULL when n is 0. */
struct th_slice {
	const uint8_t *p;
	size_t n;
};

#define TH_SLICE_LIT(s) ((struct th_slice){(const uint8_t *)(s), sizeof(s) - 1})

static inline struct th_slice th_slice_str(const char *s)
{
	return (struct th_slice){(const uint8_t *)s, s ? strlen(s) : 0};
}

static inline bool th_slice_eq(struct th_slice a, struct th_slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline uint16_t th_le16(const void *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t th_le32(const void *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t th_le64(const void *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

/* Reader: every getter returns 0 / an empty slice once the cursor has failed. */
struct th_in {
	const uint8_t *p;
	size_t n;
	bool failed;
};

static inline struct th_slice th_in_bytes(struct th_in *in, size_t n)
{
	if (in->failed || in->n < n) {
		in->failed = true;
		return (struct th_slice){NULL, 0};
	}
	struct th_slice s = {in->p, n};
	in->p += n;
	in->n -= n;
	return s;
}

static inline uint8_t th_in_u8(struct th_in *in)
{
	struct th_slice s = th_in_bytes(in, 1);
	return s.p ? s.p[0] : 0;
}

static inline uint16_t th_in_u16(struct th_in *in)
{
	struct th_slice s = th_in_bytes(in, 2);
	return s.p ? th_le16(s.p) : 0;
}

static inline uint32_t th_in_u32(struct th_in *in)
{
	struct th_slice s = th_in_bytes(in, 4);
	return s.p ? th_le32(s.p) : 0;
}

static inline uint64_t th_in_u64(struct th_in *in)
{
	struct th_slice s = th_in_bytes(in, 8);
	return s.p ? th_le64(s.p) : 0;
}

/* Seven bits a byte, the lowest first, the last without its top bit (protobuf's varint). */
static inline uint64_t th_in_varint(struct th_in *in)
{
	uint64_t v = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = th_in_u8(in);
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			return v;
		}
	}
	in->failed = true;
	return 0;
}

/* A u16 length and that many bytes. */
static inline struct th_slice th_in_str16(struct th_in *in)
{
	return th_in_bytes(in, th_in_u16(in));
}

/* Writer into a caller's buffer; `failed` when something did not fit (nothing partial is kept). */
struct th_out {
	uint8_t *p;
	size_t cap;
	size_t n;
	bool failed;
};

static inline void th_out_bytes(struct th_out *out, const void *p, size_t n)
{
	if (out->failed || out->cap - out->n < n) {
		out->failed = true;
		return;
	}
	if (n) {
		memcpy(out->p + out->n, p, n);
	}
	out->n += n;
}

static inline void th_out_u8(struct th_out *out, uint8_t v)
{
	th_out_bytes(out, &v, 1);
}

static inline void th_out_u16(struct th_out *out, uint16_t v)
{
	th_out_bytes(out, &v, 2);
}

static inline void th_out_u32(struct th_out *out, uint32_t v)
{
	th_out_bytes(out, &v, 4);
}

static inline void th_out_u64(struct th_out *out, uint64_t v)
{
	th_out_bytes(out, &v, 8);
}

/* A u16 length and the bytes, cut to 65,535. */
static inline void th_out_str16(struct th_out *out, struct th_slice s)
{
	uint16_t n = s.n > UINT16_MAX ? UINT16_MAX : (uint16_t)s.n;
	th_out_u16(out, n);
	th_out_bytes(out, s.p, n);
}

#endif
