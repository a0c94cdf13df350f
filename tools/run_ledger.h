/* The lines on stderr that end `tracehook record`: what was recorded, and what was not. */
#ifndef TOOLS_RUN_LEDGER_H
#define TOOLS_RUN_LEDGER_H

#include <stdio.h>

#include "trace/trace.h"

/* Few lines, each beginning with "tracehook: ". `capture` as the user knows it. */
void th_run_ledger_print(FILE *out, const struct th_run *run, const char *capture);

#endif
