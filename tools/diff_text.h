/* A comparison for people: the first difference, then all, and the sum. */
#ifndef TOOLS_DIFF_TEXT_H
#define TOOLS_DIFF_TEXT_H

#include "tools/diff_verdict.h"

struct th_diff_look {
	unsigned width;	   /* columns */
	bool side_by_side; /* both runs in columns; else a line for each */
	bool colour;
	bool all;	 /* also the calls that are equal */
	bool every_item; /* else the first few of each call */
};

void th_diff_text(FILE *out, const struct th_diff *d, const struct th_diff_look *look);

#endif
