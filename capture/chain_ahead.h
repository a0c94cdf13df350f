/* Values of a writer's chain, made in a thread of their own while what follows is still read: one
 * chain cannot be made by two threads, but to read it takes as long as to hash it.
 *
 * Nothing rests on it. Each value says behind which value, of which number and of which bytes in
 * memory it was made; who verifies takes it for nothing else, and makes it himself where there is
 * none. Only the chains of processes without a parent are made ahead, of blocks in their order. */
#ifndef CAPTURE_CHAIN_AHEAD_H
#define CAPTURE_CHAIN_AHEAD_H

#include "capture/reader.h"

struct th_chain_ahead;

/* With fewer bytes of frames than that no thread is begun. Tests set it to 0. */
extern size_t th_chain_ahead_least;

/* Hashes what the reader reads from now on, until the reader is closed. NULL without memory. */
struct th_chain_ahead *th_chain_ahead_create(struct th_reader *r);

/* Ends the thread. Before the reader is closed. Takes NULL; returns NULL. */
struct th_chain_ahead *th_chain_ahead_destroy(struct th_chain_ahead *a);

/* The next frames that are asked for are the first ones of this writer. */
void th_chain_ahead_seek(struct th_chain_ahead *a, uint64_t writer);

/* The value behind the next frame, if that is `f`, made behind `value`. False: it is not known, nor
 * any further one of the writer. `a` may be NULL. Waits for the thread. */
bool th_chain_ahead_next(struct th_chain_ahead *a, const uint8_t *value, const struct th_frame *f,
	uint8_t *ret_value);

#endif
