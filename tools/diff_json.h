/* A comparison as JSON, one object per line: the two runs, the calls that differ, the sum. */
#ifndef TOOLS_DIFF_JSON_H
#define TOOLS_DIFF_JSON_H

#include "tools/diff_verdict.h"

/* `all`: also the calls that are equal. */
void th_diff_json(FILE *out, const struct th_diff *d, bool all);

#endif
