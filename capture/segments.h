/* Where the frames of a capture stand: its blocks, and the live files beside it. Reading side.
 *
 * Finding comes apart from decoding: this walks block headers and checks checksums, the reader
 * decompresses writer by writer. Live files are opened before the capture is measured: one that
 * is folded meanwhile is then seen twice, never not at all. */
#ifndef CAPTURE_SEGMENTS_H
#define CAPTURE_SEGMENTS_H

#include "capture/layout.h"
#include "capture/reader.h"

/* Frames of one writer, in a row. */
struct th_segment {
	uint64_t writer, first_seq;
	uint64_t rank; /* position of the writer's first segment */
	uint64_t order;
	struct th_slice stored; /* in a mapping; what is left of it when damaged */
	uint32_t raw_bytes, frames;
	bool packed; /* compressed */
	bool split;
	bool leans;
	bool encrypted;
	struct th_block block;	     /* its header, when it is not live */
	uint8_t salt[TH_SALT_BYTES]; /* encrypted, live */
	bool live;
	bool refers;		   /* live: frames may refer to others before them */
	bool skipped;		   /* after a survey: not chosen */
	struct th_block_told seen; /* of a survey */
	bool damaged;		   /* already said so */
	bool torn;		   /* its end is not there */
	bool joined;		   /* `area` was put together, and all of it is as it was */
	bool opened;		   /* `area` is filled */
	bool hopeless;		   /* was read, and no frame of it is sound */
	struct th_slice area;	   /* its frames, decompressed as far as can be */
	const char *path;	   /* for damage found later */
	uint64_t offset;
};

struct th_mapping {
	uint8_t *p; /* NULL when empty */
	size_t n;
	char *path;
};

struct th_segments {
	struct th_file_header header;
	struct th_segment *at; /* sorted: by rank, then by first_seq */
	size_t n;
	struct th_mapping *maps;
	size_t n_maps;
	struct th_damage *damage;
	size_t n_damage;
	size_t n_rewritten;	 /* torn blocks that are passed over: torn.h */
	struct th_extra *extras; /* sound blocks that hold no frames, in the file's order */
	size_t n_extras;
	uint8_t **owned; /* payloads of extras that were encrypted */
	size_t n_owned;
	uint64_t summed; /* bytes of payloads whose checksums were looked at */
	bool no_memory;
	bool chosen;  /* parts were: the others are skipped */
	bool outline; /* payloads are not looked at before they are opened */
};

/* 0, or a negative errno with *ret_why (static text); `s` is zeroed before and to be finished
 * either way. */
int th_segments_find(struct th_segments *s, const char *path, const char **ret_why);
void th_segments_finish(struct th_segments *s);

/* The block that `of` leans on; NULL: it is not there. It comes before `of`. */
struct th_segment *th_segments_base(struct th_segments *s, const struct th_segment *of);

void th_segments_damage(struct th_segments *s, const char *path, uint64_t offset, const char *what);

/* Room for one more element of `size` bytes behind n; the array, or NULL without memory. Arrays
 * grow by doubling, so n alone tells the capacity. */
void *th_array_room(void *array, size_t n, size_t size);

#endif
