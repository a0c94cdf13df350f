#include "tools/suggest.h"

#include <string.h>

#include "base/edit_distance.h"

const char *th_suggest(const char *word, const char *const *words, size_t n)
{
	unsigned best = (unsigned)(strlen(word) / 3 + 2);
	const char *found = NULL;
	for (size_t i = 0; i < n; i++) {
		unsigned edits = th_edit_distance(word, words[i]);
		if (edits < best) {
			best = edits;
			found = words[i];
		}
	}
	return found;
}
