/* Catches what a function prints to a stream: TH_PRINTED(text, call using `out`). */
#ifndef TESTS_UNIT_PRINTED_H
#define TESTS_UNIT_PRINTED_H

#include <stdio.h>
#include <stdlib.h>

/* Declares `text` (the caller frees) with what `call` printed to `out`. */
#define TH_PRINTED(text, call) \
	char *text = NULL; \
	do { \
		size_t size_; \
		FILE *out = open_memstream(&text, &size_); \
		call; \
		fclose(out); \
	} while (0)

#endif
