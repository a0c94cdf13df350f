/* See replay_guise.h. The table is a fixed array of small sets, so a look-up reads at most one
 * set and never waits. A free slot is claimed by compare-and-swap with a mark that no inode has;
 * when a set is full, a slot goes whose descriptor no longer holds its socket. (A socket that lives
 * on under another number only, in a full set, then loses its guise; P35 forbids a larger table.)
 */
#include "shim/replay_guise.h"

#include "base/sys.h"

#define WAYS 8
#define SETS (TH_GUISES_MAX / WAYS)
#define CLAIMED UINT64_MAX
#define NUMBERS 1024

static struct th_guise guises[SETS][WAYS];
static _Atomic bool any;
static _Atomic bool likely[NUMBERS]; /* descriptors whose socket had a guise when last asked */

uint64_t th_guise_inode(int fd)
{
	struct stat st;
	if (th_sys_fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode)) {
		return 0;
	}
	return st.st_ino;
}

static struct th_guise *set_of(uint64_t inode)
{
	return guises[inode % SETS];
}

static struct th_guise *find(uint64_t inode)
{
	struct th_guise *set = set_of(inode);
	for (int i = 0; i < WAYS; i++) {
		if (atomic_load_explicit(&set[i].inode, memory_order_acquire) == inode) {
			return &set[i];
		}
	}
	return NULL;
}

static void note_likely(int fd, bool is)
{
	if (fd >= 0 && fd < NUMBERS &&
		atomic_load_explicit(&likely[fd], memory_order_relaxed) != is) {
		atomic_store_explicit(&likely[fd], is, memory_order_relaxed);
	}
}

struct th_guise *th_guise_of(int fd)
{
	uint64_t inode = atomic_load_explicit(&any, memory_order_acquire) ? th_guise_inode(fd) : 0;
	struct th_guise *g = inode ? find(inode) : NULL;
	note_likely(fd, g);
	return g;
}

bool th_guise_likely(int fd)
{
	return fd >= 0 && fd < NUMBERS && atomic_load_explicit(&likely[fd], memory_order_relaxed);
}

static bool claim(struct th_guise *g, uint64_t expected)
{
	return atomic_compare_exchange_strong(&g->inode, &expected, CLAIMED);
}

static struct th_guise *claim_one(struct th_guise *set)
{
	for (int i = 0; i < WAYS; i++) {
		if (claim(&set[i], 0)) {
			return &set[i];
		}
	}
	for (int i = 0; i < WAYS; i++) {
		uint64_t inode = atomic_load(&set[i].inode);
		bool gone = inode != CLAIMED && th_guise_inode(set[i].fd) != inode;
		if (gone && claim(&set[i], inode)) {
			return &set[i];
		}
	}
	return NULL;
}

struct th_guise *th_guise_put(uint64_t inode, const struct th_guise *wanted)
{
	struct th_guise *g = claim_one(set_of(inode));
	if (!g) {
		return NULL;
	}
	g->peer = wanted->peer;
	g->local = wanted->local;
	g->peer_bytes = wanted->peer_bytes;
	g->stream_id = wanted->stream_id;
	g->fd = wanted->fd;
	g->datagram = wanted->datagram;
	g->connected = wanted->connected;
	atomic_store(&g->pending, wanted->pending);
	atomic_store(&g->error, wanted->error);
	atomic_store(&g->asked, false);
	for (int i = 0; i < TH_GUISE_OPTIONS; i++) {
		atomic_store(&g->options[i], wanted->options[i]);
	}
	atomic_store_explicit(&g->inode, inode, memory_order_release);
	atomic_store_explicit(&any, true, memory_order_release);
	return g;
}

void th_guise_drop(struct th_guise *g)
{
	atomic_store_explicit(&g->inode, 0, memory_order_release);
}
