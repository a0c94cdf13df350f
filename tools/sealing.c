#include "tools/sealing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tools/tools.h"

#define LOCK_TRIES 1000
#define LOCK_PAUSE 10000000 /* ns */

int th_sealing_lock(const char *capture)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE};
	int fd = open(capture, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		return -errno;
	}
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
			return fd;
		}
		nanosleep(&pause, NULL);
	}
	close(fd);
	return -ETIME;
}

void th_sealing_say_failed(const char *capture, int error)
{
	th_tool_error("%s: not sealed: %s", capture,
		error == -ETIME ? "somebody else is sealing it" : strerror(-error));
}

struct sealing {
	const char *capture;
	const struct th_trace *trace;
	const struct th_sign_key *key;
	struct th_hasher *hasher;
	struct th_written_list written;
	uint8_t previous[TH_HASH_BYTES];
	size_t appended;
};

struct place {
	const struct th_process *process;
	size_t at; /* in the seal, from 1; 0: not yet */
};

static int by_process(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	return x->process < y->process ? -1 : x->process > y->process;
}

static struct place *find_place(struct place *places, size_t n, const struct th_process *p)
{
	const struct place key = {.process = p};
	return p ? bsearch(&key, places, n, sizeof(*places), by_process) : NULL;
}

/* The run's writers: processes, each parent before its children, then who only annotated, as if
 * they were children of the root. The caller frees. */
static struct th_sealed_writer *order_writers(const struct th_run *run, size_t *ret_n)
{
	size_t total = th_run_writers(run);
	struct th_sealed_writer *w = th_tool_alloc((total + run->n_annotators) * sizeof(*w));
	th_auto_free struct place *places = th_tool_alloc(total * sizeof(*places));
	for (size_t i = 0; i < total; i++) {
		places[i] = (struct place){th_run_writer(run, i), 0};
	}
	qsort(places, total, sizeof(*places), by_process);
	for (size_t n = 0; n < total;) { /* once, unless a child stands before its parent */
		for (size_t i = 0; i < total; i++) {
			const struct th_process *p = th_run_writer(run, i);
			struct place *own = find_place(places, total, p);
			const struct place *parent = find_place(places, total, p->parent);
			if (own->at == 0 && (!parent || parent->at)) {
				w[n] = (struct th_sealed_writer){
					p->writer, parent ? parent->at : 0};
				own->at = ++n;
			}
		}
	}
	for (size_t i = 0; i < run->n_annotators; i++) {
		w[total + i] = (struct th_sealed_writer){run->annotators[i], 1};
	}
	*ret_n = total + run->n_annotators;
	return w;
}

/* Does the newest seal of that root cover all of these writers, whole? */
static bool is_covered(const struct sealing *s, const struct th_seal *seal,
	const struct th_sealed_writer *writers, size_t n)
{
	if (seal->n != n) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		struct th_seal_entry e = th_seal_entry(seal, i);
		const struct th_written *w = th_written_find(&s->written, writers[i].writer);
		if (e.writer != writers[i].writer || e.frames != (w ? w->n : 0)) {
			return false;
		}
	}
	return true;
}

static bool find_seal(const struct sealing *s, uint64_t root, struct th_seal *ret_seal)
{
	size_t n;
	const struct th_extra *extras = th_reader_extras(s->trace->reader, &n);
	while (n > 0) {
		n--;
		if (extras[n].type == TH_BLOCK_SEAL &&
			th_seal_decode(s->hasher, s->trace->reader, &extras[n], ret_seal) == 0 &&
			th_seal_entry(ret_seal, 0).writer == root) {
			return true;
		}
	}
	return false;
}

static bool is_signed(const struct sealing *s, const struct th_signature *wanted)
{
	size_t n;
	const struct th_extra *extras = th_reader_extras(s->trace->reader, &n);
	for (size_t i = 0; i < n; i++) {
		struct th_signature found;
		/* Ed25519 is deterministic: the same key gives the same signature. */
		if (extras[i].type == TH_BLOCK_SIGNATURE &&
			th_signature_decode(&extras[i], &found) == 0 &&
			memcmp(&found, wanted, sizeof(found)) == 0) {
			return true;
		}
	}
	return false;
}

static int sign(struct sealing *s, uint64_t root, const uint8_t seal[TH_HASH_BYTES])
{
	struct th_signature signature;
	if (!s->key) {
		return 0;
	}
	int r = th_sign_seal(s->key, seal, &signature);
	if (r < 0 || is_signed(s, &signature)) {
		return r;
	}
	r = th_signature_append(s->capture, s->trace->reader, root, &signature);
	s->appended += r == 0;
	return r;
}

static int append_seal(struct sealing *s, const struct th_run *run,
	const struct th_sealed_writer *writers, size_t n_writers, uint8_t ret_hash[TH_HASH_BYTES])
{
	th_auto_free uint8_t *payload = NULL;
	const struct th_reader *reader = s->trace->reader;
	size_t n = 0;
	int r = th_seal_make(s->hasher, reader, &s->written, writers, n_writers, run->trace_id,
		s->previous, &payload, &n);
	if (r == 0) {
		r = th_seal_append(s->capture, reader, writers[0].writer, payload, n);
	}
	if (r == 0) {
		s->appended++;
		r = th_seal_hash(s->hasher, reader, (struct th_slice){payload, n}, ret_hash);
	}
	return r;
}

static int seal_run(struct sealing *s, const struct th_run *run)
{
	size_t n;
	th_auto_free struct th_sealed_writer *writers = order_writers(run, &n);
	struct th_seal seal;
	if (find_seal(s, writers[0].writer, &seal) && is_covered(s, &seal, writers, n)) {
		return sign(s, writers[0].writer, seal.hash);
	}
	int r = append_seal(s, run, writers, n, s->previous);
	return r < 0 ? r : sign(s, writers[0].writer, s->previous);
}

int th_sealing_run(const char *capture, const struct th_trace *t, const struct th_run *only,
	const struct th_sign_key *key, size_t *ret_appended)
{
	struct sealing s = {.capture = capture, .trace = t, .key = key};
	s.hasher = th_hasher_create();
	int r = s.hasher ? th_written_load(t->reader, &s.written) : -ENOMEM;
	if (r == 0) {
		r = th_seal_newest(s.hasher, t->reader, s.previous);
	}
	for (size_t i = 0; r == 0 && i < t->n_runs; i++) {
		if (t->runs[i]->n_processes && (!only || only == t->runs[i])) {
			r = seal_run(&s, t->runs[i]);
		}
	}
	th_written_finish(&s.written);
	th_hasher_destroy(s.hasher);
	*ret_appended = s.appended;
	return r;
}
