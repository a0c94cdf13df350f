#include "tools/span_filter.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "tools/body.h"
#include "tools/exchange_json.h"
#include "tools/tools.h"
#include "tools/when.h"
#include "wire/sse.h"

/* ---- what is asked ---- */

static bool begins(const char *name, const char *word)
{
	return *word && strncasecmp(name, word, strlen(word)) == 0;
}

/* A type that begins like the word, whatever its case. No two begin alike. */
static int take_type(struct th_span_filter *f, const char *command, const char *value)
{
	f->opaque = begins("OPAQUE", value);
	f->types = 0;
	for (unsigned i = 0; i < TH_N_TYPES; i++) {
		if (begins(th_event_type_name((enum th_event_type)i), value)) {
			f->types |= 1u << i;
		}
	}
	if (!f->types && !f->opaque) {
		return th_tool_misuse(command,
			"--type %s: llm, tool, http, process, decision, state, error or opaque",
			value);
	}
	return TH_EXIT_OK;
}

/* "ok", "error", "unset"; "429"; "5xx". */
static bool is_status(const char *word)
{
	bool number = strlen(word) == 3 && isdigit((unsigned char)word[0]) &&
		((isdigit((unsigned char)word[1]) && isdigit((unsigned char)word[2])) ||
			strcasecmp(word + 1, "xx") == 0);
	return number || strcmp(word, "ok") == 0 || strcmp(word, "error") == 0 ||
		strcmp(word, "unset") == 0;
}

static int take_status(struct th_span_filter *f, const char *command, const char *value)
{
	if (!is_status(value)) {
		return th_tool_misuse(command,
			"--status %s: ok, error, unset, a number, or a class (4xx)", value);
	}
	f->status = value;
	return TH_EXIT_OK;
}

static int take_duration(struct th_span_filter *f, const char *command, const char *value)
{
	if (!th_when_duration(value, &f->least)) {
		return th_tool_misuse(
			command, "--min-duration %s: a number and a unit (250ms, 1.5s)", value);
	}
	return TH_EXIT_OK;
}

static int take_time(uint64_t *ret_time, const char *command, const char *option, const char *value)
{
	if (!th_when_time(value, th_clock_now(), ret_time)) {
		return th_tool_misuse(command,
			"--%s %s: a time (2026-11-21T22:01, Z for UTC) or how long ago (15m)",
			option, value);
	}
	return TH_EXIT_OK;
}

static int take_path(struct th_span_filter *f, const char *command, const char *value)
{
	const char *why = NULL;
	th_json_path_free(f->path);
	f->path = th_json_path_parse(value, &why);
	return f->path ? TH_EXIT_OK : th_tool_misuse(command, "--json-path %s: %s", value, why);
}

int th_span_filter_take(
	struct th_span_filter *f, const char *command, int option, const char *value)
{
	f->any = true;
	switch (option) {
	case TH_FILTER_TYPE:
		return take_type(f, command, value);
	case TH_FILTER_STATUS:
		return take_status(f, command, value);
	case TH_FILTER_MODEL:
		f->model = value;
		return TH_EXIT_OK;
	case TH_FILTER_HOST:
		f->host = value;
		return TH_EXIT_OK;
	case TH_FILTER_PROCESS:
		f->process = value;
		return TH_EXIT_OK;
	case TH_FILTER_MIN_DURATION:
		return take_duration(f, command, value);
	case TH_FILTER_SINCE:
		return take_time(&f->since, command, "since", value);
	case TH_FILTER_UNTIL:
		return take_time(&f->until, command, "until", value);
	case TH_FILTER_TEXT:
		f->text = value;
		return TH_EXIT_OK;
	default:
		return take_path(f, command, value);
	}
}

void th_span_filter_finish(struct th_span_filter *f)
{
	f->path = th_json_path_free(f->path);
}

/* ---- what holds ---- */

static bool status_holds(const char *asked, const struct th_span_facts *s)
{
	if (!isdigit((unsigned char)asked[0])) {
		return strcmp(s->status, asked) == 0;
	}
	if (isdigit((unsigned char)asked[1])) {
		return s->http_status == strtoul(asked, NULL, 10);
	}
	return s->http_status / 100 == asked[0] - '0';
}

/* A pattern of the shell; a port matters only when it names one. */
static bool host_holds(const char *pattern, const char *host)
{
	if (!host) {
		return false;
	}
	const char *colon = strrchr(host, ':');
	if (fnmatch(pattern, host, FNM_CASEFOLD) == 0) {
		return true;
	}
	char *name = colon ? th_tool_format("%.*s", (int)(colon - host), host) : NULL;
	bool holds = name && fnmatch(pattern, name, FNM_CASEFOLD) == 0;
	free(name);
	return holds;
}

static bool model_holds(const char *pattern, const struct th_span_facts *s)
{
	const char *model = th_span_model(s);
	return model && fnmatch(pattern, model, FNM_CASEFOLD) == 0;
}

/* A lane ("0.1": it and what is below), or a pattern of its name. */
static bool process_holds(const char *asked, const struct th_process *p)
{
	size_t n = strlen(asked);
	if (!p) {
		return false;
	}
	if (strncmp(p->lane, asked, n) == 0 && (p->lane[n] == '\0' || p->lane[n] == '.')) {
		return true;
	}
	struct th_slice name = th_span_process_name(p);
	char *text = th_tool_format("%.*s", (int)name.n, (const char *)name.p);
	bool holds = fnmatch(asked, text, 0) == 0;
	free(text);
	return holds;
}

static bool has_text(struct th_slice s, const char *text)
{
	size_t n = strlen(text);
	uint8_t first = th_lower((uint8_t)text[0]);
	for (size_t i = 0; i + n <= s.n; i++) {
		if (n && th_lower(s.p[i]) != first) {
			continue;
		}
		if (strncasecmp((const char *)s.p + i, text, n) == 0) {
			return true;
		}
	}
	return false;
}

/* The JSON of a body: all of it, or the data of each event of a stream. */
static bool body_has_place(const struct th_json_path *path, const struct th_body *b)
{
	struct th_sse_event e;
	size_t pos = 0;
	if (!has_text(b->type, "text/event-stream")) {
		return th_json_path_matches(path, th_body_slice(b));
	}
	while (th_sse_next(th_body_slice(b), &pos, &e)) {
		if (th_json_path_matches(path, e.data)) {
			return true;
		}
	}
	return false;
}

static bool message_holds(const struct th_message *m, const char *text, struct th_json_path *path)
{
	th_cleanup(th_body_finish) struct th_body b = {0};
	if (text && has_text(m->head.bytes, text)) {
		return true;
	}
	b = th_body_load(m);
	return text ? has_text(th_body_slice(&b), text) : body_has_place(path, &b);
}

static bool tool_holds(
	const struct th_tool_span *t, const char *text, const struct th_json_path *path)
{
	const char *const parts[] = {t->call->arguments, t->result ? t->result->text : ""};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct th_slice part = th_slice_str(parts[i]);
		if (text ? has_text(part, text) : th_json_path_matches(path, part)) {
			return true;
		}
	}
	return false;
}

/* One side of the exchange has it. */
static bool content_holds(
	const struct th_span_facts *s, const char *text, struct th_json_path *path)
{
	if (text &&
		(has_text(th_slice_str(s->name), text) || has_text(th_slice_str(s->why), text))) {
		return true;
	}
	if (s->event.kind == TH_EVENT_TOOL) {
		return tool_holds(s->event.tool, text, path);
	}
	if (s->event.kind != TH_EVENT_EXCHANGE) {
		return false;
	}
	const struct th_exchange *x = s->event.exchange;
	return message_holds(&x->request, text, path) || message_holds(&x->response, text, path);
}

/* Something that was not recorded. */
static bool is_gap(enum th_event_kind kind)
{
	return kind == TH_EVENT_OPAQUE || kind == TH_EVENT_LEFT;
}

static bool type_holds(const struct th_span_filter *f, const struct th_span_facts *s)
{
	return (!f->types && !f->opaque) || (f->types & s->types) ||
		(f->opaque && is_gap(s->event.kind));
}

/* Cheap questions before those that decode bodies. */
bool th_span_filter_holds(const struct th_span_filter *f, const struct th_span_facts *s)
{
	return type_holds(f, s) && (!f->status || status_holds(f->status, s)) &&
		(!f->model || model_holds(f->model, s)) &&
		(!f->host || host_holds(f->host, s->host)) &&
		(!f->process || process_holds(f->process, s->process)) &&
		(!f->least || th_span_took(s) >= f->least) && (!f->since || s->start >= f->since) &&
		(!f->until || s->start < f->until) &&
		(!f->text || content_holds(s, f->text, NULL)) &&
		(!f->path || content_holds(s, NULL, f->path));
}
