#include "trace/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "base/text.h"
#include "trace/loading.h"

static struct th_collected *add_writer(struct th_loading *l)
{
	struct th_collected **room = th_arena_room(&l->arena, l->all, l->n, sizeof(l->all[0]));
	struct th_collected *c = th_arena_alloc(&l->arena, sizeof(*c));
	if (!room || !c) {
		return NULL;
	}
	l->all = room;
	l->all[l->n++] = c;
	return c;
}

/* The reader gives the frames writer by writer. */
int th_loading_collect(struct th_loading *l)
{
	struct th_collected *c = NULL;
	struct th_frame f;
	while (th_reader_next(l->trace.reader, &f)) {
		if (!c || c->process.writer != f.writer) {
			c = add_writer(l);
			if (c) {
				c->told = th_reader_told(l->trace.reader);
			}
		}
		if (c) {
			th_collect_frame(&l->arena, c, &f);
		}
		if (l->arena.failed) {
			return -ENOMEM;
		}
	}
	return 0;
}

static bool is_of_exchange(const struct th_frame *f)
{
	return (f->type >= TH_FRAME_REQ_HEAD && f->type <= TH_FRAME_RES_END) ||
		f->type == TH_FRAME_BODY_HASH;
}

static int collect_written(struct th_loading *l, struct th_written_list *written)
{
	struct th_frame *frames;
	size_t n;
	written->ahead = th_chain_ahead_create(l->trace.reader);
	while ((frames = th_reader_take_writer(l->trace.reader, &n))) {
		struct th_collected *c = add_writer(l);
		if (th_written_add(written, frames, n) < 0 || !c) {
			return -ENOMEM;
		}
		for (size_t i = 0; i < n; i++) {
			if (is_of_exchange(&frames[i])) {
				th_collect_sight(c, &frames[i]);
			} else {
				th_collect_frame(&l->arena, c, &frames[i]);
			}
		}
	}
	th_reader_watch(l->trace.reader, NULL, NULL);
	th_written_sort(written);
	return l->arena.failed ? -ENOMEM : 0;
}

int th_loading_build(struct th_loading *l)
{
	for (size_t i = 0; i < l->n; i++) {
		th_collect_finish(&l->arena, l->all[i]);
	}
	th_runs_build(&l->arena, &l->trace, l->all, l->n);
	l->trace.damage = th_reader_damage(l->trace.reader, &l->trace.n_damage);
	return l->arena.failed ? -ENOMEM : 0;
}

static int load(const char *path, bool outline, struct th_written_list *written,
	struct th_trace **ret_trace, const char **ret_why)
{
	struct th_loading *l = calloc(1, sizeof(*l));
	int (*open_reader)(const char *, struct th_reader **,
		const char **) = outline ? th_reader_open_outline : th_reader_open;
	int r = l ? open_reader(path, &l->trace.reader, ret_why) : -ENOMEM;
	if (r < 0) {
		free(l);
		return r;
	}
	r = written ? collect_written(l, written) : th_loading_collect(l);
	r = r < 0 ? r : th_loading_build(l);
	if (r < 0) {
		if (ret_why) {
			*ret_why = "needs more memory than there is";
		}
		if (written) {
			th_written_finish(written);
		}
		th_trace_free(&l->trace);
		return r;
	}
	*ret_trace = &l->trace;
	return 0;
}

int th_trace_load(const char *path, struct th_trace **ret_trace, const char **ret_why)
{
	return load(path, false, NULL, ret_trace, ret_why);
}

int th_trace_load_outline(const char *path, struct th_trace **ret_trace, const char **ret_why)
{
	return load(path, true, NULL, ret_trace, ret_why);
}

int th_trace_load_written(const char *path, struct th_trace **ret_trace,
	struct th_written_list *ret_written, const char **ret_why)
{
	struct th_written_list written = {0};
	int r = load(path, false, &written, ret_trace, ret_why);
	if (r == 0) {
		*ret_written = written;
	}
	return r;
}

struct th_trace *th_trace_free(struct th_trace *t)
{
	if (t) {
		struct th_loading *l = (struct th_loading *)t;
		th_arena_finish(&l->arena);
		th_reader_close(t->reader);
		free(l);
	}
	return NULL;
}

static bool has_prefix(const struct th_run *run, struct th_slice prefix)
{
	char hex[2 * TH_TRACE_ID_BYTES];
	th_hex_encode(hex, run->trace_id, sizeof(run->trace_id));
	struct th_slice start = {(const uint8_t *)hex, prefix.n};
	return prefix.n <= sizeof(hex) && th_slice_ieq(start, prefix);
}

static bool same_trace(const struct th_run *a, const struct th_run *b)
{
	return memcmp(a->trace_id, b->trace_id, sizeof(a->trace_id)) == 0;
}

/* Runs are in order of start: the last that fits, but one that was not cut before any other. */
struct th_run *th_trace_find_run(const struct th_trace *t, const char *prefix, bool *ret_ambiguous)
{
	struct th_slice wanted = th_slice_str(prefix);
	struct th_run *found = NULL;
	*ret_ambiguous = false;
	for (size_t i = 0; i < t->n_runs; i++) {
		struct th_run *run = t->runs[i];
		if (!has_prefix(run, wanted)) {
			continue;
		}
		if (found && wanted.n && !same_trace(found, run)) {
			*ret_ambiguous = true;
			return NULL;
		}
		if (!found || run->end != TH_RUN_CUT || found->end == TH_RUN_CUT) {
			found = run;
		}
	}
	return found;
}

void th_trace_span_id(
	const uint8_t process_span[TH_SPAN_ID_BYTES], uint32_t id, uint8_t ret_id[TH_SPAN_ID_BYTES])
{
	uint8_t key[TH_SIPHASH_KEY_BYTES] = "\0\0\0\0\0\0\0\0exchange";
	memcpy(key, process_span, TH_SPAN_ID_BYTES);
	uint64_t hash = th_siphash(key, &id, sizeof(id));
	hash = hash ? hash : 1; /* all zeros is no span id (W3C Trace Context) */
	memcpy(ret_id, &hash, TH_SPAN_ID_BYTES);
}
