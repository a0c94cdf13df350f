/* The hash chain over a writer's frames (FORMAT.md, "Integrity"). Reading side: SHA-256 is
 * libcrypto's, which knows the processor's instructions for it.
 *
 * The chain goes over frames, not over blocks: it is the same before and after folding, and however
 * a copy of the file is compressed. Nothing of it is made inside the agent. */
#ifndef CAPTURE_CHAIN_H
#define CAPTURE_CHAIN_H

#include "capture/chain_ahead.h"
#include "capture/layout.h"
#include "capture/reader.h"

#define TH_HASH_BYTES 32
#define TH_HASH_DOMAIN_BYTES 16 /* what a hash is for, as text, comes first in what is hashed */

/* One SHA-256 at a time; NULL without memory. */
struct th_hasher *th_hasher_create(void);
struct th_hasher *th_hasher_destroy(struct th_hasher *h);

void th_hasher_begin(struct th_hasher *h, const char domain[TH_HASH_DOMAIN_BYTES + 1]);
void th_hasher_add(struct th_hasher *h, const void *p, size_t n);

/* 0, or -EIO when libcrypto fails. */
int th_hasher_end(struct th_hasher *h, uint8_t ret_hash[TH_HASH_BYTES]);

/* All frames of a writer, in order. */
struct th_written {
	uint64_t writer;
	struct th_frame *frames; /* the list's own */
	size_t n;
};

struct th_written_list {
	struct th_written *at; /* sorted by writer, once all were added */
	size_t n;
	struct th_chain_ahead *ahead; /* the list's own; NULL: nothing was hashed yet */
};

/* Adds frames of one writer, whose array the list takes over, also when it fails. 0 or -ENOMEM. */
int th_written_add(struct th_written_list *l, struct th_frame *frames, size_t n);

/* All writers were added. */
void th_written_sort(struct th_written_list *l);

/* Reads everything that the reader has, from the start. 0 or -ENOMEM; *ret_list is to be finished
 * after success. */
int th_written_load(struct th_reader *r, struct th_written_list *ret_list);
void th_written_finish(struct th_written_list *l);

/* NULL: it wrote nothing. */
const struct th_written *th_written_find(const struct th_written_list *l, uint64_t writer);

/* The chain's value before the writer's first frame. `anchor`: of the parent (th_chain_anchor()),
 * or zeros. */
int th_chain_start(struct th_hasher *h, const struct th_reader *r, uint64_t writer,
	const uint8_t anchor[TH_HASH_BYTES], uint8_t ret_value[TH_HASH_BYTES]);

/* The chain's value after a frame, from that before it. `number`: in which place. */
int th_chain_next(struct th_hasher *h, const uint8_t value[TH_HASH_BYTES], uint64_t number,
	const struct th_frame *f, uint8_t ret_value[TH_HASH_BYTES]);

/* Where children hang on: the value after the first PROCESS frame (`value`: before the first
 * frame), after all frames when there is none. */
int th_chain_anchor(struct th_hasher *h, const struct th_written *w,
	const uint8_t value[TH_HASH_BYTES], uint8_t ret_anchor[TH_HASH_BYTES]);

#endif
