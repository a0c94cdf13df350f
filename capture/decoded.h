/* The memory that a reader's opened blocks live in, until it closes. Bounded: a file of a few
 * kilobytes can say that it decompresses to gigabytes. */
#ifndef CAPTURE_DECODED_H
#define CAPTURE_DECODED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct th_decoded {
	uint8_t **pieces;
	size_t n;
	uint64_t bytes, most;
	uint8_t *shared; /* what is free of the piece taken last */
	size_t shared_left;
	uint8_t *last; /* what was taken last, and its size */
	size_t last_n;
	bool last_is_shared;
};

/* What all blocks of a reader may take together; 0: half of the memory that this process can have,
 * 16 GiB at most. For tests. */
extern uint64_t th_decoded_most;

void th_decoded_init(struct th_decoded *d);
void th_decoded_finish(struct th_decoded *d);

/* Is there room for n more, and `beside` that others hold on its behalf? */
bool th_decoded_admits(const struct th_decoded *d, uint64_t n, uint64_t beside);

/* Room for n bytes; NULL without memory. */
uint8_t *th_decoded_take(struct th_decoded *d, size_t n);

/* Of what was taken last, at p, only the first n bytes are needed, which are no more than it has;
 * says where they are now, NULL: n is 0, and it is gone. Something taken earlier stays as it is. */
uint8_t *th_decoded_shrink(struct th_decoded *d, uint8_t *p, size_t n);

#endif
