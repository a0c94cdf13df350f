/* Memory for code that lives inside the agent: power-of-two blocks cut from anonymous mappings.
 *
 * Hooks may run in a signal handler or while the agent's allocator holds its lock, so malloc is
 * out of bounds there (P8, P21). One pool serves the process; it is bounded, thread-safe, and
 * gives NULL when full: the caller then gives up on that connection and says so in the capture.
 * Blocks go back to the free list of their size and are never returned to the system, so a stale
 * pointer still points at a block of the same size ("type-stable" memory). */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>

#define TH_POOL_LIMIT (64u << 20)	 /* all mappings together */
#define TH_POOL_LARGEST_BLOCK (1u << 20) /* a larger request is refused */

/* n bytes, zeroed, aligned to 64; NULL when n is over the largest block or the pool is full. */
void *th_pool_alloc(size_t n);

/* The same, not zeroed: for what is written before it is read. */
void *th_pool_room(size_t n);

/* Gives back a block; n is the size asked for. NULL is allowed. */
void th_pool_free(void *p, size_t n);

/* In a forked child, before anything else of the pool: forgets the parent's lock (P28). */
void th_pool_forked(void);

#endif
