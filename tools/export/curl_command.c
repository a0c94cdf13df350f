/* A shell command per exchange that asks the same again, with curl. Everything is quoted: a capture
 * holds what strangers sent. A redacted value becomes a variable, named in a comment: the command
 * does nothing wrong without it, and tells what it wants. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tools/base64.h"
#include "tools/body.h"
#include "tools/export/export.h"
#include "tools/tools.h"
#include "tools/utf8.h"

#define REDACTED "th-redacted:"

/* In single quotes, as POSIX shells have them. NUL bytes cannot be in a command. */
static void put_quoted(FILE *out, struct th_slice s)
{
	fputc('\'', out);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\'') {
			fputs("'\\''", out);
		} else if (s.p[i]) {
			fputc(s.p[i], out);
		}
	}
	fputc('\'', out);
}

/* What curl makes itself, or what was only of that connection. */
static bool is_left_out(struct th_slice name)
{
	static const char *const names[] = {"host", "content-length", "connection",
		"transfer-encoding", "accept-encoding", "content-encoding", "expect", "keep-alive",
		"te", "upgrade", "proxy-connection", "http2-settings"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (th_slice_ieq(name, th_slice_str(names[i]))) {
			return true;
		}
	}
	return !name.n || name.p[0] == ':';
}

static bool is_redacted(struct th_slice value)
{
	return memmem(value.p, value.n, REDACTED, strlen(REDACTED)) != NULL;
}

/* "x-api-key" → X_API_KEY */
static char *variable_of(struct th_slice name)
{
	char *text = th_tool_format("%.*s", (int)name.n, (const char *)name.p);
	for (char *p = text; *p; p++) {
		*p = isalnum((unsigned char)*p) ? (char)toupper((unsigned char)*p) : '_';
	}
	return text;
}

/* "name;" is curl's way to send an empty one. */
static void put_header(FILE *out, const struct th_field *f)
{
	bool redacted = is_redacted(f->value);
	int n = (int)f->name.n, k = redacted ? 0 : (int)f->value.n;
	th_auto_free char *line = th_tool_format("%.*s%s%.*s", n, (const char *)f->name.p,
		f->value.n ? ": " : ";", k, k ? (const char *)f->value.p : "");
	fputs(" \\\n\t--header ", out);
	put_quoted(out, th_slice_str(line));
	if (redacted) {
		th_auto_free char *variable = variable_of(f->name);
		fprintf(out, "\"$%s\"", variable);
	}
}

static bool put_headers(FILE *out, const struct th_head *h)
{
	struct th_field f;
	struct th_slice value;
	size_t pos = 0;
	bool typed = false;
	while (h->bytes.n && th_head_next(h, &pos, &f)) {
		if (!is_left_out(f.name)) {
			typed |= th_slice_ieq(f.name, TH_SLICE_LIT("content-type"));
			put_header(out, &f);
		}
	}
	if (h->bytes.n && th_head_get(h, "accept-encoding", &value)) {
		fputs(" \\\n\t--compressed", out);
	}
	return typed;
}

static void put_needed(FILE *out, const struct th_head *h)
{
	struct th_field f;
	size_t pos = 0;
	while (h->bytes.n && th_head_next(h, &pos, &f)) {
		if (!is_left_out(f.name) && is_redacted(f.value)) {
			th_auto_free char *variable = variable_of(f.name);
			fprintf(out, "# needs $%s: it was redacted\n", variable);
		}
	}
}

static void put_request(FILE *out, const struct th_exchange *x, bool binary, struct th_slice body)
{
	struct th_slice method = th_http_method(x);
	th_auto_free char *url = th_http_url(x);
	bool head = th_slice_eq(method, TH_SLICE_LIT("HEAD"));
	fputs("curl --globoff --path-as-is", out);
	if (head) {
		fputs(" --head", out);
	} else if (!th_slice_eq(method, TH_SLICE_LIT("GET")) || body.n) {
		fputs(" --request ", out);
		put_quoted(out, method);
	}
	fputs(x->request.version == 20 ? " --http2" : "", out);
	fputc(' ', out);
	put_quoted(out, th_slice_str(url ? url : ""));
	bool typed = put_headers(out, &x->request.head);
	if (body.n && !typed) {
		fputs(" \\\n\t--header 'Content-Type:'", out);
	}
	if (binary) {
		fputs(" \\\n\t--data-binary @-", out);
	} else if (body.n) {
		fputs(" \\\n\t--data-binary ", out);
		put_quoted(out, body);
	}
	fputc('\n', out);
}

static void put_exchange(FILE *out, const struct th_span_facts *f)
{
	const struct th_exchange *x = f->event.exchange;
	th_auto_free char *title = th_text_line(th_slice_str(th_span_title(f)));
	struct th_body b = x->request.body_bytes ? th_body_load(&x->request) : (struct th_body){0};
	struct th_slice body = th_body_slice(&b);
	/* curl takes "@name" for a file, and a command cannot hold a NUL */
	bool plain = b.text && (!body.n || body.p[0] != '@') &&
		!memchr(b.n ? body.p : (void *)"x", 0, b.n);
	fprintf(out, "# #%zu  %s\n", x->order + 1, title);
	put_needed(out, &x->request.head);
	if (b.trouble) {
		fprintf(out, "# its body is %s\n", b.trouble);
	}
	if (body.n && memmem(body.p, body.n, REDACTED, strlen(REDACTED))) {
		fputs("# parts of its body were redacted\n", out);
	}
	if (body.n && !plain) {
		fputs("base64 -d <<'BODY' |\n", out);
		th_base64_print(out, body);
		fputs("\nBODY\n", out);
	}
	put_request(out, x, body.n && !plain, body);
	th_body_finish(&b);
}

int th_export_curl(const struct th_export *e, const struct th_view_runs *runs)
{
	for (size_t r = 0; r < runs->n; r++) {
		for (size_t i = 0; i < runs->runs[r].spans.n; i++) {
			const struct th_span_facts *f = &runs->runs[r].spans.spans[i];
			if (runs->runs[r].shown[i] && f->event.kind == TH_EVENT_EXCHANGE) {
				put_exchange(e->out, f);
			}
		}
	}
	return TH_EXIT_OK;
}
