/* A run as a table: a header, its processes, and one line for each exchange or failure. */
#ifndef TOOLS_RUN_TABLE_H
#define TOOLS_RUN_TABLE_H

#include <stdio.h>

#include "trace/trace.h"

void th_run_table_print(FILE *out, const struct th_run *run, unsigned width, bool colour);

#endif
