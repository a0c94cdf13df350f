/* A line per span (RFC 4180). A cell that a spreadsheet would take for a formula gets an apostrophe
 * in front: what a stranger sent must not be run (OWASP, "CSV Injection"). */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tools/export/export.h"
#include "tools/tools.h"
#include "tools/utf8.h"
#include "trace/annotations.h"

static void put_cell(FILE *out, const char *text)
{
	bool formula = *text && strchr("=+-@\t\r", *text);
	fputc('"', out);
	fputs(formula ? "'" : "", out);
	for (; *text; text++) {
		fputs(*text == '"' ? "\"" : "", out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void put_text(FILE *out, const char *text)
{
	fputc(',', out);
	if (text && *text) {
		put_cell(out, text);
	}
}

static void put_number(FILE *out, uint64_t v, bool known)
{
	fputc(',', out);
	if (known) {
		fprintf(out, "%llu", (unsigned long long)v);
	}
}

static void put_count(FILE *out, struct th_count c)
{
	put_number(out, c.n, c.from != TH_ABSENT);
}

static void put_id(FILE *out, const uint8_t *id, size_t n)
{
	char hex[33] = "";
	if (id) {
		th_hex_encode(hex, id, n);
		fputs(hex, out);
	}
}

/* The newest that was said of it. */
static void put_feedback(FILE *out, const struct th_span_facts *f)
{
	size_t n = 0;
	const uint8_t *id = th_span_id(f);
	const struct th_annotation *const *all = id ? th_annotations_of(f->run, id, &n) : NULL;
	fputc(',', out);
	if (n && all[n - 1]->scored) {
		fprintf(out, "%.12g", all[n - 1]->score);
	}
	th_auto_free char *label = n ? th_text_line(all[n - 1]->label) : NULL;
	put_text(out, label);
}

static void put_span(FILE *out, const struct th_span_facts *f)
{
	struct th_tokens t = {0};
	bool model = th_span_tokens(f, &t);
	bool exchange = f->event.kind == TH_EVENT_EXCHANGE;
	put_id(out, f->run->trace_id, TH_TRACE_ID_BYTES);
	fputc(',', out);
	put_id(out, th_span_id(f), TH_SPAN_ID_BYTES);
	put_number(out, exchange ? f->event.exchange->order + 1 : 0, exchange);
	put_text(out, f->type);
	put_text(out, f->name);
	put_text(out, f->host);
	put_text(out, f->process ? f->process->lane : NULL);
	put_number(out, f->start, true);
	put_number(out, th_span_took(f), f->end >= f->start);
	put_number(out, f->first, f->first);
	put_text(out, f->status);
	put_text(out, f->why);
	put_number(out, f->http_status, f->http_status);
	put_text(out, th_span_model(f));
	put_count(out, t.input);
	put_count(out, t.output);
	put_count(out, t.cache_read);
	put_count(out, t.reasoning);
	put_text(out, model ? th_provenance_name(th_tokens_source(&t)) : NULL);
	put_text(out, f->call ? f->call->finish_raw : NULL);
	put_feedback(out, f);
	fputs("\r\n", out);
}

int th_export_csv(const struct th_export *e, const struct th_view_runs *runs)
{
	fputs("trace_id,span_id,number,type,name,host,process,start_unix_nano,duration_ns,ttfb_ns,"
	      "status,status_reason,http_status,model,input_tokens,output_tokens,"
	      "cache_read_tokens,reasoning_tokens,tokens_source,finish,feedback_score,"
	      "feedback_label\r\n",
		e->out);
	for (size_t r = 0; r < runs->n; r++) {
		for (size_t i = 0; i < runs->runs[r].spans.n; i++) {
			if (runs->runs[r].shown[i]) {
				put_span(e->out, &runs->runs[r].spans.spans[i]);
			}
		}
	}
	return TH_EXIT_OK;
}
