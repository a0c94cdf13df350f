/* A table that fits the width it is printed to.
 *
 * Cells are UTF-8 and already safe to show (th_text_line()). When the columns do not fit, those
 * that may shrink do, down to their least width; then the least important columns are left out. */
#ifndef TOOLS_TABLE_H
#define TOOLS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TH_TABLE_COLUMNS_MAX 16

enum th_table_fit {
	TH_FIT_WHOLE,  /* as wide as its widest cell */
	TH_FIT_MIDDLE, /* may shrink, losing the middle of a cell: URLs, paths */
	TH_FIT_END,    /* may shrink, losing the end of a cell */
};

struct th_table_column {
	const char *title;
	bool right; /* aligned to the right */
	enum th_table_fit fit;
	unsigned least; /* width to which it may shrink */
	unsigned rank;	/* the highest rank is left out first; 0 never */
	bool hidden;	/* never shown */
};

enum th_table_tone {
	TH_TONE_NORMAL,
	TH_TONE_BAD,  /* red */
	TH_TONE_WARN, /* yellow */
	TH_TONE_DIM,
};

struct th_table;

/* At most TH_TABLE_COLUMNS_MAX columns, which must outlive the table. */
struct th_table *th_table_create(const struct th_table_column *columns, size_t n);
/* Takes NULL; returns NULL. */
struct th_table *th_table_destroy(struct th_table *t);

/* Appends a row of one cell per column; NULL is an empty cell. The cells are copied. */
void th_table_add(struct th_table *t, enum th_table_tone tone, const char *const *cells);

/* Title line and rows, none longer than `width` columns; `colour`: with ANSI colours. */
void th_table_print(const struct th_table *t, FILE *out, unsigned width, bool colour);

/* The text in at most `columns` columns, with an ellipsis in place of what is left out (in the
 * middle, or at the end). The caller frees. */
char *th_table_shorten(const char *text, size_t columns, bool middle);

#endif
