#include "tools/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/tools.h"
#include "tools/utf8.h"

#define GAP 2
#define LAST_RESORT 8 /* width to which a column shrinks when nothing else is left */
#define ELLIPSIS "\xe2\x80\xa6"

struct row {
	enum th_table_tone tone;
	char *cells[TH_TABLE_COLUMNS_MAX];
};

struct th_table {
	const struct th_table_column *columns;
	size_t n_columns;
	struct row *rows;
	size_t n_rows, cap_rows;
};

struct fit {
	size_t width[TH_TABLE_COLUMNS_MAX]; /* 0: left out */
};

struct th_table *th_table_create(const struct th_table_column *columns, size_t n)
{
	struct th_table *t = th_tool_alloc(sizeof(*t));
	t->columns = columns;
	t->n_columns = n > TH_TABLE_COLUMNS_MAX ? TH_TABLE_COLUMNS_MAX : n;
	return t;
}

struct th_table *th_table_destroy(struct th_table *t)
{
	if (!t) {
		return NULL;
	}
	for (size_t i = 0; i < t->n_rows; i++) {
		for (size_t c = 0; c < t->n_columns; c++) {
			free(t->rows[i].cells[c]);
		}
	}
	free(t->rows);
	free(t);
	return NULL;
}

void th_table_add(struct th_table *t, enum th_table_tone tone, const char *const *cells)
{
	if (t->n_rows == t->cap_rows) {
		t->cap_rows = t->cap_rows ? 2 * t->cap_rows : 64;
		t->rows = th_tool_realloc(t->rows, t->cap_rows * sizeof(*t->rows));
	}
	struct row *r = &t->rows[t->n_rows++];
	memset(r, 0, sizeof(*r));
	r->tone = tone;
	for (size_t c = 0; c < t->n_columns; c++) {
		const char *cell = cells[c] ? cells[c] : "";
		size_t n = strlen(cell);
		r->cells[c] = memcpy(th_tool_alloc(n + 1), cell, n);
	}
}

/* Bytes of `text` that fill at most `columns` columns, from its start. */
static size_t prefix_bytes(const char *text, size_t columns)
{
	struct th_slice s = th_slice_str(text);
	size_t bytes = 0;
	while (bytes < s.n) {
		uint32_t code = ' ';
		size_t n = th_utf8_sequence((struct th_slice){s.p + bytes, s.n - bytes}, &code);
		size_t width = th_utf8_width(code);
		if (width > columns) {
			break;
		}
		columns -= width;
		bytes += n ? n : 1;
	}
	return bytes;
}

/* The longest end of `text` that fills at most `columns` columns. */
static const char *suffix_of(const char *text, size_t columns)
{
	size_t whole = th_utf8_columns(text);
	size_t skip = whole > columns ? whole - columns : 0;
	const char *end = text + prefix_bytes(text, skip);
	while (*end && th_utf8_columns(end) > columns) {
		end += prefix_bytes(end, 2) ? prefix_bytes(end, 2) : 1;
	}
	return end;
}

char *th_table_shorten(const char *text, size_t columns, bool middle)
{
	if (th_utf8_columns(text) <= columns) {
		return th_tool_format("%s", text);
	}
	if (columns == 0) {
		return th_tool_format("%s", "");
	}
	size_t tail = middle ? columns * 3 / 5 : 0; /* a path's end tells more than its beginning */
	size_t head = columns - 1 - tail;
	return th_tool_format("%.*s" ELLIPSIS "%s", (int)prefix_bytes(text, head), text,
		tail ? suffix_of(text, tail) : "");
}

static size_t natural_width(const struct th_table *t, size_t c)
{
	size_t width = th_utf8_columns(t->columns[c].title);
	for (size_t i = 0; i < t->n_rows; i++) {
		size_t w = th_utf8_columns(t->rows[i].cells[c]);
		width = w > width ? w : width;
	}
	return width ? width : 1;
}

static size_t total_width(const struct th_table *t, const struct fit *f)
{
	size_t total = 0;
	for (size_t c = 0; c < t->n_columns; c++) {
		total += f->width[c] ? f->width[c] + (total ? GAP : 0) : 0;
	}
	return total;
}

static bool may_shrink(const struct th_table_column *column, size_t width, bool last_resort)
{
	size_t least = last_resort && column->least > LAST_RESORT ? LAST_RESORT : column->least;
	return column->fit != TH_FIT_WHOLE && width > least;
}

/* Takes what is too much from the columns that may shrink, always from the widest. Returns what is
 * still too much. */
static size_t shrink(const struct th_table *t, struct fit *f, size_t excess, bool last_resort)
{
	for (; excess; excess--) {
		size_t widest = t->n_columns;
		for (size_t c = 0; c < t->n_columns; c++) {
			bool wider = widest == t->n_columns || f->width[c] > f->width[widest];
			if (wider && may_shrink(&t->columns[c], f->width[c], last_resort)) {
				widest = c;
			}
		}
		if (widest == t->n_columns) {
			break;
		}
		f->width[widest]--;
	}
	return excess;
}

static bool leave_out_one(const struct th_table *t, struct fit *f)
{
	size_t worst = 0;
	unsigned rank = 0;
	for (size_t c = 0; c < t->n_columns; c++) {
		if (f->width[c] && t->columns[c].rank > rank) {
			rank = t->columns[c].rank;
			worst = c;
		}
	}
	if (rank) {
		f->width[worst] = 0;
	}
	return rank != 0;
}

static struct fit fit_columns(const struct th_table *t, unsigned width)
{
	struct fit natural = {0};
	for (size_t c = 0; c < t->n_columns; c++) {
		natural.width[c] = t->columns[c].hidden ? 0 : natural_width(t, c);
	}
	for (;;) {
		struct fit f = natural;
		size_t total = total_width(t, &f);
		if (total <= width || shrink(t, &f, total - width, false) == 0) {
			return f;
		}
		if (!leave_out_one(t, &natural)) {
			shrink(t, &f, total_width(t, &f) - width, true);
			return f;
		}
	}
}

static void append_cell(FILE *out, const struct th_table_column *column, const char *text,
	size_t width, bool first, bool last)
{
	size_t wide = th_utf8_columns(text);
	th_auto_free char *cut = wide > width
		? th_table_shorten(text, width, column->fit == TH_FIT_MIDDLE)
		: NULL;
	const char *cell = cut ? cut : text;
	size_t pad = width - (cut ? th_utf8_columns(cut) : wide);
	fprintf(out, "%*s", first ? 0 : GAP, "");
	fprintf(out, "%*s%s", column->right ? (int)pad : 0, "", cell);
	fprintf(out, "%*s", column->right || last ? 0 : (int)pad, "");
}

static size_t last_column(const struct th_table *t, const struct fit *f, char *const *cells)
{
	size_t last = 0;
	for (size_t c = 0; c < t->n_columns; c++) {
		if (f->width[c] && (!cells || cells[c][0])) {
			last = c;
		}
	}
	return last;
}

/* One line without trailing blanks. `cells` NULL: the titles. */
static void print_line(const struct th_table *t, FILE *out, const struct fit *f, unsigned width,
	char *const *cells)
{
	char *line = NULL;
	size_t n, last = last_column(t, f, cells);
	FILE *text = open_memstream(&line, &n);
	if (!text) {
		th_tool_no_memory();
	}
	bool first = true;
	for (size_t c = 0; c <= last; c++) {
		if (f->width[c]) {
			append_cell(text, &t->columns[c], cells ? cells[c] : t->columns[c].title,
				f->width[c], first, c == last);
			first = false;
		}
	}
	fclose(text);
	char *cut = th_table_shorten(line, width, false);
	fputs(cut, out);
	free(cut);
	free(line);
}

void th_table_print(const struct th_table *t, FILE *out, unsigned width, bool colour)
{
	static const char *const codes[] = {"", "\x1b[31m", "\x1b[33m", "\x1b[2m"};
	struct fit f = fit_columns(t, width);
	fputs(colour ? "\x1b[1m" : "", out);
	print_line(t, out, &f, width, NULL);
	fputs(colour ? "\x1b[0m\n" : "\n", out);
	for (size_t i = 0; i < t->n_rows; i++) {
		bool coloured = colour && t->rows[i].tone != TH_TONE_NORMAL;
		fputs(coloured ? codes[t->rows[i].tone] : "", out);
		print_line(t, out, &f, width, t->rows[i].cells);
		fputs(coloured ? "\x1b[0m\n" : "\n", out);
	}
}
