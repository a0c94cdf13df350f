/* HPACK decoding (RFC 7541).
 *
 * The dynamic table keeps its strings in a byte area twice as large as the table may grow: new
 * ones are appended, and when the area is full the living ones move to its front. So an entry is
 * always one piece, and eviction (section 4.4) is but a counter. Both the area and the ring of
 * entries are made when a first entry comes and grow only when the peer announces a larger table.
 *
 * Strings that were Huffman-coded are decoded into scratch memory, one for names and one for
 * values; names taken from the dynamic table are copied there too, since the insertion that
 * follows may move them.
 *
 * Left out: the demand that a lowered limit be answered by a size update (section 4.2). That is
 * the receiver's to check; here a block counts as good when it can be followed. */
#include "wire/hpack.h"

#include <errno.h>

#include "base/pool.h"
#include "wire/hpack_huffman.h"
#include "wire/hpack_static.h"

#define ENTRY_OVERHEAD 32 /* RFC 7541 4.1 */
#define SCRATCH_MIN 256
#define LIST_MAX (1u << 20) /* fields of one block: a table entry costs its sender one byte */

struct entry {
	uint32_t at, name_n, value_n; /* name, then value, in the byte area */
	uint8_t note;		      /* th_hpack_field_fn */
};

struct scratch {
	uint8_t *p;
	size_t cap;
};

struct th_hpack {
	uint32_t limit;	   /* what the peer may announce */
	uint32_t max_size; /* what it announced */
	uint32_t size;	   /* of the entries, as RFC 7541 4.1 counts */
	uint32_t room;	   /* the table size that the memory below is for */
	struct entry *ring;
	uint32_t ring_len;
	uint32_t newest; /* in the ring */
	uint32_t count;
	uint8_t *area;
	uint32_t area_len, area_used;
	struct scratch name, value;
	uint32_t changes;
	uint8_t notes[TH_HPACK_STATIC]; /* of the static table */
};

/* A field as a block tells of it. */
struct told {
	struct th_field field;
	uint8_t *note; /* in a table, or `own` */
	uint8_t own;
	bool insert;
};

static uint32_t capped(uint32_t table_size)
{
	return table_size < TH_HPACK_TABLE_MAX ? table_size : TH_HPACK_TABLE_MAX;
}

struct th_hpack *th_hpack_create(uint32_t table_size)
{
	struct th_hpack *h = th_pool_alloc(sizeof(*h));
	if (h) {
		h->limit = h->max_size = capped(table_size);
	}
	return h;
}

struct th_hpack *th_hpack_destroy(struct th_hpack *h)
{
	if (h) {
		th_pool_free(h->ring, h->ring_len * sizeof(*h->ring));
		th_pool_free(h->area, h->area_len);
		th_pool_free(h->name.p, h->name.cap);
		th_pool_free(h->value.p, h->value.cap);
		th_pool_free(h, sizeof(*h));
	}
	return NULL;
}

struct th_hpack *th_hpack_copy(const struct th_hpack *h)
{
	struct th_hpack *copy = th_pool_alloc(sizeof(*copy));
	if (!copy) {
		return NULL;
	}
	*copy = *h;
	copy->name = copy->value = (struct scratch){0};
	copy->ring = h->ring ? th_pool_alloc(h->ring_len * sizeof(*h->ring)) : NULL;
	copy->area = h->area ? th_pool_alloc(h->area_len) : NULL;
	if ((h->ring && !copy->ring) || (h->area && !copy->area)) {
		return th_hpack_destroy(copy);
	}
	if (h->ring) {
		memcpy(copy->ring, h->ring, h->ring_len * sizeof(*h->ring));
	}
	if (h->area) {
		memcpy(copy->area, h->area, h->area_used);
	}
	return copy;
}

void th_hpack_limit(struct th_hpack *h, uint32_t table_size)
{
	h->limit = capped(table_size);
}

/* ---- the dynamic table ---- */

/* Entry `age`, 0 the newest. */
static struct entry *entry_of(const struct th_hpack *h, uint32_t age)
{
	return &h->ring[(h->newest + h->ring_len - age) % h->ring_len];
}

static void evict_to(struct th_hpack *h, uint32_t size)
{
	h->changes++;
	while (h->size > size) {
		const struct entry *e = entry_of(h, h->count - 1);
		h->size -= e->name_n + e->value_n + ENTRY_OVERHEAD;
		h->count--;
	}
	if (h->count == 0) {
		h->area_used = 0;
	}
}

/* Moves the living strings to the front of `area`. */
static void compact_into(struct th_hpack *h, uint8_t *area)
{
	uint32_t from = h->count ? entry_of(h, h->count - 1)->at : h->area_used;
	for (uint32_t age = 0; age < h->count; age++) {
		entry_of(h, age)->at -= from;
	}
	h->area_used -= from;
	if (h->area_used) {
		memmove(area, h->area + from, h->area_used);
	}
}

static void adopt_memory(struct th_hpack *h, struct entry *ring, uint32_t ring_len, uint8_t *area)
{
	for (uint32_t age = 0; age < h->count; age++) {
		ring[h->count - 1 - age] = *entry_of(h, age);
	}
	th_pool_free(h->ring, h->ring_len * sizeof(*h->ring));
	th_pool_free(h->area, h->area_len);
	h->ring = ring;
	h->ring_len = ring_len;
	h->newest = h->count ? h->count - 1 : ring_len - 1;
	h->area = area;
	h->area_len = 2 * h->max_size;
	h->room = h->max_size;
}

static int make_room(struct th_hpack *h)
{
	if (h->room >= h->max_size) {
		return 0;
	}
	uint32_t ring_len = h->max_size / ENTRY_OVERHEAD + 1;
	struct entry *ring = th_pool_alloc(ring_len * sizeof(*ring));
	uint8_t *area = th_pool_alloc(2 * (size_t)h->max_size);
	if (!ring || !area) {
		th_pool_free(ring, ring_len * sizeof(*ring));
		th_pool_free(area, 2 * (size_t)h->max_size);
		return -ENOMEM;
	}
	compact_into(h, area);
	adopt_memory(h, ring, ring_len, area);
	return 0;
}

/* RFC 7541 4.4: an entry larger than the table empties it, and that is no error. */
static int insert(struct th_hpack *h, const struct th_field *f, uint8_t note)
{
	size_t size = f->name.n + f->value.n + ENTRY_OVERHEAD;
	if (size > h->max_size) {
		evict_to(h, 0);
		return 0;
	}
	int r = make_room(h);
	if (r < 0) {
		return r;
	}
	evict_to(h, h->max_size - (uint32_t)size);
	if (h->area_len - h->area_used < f->name.n + f->value.n) {
		compact_into(h, h->area);
	}
	struct th_out out = {.p = h->area, .cap = h->area_len, .n = h->area_used};
	th_out_bytes(&out, f->name.p, f->name.n);
	th_out_bytes(&out, f->value.p, f->value.n);
	h->newest = (h->newest + 1) % h->ring_len;
	h->ring[h->newest] = (struct entry){
		h->area_used, (uint32_t)f->name.n, (uint32_t)f->value.n, note};
	h->area_used = (uint32_t)out.n;
	h->size += (uint32_t)size;
	h->count++;
	return 0;
}

static int lookup(
	struct th_hpack *h, uint32_t index, struct th_field *ret_field, uint8_t **ret_note)
{
	if (index >= 1 && index <= TH_HPACK_STATIC) {
		const struct th_hpack_entry *e = &th_hpack_static[index - 1];
		ret_field->name = (struct th_slice){(const uint8_t *)e->name, e->name_n};
		ret_field->value = (struct th_slice){(const uint8_t *)e->value, e->value_n};
		*ret_note = &h->notes[index - 1];
		return 0;
	}
	if (index == 0 || index - TH_HPACK_STATIC - 1 >= h->count) {
		return -EBADMSG;
	}
	struct entry *e = entry_of(h, index - TH_HPACK_STATIC - 1);
	ret_field->name = (struct th_slice){h->area + e->at, e->name_n};
	ret_field->value = (struct th_slice){h->area + e->at + e->name_n, e->value_n};
	*ret_note = &e->note;
	return 0;
}

/* ---- reading ---- */

/* RFC 7541 5.1, with a prefix of `bits`. Anything over 2^28 is beyond every limit here. */
static int read_int(struct th_in *in, unsigned bits, uint32_t *ret_value)
{
	uint32_t mask = (1u << bits) - 1;
	if (in->n && (in->p[0] & mask) != mask) { /* as most, told at once */
		*ret_value = in->p[0] & mask;
		in->p++;
		in->n--;
		return 0;
	}
	uint32_t v = th_in_u8(in) & mask;
	uint8_t b = v == mask ? 0x80 : 0;
	for (unsigned shift = 0; b & 0x80; shift += 7) {
		if (shift > 21) {
			return -EBADMSG;
		}
		b = th_in_u8(in);
		v += (uint32_t)(b & 0x7f) << shift;
	}
	if (in->failed) {
		return -EBADMSG;
	}
	*ret_value = v;
	return 0;
}

static int scratch_reserve(struct scratch *s, size_t n)
{
	if (n <= s->cap) {
		return 0;
	}
	size_t cap = s->cap ? s->cap : SCRATCH_MIN;
	while (cap < n) {
		cap *= 2;
	}
	uint8_t *p = th_pool_alloc(cap);
	if (!p) {
		return -ENOMEM;
	}
	th_pool_free(s->p, s->cap);
	*s = (struct scratch){p, cap};
	return 0;
}

static int read_huffman(struct th_slice raw, struct scratch *s, struct th_slice *ret_string)
{
	size_t n = 0;
	int r = scratch_reserve(s, th_hpack_huffman_bound(raw.n));
	r = r < 0 ? r : th_hpack_huffman_decode(raw, s->p, &n);
	if (r < 0) {
		return r;
	}
	*ret_string = (struct th_slice){s->p, n};
	return n > TH_HPACK_STRING_MAX ? -E2BIG : 0;
}

/* RFC 7541 5.2. */
static int read_string(struct th_in *in, struct scratch *s, struct th_slice *ret_string)
{
	bool huffman = in->n && in->p[0] & 0x80;
	uint32_t n = 0;
	int r = read_int(in, 7, &n);
	if (r < 0) {
		return r;
	}
	if (n > TH_HPACK_STRING_MAX) {
		return -E2BIG;
	}
	struct th_slice raw = th_in_bytes(in, n);
	if (in->failed) {
		return -EBADMSG;
	}
	if (huffman) {
		return read_huffman(raw, s, ret_string);
	}
	*ret_string = raw;
	return 0;
}

static int copy_name(struct th_hpack *h, struct th_slice *name)
{
	int r = scratch_reserve(&h->name, name->n);
	if (r < 0) {
		return r;
	}
	if (name->n) {
		memcpy(h->name.p, name->p, name->n);
	}
	name->p = h->name.p;
	return 0;
}

static int read_name(struct th_hpack *h, struct th_in *in, unsigned bits, struct th_slice *ret_name)
{
	uint32_t index = 0;
	int r = read_int(in, bits, &index);
	if (r < 0) {
		return r;
	}
	if (index == 0) {
		return read_string(in, &h->name, ret_name);
	}
	struct th_field f;
	uint8_t *note; /* of another value */
	r = lookup(h, index, &f, &note);
	if (r < 0) {
		return r;
	}
	*ret_name = f.name;
	return index > TH_HPACK_STATIC ? copy_name(h, ret_name) : 0;
}

/* RFC 7541 6.2, with a name index of `bits`. */
static int read_literal(struct th_hpack *h, struct th_in *in, unsigned bits, struct th_field *f)
{
	int r = read_name(h, in, bits, &f->name);
	return r < 0 ? r : read_string(in, &h->value, &f->value);
}

static int read_indexed(struct th_hpack *h, struct th_in *in, struct told *t)
{
	uint32_t index = 0;
	int r = read_int(in, 7, &index);
	return r < 0 ? r : lookup(h, index, &t->field, &t->note);
}

/* RFC 7541 6.3. */
static int read_size_update(struct th_hpack *h, struct th_in *in)
{
	uint32_t size = 0;
	int r = read_int(in, 5, &size);
	if (r < 0) {
		return r;
	}
	if (size > h->limit) {
		return -EBADMSG;
	}
	h->max_size = size;
	evict_to(h, size);
	return 0;
}

static int read_field(struct th_hpack *h, struct th_in *in, struct told *t)
{
	uint8_t first = in->p[0];
	t->insert = (first & 0xc0) == 0x40;
	if (first & 0x80) {
		return read_indexed(h, in, t);
	}
	t->own = 0;
	t->note = &t->own;
	if (t->insert) {
		return read_literal(h, in, 6, &t->field);
	}
	/* Without indexing and never indexed differ only for who encodes again. */
	return first & 0x20 ? -EBADMSG : read_literal(h, in, 4, &t->field);
}

int th_hpack_decode(struct th_hpack *h, struct th_slice block, th_hpack_field_fn *field, void *ctx)
{
	struct th_in in = {.p = block.p, .n = block.n};
	size_t total = 0;
	int r = 0;
	while (r == 0 && in.n && (in.p[0] & 0xe0) == 0x20) {
		r = read_size_update(h, &in);
	}
	while (r == 0 && in.n) {
		struct told t;
		r = read_field(h, &in, &t);
		if (r < 0) {
			break;
		}
		total += t.field.name.n + t.field.value.n + ENTRY_OVERHEAD;
		if (total > LIST_MAX) {
			return -E2BIG;
		}
		field(ctx, t.field.name, t.field.value, t.note);
		r = t.insert ? insert(h, &t.field, t.own) : 0;
	}
	return r;
}

uint32_t th_hpack_changes(const struct th_hpack *h)
{
	return h->changes;
}
