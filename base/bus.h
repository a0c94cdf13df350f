/* Pages of mapped files that are not to be had any more (inside the agent).
 *
 * A store to a mapping of a file raises SIGBUS where the file was cut by somebody, where a file
 * system that copies on write has no room for the copy (btrfs, though all of it was allocated), or
 * where the disk fails. That would end the agent. What is watched becomes memory of nobody's
 * instead, and is told to be lost. */
#ifndef BASE_BUS_H
#define BASE_BUS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Watches `n` bytes from `map` on, the beginning of a page, until th_bus_forget(). The first one
 * makes us catch SIGBUS; all that is not ours goes where it went before. When nobody can be told of
 * (too many, SIGBUS is ignored), it stays unwatched. */
void th_bus_watch(void *map, size_t n);
void th_bus_forget(const void *map);

/* Did pages of what is watched at `map` turn out not to be there? It is zeros since then, and what
 * is written goes nowhere. */
bool th_bus_lost(const void *map);

/* Was anything ever lost? Cheap: most programs need not ask for more. */
extern _Atomic bool th_bus_any_lost;

static inline bool th_bus_any(void)
{
	return __builtin_expect(
		atomic_load_explicit(&th_bus_any_lost, memory_order_relaxed), false);
}

#endif
