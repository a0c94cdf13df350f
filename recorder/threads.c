/* See threads.h. A thread's number is part of its lane, by which a replay gives equal requests
 * their own answers; so it must not depend on which of several threads uses the network first,
 * which differs from run to run. The kernel hands out thread ids in the order of creation: the
 * number of a thread is how many with a lower id there are or were, as far as they are alive or
 * have used the network. pthread_create() is not hooked (preload-craft P13).
 *
 * Without /proc it is the order of first use. Threads that ended without having used the network
 * are not seen: numbers may then be others in another run, as with any thread that comes and goes.
 */
#include "recorder/threads.h"

#include <stdbool.h>
#include <string.h>

#include "base/lock.h"
#include "base/sys.h"

#define KNOWN_MAX 1024	  /* threads remembered; later ones are numbered as they come */
#define ID_MASK 0x3fffffu /* thread ids are below 2^22 (proc(5), pid_max) */
#define LIST_BYTES 4096

struct known {
	uint32_t key, number;
};

static struct {
	struct th_lock lock;
	uint32_t n, most;
	struct known known[KNOWN_MAX]; /* by key */
} threads;

struct entry { /* getdents64(2) */
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

/* Ids from the main thread's on, so that they grow also where ids begin anew. */
static uint32_t key_of(uint32_t tid)
{
	return (tid - (uint32_t)TH_SYS(SYS_getpid)) & ID_MASK;
}

/* How many of the known have a lower key. */
static uint32_t known_below(uint32_t key)
{
	uint32_t lo = 0, hi = threads.n;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (threads.known[mid].key < key) {
			lo = mid + 1;
		} else {
			hi = mid;
		}
	}
	return lo;
}

static bool is_known(uint32_t key)
{
	uint32_t at = known_below(key);
	return at < threads.n && threads.known[at].key == key;
}

/* 0: no number, as of "." */
static uint32_t id_of(const char *name)
{
	uint32_t id = 0;
	for (; *name >= '0' && *name <= '9'; name++) {
		id = id * 10 + (uint32_t)(*name - '0');
	}
	return id;
}

static uint32_t count_entries(const uint8_t *list, long n, uint32_t key)
{
	uint32_t count = 0;
	for (long at = 0; at < n;) {
		const struct entry *e = (const void *)(list + at);
		uint32_t id = id_of(e->name);
		if (id && key_of(id) < key && !is_known(key_of(id))) {
			count++;
		}
		at += e->length;
	}
	return count;
}

/* How many living threads below `key` have not used the network yet. */
static uint32_t alive_below(uint32_t key)
{
	_Alignas(struct entry) uint8_t list[LIST_BYTES];
	uint32_t count = 0;
	int fd = key ? th_sys_open("/proc/self/task", O_RDONLY | O_DIRECTORY, 0) : -1;
	if (fd < 0) {
		return 0;
	}
	long n;
	while ((n = TH_SYS(SYS_getdents64, fd, list, sizeof(list))) > 0) {
		count += count_entries(list, n, key);
	}
	th_sys_close(fd);
	return count;
}

static bool is_taken(uint32_t number)
{
	for (uint32_t i = 0; i < threads.n; i++) {
		if (threads.known[i].number == number) {
			return true;
		}
	}
	return false;
}

static uint32_t choose_number(uint32_t key, uint32_t below)
{
	uint32_t number = below + alive_below(key) + 1;
	for (uint32_t i = 0; i < below; i++) {
		uint32_t before = threads.known[i].number;
		number = before >= number ? before + 1 : number;
	}
	while (is_taken(number)) {
		number++;
	}
	return number;
}

static uint32_t enlist(uint32_t key)
{
	uint32_t below = known_below(key);
	bool again = below < threads.n && threads.known[below].key == key; /* the id is used anew */
	bool full = threads.n == KNOWN_MAX;
	uint32_t number = again || full ? threads.most + 1 : choose_number(key, below);
	if (again) {
		threads.known[below].number = number;
	} else if (!full) {
		memmove(&threads.known[below + 1], &threads.known[below],
			(threads.n - below) * sizeof(struct known));
		threads.known[below] = (struct known){key, number};
		threads.n++;
	}
	threads.most = number > threads.most ? number : threads.most;
	return number;
}

uint32_t th_threads_number(void)
{
	uint32_t key = key_of((uint32_t)TH_SYS(SYS_gettid));
	if (!th_lock(&threads.lock)) {
		return 0;
	}
	uint32_t number = enlist(key);
	th_unlock(&threads.lock);
	return number;
}

void th_threads_forked(void)
{
	th_lock_reset(&threads.lock);
	threads.n = threads.most = 0;
}
