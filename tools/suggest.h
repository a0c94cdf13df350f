/* The nearest known word to a mistyped one. */
#ifndef TOOLS_SUGGEST_H
#define TOOLS_SUGGEST_H

#include <stddef.h>

/* The word of `words` that is nearest to `word`, NULL when none is near: more edits than a third of
 * its length and one. */
const char *th_suggest(const char *word, const char *const *words, size_t n);

#endif
