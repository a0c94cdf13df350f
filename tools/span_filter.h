/* Which spans a view shows: the options --type, --status, --model, --host, --process,
 * --min-duration,
 * --since, --until, --text and --json-path, the same for every view. What is given must all hold.
 */
#ifndef TOOLS_SPAN_FILTER_H
#define TOOLS_SPAN_FILTER_H

#include <getopt.h>

#include "tools/json_path.h"
#include "tools/span_facts.h"

struct th_span_filter {
	bool any;	/* something is asked */
	unsigned types; /* any of them: bits of enum th_event_type */
	bool opaque;	/* or what was not recorded: connections, programs */
	const char *status, *model, *host, *process, *text;
	uint64_t least; /* duration, ns */
	uint64_t since, until;
	struct th_json_path *path;
};

enum th_span_filter_option {
	TH_FILTER_TYPE = 1000,
	TH_FILTER_STATUS,
	TH_FILTER_MODEL,
	TH_FILTER_HOST,
	TH_FILTER_PROCESS,
	TH_FILTER_MIN_DURATION,
	TH_FILTER_SINCE,
	TH_FILTER_UNTIL,
	TH_FILTER_TEXT,
	TH_FILTER_JSON_PATH,
	TH_FILTER_END,
};

/* For the option table of a subcommand. */
#define TH_SPAN_FILTER_OPTIONS \
	{"type", required_argument, NULL, TH_FILTER_TYPE}, \
		{"status", required_argument, NULL, TH_FILTER_STATUS}, \
		{"model", required_argument, NULL, TH_FILTER_MODEL}, \
		{"host", required_argument, NULL, TH_FILTER_HOST}, \
		{"process", required_argument, NULL, TH_FILTER_PROCESS}, \
		{"min-duration", required_argument, NULL, TH_FILTER_MIN_DURATION}, \
		{"since", required_argument, NULL, TH_FILTER_SINCE}, \
		{"until", required_argument, NULL, TH_FILTER_UNTIL}, \
		{"text", required_argument, NULL, TH_FILTER_TEXT}, \
	{ \
		"json-path", required_argument, NULL, TH_FILTER_JSON_PATH \
	}

/* For their usage. */
#define TH_SPAN_FILTER_HELP \
	"\n" \
	"Only spans for which all that is given holds:\n" \
	"      --type T              llm, tool, http, process, decision, state, error, opaque\n" \
	"      --status S            ok, error, unset, a number (429) or a class (5xx)\n" \
	"      --model PATTERN       as the shell has patterns: 'gpt-4o*'\n" \
	"      --host PATTERN        as the shell has patterns: '*.example.com'\n" \
	"      --process P           a lane (0.1) with all below, or a pattern of its name\n" \
	"      --min-duration D      250ms, 1.5s, 2m ...\n" \
	"      --since T, --until T  a time (2026-11-21T22:01, Z: UTC), or how long ago (15m)\n" \
	"      --text WORDS          in name, headers, decoded bodies, tool arguments\n" \
	"      --json-path P[=V]     a body has that place, with that value:\n" \
	"                            '$.messages[*].role=tool'\n"

/* Takes an option that th_tool_option() gave, and its value. TH_EXIT_OK, or TH_EXIT_USAGE after an
 * error line. */
int th_span_filter_take(
	struct th_span_filter *f, const char *command, int option, const char *value);

bool th_span_filter_holds(const struct th_span_filter *f, const struct th_span_facts *s);

void th_span_filter_finish(struct th_span_filter *f);

#endif
