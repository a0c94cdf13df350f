/* The two variables live in memory of ours, so that a forked child can put its own span id into
 * them without touching the environment's array (setenv is not async-signal-safe). A program that
 * has copied its environment hands on its parent's span id: its children are then children of
 * the process that forked, which is true enough. */
#include "shim/children.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/lasting.h"
#include "base/sys.h"
#include "base/text.h"

#define TRACEPARENT "TRACEPARENT=00-"
#define TRACEPARENT_SPAN (sizeof(TRACEPARENT) - 1 + 2 * TH_TRACE_ID_BYTES + 1)

#define PID ";pid="
/* Behind the first digit of the span id. */
#define CONTEXT_PID (2 * TH_SPAN_ID_BYTES + sizeof(PID) - 1)

#define ENTRIES_ADDED 16

static char traceparent[TRACEPARENT_SPAN + 2 * TH_SPAN_ID_BYTES + sizeof("-01")];
static char *context;	   /* NULL: nothing was exported */
static char *context_span; /* where the span id stands, and ";pid=…" behind it; NULL: nowhere */
static char **own_environ; /* NULL: it is still the process's first one */
static size_t own_environ_left;

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

/* An array of our own with what stands in the environment, and room for what is put there. */
static bool make_environ(size_t n)
{
	struct th_out out = th_lasting_begin();
	if (n + ENTRIES_ADDED > out.cap / (2 * sizeof(*own_environ))) {
		return false;
	}
	th_out_bytes(&out, environ, n * sizeof(*own_environ));
	out.n += ENTRIES_ADDED * sizeof(*own_environ);
	environ = own_environ = th_lasting_end(&out);
	own_environ_left = ENTRIES_ADDED - 1;
	return true;
}

/* Behind the n entries that there are. As putenv() does it, but without malloc() and without
 * comparing each entry again. */
static void append(char *entry, size_t n)
{
	bool ours = own_environ && environ == own_environ && own_environ_left > 0;
	if (!ours && !make_environ(n)) {
		(void)putenv(entry);
		return;
	}
	own_environ[n] = entry;
	own_environ[n + 1] = NULL;
	own_environ_left--;
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
	struct th_out out = th_lasting_begin();
	const uint32_t pid = th_sys_getpid();
	size_t span = 0;
	put(&out, TH_CONTEXT_VARIABLE "=1");
	if (trace_id) {
		put(&out, ";trace=");
		put_hex(&out, trace_id, TH_TRACE_ID_BYTES);
		put(&out, ";span=");
		span = out.n;
		put_hex(&out, span_id, TH_SPAN_ID_BYTES);
		put(&out, PID);
		put_hex(&out, &pid, sizeof(pid));
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
	th_out_u8(&out, '\0');
	char *made = th_lasting_end(&out);
	if (made) {
		context = made;
		context_span = span ? made + span : NULL;
		th_children_put(context);
	}
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
	struct th_out out = th_lasting_begin();
	put(&out, "TRACEHOOK_REDACT=");
	put(&out, conf->rules);
	th_out_u8(&out, '\0');
	char *entry = th_lasting_end(&out);
	if (entry) {
		th_children_put(entry);
	}
}

const char *th_children_context(void)
{
	return context ? context : "";
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
		const uint32_t pid = th_sys_getpid();
		th_hex_encode(context_span, span_id, TH_SPAN_ID_BYTES);
		th_hex_encode(context_span + CONTEXT_PID, &pid, sizeof(pid));
	}
}
