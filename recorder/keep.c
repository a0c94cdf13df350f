#include "recorder/keep.h"

#include <stdatomic.h>

#include "base/lock.h"
#include "base/pool.h"
#include "capture/answers_key.h"
#include "capture/kept.h"
#include "recorder/emit.h"
#include "recorder/process.h"

#define REMEMBERED 64	/* values; the 6 bits of place_of() */
#define TOKEN_PREFIX 12 /* before the hash */

enum state {
	UNKNOWN, /* the user's key has not been looked for */
	READY,
	NONE,
};

static struct {
	struct th_lock lock; /* while the key is looked for */
	_Atomic int state;
	_Atomic bool said;
	enum th_kept why; /* of NONE */
	bool encrypted;
	uint8_t file_id[TH_FILE_ID_BYTES];
	uint64_t writer;
	uint8_t user_key[TH_AES_KEY_BYTES];
	struct th_kept_key key;
	/* copies: the agent may change its environment */
	char state_home[TH_ANSWERS_PATH_MAX], home[TH_ANSWERS_PATH_MAX];
	_Atomic uint64_t seen[REMEMBERED];
} keep;

static void forget_values(void)
{
	for (size_t i = 0; i < REMEMBERED; i++) {
		atomic_store_explicit(&keep.seen[i], 0, memory_order_relaxed);
	}
	atomic_store(&keep.said, false);
}

static void choose_writer(const struct th_writer *writer)
{
	keep.writer = writer->id;
	if (keep.encrypted) {
		bool ok = th_kept_key_init_encrypted(&keep.key, keep.file_id, keep.writer);
		keep.why = TH_KEPT_NO_KEY;
		atomic_store(&keep.state, ok ? READY : NONE);
	} else if (atomic_load(&keep.state) == READY) {
		th_kept_key_init(&keep.key, keep.user_key, keep.file_id, keep.writer);
	}
}

static void copy_path(char to[TH_ANSWERS_PATH_MAX], const char *path)
{
	size_t n = path ? strlen(path) : 0;
	n = n < TH_ANSWERS_PATH_MAX ? n : 0;
	memcpy(to, path ? path : "", n);
	to[n] = '\0';
}

void th_keep_start(const struct th_writer *writer, const char *state_home, const char *home)
{
	if (keep.writer) {
		forget_values();
	}
	memcpy(keep.file_id, writer->file_id, sizeof(keep.file_id));
	keep.encrypted = writer->encrypted;
	copy_path(keep.state_home, state_home);
	copy_path(keep.home, home);
	choose_writer(writer);
}

void th_keep_forked(const struct th_writer *writer)
{
	th_lock_reset(&keep.lock);
	forget_values();
	choose_writer(writer);
}

static enum th_kept load(void)
{
	const struct th_answers_where where = {keep.state_home, TH_ANSWERS_PASSWD, keep.home};
	int r = th_answers_key(&where, keep.user_key);
	if (r < 0) {
		return r == -EPERM ? TH_KEPT_NOT_OWN : TH_KEPT_NO_KEY;
	}
	th_kept_key_init(&keep.key, keep.user_key, keep.file_id, keep.writer);
	return TH_KEPT_VALUE;
}

static bool is_ready(void)
{
	if (atomic_load(&keep.state) == UNKNOWN && th_lock(&keep.lock)) {
		if (atomic_load(&keep.state) == UNKNOWN) {
			keep.why = load();
			atomic_store(&keep.state, keep.why == TH_KEPT_VALUE ? READY : NONE);
		}
		th_unlock(&keep.lock);
	}
	return atomic_load(&keep.state) == READY;
}

/* That nothing is kept, and why, once. */
static void say_nothing_kept(void)
{
	uint8_t payload[16];
	bool said = false;
	if (atomic_load(&keep.state) == NONE &&
		atomic_compare_exchange_strong(&keep.said, &said, true)) {
		const struct iovec part = {payload, th_kept_say(keep.why, payload)};
		th_process_put(TH_FRAME_KEPT, 0, 0, &part, 1);
	}
}

/* Half of the digits of the token's hash say where it is remembered, the others with what: two that
 * share a place are kept again and again. */
static _Atomic uint64_t *place_of(const uint8_t token[TH_STAND_IN_BYTES], uint64_t *ret_mark)
{
	uint64_t half;
	memcpy(&half, token + TOKEN_PREFIX, sizeof(half));
	memcpy(ret_mark, token + TOKEN_PREFIX + sizeof(half), sizeof(*ret_mark));
	*ret_mark ^= half * 0x9e3779b97f4a7c15u;
	return &keep.seen[(half * 0x9e3779b97f4a7c15u) >> 58];
}

/* Kept it is only when it was written: a disk that is full now may have room for the next answer.
 */
static void put_value(const uint8_t token[TH_STAND_IN_BYTES], struct th_slice value)
{
	size_t bound = th_kept_bound(value.n);
	uint8_t *p = th_pool_alloc(bound);
	size_t n = p ? th_kept_seal(&keep.key, token, value, p) : 0;
	if (n) {
		const struct iovec part = {p, n};
		th_process_put(TH_FRAME_KEPT, 0, 0, &part, 1);
	} else {
		th_emit_lost(1, value.n, "no memory to keep an answer's secret");
	}
	th_pool_free(p, bound);
}

void th_keep_value(const uint8_t token[TH_STAND_IN_BYTES], struct th_slice value)
{
	uint64_t mark;
	_Atomic uint64_t *place = place_of(token, &mark);
	if (!is_ready()) {
		say_nothing_kept();
		return;
	}
	if (value.n > TH_KEPT_VALUE_MAX ||
		atomic_exchange_explicit(place, mark, memory_order_relaxed) == mark) {
		return;
	}
	put_value(token, value);
	if (th_recorder_broken()) {
		atomic_store_explicit(place, 0, memory_order_relaxed);
	}
}
