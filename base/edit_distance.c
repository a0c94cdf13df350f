/* Optimal string alignment distance: Damerau's edits, each place edited once. */
#include "base/edit_distance.h"

#include <stddef.h>
#include <string.h>

#define WORD_MAX 31

static unsigned min_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned cell(unsigned d[][WORD_MAX + 1], const char *a, const char *b, size_t i, size_t j)
{
	unsigned change = a[i - 1] != b[j - 1];
	unsigned best = min_of(d[i - 1][j], d[i][j - 1]) + 1;
	best = min_of(best, d[i - 1][j - 1] + change);
	if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
		best = min_of(best, d[i - 2][j - 2] + 1);
	}
	return best;
}

unsigned th_edit_distance(const char *a, const char *b)
{
	unsigned d[WORD_MAX + 1][WORD_MAX + 1];
	size_t na = strnlen(a, WORD_MAX), nb = strnlen(b, WORD_MAX);
	for (size_t i = 0; i <= na; i++) {
		d[i][0] = (unsigned)i;
	}
	for (size_t j = 0; j <= nb; j++) {
		d[0][j] = (unsigned)j;
	}
	for (size_t i = 1; i <= na; i++) {
		for (size_t j = 1; j <= nb; j++) {
			d[i][j] = cell(d, a, b, i, j);
		}
	}
	return d[na][nb];
}
