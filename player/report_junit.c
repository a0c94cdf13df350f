/* See report_junit.h. There is no one schema of JUnit's XML; what Jenkins, GitLab and GitHub's
 * reporters agree on is used: testsuites, testsuite, testcase, failure, skipped, system-out. */
#include "player/report_junit.h"

#include <errno.h>

#include "base/cleanup.h"
#include "player/answer.h"
#include "player/report.h"
#include "player/volatile.h"

/* Text that is valid UTF-8 already, for an attribute or between tags. What XML 1.0 (2.2) cannot
 * hold is left out. */
static void add_xml(struct th_buf *out, const char *text)
{
	for (const char *p = text ? text : ""; *p; p++) {
		switch (*p) {
		case '&':
			th_buf_str(out, "&amp;");
			break;
		case '<':
			th_buf_str(out, "&lt;");
			break;
		case '>':
			th_buf_str(out, "&gt;");
			break;
		case '"':
			th_buf_str(out, "&quot;");
			break;
		default:
			if ((uint8_t)*p >= 0x20) {
				th_buf_u8(out, (uint8_t)*p);
			}
		}
	}
}

static void begin_case(struct th_buf *out, const char *class, const char *number, const char *name)
{
	th_buf_fmt(out, "    <testcase classname=\"%s\" name=\"%s", class, number);
	add_xml(out, name);
	th_buf_str(out, "\"");
}

static void add_failures(
	struct th_buf *out, const char *class, const struct th_player_miss *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		begin_case(out, class, "", list[i].request);
		th_buf_fmt(out, ">\n      <failure type=\"%s\" message=\"", class);
		add_xml(out, list[i].why);
		th_buf_str(out, "\"/>\n    </testcase>\n");
	}
}

/* Those that are counted but not kept. */
static void add_more(struct th_buf *out, const char *class, uint64_t n)
{
	if (n) {
		begin_case(out, class, "", "more of these");
		th_buf_fmt(out,
			">\n      <failure type=\"%s\" message=\"%llu more\"/>\n    </testcase>\n",
			class, (unsigned long long)n);
	}
}

static void add_passed(struct th_buf *out, const struct th_player_relaxed *r)
{
	th_buf_fmt(out, ">\n      <system-out>relaxed (%s): ", r->by);
	add_xml(out, r->n_passed ? "" : r->why);
	for (size_t i = 0; i < r->n_passed; i++) {
		const struct th_passed *p = &r->passed[i];
		add_xml(out, i ? "; " : "");
		add_xml(out, p->where);
		th_buf_fmt(out, " (%s): asked &quot;", p->pattern);
		add_xml(out, p->asked);
		th_buf_str(out, "&quot;, recorded &quot;");
		add_xml(out, p->recorded);
		th_buf_str(out, "&quot;");
	}
	th_buf_str(out, "</system-out>\n    </testcase>\n");
}

/* By number of the exchange, from 1; NULL: it was not relaxed. */
static const struct th_player_relaxed **relaxed_by_number(
	const struct th_player_stats *s, const struct th_run *run)
{
	const struct th_player_relaxed **by = calloc(run->n_exchanges + 1, sizeof(*by));
	for (size_t i = 0; by && i < s->n_relaxations; i++) {
		by[s->relaxations[i].number] = &s->relaxations[i];
	}
	return by;
}

static char *name_of(const struct th_exchange *x, struct th_canon *c)
{
	return th_canon_request(x, c) == 0 ? th_answer_request_line(c)
					   : strdup("a request that cannot be read");
}

static void add_exchanges(struct th_buf *out, const struct th_player_stats *s,
	const struct th_run *run, struct th_index *index)
{
	th_auto_free const struct th_player_relaxed **relaxed = relaxed_by_number(s, run);
	struct th_canon c = {0};
	for (size_t i = 0; i < run->n_exchanges; i++) {
		th_auto_free char *name = name_of(run->exchanges[i], &c);
		char number[32];
		snprintf(number, sizeof(number), "#%zu ", i + 1);
		begin_case(out, "exchange", number, name);
		if (!th_index_was_claimed(index, run->exchanges[i])) {
			th_buf_str(out,
				">\n      <skipped message=\"recorded, and never asked for\""
				"/>\n    </testcase>\n");
		} else if (relaxed && relaxed[i + 1]) {
			add_passed(out, relaxed[i + 1]);
		} else {
			th_buf_str(out, "/>\n");
		}
	}
	th_canon_finish(&c);
}

static void add_suite(struct th_buf *out, const struct th_player_stats *s, const char *capture)
{
	uint64_t fenced = s->fenced_connects + s->fenced_lookups;
	uint64_t failures = s->n_misses + s->n_fenced + (s->missed > s->n_misses) +
		(fenced > s->n_fenced) + (s->stopped_below > 0);
	char totals[160];
	snprintf(totals, sizeof(totals), "tests=\"%llu\" failures=\"%llu\" skipped=\"%llu\"",
		(unsigned long long)(s->spans + failures), (unsigned long long)failures,
		(unsigned long long)s->unused);
	th_buf_fmt(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites %s>\n", totals);
	th_buf_fmt(out, "  <testsuite name=\"tracehook replay\" %s>\n    <properties>\n", totals);
	th_buf_str(out, "      <property name=\"capture\" value=\"");
	add_xml(out, capture);
	th_buf_fmt(out,
		"\"/>\n      <property name=\"trace_id\" value=\"%s\"/>\n"
		"      <property name=\"verdict\" value=\"%s\"/>\n    </properties>\n",
		s->trace_id, th_report_verdict(s));
}

int th_report_junit(const struct th_player_stats *stats, const struct th_run *run,
	struct th_index *index, const char *capture, const char *path)
{
	struct th_buf out = {0};
	add_suite(&out, stats, capture);
	add_exchanges(&out, stats, run, index);
	add_failures(&out, "missed", stats->misses, stats->n_misses);
	add_more(&out, "missed", stats->missed - stats->n_misses);
	add_failures(&out, "fenced", stats->fenced, stats->n_fenced);
	add_more(&out, "fenced", stats->fenced_connects + stats->fenced_lookups - stats->n_fenced);
	if (stats->stopped_below > 0) {
		begin_case(&out, "fenced", "", "by the network namespace");
		th_buf_fmt(&out,
			">\n      <failure type=\"fenced\" message=\"%llu times something that the "
			"library did not see wanted to get out\"/>\n    </testcase>\n",
			(unsigned long long)stats->stopped_below);
	}
	th_buf_str(&out, "  </testsuite>\n</testsuites>\n");
	th_auto_free char *text = th_buf_take(&out);
	return text ? th_report_save(text, path) : -ENOMEM;
}
