/* The two variables live in memory of ours, so that a forked child can put its own span id into
 * them without touching the environment's array (setenv is not async-signal-safe). A program that
 * has copied its environment hands on its parent's span id: its children are then children of
 * the process that forked, which is true enough. */
#include "shim/children.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/text.h"

#define TRACEPARENT "TRACEPARENT=00-"
#define TRACEPARENT_SPAN (sizeof(TRACEPARENT) - 1 + 2 * TH_TRACE_ID_BYTES + 1)

#define ENTRIES_MAX 512

static char traceparent[TRACEPARENT_SPAN + 2 * TH_SPAN_ID_BYTES + sizeof("-01")];
static char context[4 * TH_CONFIG_PATH_MAX + 192];
static size_t context_span; /* where the span id stands; 0: nowhere */

static void put(struct th_out *out, const char *s)
{
	th_out_bytes(out, s, strlen(s));
}

static void put_hex(struct th_out *out, const void *p, size_t n)
{
	char hex[2 * TH_TRACE_ID_BYTES];
	th_hex_encode(hex, p, n);
	th_out_bytes(out, hex, 2 * n);
}

/* Behind the n entries that there are. As putenv() does it, but without malloc() and without
 * comparing each entry again: an array of our own, as long as there is room in it. */
static void append(char *entry, size_t n)
{
	static char *entries[ENTRIES_MAX];
	if (n + 2 > ENTRIES_MAX) {
		(void)putenv(entry);
		return;
	}
	if (environ != entries) {
		memcpy(entries, environ, n * sizeof(*entries));
	}
	entries[n] = entry;
	entries[n + 1] = NULL;
	environ = entries;
}

/* Bash has a putenv of its own, whose effect is lost when bash reads the array afterwards. */
void th_children_put(char *entry)
{
	size_t n = 0, name = strcspn(entry, "=") + 1;
	for (; environ && environ[n]; n++) {
		if (environ[n][0] == *entry && strncmp(environ[n], entry, name) == 0) {
			environ[n] = entry;
			return;
		}
	}
	append(entry, n);
}

static void export_traceparent(const uint8_t *trace_id, const uint8_t *span_id)
{
	struct th_out out = {.p = (uint8_t *)traceparent, .cap = sizeof(traceparent) - 1};
	put(&out, TRACEPARENT);
	put_hex(&out, trace_id, TH_TRACE_ID_BYTES);
	put(&out, "-");
	put_hex(&out, span_id, TH_SPAN_ID_BYTES);
	put(&out, "-01");
	th_children_put(traceparent);
}

static void export_context(
	const struct th_config *conf, bool said, const uint8_t *trace_id, const uint8_t *span_id)
{
	struct th_out out = {.p = (uint8_t *)context, .cap = sizeof(context) - 1};
	put(&out, TH_CONTEXT_VARIABLE "=1");
	if (trace_id) {
		put(&out, ";trace=");
		put_hex(&out, trace_id, TH_TRACE_ID_BYTES);
		put(&out, ";span=");
		context_span = out.n;
		put_hex(&out, span_id, TH_SPAN_ID_BYTES);
	}
	if (conf->player[0]) {
		put(&out, ";player=");
		put(&out, conf->player);
	}
	if (conf->record[0]) {
		put(&out, ";record=");
		put(&out, conf->record);
	}
	if (conf->relay[0]) {
		put(&out, ";relay=");
		put(&out, conf->relay);
	}
	put(&out, said ? ";said=1" : ";said=0");
	put(&out, ";capture=");
	put(&out, conf->capture);
	th_children_put(context);
}

void th_children_export(const struct th_config *conf, const uint8_t trace_id[TH_TRACE_ID_BYTES],
	const uint8_t span_id[TH_SPAN_ID_BYTES])
{
	export_traceparent(trace_id, span_id);
	export_context(conf, conf->said, trace_id, span_id);
}

void th_children_export_unsampled(const struct th_config *conf)
{
	export_context(conf, conf->said, conf->trace_id, conf->parent_span_id);
}

void th_children_export_rules(const struct th_config *conf)
{
	static char entry[TH_CONFIG_PATH_MAX + 32];
	struct th_out out = {.p = (uint8_t *)entry, .cap = sizeof(entry) - 1};
	put(&out, "TRACEHOOK_REDACT=");
	put(&out, conf->rules);
	th_children_put(entry);
}

const char *th_children_context(void)
{
	return context;
}

void th_children_export_said(const struct th_config *conf)
{
	bool child = conf->child && conf->has_trace_id;
	export_context(conf, true, child ? conf->trace_id : NULL, conf->parent_span_id);
}

void th_children_rename(const uint8_t span_id[TH_SPAN_ID_BYTES])
{
	if (traceparent[0]) {
		th_hex_encode(traceparent + TRACEPARENT_SPAN, span_id, TH_SPAN_ID_BYTES);
	}
	if (context_span) {
		th_hex_encode(context + context_span, span_id, TH_SPAN_ID_BYTES);
	}
}
