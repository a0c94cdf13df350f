/* Seals and runs come together by their writers: a run may have several seals (it went on after the
 * first), and a seal may be all that is left of a run. */
#include "tools/verdict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/tools.h"

struct owner {
	uint64_t writer;
	size_t run; /* index in the trace */
};

struct checking {
	struct th_verify *v;
	struct th_hasher *hasher;
	const struct th_reader *reader;
	const uint8_t *key;
	struct owner *owners; /* sorted by writer */
	size_t n_owners;
};

static int by_writer(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;
	return x->writer < y->writer ? -1 : x->writer > y->writer;
}

static void note_owners(struct checking *c, const struct th_trace *t)
{
	size_t n = 0;
	for (size_t i = 0; i < t->n_runs; i++) {
		n += th_run_writers(t->runs[i]) + t->runs[i]->n_annotators;
	}
	c->owners = th_tool_alloc((n ? n : 1) * sizeof(*c->owners));
	for (size_t i = 0; i < t->n_runs; i++) {
		for (size_t k = 0; k < th_run_writers(t->runs[i]); k++) {
			c->owners[c->n_owners++] = (struct owner){
				th_run_writer(t->runs[i], k)->writer, i};
		}
		for (size_t k = 0; k < t->runs[i]->n_annotators; k++) {
			c->owners[c->n_owners++] = (struct owner){t->runs[i]->annotators[k], i};
		}
	}
	qsort(c->owners, c->n_owners, sizeof(*c->owners), by_writer);
}

/* The runs of the trace first, in its order; those of which only a seal is left behind them. */
static void add_runs(struct th_verify *v, const struct th_trace *t)
{
	v->runs = th_tool_alloc((t->n_runs ? t->n_runs : 1) * sizeof(*v->runs));
	for (size_t i = 0; i < t->n_runs; i++) {
		v->runs[v->n++] = (struct th_verify_run){
			.result = TH_VERIFY_UNSEALED, .run = t->runs[i], .number = i + 1};
	}
}

static struct th_verify_run *run_of(struct checking *c, const struct th_seal *seal)
{
	struct th_verify *v = c->v;
	for (size_t i = 0; i < seal->n; i++) {
		const struct owner key = {.writer = th_seal_entry(seal, i).writer};
		const struct owner *o = c->n_owners
			? bsearch(&key, c->owners, c->n_owners, sizeof(key), by_writer)
			: NULL;
		if (o) {
			return &v->runs[o->run];
		}
	}
	for (size_t i = v->trace->n_runs; i < v->n; i++) {
		if (memcmp(v->runs[i].seal.trace_id, seal->trace_id, sizeof(seal->trace_id)) == 0) {
			return &v->runs[i];
		}
	}
	v->runs = th_tool_realloc(v->runs, (v->n + 1) * sizeof(*v->runs));
	v->runs[v->n] = (struct th_verify_run){.result = TH_VERIFY_UNSEALED};
	return &v->runs[v->n++];
}

static void note_bad_block(struct th_verify *v, const struct th_extra *block)
{
	v->first_bad = v->bad_seals ? v->first_bad : block->offset;
	v->bad_seals++;
}

static int check_seal(
	struct checking *c, const struct th_extra *block, uint8_t previous[TH_HASH_BYTES])
{
	struct th_seal seal;
	struct th_fault fault;
	int r = th_seal_decode(c->hasher, c->reader, block, &seal);
	if (r == -EINVAL || r == -ENOTSUP) {
		note_bad_block(c->v, block);
		return 0;
	}
	if (r == 0) {
		r = th_seal_check(c->hasher, c->reader, &c->v->written, &seal, &fault);
	}
	if (r < 0) {
		return r;
	}
	struct th_verify_run *run = run_of(c, &seal);
	if (run->unlinked_seal == 0 && memcmp(seal.previous, previous, TH_HASH_BYTES) != 0) {
		run->unlinked_seal = seal.offset;
	}
	memcpy(previous, seal.hash, TH_HASH_BYTES);
	run->fault = run->fault.kind == TH_FAULT_NONE ? fault : run->fault;
	run->seal = seal;
	run->n_seals++;
	return 0;
}

static int check_seals(struct checking *c)
{
	size_t n;
	uint8_t previous[TH_HASH_BYTES] = {0};
	const struct th_extra *extras = th_reader_extras(c->reader, &n);
	int r = 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (extras[i].type == TH_BLOCK_SEAL) {
			r = check_seal(c, &extras[i], previous);
		}
	}
	return r;
}

static void check_signature(struct checking *c, const struct th_extra *block)
{
	struct th_signature s;
	if (th_signature_decode(block, &s) < 0) {
		note_bad_block(c->v, block);
		return;
	}
	for (size_t i = 0; i < c->v->n; i++) {
		struct th_verify_run *run = &c->v->runs[i];
		if (!run->n_seals || memcmp(run->seal.hash, s.seal, TH_HASH_BYTES) != 0) {
			continue;
		}
		if (!th_sign_holds(&s)) {
			run->bad_signature = run->bad_signature ? run->bad_signature
								: block->offset;
		} else if (!c->key || memcmp(c->key, s.public_key, sizeof(s.public_key)) == 0) {
			run->signed_by_key = true;
			run->signature = s;
		}
	}
}

static void check_signatures(struct checking *c)
{
	size_t n;
	const struct th_extra *extras = th_reader_extras(c->reader, &n);
	for (size_t i = 0; i < n; i++) {
		if (extras[i].type == TH_BLOCK_SIGNATURE) {
			check_signature(c, &extras[i]);
		}
	}
}

static int by_number(const void *a, const void *b)
{
	return *(const uint64_t *)a < *(const uint64_t *)b
		? -1
		: *(const uint64_t *)a > *(const uint64_t *)b;
}

/* Processes first, then who only annotated. */
static uint64_t writer_of(const struct th_run *run, size_t i)
{
	size_t n = th_run_writers(run);
	return i < n ? th_run_writer(run, i)->writer : run->annotators[i - n];
}

/* A writer of the run that the seal does not know. */
static void find_added(const struct checking *c, struct th_verify_run *run)
{
	const struct th_seal *seal = &run->seal;
	th_auto_free uint64_t *sealed = th_tool_alloc(seal->n * sizeof(*sealed));
	for (size_t i = 0; i < seal->n; i++) {
		sealed[i] = th_seal_entry(seal, i).writer;
	}
	qsort(sealed, seal->n, sizeof(*sealed), by_number);
	for (size_t i = 0; i < th_run_writers(run->run) + run->run->n_annotators; i++) {
		uint64_t writer = writer_of(run->run, i);
		const struct th_written *w = th_written_find(&c->v->written, writer);
		if (bsearch(&writer, sealed, seal->n, sizeof(*sealed), by_number) || !w) {
			continue;
		}
		run->fault = (struct th_fault){.kind = TH_FAULT_ADDED,
			.writer = writer,
			.number = w->frames[0].seq,
			.count = w->n,
			.frame = &w->frames[0],
			.placed = true,
			.place = w->frames[0].place};
		return;
	}
}

static void conclude(const struct checking *c, struct th_verify_run *run)
{
	if (run->n_seals == 0) {
		return;
	}
	if (run->fault.kind == TH_FAULT_NONE) {
		th_seal_check_rest(&c->v->written, &run->seal, &run->fault);
	}
	if (run->fault.kind == TH_FAULT_NONE && run->run) {
		find_added(c, run);
	}
	bool broken = run->fault.kind != TH_FAULT_NONE || run->unlinked_seal || run->bad_signature;
	run->result = broken ? TH_VERIFY_BROKEN : TH_VERIFY_INTACT;
	if (!broken && c->key && !run->signed_by_key) {
		run->result = TH_VERIFY_UNSIGNED;
	}
}

int th_verify_make(const struct th_trace *t, struct th_written_list *written, const uint8_t *key,
	struct th_verify *ret_verify)
{
	struct th_verify v = {.trace = t};
	struct checking c = {.v = &v, .reader = t->reader, .key = key};
	int r = 0;
	if (written) {
		v.written = *written;
		*written = (struct th_written_list){0};
	} else {
		r = th_written_load(t->reader, &v.written);
	}
	c.hasher = th_hasher_create();
	r = c.hasher ? r : -ENOMEM;
	if (r == 0) {
		note_owners(&c, t);
		add_runs(&v, t);
		r = check_seals(&c);
	}
	if (r == 0) {
		check_signatures(&c);
		for (size_t i = 0; i < v.n; i++) {
			conclude(&c, &v.runs[i]);
		}
		*ret_verify = v;
	} else {
		th_verify_finish(&v);
	}
	free(c.owners);
	th_hasher_destroy(c.hasher);
	return r;
}

void th_verify_finish(struct th_verify *v)
{
	th_written_finish(&v->written);
	free(v->runs);
}
