#include "tools/diff_json.h"

#include <string.h>

#include "base/cleanup.h"
#include "tools/call_json.h"
#include "tools/diff_pair.h"
#include "tools/exchange_json.h"
#include "tools/run_sum.h"
#include "tools/tools.h"
#include "tools/utf8.h"

static void put_run(FILE *out, const char *side, const char *path, const struct th_diff_side *s)
{
	struct th_jout j = {.out = out};
	struct th_run_sum sum = th_run_sum_of(&s->spans);
	th_jout_open(&j, '{');
	th_jout_put_text(&j, "kind", "run");
	th_jout_put_text(&j, "side", side);
	th_jout_put_text(&j, "capture", path);
	th_span_json_id(&j, "trace_id", s->run->trace_id, TH_TRACE_ID_BYTES);
	th_jout_put_u64(&j, "calls", s->n);
	th_jout_put_u64(&j, "duration_ns", th_run_sum_took(s->run));
	th_call_json_tokens(&j, "tokens", &sum.tokens);
	th_jout_close(&j, '}');
	fputc('\n', out);
}

static void put_call(struct th_jout *j, const char *key, const struct th_diff_call *c)
{
	struct th_tokens tokens;
	th_jout_key(j, key);
	if (!c) {
		th_jout_null(j);
		return;
	}
	const struct th_span_facts *f = c->facts;
	const uint8_t *id = th_span_id(f);
	th_jout_open(j, '{');
	th_jout_put_known(j, "number", th_diff_number(c));
	if (id) {
		th_span_json_id(j, "span_id", id, TH_SPAN_ID_BYTES);
	} else {
		th_jout_put_null(j, "span_id");
	}
	th_jout_put_text(j, "lane", c->lane);
	th_jout_put_u64(j, "thread", c->thread);
	th_jout_put_text(j, "name", f->name);
	th_jout_put_text(j, "host", f->host);
	th_jout_put_text(j, "title", f->title);
	th_jout_put_known(j, "response_status", f->http_status);
	th_jout_put_text(j, "status", f->status);
	th_jout_put_text(j, "why", f->why);
	th_jout_put_u64(j, "start_unix_nano", c->began);
	th_jout_put_u64(j, "duration_ns", c->ended - c->began);
	if (th_span_tokens(f, &tokens)) {
		th_call_json_tokens(j, "tokens", &tokens);
	} else {
		th_jout_put_null(j, "tokens");
	}
	th_jout_close(j, '}');
}

static void put_value(struct th_jout *j, const char *key, const struct th_diff_value *v)
{
	th_jout_key(j, key);
	struct th_slice s = {v->bytes, v->n};
	if (v->kind == TH_DIFF_NOTHING) {
		th_jout_null(j);
	} else if (v->kind == TH_DIFF_TEXT || !th_utf8_valid(s)) {
		th_jout_string(j, s);
	} else {
		fwrite(v->bytes, 1, v->n, j->out);
		j->comma = true;
	}
}

static void put_item(struct th_jout *j, const struct th_diff_item *item)
{
	th_jout_open(j, '{');
	th_jout_put_text(j, "in", th_diff_in_name(item->in));
	th_jout_put_text(j, "path", item->path);
	if (item->parted) {
		th_jout_put_u64(j, "byte", item->byte);
		th_jout_put_u64(j, "character", item->character);
	}
	th_jout_put_bool(j, "in_a", item->a.kind != TH_DIFF_NOTHING);
	th_jout_put_bool(j, "in_b", item->b.kind != TH_DIFF_NOTHING);
	put_value(j, "a", &item->a);
	put_value(j, "b", &item->b);
	th_jout_close(j, '}');
}

static void put_items(struct th_jout *j, const struct th_diff *d, size_t row)
{
	const struct th_diff_call *a = th_diff_call_a(d, row), *b = th_diff_call_b(d, row);
	th_cleanup(th_diff_items_finish) struct th_diff_items items = {0};
	if (a && b && d->kinds[row]) {
		items = th_diff_pair(a, b, d->exact);
	}
	th_jout_key(j, "differences");
	th_jout_open(j, '[');
	for (size_t i = 0; i < items.n; i++) {
		put_item(j, &items.items[i]);
	}
	th_jout_close(j, ']');
	th_jout_put_u64(j, "differences_left_out", items.more);
}

static void put_row(FILE *out, const struct th_diff *d, size_t row)
{
	struct th_jout j = {.out = out};
	th_jout_open(&j, '{');
	th_jout_put_text(&j, "kind", "call");
	th_jout_key(&j, "differs");
	th_jout_open(&j, '[');
	for (unsigned bit = 0; bit < TH_DIFF_N_KINDS; bit++) {
		if (d->kinds[row] >> bit & 1) {
			th_jout_text(&j, th_diff_kind_name(bit));
		}
	}
	th_jout_close(&j, ']');
	put_call(&j, "a", th_diff_call_a(d, row));
	put_call(&j, "b", th_diff_call_b(d, row));
	put_items(&j, d, row);
	th_jout_close(&j, '}');
	fputc('\n', out);
}

static void put_sum(FILE *out, const struct th_diff *d)
{
	struct th_jout j = {.out = out};
	th_jout_open(&j, '{');
	th_jout_put_text(&j, "kind", "summary");
	th_jout_put_bool(&j, "equal", th_diff_holds(d));
	th_jout_put_u64(&j, "equal_calls", d->equal);
	for (unsigned bit = 0; bit < TH_DIFF_N_KINDS; bit++) {
		th_jout_put_u64(&j, th_diff_kind_name(bit), d->counts[bit]);
	}
	th_jout_put_bool(&j, "slower", d->slower);
	th_jout_close(&j, '}');
	fputc('\n', out);
}

void th_diff_json(FILE *out, const struct th_diff *d, bool all)
{
	put_run(out, "a", d->path_a, d->a);
	put_run(out, "b", d->path_b, d->b);
	for (size_t i = 0; i < d->rows.n && !ferror(out); i++) {
		if (all || d->kinds[i]) {
			put_row(out, d, i);
		}
	}
	put_sum(out, d);
}
