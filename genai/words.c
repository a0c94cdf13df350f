#include "genai/words.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

bool th_words_put(struct th_words *w, const char *text)
{
	size_t n = text ? strlen(text) : 0;
	if (n == 0) {
		return true;
	}
	if (n >= SIZE_MAX / 2 - w->n) {
		return false;
	}
	if (w->n + n >= w->cap) {
		size_t cap = 2 * (w->n + n + 16);
		char *grown = realloc(w->text, cap);
		if (!grown) {
			return false;
		}
		w->text = grown;
		w->cap = cap;
	}
	memcpy(w->text + w->n, text, n + 1);
	w->n += n;
	return true;
}

void th_words_clear(struct th_words *w)
{
	w->n = 0;
	if (w->text) {
		*w->text = '\0';
	}
}

char *th_words_take(struct th_words *w)
{
	char *text = w->text ? w->text : strdup("");
	*w = (struct th_words){NULL, 0, 0};
	return text;
}

void th_words_finish(struct th_words *w)
{
	free(w->text);
	*w = (struct th_words){NULL, 0, 0};
}
