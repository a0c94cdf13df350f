/* See diff_text.h. Values come from strangers: everything goes through th_text_line(). A text is
 * shown from a little before where it parts from the other, so that both lines begin alike. */
#include "tools/diff_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tools/diff_pair.h"
#include "tools/run_sum.h"
#include "tools/table.h"
#include "tools/tools.h"
#include "tools/units.h"
#include "tools/utf8.h"

#define ID_SHOWN 12
#define ITEMS_SHOWN 8
#define EQUAL_AROUND 2	  /* equal calls shown beside one that differs */
#define CONTEXT_BYTES 24  /* of a text, before where it parts */
#define VALUE_BYTES 2048  /* of a value that are looked at for a line */
#define VALUE_COLUMNS 400 /* of a value, where no width limits it */
#define INDENT 6

/* ---- one call ---- */

/* "POST https://host/path", "connect 192.0.2.1:80". The caller frees. */
static char *label(const struct th_diff_call *c)
{
	th_auto_free char *url = c->x ? th_http_url(c->x) : NULL;
	if (!url) {
		return th_text_line(th_slice_str(c->facts->name));
	}
	struct th_slice method = th_http_method(c->x);
	th_auto_free char *whole = th_tool_format(
		"%.*s %s", (int)method.n, method.n ? (const char *)method.p : "", url);
	return th_text_line(th_slice_str(whole));
}

/* "#3"; "-" when it is no exchange, "" when there is none. The caller frees. */
static char *number(const struct th_diff_call *c)
{
	if (!c) {
		return th_tool_format("%s", "");
	}
	return c->x ? th_tool_format("#%zu", th_diff_number(c)) : th_tool_format("-");
}

/* "200  chat gpt-4o". The caller frees. */
static char *summary(const struct th_diff_call *c)
{
	if (!c) {
		return th_tool_format("%s", "");
	}
	th_auto_free char *outcome = th_span_outcome(c->facts);
	th_auto_free char *title = th_text_line(th_slice_str(th_span_title(c->facts)));
	return th_tool_format("%s%s%s", title, *outcome ? "  " : "", outcome);
}

static char *took(const struct th_diff_call *c)
{
	char text[TH_UNITS_TEXT];
	return th_tool_format("%s", c ? th_units_duration(text, c->ended - c->began) : "");
}

static const char *mark(unsigned kinds)
{
	return kinds & TH_DIFF_KIND_ONLY_A    ? "-"
		: kinds & TH_DIFF_KIND_ONLY_B ? "+"
		: kinds			      ? "~"
					      : "=";
}

/* ---- the runs ---- */

static void print_run(FILE *out, const char *name, const char *path, const struct th_diff_side *s)
{
	char id[2 * TH_TRACE_ID_BYTES + 1] = "", text[TH_UNITS_TEXT];
	struct th_run_sum sum = th_run_sum_of(&s->spans);
	th_auto_free char *tokens = th_span_count_text(&sum.tokens);
	th_hex_encode(id, s->run->trace_id, TH_TRACE_ID_BYTES);
	id[ID_SHOWN] = '\0';
	fprintf(out, "%s  %s  run %s  %zu call%s  %s%s%s%s\n", name, path, id, s->n,
		s->n == 1 ? "" : "s", th_units_duration(text, th_run_sum_took(s->run)),
		*tokens ? "  " : "", tokens, *tokens ? " tokens" : "");
}

/* ---- the table, side by side ---- */

enum {
	AT_MARK,
	AT_NUMBER_A,
	AT_CALL_A,
	AT_TOOK_A,
	AT_NUMBER_B,
	AT_CALL_B,
	AT_TOOK_B,
	AT_KINDS,
	N_COLUMNS,
};

static const struct th_table_column columns[N_COLUMNS] = {
	[AT_MARK] = {"", false, TH_FIT_WHOLE, 0, 0},
	[AT_NUMBER_A] = {"A", true, TH_FIT_WHOLE, 0, 0},
	[AT_CALL_A] = {"", false, TH_FIT_MIDDLE, 10, 0},
	[AT_TOOK_A] = {"took", true, TH_FIT_WHOLE, 0, 2},
	[AT_NUMBER_B] = {"B", true, TH_FIT_WHOLE, 0, 0},
	[AT_CALL_B] = {"", false, TH_FIT_MIDDLE, 10, 0},
	[AT_TOOK_B] = {"took", true, TH_FIT_WHOLE, 0, 2},
	[AT_KINDS] = {"differs in", false, TH_FIT_END, 7, 1},
};

static void add_row(struct th_table *t, const struct th_diff *d, size_t row)
{
	const struct th_diff_call *a = th_diff_call_a(d, row), *b = th_diff_call_b(d, row);
	unsigned kinds = d->kinds[row], only = TH_DIFF_KIND_ONLY_A | TH_DIFF_KIND_ONLY_B;
	th_auto_free char *a_number = number(a), *b_number = number(b);
	th_auto_free char *a_call = summary(a), *b_call = summary(b);
	th_auto_free char *a_took = took(a), *b_took = took(b);
	th_auto_free char *words = th_diff_kinds_text(kinds & ~only);
	const char *const cells[N_COLUMNS] = {
		[AT_MARK] = mark(kinds),
		[AT_NUMBER_A] = a_number,
		[AT_CALL_A] = a_call,
		[AT_TOOK_A] = a_took,
		[AT_NUMBER_B] = b_number,
		[AT_CALL_B] = b_call,
		[AT_TOOK_B] = b_took,
		[AT_KINDS] = words,
	};
	th_table_add(t, kinds & only ? TH_TONE_BAD : kinds ? TH_TONE_WARN : TH_TONE_DIM, cells);
}

static bool differs_near(const struct th_diff *d, size_t row)
{
	size_t from = row > EQUAL_AROUND ? row - EQUAL_AROUND : 0;
	for (size_t i = from; i < d->rows.n && i <= row + EQUAL_AROUND; i++) {
		if (d->kinds[i]) {
			return true;
		}
	}
	return false;
}

static void add_left_out(struct th_table *t, size_t n)
{
	th_auto_free char *text = th_tool_format("… %zu equal", n);
	const char *const cells[N_COLUMNS] = {[AT_CALL_A] = text};
	if (n) {
		th_table_add(t, TH_TONE_DIM, cells);
	}
}

static void print_table(FILE *out, const struct th_diff *d, const struct th_diff_look *look)
{
	struct th_table *t = th_table_create(columns, N_COLUMNS);
	size_t left_out = 0;
	for (size_t i = 0; i < d->rows.n; i++) {
		if (!look->all && !differs_near(d, i)) {
			left_out++;
			continue;
		}
		add_left_out(t, left_out);
		left_out = 0;
		add_row(t, d, i);
	}
	add_left_out(t, left_out);
	th_table_print(t, out, look->width, look->colour);
	th_table_destroy(t);
	fputc('\n', out);
}

/* ---- values ---- */

/* What is shown of a value: quotes around texts, the place where it parts in sight. */
static char *value_line(
	const struct th_diff_item *item, const struct th_diff_value *v, size_t columns_max)
{
	if (v->kind == TH_DIFF_NOTHING) {
		return th_tool_format("(nothing)");
	}
	size_t from = item->parted && item->byte > CONTEXT_BYTES ? item->byte - CONTEXT_BYTES : 0;
	from = from < v->n ? from : v->n;
	while (from > 0 && from < v->n && (v->bytes[from] & 0xc0) == 0x80) {
		from--;
	}
	size_t n = v->n - from < VALUE_BYTES ? v->n - from : VALUE_BYTES;
	while (n && from + n < v->n && (v->bytes[from + n] & 0xc0) == 0x80) {
		n--;
	}
	th_auto_free char *text = th_text_line((struct th_slice){v->bytes + from, n});
	const char *quote = v->kind == TH_DIFF_TEXT ? "\"" : "";
	th_auto_free char *whole = th_tool_format(
		"%s%s%s%s", from ? "…" : "", quote, text, from + n < v->n ? "…" : quote);
	return th_table_shorten(whole, columns_max, false);
}

static void print_tone(FILE *out, const struct th_diff_look *look, const char *code, const char *s)
{
	if (look->colour) {
		fprintf(out, "\x1b[%sm%s\x1b[0m", code, s);
	} else {
		fputs(s, out);
	}
}

static void print_values_beside(
	FILE *out, const struct th_diff_item *item, const struct th_diff_look *look)
{
	size_t half = look->width > 2 * INDENT + 20 ? (look->width - INDENT - 3) / 2 : 10;
	th_auto_free char *a = value_line(item, &item->a, half);
	th_auto_free char *b = value_line(item, &item->b, half);
	size_t used = th_utf8_columns(a);
	fprintf(out, "%*s", INDENT, "");
	print_tone(out, look, "31", a);
	fprintf(out, "%*s | ", (int)(used < half ? half - used : 0), "");
	print_tone(out, look, "32", b);
	fputc('\n', out);
}

static void print_value(FILE *out, const struct th_diff_look *look, const char *side,
	const char *code, const struct th_diff_item *item, const struct th_diff_value *v)
{
	size_t most = look->side_by_side ? look->width - INDENT - 3 : VALUE_COLUMNS;
	th_auto_free char *text = value_line(item, v, most);
	fprintf(out, "%*s%s  ", INDENT, "", side);
	print_tone(out, look, code, text);
	fputc('\n', out);
}

/* "messages[" at the beginning of *path is passed over, with the number and the bracket behind it.
 */
static bool take_index(const char **path, const char *name, unsigned long *ret_index)
{
	size_t n = strlen(name);
	if (strncmp(*path, name, n) != 0 || (*path)[n] < '0' || (*path)[n] > '9') {
		return false;
	}
	char *end;
	*ret_index = strtoul(*path + n, &end, 10);
	*path = end + (*end == ']');
	return true;
}

/* Of a call to a model: which message of the conversation it is, and which block of that. */
static void print_message(FILE *out, const char *path)
{
	unsigned long message, block;
	if (take_index(&path, "body.messages[", &message) ||
		take_index(&path, "body.input[", &message) ||
		take_index(&path, "body.contents[", &message)) {
		fprintf(out, " (message %lu", message);
		if (take_index(&path, ".content[", &block) ||
			take_index(&path, ".parts[", &block)) {
			fprintf(out, ", block %lu", block);
		}
		fputc(')', out);
	}
}

static void print_item(
	FILE *out, const struct th_diff_item *item, const struct th_diff_look *look, bool model)
{
	th_auto_free char *path = th_text_line(th_slice_str(item->path));
	fprintf(out, "    %s: %s", th_diff_in_name(item->in), path);
	if (item->parted) {
		fprintf(out, " at character %zu", item->character);
	}
	if (model && item->in == TH_DIFF_REQUEST) {
		print_message(out, item->path);
	}
	fputc('\n', out);
	if (look->side_by_side) {
		print_values_beside(out, item, look);
	} else {
		print_value(out, look, "A", "31", item, &item->a);
		print_value(out, look, "B", "32", item, &item->b);
	}
}

/* ---- one row ---- */

static void print_times(FILE *out, const struct th_diff_call *a, const struct th_diff_call *b)
{
	th_auto_free char *x = took(a), *y = took(b);
	fprintf(out, "    took: A %s, B %s\n", x, y);
}

static void print_row_line(FILE *out, const struct th_diff *d, size_t row)
{
	const struct th_diff_call *a = th_diff_call_a(d, row), *b = th_diff_call_b(d, row);
	th_auto_free char *a_number = number(a), *b_number = number(b);
	th_auto_free char *name = label(a ? a : b);
	th_auto_free char *words = th_diff_kinds_text(
		d->kinds[row] & ~(TH_DIFF_KIND_ONLY_A | TH_DIFF_KIND_ONLY_B));
	fprintf(out, "%s %s%s%s  %s", mark(d->kinds[row]), a_number, a && b ? " " : "", b_number,
		name);
	if (!a || !b) {
		fprintf(out, ": only in %s\n", a ? "A" : "B");
	} else {
		fprintf(out, "%s%s\n", *words ? ": " : "", words);
	}
}

static void print_row(
	FILE *out, const struct th_diff *d, size_t row, const struct th_diff_look *look)
{
	const struct th_diff_call *a = th_diff_call_a(d, row), *b = th_diff_call_b(d, row);
	print_row_line(out, d, row);
	if (!a || !b || !d->kinds[row]) {
		return;
	}
	th_cleanup(th_diff_items_finish) struct th_diff_items items = th_diff_pair(a, b, d->exact);
	bool model = a->facts->call && th_call_is_llm(a->facts->call);
	size_t n = look->every_item || items.n < ITEMS_SHOWN ? items.n : ITEMS_SHOWN;
	for (size_t i = 0; i < n; i++) {
		print_item(out, &items.items[i], look, model);
	}
	if (n < items.n + items.more) {
		fprintf(out, "    … and %zu more%s\n", items.n + items.more - n,
			n < items.n ? ": --every-item" : "");
	}
	if (d->kinds[row] & TH_DIFF_KIND_TIME) {
		print_times(out, a, b);
	}
}

/* ---- the sum ---- */

static void print_sum(FILE *out, const struct th_diff *d)
{
	static const char *const words[TH_DIFF_N_KINDS] = {
		"request", "answer", "order", "tokens", "time", "only in A", "only in B"};
	char a[TH_UNITS_TEXT], b[TH_UNITS_TEXT];
	uint64_t took_a = th_run_sum_took(d->a->run), took_b = th_run_sum_took(d->b->run);
	fprintf(out, "%zu equal", d->equal);
	for (unsigned bit = 0; bit < TH_DIFF_N_KINDS; bit++) {
		if (d->counts[bit]) {
			fprintf(out, ", %zu %s%s", d->counts[bit], bit < 5 ? "differ in " : "",
				words[bit]);
		}
	}
	fprintf(out, "; A took %s, B %s%s\n", th_units_duration(a, took_a),
		th_units_duration(b, took_b), d->slower ? ": slower than allowed" : "");
}

void th_diff_text(FILE *out, const struct th_diff *d, const struct th_diff_look *look)
{
	print_run(out, "A", d->path_a, d->a);
	print_run(out, "B", d->path_b, d->b);
	fputc('\n', out);
	if (d->first != TH_DIFF_NONE) {
		fputs("first difference\n", out);
		print_row(out, d, d->first, look);
		fputc('\n', out);
	}
	if (look->side_by_side && (look->all || d->first != TH_DIFF_NONE)) {
		print_table(out, d, look);
	}
	size_t printed = 0;
	for (size_t i = 0; i < d->rows.n && !ferror(out); i++) {
		bool shown = look->all || d->kinds[i];
		if (shown && i != d->first && !(look->side_by_side && !d->kinds[i])) {
			print_row(out, d, i, look);
			printed++;
		}
	}
	fputs(printed ? "\n" : "", out);
	print_sum(out, d);
}
