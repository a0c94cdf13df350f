#include "capture/seal.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/crc32c.h"
#include "capture/append.h"
#include "capture/key.h"

int th_seal_hash(struct th_hasher *h, const struct th_reader *r, struct th_slice payload,
	uint8_t ret_hash[TH_HASH_BYTES])
{
	th_hasher_begin(h, "tracehook seal\n\n");
	th_hasher_add(h, th_reader_file_id(r), TH_FILE_ID_BYTES);
	th_hasher_add(h, payload.p, payload.n);
	return th_hasher_end(h, ret_hash);
}

/* ---- reading ---- */

struct th_seal_entry th_seal_entry(const struct th_seal *seal, size_t i)
{
	struct th_in in = {seal->entries.p + i * TH_SEAL_ENTRY_BYTES, TH_SEAL_ENTRY_BYTES, false};
	struct th_seal_entry e;
	e.writer = th_in_u64(&in);
	e.parent = th_in_u32(&in);
	th_in_u32(&in);
	e.frames = th_in_u64(&in);
	e.next = th_in_u64(&in);
	memcpy(e.value, th_in_bytes(&in, TH_HASH_BYTES).p, TH_HASH_BYTES);
	return e;
}

/* Each parent before its children, and tags for every frame when there are any. */
static int check_entries(const struct th_seal *seal)
{
	uint64_t frames = 0;
	for (size_t i = 0; i < seal->n; i++) {
		struct th_seal_entry e = th_seal_entry(seal, i);
		if (e.parent > i || e.frames > TH_BLOCK_MAX || e.next < e.frames) {
			return -EINVAL;
		}
		frames += e.frames;
	}
	bool tags = seal->flags & TH_SEAL_TAGS;
	return seal->tags.n == (tags ? frames * TH_SEAL_TAG_BYTES : 0) ? 0 : -EINVAL;
}

int th_seal_decode(struct th_hasher *h, const struct th_reader *r, const struct th_extra *block,
	struct th_seal *ret_seal)
{
	struct th_in in = {block->payload.p, block->payload.n, false};
	struct th_seal s = {.offset = block->offset};
	if (block->flags || th_in_u16(&in) != TH_SEAL_VERSION) {
		return -ENOTSUP;
	}
	s.flags = th_in_u16(&in);
	s.n = th_in_u32(&in);
	struct th_slice trace_id = th_in_bytes(&in, TH_TRACE_ID_BYTES);
	s.time = th_in_u64(&in);
	struct th_slice previous = th_in_bytes(&in, TH_HASH_BYTES);
	s.entries = th_in_bytes(&in, (size_t)s.n * TH_SEAL_ENTRY_BYTES);
	s.tags = (struct th_slice){in.p, in.n};
	if (in.failed || s.n == 0) {
		return -EINVAL;
	}
	memcpy(s.trace_id, trace_id.p, sizeof(s.trace_id));
	memcpy(s.previous, previous.p, sizeof(s.previous));
	int e = check_entries(&s);
	if (e == 0) {
		e = th_seal_hash(h, r, block->payload, s.hash);
	}
	if (e == 0) {
		*ret_seal = s;
	}
	return e;
}

int th_signature_decode(const struct th_extra *block, struct th_signature *ret_signature)
{
	struct th_in in = {block->payload.p, block->payload.n, false};
	if (block->flags || th_in_u16(&in) != TH_SIGNATURE_VERSION ||
		th_in_u16(&in) != TH_SIGNATURE_ED25519) {
		return -ENOTSUP;
	}
	if (in.n != TH_SIGNATURE_BYTES - 4) {
		return -EINVAL;
	}
	th_in_u32(&in);
	struct th_signature *s = ret_signature;
	memcpy(s->seal, th_in_bytes(&in, sizeof(s->seal)).p, sizeof(s->seal));
	memcpy(s->public_key, th_in_bytes(&in, sizeof(s->public_key)).p, sizeof(s->public_key));
	memcpy(s->signature, th_in_bytes(&in, sizeof(s->signature)).p, sizeof(s->signature));
	return 0;
}

/* ---- making ---- */

struct making {
	const struct th_reader *reader;
	const struct th_written_list *written;
	const struct th_sealed_writer *writers;
	uint8_t (*anchors)[TH_HASH_BYTES]; /* for the children of each writer */
	struct th_hasher *hasher;
	struct th_out entries, tags;
};

static const struct th_written *frames_of(const struct making *m, uint64_t writer)
{
	static const struct th_written nothing;
	const struct th_written *w = th_written_find(m->written, writer);
	return w ? w : &nothing;
}

/* Chains the frames and notes a tag for each. */
static int chain_frames(struct making *m, const struct th_written *w, uint8_t value[TH_HASH_BYTES])
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < w->n; i++) {
		r = th_chain_next(m->hasher, value, w->frames[i].seq, &w->frames[i], value);
		if (m->tags.cap) {
			th_out_bytes(&m->tags, value, TH_SEAL_TAG_BYTES);
		}
	}
	return r;
}

static int add_entry(struct making *m, size_t i)
{
	static const uint8_t zeros[TH_HASH_BYTES];
	const struct th_written *w = frames_of(m, m->writers[i].writer);
	size_t parent = m->writers[i].parent;
	uint8_t value[TH_HASH_BYTES];
	if (parent > i) {
		return -EINVAL;
	}
	const uint8_t *anchor = parent ? m->anchors[parent - 1] : zeros;
	int r = th_chain_start(m->hasher, m->reader, m->writers[i].writer, anchor, value);
	if (r == 0) {
		r = th_chain_anchor(m->hasher, w, value, m->anchors[i]);
	}
	if (r == 0) {
		r = chain_frames(m, w, value);
	}
	th_out_u64(&m->entries, m->writers[i].writer);
	th_out_u32(&m->entries, (uint32_t)parent);
	th_out_u32(&m->entries, 0);
	th_out_u64(&m->entries, w->n);
	th_out_u64(&m->entries, w->n ? w->frames[w->n - 1].seq + 1 : 0);
	th_out_bytes(&m->entries, value, sizeof(value));
	return r;
}

int th_seal_newest(struct th_hasher *h, const struct th_reader *r, uint8_t ret_hash[TH_HASH_BYTES])
{
	size_t n;
	const struct th_extra *extras = th_reader_extras(r, &n);
	while (n > 0) {
		n--;
		if (extras[n].type == TH_BLOCK_SEAL) {
			return th_seal_hash(h, r, extras[n].payload, ret_hash);
		}
	}
	memset(ret_hash, 0, TH_HASH_BYTES);
	return 0;
}

static void write_fixed(
	struct making *m, size_t n, const uint8_t *trace_id, const uint8_t *previous)
{
	th_out_u16(&m->entries, TH_SEAL_VERSION);
	th_out_u16(&m->entries, m->tags.cap ? TH_SEAL_TAGS : 0);
	th_out_u32(&m->entries, (uint32_t)n);
	th_out_bytes(&m->entries, trace_id, TH_TRACE_ID_BYTES);
	th_out_u64(&m->entries, th_clock_now());
	th_out_bytes(&m->entries, previous, TH_HASH_BYTES);
}

int th_seal_make(struct th_hasher *h, const struct th_reader *r,
	const struct th_written_list *written, const struct th_sealed_writer *writers, size_t n,
	const uint8_t trace_id[TH_TRACE_ID_BYTES], const uint8_t previous[TH_HASH_BYTES],
	uint8_t **ret_payload, size_t *ret_n)
{
	struct making m = {.hasher = h, .reader = r, .written = written, .writers = writers};
	size_t size = TH_SEAL_FIXED_BYTES, tags = 0;
	if (n == 0 || n > (TH_BLOCK_MAX - size) / TH_SEAL_ENTRY_BYTES) {
		return n ? -EFBIG : -EINVAL;
	}
	size += n * TH_SEAL_ENTRY_BYTES;
	for (size_t i = 0; i < n; i++) {
		tags += frames_of(&m, writers[i].writer)->n * TH_SEAL_TAG_BYTES;
	}
	tags = tags > TH_BLOCK_MAX - size ? 0 : tags;
	th_auto_free uint8_t *payload = malloc(size + tags);
	th_auto_free uint8_t *anchors = malloc(n * TH_HASH_BYTES);
	if (!payload || !anchors) {
		return -ENOMEM;
	}
	m.anchors = (void *)anchors;
	m.entries = (struct th_out){.p = payload, .cap = size};
	m.tags = (struct th_out){.p = payload + size, .cap = tags};
	write_fixed(&m, n, trace_id, previous);
	int e = 0;
	for (size_t i = 0; e == 0 && i < n; i++) {
		e = add_entry(&m, i);
	}
	if (e == 0) {
		*ret_payload = th_steal(&payload);
		*ret_n = size + tags;
	}
	return e;
}

static int append(const char *path, const struct th_reader *r, uint8_t type, uint64_t root,
	const void *p, size_t n)
{
	const uint8_t *file_id = th_reader_file_id(r);
	struct th_block b = {.type = type, .writer = root};
	size_t total = n + (th_reader_encrypted(r) ? TH_GCM_TAG_BYTES : 0);
	th_auto_free uint8_t *copy = malloc(total);
	if (!copy) {
		return -ENOMEM;
	}
	memcpy(copy, p, n);
	b.raw_bytes = b.stored_bytes = (uint32_t)n;
	int e = total > n ? th_key_seal_block(&b, file_id, copy, n, copy + n) : 0;
	if (e < 0) {
		return e;
	}
	const struct iovec part = {copy, total};
	b.crc = th_crc32c(0, copy, total);
	return th_capture_append(path, file_id, &b, &part, 1);
}

int th_seal_append(const char *path, const struct th_reader *r, uint64_t root,
	const uint8_t *payload, size_t n)
{
	return append(path, r, TH_BLOCK_SEAL, root, payload, n);
}

int th_signature_append(
	const char *path, const struct th_reader *r, uint64_t root, const struct th_signature *s)
{
	uint8_t payload[TH_SIGNATURE_BYTES];
	struct th_out out = {.p = payload, .cap = sizeof(payload)};
	th_out_u16(&out, TH_SIGNATURE_VERSION);
	th_out_u16(&out, TH_SIGNATURE_ED25519);
	th_out_u32(&out, 0);
	th_out_bytes(&out, s->seal, sizeof(s->seal));
	th_out_bytes(&out, s->public_key, sizeof(s->public_key));
	th_out_bytes(&out, s->signature, sizeof(s->signature));
	return append(path, r, TH_BLOCK_SIGNATURE, root, payload, sizeof(payload));
}
