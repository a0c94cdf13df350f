/* Seals: what a capture says of its own completeness (FORMAT.md, "Integrity"). Reading side.
 *
 * A seal is a block that lists the writers of a run with the number of their frames and the value
 * of their hash chains, and refers to the seal before it. It is made when the run is over, by the
 * wrapper or by `tracehook seal`; a signature is a block of its own that names a seal. */
#ifndef CAPTURE_SEAL_H
#define CAPTURE_SEAL_H

#include "capture/chain.h"

#define TH_SEAL_VERSION 1
#define TH_SEAL_FIXED_BYTES 64
#define TH_SEAL_ENTRY_BYTES 64
#define TH_SEAL_TAG_BYTES 2
#define TH_SEAL_TAGS 1 /* flag: tags follow the entries */

#define TH_SIGNATURE_VERSION 1
#define TH_SIGNATURE_ED25519 1
#define TH_SIGNATURE_BYTES 136
#define TH_ED25519_KEY_BYTES 32
#define TH_ED25519_SIGNATURE_BYTES 64

struct th_seal_entry {
	uint64_t writer;
	uint32_t parent;       /* which entry, counted from 1; 0: none */
	uint64_t frames, next; /* how many; the number after the last one's */
	uint8_t value[TH_HASH_BYTES];
};

struct th_seal {
	uint16_t flags;
	uint32_t n; /* writers; each parent before its children */
	uint8_t trace_id[TH_TRACE_ID_BYTES];
	uint64_t time;
	uint8_t previous[TH_HASH_BYTES]; /* zeros: none */
	struct th_slice entries;
	struct th_slice tags; /* per frame the first 2 bytes of its chain value; may be empty */
	uint8_t hash[TH_HASH_BYTES]; /* its own: what a signature signs, what the next seal names */
	uint64_t offset;	     /* of the block */
};

/* The seal in a block. 0; -EINVAL: it is malformed; -ENOTSUP: of a newer version; -EIO. It points
 * into the block. */
int th_seal_decode(struct th_hasher *h, const struct th_reader *r, const struct th_extra *block,
	struct th_seal *ret_seal);

/* i < seal->n */
struct th_seal_entry th_seal_entry(const struct th_seal *seal, size_t i);

struct th_signature {
	uint8_t seal[TH_HASH_BYTES];
	uint8_t public_key[TH_ED25519_KEY_BYTES];
	uint8_t signature[TH_ED25519_SIGNATURE_BYTES];
};

/* 0; -EINVAL: it is malformed; -ENOTSUP: newer, or another algorithm. */
int th_signature_decode(const struct th_extra *block, struct th_signature *ret_signature);

/* Who wrote in a run, for th_seal_make(): each parent before its children. */
struct th_sealed_writer {
	uint64_t writer;
	size_t parent; /* which of them, counted from 1; 0: none */
};

/* What the next seal has to name as the one before it: the hash of the newest in the file, zeros
 * when there is none. 0 or -EIO. */
int th_seal_newest(struct th_hasher *h, const struct th_reader *r, uint8_t ret_hash[TH_HASH_BYTES]);

/* A seal over all that is there of these writers; the caller frees *ret_payload. 0; -EINVAL: a
 * parent does not stand before its child; -EFBIG; -ENOMEM; -EIO. */
int th_seal_make(struct th_hasher *h, const struct th_reader *r,
	const struct th_written_list *written, const struct th_sealed_writer *writers, size_t n,
	const uint8_t trace_id[TH_TRACE_ID_BYTES], const uint8_t previous[TH_HASH_BYTES],
	uint8_t **ret_payload, size_t *ret_n);

/* Appends it to the capture at `path`. 0 or as th_capture_append(). */
int th_seal_append(const char *path, const struct th_reader *r, uint64_t root,
	const uint8_t *payload, size_t n);
int th_signature_append(
	const char *path, const struct th_reader *r, uint64_t root, const struct th_signature *s);

/* The hash of a seal's payload. */
int th_seal_hash(struct th_hasher *h, const struct th_reader *r, struct th_slice payload,
	uint8_t ret_hash[TH_HASH_BYTES]);

#endif
