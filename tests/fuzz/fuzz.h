/* What fuzz targets share. A target is one file fuzz_X.c that defines LLVMFuzzerTestOneInput(),
 * one line in meson.build, and a few inputs in corpus/X/. It proves more than "does not crash":
 * a rule that holds for any input, by FUZZ_CHECK. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define FUZZ_CHECK(rule) \
	do { \
		if (!(rule)) { \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #rule); \
			abort(); \
		} \
	} while (0)

/* A digest of what a parser said, to compare two runs of it. */
struct fuzz_digest {
	uint64_t sum;
	uint64_t n;
};

static inline void fuzz_note(struct fuzz_digest *d, const void *p, size_t n)
{
	const uint8_t *b = p;
	for (size_t i = 0; i < n; i++) {
		d->sum = (d->sum ^ b[i]) * 0x100000001b3;
	}
	d->n += n;
}

static inline void fuzz_note_int(struct fuzz_digest *d, uint64_t v)
{
	fuzz_note(d, &v, sizeof(v));
}

static inline bool fuzz_same(const struct fuzz_digest *a, const struct fuzz_digest *b)
{
	return a->sum == b->sum && a->n == b->n;
}

#endif
