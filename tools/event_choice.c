#include "tools/event_choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tools/tools.h"
#include "tools/utf8.h"

/* What was asked for: a kind, and its number or its name or neither. */
struct asked {
	enum th_event_kind kind;
	uint64_t number;
	const char *name;
};

static bool parse(const char *span, struct asked *ret_asked)
{
	static const enum th_event_kind kinds[] = {TH_EVENT_LOOKUP, TH_EVENT_CONNECT,
		TH_EVENT_OPAQUE, TH_EVENT_LEFT, TH_EVENT_TRANSFER};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *word = th_events_kind_name(kinds[i]);
		size_t n = strlen(word);
		struct asked a = {.kind = kinds[i]};
		if (strncmp(span, word, n) != 0) {
			continue;
		}
		if (span[n] == ' ') {
			a.name = span + n + 1;
		} else if (span[n] == '#') {
			if (!th_parse_u64(th_slice_str(span + n + 1), &a.number) || !a.number) {
				return false;
			}
		} else if (span[n]) {
			return false;
		}
		*ret_asked = a;
		return true;
	}
	return false;
}

bool th_event_is_choice(const char *span)
{
	struct asked a;
	return parse(span, &a);
}

/* As the views name it. The caller frees. */
static char *name_of(const struct th_event *e)
{
	struct th_slice s = {NULL, 0};
	switch (e->kind) {
	case TH_EVENT_LOOKUP:
		s = e->lookup->name;
		break;
	case TH_EVENT_LEFT:
		s = e->departure->path;
		break;
	case TH_EVENT_TRANSFER:
		s = th_events_url(e->transfer);
		break;
	default:
		return th_events_peer(e->connection);
	}
	return th_tool_format("%.*s", (int)s.n, s.n ? (const char *)s.p : "");
}

static bool is_it(const struct asked *a, const struct th_event *e, uint64_t number)
{
	if (a->number) {
		return a->number == number;
	}
	th_auto_free char *name = name_of(e);
	return !a->name || strcmp(a->name, name) == 0;
}

/* How many fit; the first of them. */
static size_t search(const struct th_event *events, size_t n, const struct asked *a, bool list,
	struct th_event *ret_first)
{
	uint64_t number = 0;
	size_t found = 0;
	for (size_t i = 0; i < n; i++) {
		if (events[i].kind != a->kind || !is_it(a, &events[i], ++number)) {
			continue;
		}
		if (found++ == 0) {
			*ret_first = events[i];
		}
		if (list) {
			th_auto_free char *name = name_of(&events[i]);
			th_auto_free char *safe = th_text_line(th_slice_str(name));
			fprintf(stderr, "  %s#%llu  %s\n", th_events_kind_name(a->kind),
				(unsigned long long)number, safe);
		}
	}
	return found;
}

int th_event_choose(
	const struct th_run *run, const char *path, const char *span, struct th_event *ret_event)
{
	th_auto_free struct th_event *events = NULL;
	struct th_event found;
	struct asked a;
	size_t n = 0;
	if (!parse(span, &a)) {
		return TH_EXIT_USAGE;
	}
	th_events_of(run, &events, &n);
	size_t fitting = search(events, n, &a, false, &found);
	if (fitting == 0) {
		th_tool_error(
			"%s: no \"%s\" in the run; \"tracehook dump\" shows them all", path, span);
		return TH_EXIT_MISSING;
	}
	if (fitting > 1) {
		th_tool_error("%s: \"%s\" fits %zu; say which:", path, span, fitting);
		search(events, n, &a, true, &found);
		return TH_EXIT_USAGE;
	}
	*ret_event = found;
	return TH_EXIT_OK;
}
