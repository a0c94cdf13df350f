#include "capture/verify.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define SEARCHED 256 /* frames behind a wrong one in which the right one is looked for */

/* One writer of a seal, compared frame by frame. */
struct comparing {
	struct th_hasher *hasher;
	struct th_chain_ahead *ahead;
	const struct th_reader *reader;
	const struct th_seal_entry *entry;
	const struct th_frame *frames; /* what the file has of it */
	size_t n;
	size_t covered;	     /* of them, those whose number the seal covers */
	const uint8_t *tags; /* NULL: the seal has none */
	uint8_t value[TH_HASH_BYTES];
};

static void set_place(struct th_fault *fault, const struct th_frame *f)
{
	fault->frame = f;
	fault->placed = true;
	fault->place = f->place;
}

/* Where the frame behind that one would stand. */
static void set_place_behind(struct th_fault *fault, const struct th_frame *f)
{
	size_t room = th_frame_whole(f).n;
	fault->placed = true;
	fault->place = f->place;
	fault->place.offset += f->place.packed ? 0 : room;
	fault->place.inner += f->place.packed ? (uint32_t)room : 0;
}

static const struct th_spoilt *find_spoilt(const struct comparing *c, uint64_t number)
{
	size_t n;
	const struct th_spoilt *s = th_reader_spoilt(c->reader, &n);
	for (size_t i = 0; i < n; i++) {
		if (s[i].writer == c->entry->writer && s[i].seq == number) {
			return &s[i];
		}
	}
	return NULL;
}

static bool has_tag(const struct comparing *c, size_t i, const uint8_t value[TH_HASH_BYTES])
{
	return memcmp(value, c->tags + i * TH_SEAL_TAG_BYTES, TH_SEAL_TAG_BYTES) == 0;
}

static bool fits(const struct comparing *c, size_t i, uint64_t number, const struct th_frame *f,
	uint8_t ret_value[TH_HASH_BYTES])
{
	return th_chain_next(c->hasher, c->value, number, f, ret_value) == 0 &&
		has_tag(c, i, ret_value);
}

/* The number that the i-th frame had when it was sealed; only gaps make it another than i. */
static bool number_of(const struct comparing *c, size_t i, uint64_t *ret_number)
{
	*ret_number = i;
	return c->entry->frames == c->entry->next;
}

/* Looks for the i-th frame behind its place. */
static bool look_behind(const struct comparing *c, size_t i, struct th_fault *fault)
{
	uint8_t value[TH_HASH_BYTES];
	uint64_t number = c->frames[i].seq;
	for (size_t k = i + 1; k < c->n && k - i <= SEARCHED; k++) {
		if (fits(c, i, number, &c->frames[k], value)) {
			bool more = c->n - c->entry->frames == k - i && c->n > c->entry->frames;
			fault->kind = more ? TH_FAULT_INSERTED : TH_FAULT_MOVED;
			fault->count = k - i;
			return true;
		}
	}
	return false;
}

/* The i-th frame that the file has is not the i-th one that was sealed. */
static void explain(const struct comparing *c, size_t i, struct th_fault *fault)
{
	uint64_t number;
	bool known = number_of(c, i, &number);
	set_place(fault, &c->frames[i]);
	fault->number = known ? number : c->frames[i].seq;
	if (known && c->frames[i].seq != number) {
		const struct th_spoilt *s = find_spoilt(c, number);
		fault->kind = s ? TH_FAULT_CHANGED : TH_FAULT_REMOVED;
		fault->place = s ? s->place : fault->place;
		fault->frame = NULL;
		return;
	}
	if (!look_behind(c, i, fault)) {
		fault->kind = c->covered < c->entry->frames ? TH_FAULT_REMOVED : TH_FAULT_CHANGED;
	}
}

/* All that is there is right, but there is not all. */
static void explain_end(const struct comparing *c, struct th_fault *fault)
{
	uint64_t number;
	size_t i = c->covered;
	bool known = number_of(c, i, &number);
	fault->number = known ? number : i ? c->frames[i - 1].seq + 1 : 0;
	const struct th_spoilt *s = find_spoilt(c, fault->number);
	fault->kind = s ? TH_FAULT_CHANGED : i ? TH_FAULT_CUT : TH_FAULT_WRITER;
	fault->count = c->entry->frames - i;
	if (s) {
		fault->placed = true;
		fault->place = s->place;
	} else if (i) {
		set_place_behind(fault, &c->frames[i - 1]);
	}
}

static void explain_untagged(const struct comparing *c, struct th_fault *fault)
{
	fault->kind = TH_FAULT_UNKNOWN;
	if (c->n) {
		set_place(fault, &c->frames[0]);
		fault->number = c->frames[0].seq;
	}
}

/* The chain's value behind the i-th frame, from c->value before it. */
static int next_value(const struct comparing *c, size_t i, uint8_t ret_value[TH_HASH_BYTES])
{
	const struct th_frame *f = &c->frames[i];
	return th_chain_ahead_next(c->ahead, c->value, f, ret_value)
		? 0
		: th_chain_next(c->hasher, c->value, f->seq, f, ret_value);
}

/* Goes on from c->value, the chain's start. */
static int compare(struct comparing *c, struct th_fault *fault)
{
	uint8_t value[TH_HASH_BYTES];
	size_t last = c->covered < c->entry->frames ? c->covered : c->entry->frames;
	fault->writer = c->entry->writer;
	for (size_t i = 0; i < last; i++) {
		int r = next_value(c, i, value);
		if (r < 0) {
			return r;
		}
		if (c->tags && !has_tag(c, i, value)) {
			explain(c, i, fault);
			return 0;
		}
		memcpy(c->value, value, sizeof(value));
	}
	if (c->covered < c->entry->frames) {
		explain_end(c, fault);
	} else if (c->covered > c->entry->frames) {
		fault->kind = TH_FAULT_INSERTED;
		fault->count = c->covered - c->entry->frames;
		fault->number = c->frames[last].seq;
		set_place(fault, &c->frames[last]);
	} else if (memcmp(c->value, c->entry->value, TH_HASH_BYTES) != 0) {
		explain_untagged(c, fault);
	}
	return 0;
}

static size_t count_covered(const struct th_written *w, uint64_t next)
{
	size_t n = 0;
	while (w && n < w->n && w->frames[n].seq < next) {
		n++;
	}
	return n;
}

/* Checks an entry and gives the anchor of its children. */
static int check_entry(struct comparing *c, const struct th_written_list *l,
	const uint8_t anchor[TH_HASH_BYTES], uint8_t ret_anchor[TH_HASH_BYTES],
	struct th_fault *fault)
{
	const struct th_written nothing = {.writer = c->entry->writer};
	const struct th_written *w = th_written_find(l, c->entry->writer);
	w = w ? w : &nothing;
	c->frames = w->frames;
	c->n = w->n;
	c->covered = count_covered(w, c->entry->next);
	th_chain_ahead_seek(c->ahead, c->entry->writer);
	int r = th_chain_start(c->hasher, c->reader, c->entry->writer, anchor, c->value);
	if (r == 0) {
		r = th_chain_anchor(c->hasher, w, c->value, ret_anchor);
	}
	return r < 0 ? r : compare(c, fault);
}

int th_seal_check(struct th_hasher *h, const struct th_reader *r, const struct th_written_list *l,
	const struct th_seal *seal, struct th_fault *ret_fault)
{
	static const uint8_t zeros[TH_HASH_BYTES];
	struct th_fault fault = {.kind = TH_FAULT_NONE};
	size_t tag = 0;
	uint8_t(*anchors)[TH_HASH_BYTES] = calloc(seal->n, TH_HASH_BYTES);
	int e = anchors ? 0 : -ENOMEM;
	for (size_t i = 0; e == 0 && i < seal->n && fault.kind == TH_FAULT_NONE; i++) {
		struct th_seal_entry entry = th_seal_entry(seal, i);
		struct comparing c = {.hasher = h, .ahead = l->ahead, .reader = r, .entry = &entry};
		c.tags = seal->tags.n ? seal->tags.p + tag : NULL;
		e = check_entry(&c, l, entry.parent ? anchors[entry.parent - 1] : zeros, anchors[i],
			&fault);
		tag += entry.frames * TH_SEAL_TAG_BYTES;
	}
	free(anchors);
	if (e == 0) {
		*ret_fault = fault;
	}
	return e;
}

void th_seal_check_rest(
	const struct th_written_list *l, const struct th_seal *seal, struct th_fault *ret_fault)
{
	struct th_fault fault = {.kind = TH_FAULT_NONE};
	for (size_t i = 0; i < seal->n; i++) {
		struct th_seal_entry entry = th_seal_entry(seal, i);
		const struct th_written *w = th_written_find(l, entry.writer);
		size_t covered = count_covered(w, entry.next);
		if (!w || covered == w->n) {
			continue;
		}
		if (fault.kind == TH_FAULT_NONE) {
			fault.kind = TH_FAULT_ADDED;
			fault.writer = entry.writer;
			fault.number = w->frames[covered].seq;
			set_place(&fault, &w->frames[covered]);
		}
		fault.count += w->n - covered;
	}
	*ret_fault = fault;
}
