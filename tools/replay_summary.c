#include "tools/replay_summary.h"

#include <inttypes.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "player/volatile.h"
#include "tools/units.h"
#include "tools/utf8.h"

#define LINES_SHOWN 10 /* of each list */

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* "; 2 relaxed": only when there are any. */
static void print_count(FILE *out, uint64_t n, const char *what)
{
	if (n) {
		fprintf(out, "; %" PRIu64 " %s", n, what);
	}
}

static void print_list(FILE *out, const char *what, const struct th_player_miss *m, size_t n)
{
	for (size_t i = 0; i < n && i < LINES_SHOWN; i++) {
		th_auto_free char *request = th_text_line(th_slice_str(m[i].request));
		th_auto_free char *why = th_text_line(th_slice_str(m[i].why));
		fprintf(out, "tracehook: %s: %s\n", what, request);
		if (*why) {
			fprintf(out, "tracehook:   %s\n", why);
		}
	}
	if (n > LINES_SHOWN) {
		fprintf(out, "tracehook: %s: %zu more\n", what, n - LINES_SHOWN);
	}
}

/* One line per relaxed answer, and one per difference that was let pass. */
static void print_relaxed(FILE *out, const struct th_player_relaxed *r)
{
	th_auto_free char *request = th_text_line(th_slice_str(r->request ? r->request : ""));
	th_auto_free char *why = th_text_line(th_slice_str(r->why ? r->why : ""));
	fprintf(out, "tracehook: relaxed (%s): %s\n", r->by, request);
	fprintf(out, "tracehook:   answered with #%zu (span %.8s)%s%s\n", r->number, r->span,
		r->n_passed ? "" : ": ", r->n_passed ? "" : why);
	for (size_t i = 0; i < r->n_passed; i++) {
		const struct th_passed *p = &r->passed[i];
		th_auto_free char *where = th_text_line(th_slice_str(p->where));
		fprintf(out, "tracehook:   %s (%s): asked \"%s\", recorded \"%s\"\n", where,
			p->pattern, p->asked, p->recorded);
	}
}

static void print_relaxations(FILE *out, const struct th_player_stats *s)
{
	for (size_t i = 0; i < s->n_relaxations && i < LINES_SHOWN; i++) {
		print_relaxed(out, &s->relaxations[i]);
	}
	if (s->n_relaxations > LINES_SHOWN) {
		fprintf(out, "tracehook: relaxed: %zu more\n", s->n_relaxations - LINES_SHOWN);
	}
}

static void print_totals(FILE *out, const struct th_player_stats *s)
{
	char bytes[TH_UNITS_TEXT];
	fprintf(out, "tracehook: replayed run %s: %" PRIu64 " of %" PRIu64 " exchange%s, %s bytes",
		s->trace_id, s->matched, s->spans, plural(s->spans),
		th_units_bytes(bytes, s->bytes_served));
	print_count(out, s->relaxed, "by a relaxed match");
	print_count(out, s->crossed, "asked for by another thread or process than recorded");
	print_count(out, s->unused, "never asked for");
	print_count(out, s->live, "answered live, by the network");
	print_count(out, s->live_failed, "of these without an answer");
	print_count(out, s->missed, "missed");
	print_count(out, s->fenced_connects + s->fenced_lookups, "stopped at the fence");
	print_count(out, s->left, "not held by it");
	fputc('\n', out);
}

static void print_stand_ins(FILE *out, const struct th_player_stats *s)
{
	if (s->stand_ins) {
		fprintf(out,
			"tracehook: %" PRIu64 " answer%s not exact: stand-ins in the place of what "
			"redaction took out%s%s\n",
			s->stand_ins, s->stand_ins == 1 ? " was" : "s were",
			s->stand_ins_why ? "; " : "", s->stand_ins_why ? s->stand_ins_why : "");
	}
}

void th_replay_summary_print(FILE *out, const struct th_player_stats *s, bool all)
{
	print_list(out, "missed", s->misses, s->n_misses);
	print_list(out, "stopped at the fence", s->fenced, s->n_fenced);
	print_list(out, "not held by the fence", s->unfenced, s->n_unfenced);
	print_list(out, "live", s->lives, s->n_lives);
	print_relaxations(out, s);
	print_stand_ins(out, s);
	if (all) {
		print_totals(out, s);
	}
}
