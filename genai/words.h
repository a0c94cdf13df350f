/* A text that grows at its end, in amortised constant time. */
#ifndef GENAI_WORDS_H
#define GENAI_WORDS_H

#include <stdbool.h>
#include <stddef.h>

struct th_words {
	char *text; /* NUL-terminated; NULL: nothing was put */
	size_t n, cap;
};

/* NULL puts nothing. False: no memory, nothing was put. */
bool th_words_put(struct th_words *w, const char *text);

/* Nothing was put so far; what was allocated stays. */
void th_words_clear(struct th_words *w);

/* The text, "" when there is none; the caller frees. NULL without memory. Empties w. */
char *th_words_take(struct th_words *w);

void th_words_finish(struct th_words *w);

#endif
