#include "tools/mcp_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/exchange_text.h"
#include "tools/pretty_json.h"
#include "tools/tools.h"
#include "tools/units.h"
#include "tools/utf8.h"

#define BOLD "\x1b[1m"
#define RED "\x1b[31m"
#define INDENT "  "

struct page {
	FILE *out;
	bool colour;
};

static void put_heading(const struct page *p, const char *code, const char *text)
{
	th_auto_free char *safe = th_text_line(th_slice_str(text));
	fprintf(p->out, "\n%s%s%s\n", p->colour ? code : "", safe, p->colour ? "\x1b[0m" : "");
}

static void put_json(const struct page *p, const char *text)
{
	struct th_slice s = th_slice_str(text);
	if (!th_pretty_json_print(p->out, s, INDENT)) {
		fputs(INDENT, p->out);
		th_text_print(p->out, s);
		fputc('\n', p->out);
	}
}

static void put_asked(const struct page *p, const struct th_mcp_message *m)
{
	th_auto_free char *head = th_tool_format("%s%s%s%s%s", m->method ? m->method : "answer",
		m->target ? " " : "", m->target ? m->target : "", m->id ? "  id " : "",
		m->id ? m->id : "");
	put_heading(p, BOLD, head);
	if (m->arguments) {
		put_json(p, m->arguments);
	}
}

static void put_answer(
	const struct page *p, const struct th_exchange *x, const struct th_mcp_message *m)
{
	char took[TH_UNITS_TEXT];
	uint64_t asked = x->request.began;
	bool later = m->answered > asked;
	th_auto_free char *head = th_tool_format("%s%s%s",
		m->tool_error ? "the tool failed" : "result",
		later ? ", by the server's stream after " : "",
		later ? th_units_duration(took, m->answered - asked) : "");
	if (m->result) {
		put_heading(p, m->tool_error ? RED : BOLD, head);
		put_json(p, m->result);
	}
	if (m->error_code) {
		th_auto_free char *error = th_tool_format("-- error %s%s%s", m->error_code,
			m->error_message ? ": " : "", m->error_message ? m->error_message : "");
		put_heading(p, RED, error);
	} else if (m->id && m->method && !m->result) {
		put_heading(p, RED, "-- no answer was seen");
	}
}

static void put_call(const struct page *p, const struct th_call *c)
{
	const struct th_mcp *m = &c->mcp;
	th_auto_free char *provider = th_text_line(th_slice_str(c->provider));
	th_auto_free char *version = th_text_line(th_slice_str(m->version ? m->version : ""));
	fprintf(p->out, "MCP at %s%s%s\n", provider, *version ? ", version " : "", version);
	put_asked(p, &m->asked);
	put_answer(p, c->exchange, &m->asked);
	for (size_t i = 0; i < m->n_others; i++) {
		put_asked(p, &m->others[i]);
		put_answer(p, c->exchange, &m->others[i]);
	}
}

static bool is_request(const struct th_exchange *x)
{
	struct th_call *c = NULL;
	int r = th_call_read(x, &c);
	if (r == -ENOMEM) {
		th_tool_no_memory();
	}
	bool is = r == 0 && c->operation == TH_OP_MCP && c->mcp.asked.method && x->request.present;
	th_call_free(c);
	return is;
}

bool th_mcp_text(FILE *out, const struct th_run *run, const struct th_exchange *x, bool colour)
{
	const struct page p = {out, colour};
	struct th_calls calls;
	if (!is_request(x)) {
		return false;
	}
	if (th_calls_read(run, &calls) < 0) { /* the answer may have come by another exchange */
		th_tool_no_memory();
	}
	th_exchange_text_title(out, run, x, colour);
	put_call(&p, calls.at[x->order]);
	th_exchange_text_end(out, x, colour);
	th_calls_finish(&calls);
	return true;
}
