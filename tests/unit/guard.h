/* Test inputs that end where readable memory ends: a parser that reads one byte too far dies.
 *
 * th_guard(bytes) copies the bytes to the end of a mapping whose next page is forbidden.
 * Each thread has one mapping; the copy lives until its next call. */
#ifndef TESTS_UNIT_GUARD_H
#define TESTS_UNIT_GUARD_H

#include <assert.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bytes.h"

#define TH_GUARD_ROOM ((size_t)4 << 20)
#define TH_GUARD_PAGE ((size_t)4096)

static inline struct th_slice th_guard(struct th_slice bytes)
{
	static _Thread_local uint8_t *room;
	if (!room) {
		room = mmap(NULL, TH_GUARD_ROOM + TH_GUARD_PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert(room != MAP_FAILED);
		assert(mprotect(room + TH_GUARD_ROOM, TH_GUARD_PAGE, PROT_NONE) == 0);
	}
	assert(bytes.n <= TH_GUARD_ROOM);
	uint8_t *p = room + TH_GUARD_ROOM - bytes.n;
	if (bytes.n) {
		memcpy(p, bytes.p, bytes.n);
	}
	return (struct th_slice){p, bytes.n};
}

#endif
