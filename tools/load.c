#include "tools/load.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tools/access_log.h"
#include "tools/capture_path.h"
#include "tools/tools.h"

#define DAMAGES_SHOWN 20 /* kinds of damage */

static int load(const char *path, bool outline, struct th_trace **ret_trace)
{
	const char *why = NULL;
	int code = th_access_log(path);
	if (code != TH_EXIT_OK) {
		return code;
	}
	int r = outline ? th_trace_load_outline(path, ret_trace, &why)
			: th_trace_load(path, ret_trace, &why);
	return r < 0 ? th_capture_load_failed(path, r, why) : TH_EXIT_OK;
}

int th_load_written(
	const char *path, struct th_trace **ret_trace, struct th_written_list *ret_written)
{
	const char *why = NULL;
	int code = th_access_log(path);
	if (code != TH_EXIT_OK) {
		return code;
	}
	int r = th_trace_load_written(path, ret_trace, ret_written, &why);
	return r < 0 ? th_capture_load_failed(path, r, why) : TH_EXIT_OK;
}

int th_load(const char *path, struct th_trace **ret_trace)
{
	return load(path, false, ret_trace);
}

int th_load_outline(const char *path, struct th_trace **ret_trace)
{
	return load(path, true, ret_trace);
}

static bool is_hex_prefix(const char *prefix)
{
	size_t n = strlen(prefix);
	return n <= 2 * TH_TRACE_ID_BYTES && strspn(prefix, "0123456789abcdefABCDEF") == n;
}

/* "#2": the second run. NULL: it is no number, or there is no such run. */
static struct th_run *numbered_run(const struct th_trace *t, const char *word)
{
	uint64_t number;
	bool valid = word && word[0] == '#' && th_parse_u64(th_slice_str(word + 1), &number);
	return valid && number >= 1 && number <= t->n_runs ? t->runs[number - 1] : NULL;
}

static void list_candidates(const struct th_trace *t, const char *prefix)
{
	for (size_t i = 0; i < t->n_runs; i++) {
		char hex[2 * TH_TRACE_ID_BYTES + 1] = "";
		th_hex_encode(hex, t->runs[i]->trace_id, TH_TRACE_ID_BYTES);
		if (strncasecmp(hex, prefix, strlen(prefix)) == 0) {
			fprintf(stderr, "  %s\n", hex);
		}
	}
}

struct th_run *th_load_find_run(const struct th_trace *t, const char *prefix)
{
	bool ambiguous = false;
	struct th_run *run = numbered_run(t, prefix);
	if (run || (prefix && !is_hex_prefix(prefix))) {
		return run;
	}
	return th_trace_find_run(t, prefix, &ambiguous);
}

int th_load_run(const struct th_trace *t, const char *path, const char *prefix,
	const struct th_run **ret_run)
{
	bool ambiguous = false;
	struct th_run *run = numbered_run(t, prefix);
	if (run) {
		*ret_run = run;
		return TH_EXIT_OK;
	}
	if (prefix && !is_hex_prefix(prefix) && prefix[0] != '#') {
		th_tool_error("run %s: a run's id is up to 32 hex digits", prefix);
		return TH_EXIT_USAGE;
	}
	run = th_trace_find_run(t, prefix, &ambiguous);
	if (ambiguous) {
		th_tool_error(
			"%s: more than one run begins with %s; give more digits:", path, prefix);
		list_candidates(t, prefix);
		return TH_EXIT_USAGE;
	}
	if (!run && prefix && *prefix) {
		th_tool_error("%s: no run %s%s; \"tracehook list\" shows them", path,
			prefix[0] == '#' ? "" : "begins with ", prefix);
	} else if (!run) {
		th_tool_error("%s: no run in it", path);
	}
	*ret_run = run;
	return run ? TH_EXIT_OK : TH_EXIT_MISSING;
}

void th_load_say_no_run(const struct th_trace *t, const char *path)
{
	th_tool_error("%s: no run in it%s", path, t->n_damage ? " that could be read" : "");
}

/* The same fault in one or more places of a file. */
struct fault {
	const struct th_damage *first;
	uint64_t last; /* offset */
	size_t n;
};

/* The fault that `d` is one more of; a new one, or NULL when there are too many kinds. */
static struct fault *find_fault(struct fault *faults, size_t *n, const struct th_damage *d)
{
	for (size_t i = 0; i < *n; i++) {
		const struct th_damage *first = faults[i].first;
		if (strcmp(first->what, d->what) == 0 && strcmp(first->path, d->path) == 0) {
			return &faults[i];
		}
	}
	if (*n == DAMAGES_SHOWN) {
		return NULL;
	}
	faults[*n] = (struct fault){.first = d};
	return &faults[(*n)++];
}

static void say_fault(const struct fault *f)
{
	const struct th_damage *d = f->first;
	th_auto_free char *others = NULL;
	if (f->n > 1 &&
		asprintf(&others, " and in %zu more %s up to %" PRIu64, f->n - 1,
			f->n == 2 ? "place" : "places", f->last) < 0) {
		others = NULL;
	}
	th_tool_error("%s: damaged at offset %" PRIu64 "%s: %s; the rest was read", d->path,
		d->offset, others ? others : "", d->what);
}

int th_load_say_damage(const struct th_trace *t)
{
	struct fault faults[DAMAGES_SHOWN];
	size_t n = 0, more = 0;
	for (size_t i = 0; i < t->n_damage; i++) {
		struct fault *f = find_fault(faults, &n, &t->damage[i]);
		if (f) {
			f->n++;
			f->last = t->damage[i].offset > f->last ? t->damage[i].offset : f->last;
		}
		more += !f;
	}
	for (size_t i = 0; i < n; i++) {
		say_fault(&faults[i]);
	}
	if (more) {
		th_tool_error("… and %zu more damaged places", more);
	}
	return t->n_damage ? TH_EXIT_DAMAGED : TH_EXIT_OK;
}
