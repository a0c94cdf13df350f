#include "tools/conversation_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/exchange_text.h"
#include "tools/tools.h"
#include "tools/units.h"
#include "tools/utf8.h"

#define BOLD "\x1b[1m"
#define DIM "\x1b[2m"
#define RED "\x1b[31m"
#define INDENT "  "

struct page {
	FILE *out;
	bool colour;
};

static void put_toned(const struct page *p, const char *code, const char *text)
{
	fprintf(p->out, "%s%s%s", p->colour ? code : "", text, p->colour ? "\x1b[0m" : "");
}

/* ---- the call ---- */

static void put_count(const struct page *p, const char *before, struct th_count c, const char *name)
{
	if (c.from != TH_ABSENT) {
		fprintf(p->out, "%s%llu %s", before, (unsigned long long)c.n, name);
	}
}

/* Counts come from different places: what is not the provider's own number says so. */
static void put_tokens(const struct page *p, const struct th_tokens *t)
{
	if (t->input.from == TH_ABSENT && t->output.from == TH_ABSENT) {
		return;
	}
	fputs("tokens", p->out);
	put_count(p, " ", t->input, "in");
	put_count(p, ", ", t->cache_read, "of them from cache");
	put_count(p, ", ", t->cache_write, "of them into cache");
	put_count(p, t->input.from == TH_ABSENT ? " " : ", ", t->output, "out");
	put_count(p, ", ", t->reasoning, "of them reasoning");
	if (th_tokens_source(t) != TH_REPORTED) {
		fprintf(p->out, " (%s)", th_provenance_name(th_tokens_source(t)));
	}
	fputc('\n', p->out);
}

static void put_outcome(const struct page *p, const struct th_call *c)
{
	char text[TH_UNITS_TEXT];
	const char *gap = "";
	if (c->finish_raw) {
		th_auto_free char *raw = th_text_line(th_slice_str(c->finish_raw));
		fprintf(p->out, "finished: %s", raw);
		gap = "  ";
	}
	if (c->first_chunk.from) {
		fprintf(p->out, "%sfirst content after %s", gap,
			th_units_duration(text, c->first_chunk.n));
		gap = "  ";
	}
	if (c->output_rate > 0) {
		fprintf(p->out, "%s%.1f tokens/s", gap, c->output_rate);
		gap = "  ";
	}
	if (c->resend_count) {
		fprintf(p->out, "%sretry %u", gap, c->resend_count);
		gap = "  ";
	}
	fputs(*gap ? "\n" : "", p->out);
}

static void put_call(const struct page *p, const struct th_call *c)
{
	const char *model = th_call_model(c);
	bool other = c->model_asked && c->model_used && strcmp(c->model_asked, c->model_used) != 0;
	th_auto_free char *used = th_text_line(th_slice_str(model ? model : "an unnamed model"));
	th_auto_free char *asked = th_text_line(th_slice_str(other ? c->model_asked : ""));
	th_auto_free char *provider = th_text_line(th_slice_str(c->provider));
	fprintf(p->out, "%s %s%s%s%s at %s%s\n", th_operation_name(c->operation), used,
		other ? " (asked for " : "", asked, other ? ")" : "", provider,
		c->streamed ? ", streamed" : "");
	put_tokens(p, &c->tokens);
	put_outcome(p, c);
}

static void put_offers(const struct page *p, const struct th_conversation *c)
{
	for (size_t i = 0; i < c->n_offers; i++) {
		th_auto_free char *name = th_text_line(th_slice_str(c->offers[i].name));
		fprintf(p->out, "%s%s", i ? ", " : "tools: ", name);
	}
	fputs(c->n_offers ? "\n" : "", p->out);
}

/* ---- the turns ---- */

static void put_lines(const struct page *p, const char *text)
{
	do {
		size_t n = strcspn(text, "\n");
		fputs(INDENT, p->out);
		th_text_print(p->out, (struct th_slice){(const uint8_t *)text, n});
		fputc('\n', p->out);
		text += n + (text[n] != '\0');
	} while (*text);
}

static void put_tool(const struct page *p, const struct th_part *part)
{
	bool call = part->kind == TH_PART_TOOL_CALL;
	th_auto_free char *name = th_text_line(th_slice_str(part->name));
	th_auto_free char *id = th_text_line(th_slice_str(part->id));
	th_auto_free char *head = th_tool_format(INDENT "%s %s%s%s%s", call ? "calls" : "result",
		name, *name && *id ? "  " : "", id, part->is_error ? "  (error)" : "");
	put_toned(p, part->is_error ? RED : DIM, head);
	fputc('\n', p->out);
	put_lines(p, part->text);
}

static void put_part(const struct page *p, const struct th_part *part)
{
	char size[TH_UNITS_TEXT];
	switch (part->kind) {
	case TH_PART_TOOL_CALL:
	case TH_PART_TOOL_RESULT:
		put_tool(p, part);
		return;
	case TH_PART_REASONING:
		put_toned(p, DIM, INDENT "(thinks)\n");
		break;
	case TH_PART_MEDIA: {
		th_auto_free char *what = th_text_line(th_slice_str(part->text));
		fprintf(p->out, INDENT "[%s, %s bytes]\n", what, th_units_bytes(size, part->size));
		return;
	}
	default:
		break;
	}
	put_lines(p, part->text);
}

static void put_turn(const struct page *p, const struct th_turn *t, bool answer)
{
	th_auto_free char *role = th_text_line(th_slice_str(t->role));
	fputc('\n', p->out);
	put_toned(p, BOLD, role);
	put_toned(p, DIM, answer ? "  (the answer)" : "");
	fputc('\n', p->out);
	for (size_t i = 0; i < t->n_parts; i++) {
		put_part(p, &t->parts[i]);
	}
}

static void put_error(const struct page *p, const struct th_call *c)
{
	if (!c->error_type && !c->error_message) {
		return;
	}
	th_auto_free char *type = th_text_line(th_slice_str(c->error_type ? c->error_type : ""));
	th_auto_free char *message = th_text_line(
		th_slice_str(c->error_message ? c->error_message : ""));
	th_auto_free char *line = th_tool_format(
		"-- error %s%s%s", type, *type && *message ? ": " : "", message);
	fputc('\n', p->out);
	put_toned(p, RED, line);
	fputc('\n', p->out);
}

static void put_conversation(const struct page *p, const struct th_run *run,
	const struct th_exchange *x, const struct th_conversation *c)
{
	th_exchange_text_title(p->out, run, x, p->colour);
	put_call(p, c->call);
	put_offers(p, c);
	for (size_t i = 0; i < c->n_turns; i++) {
		put_turn(p, &c->turns[i], c->answered && i + 1 == c->n_turns);
	}
	put_error(p, c->call);
	th_exchange_text_end(p->out, x, p->colour);
}

bool th_conversation_text(
	FILE *out, const struct th_run *run, const struct th_exchange *x, bool colour)
{
	struct th_conversation *c = NULL;
	int r = th_conversation_read(x, &c);
	if (r == -ENOMEM) {
		th_tool_no_memory();
	}
	bool talk = r == 0 && c->n_turns > 0;
	if (talk) {
		const struct page p = {.out = out, .colour = colour};
		put_conversation(&p, run, x, c);
	}
	th_conversation_free(c);
	return talk;
}
