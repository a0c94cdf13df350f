/* A run as a tree: processes, and below each what it did, in order of time. */
#ifndef TOOLS_RUN_TREE_H
#define TOOLS_RUN_TREE_H

#include <stdio.h>

#include "tools/view.h"

#define TH_TREE_DEPTH_MAX 64 /* what is deeper is only counted */

/* Spans that are not to be shown are there only for what is below them. `depth`: levels, from 1. */
void th_run_tree_print(
	FILE *out, const struct th_view_run *r, unsigned depth, unsigned width, bool colour);

/* The same as one JSON object per span, parents before what is below them, with "depth" from 0. */
void th_run_tree_json(FILE *out, const struct th_view_run *r, unsigned depth);

#endif
