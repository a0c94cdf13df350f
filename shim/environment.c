/* See environment.h. Most variables are passed over at their first letter, and of the others most
 * at the length of their names. */
#include "shim/environment.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define PICKED_MAX 64

struct variable {
	const char *entry; /* "name=value" */
	size_t name_n;
};

static struct variable picked[PICKED_MAX];
static size_t n_picked;
static uint64_t lengths;  /* of their names, as bits */
static char *const *rest; /* of the environment, when there were more */

/* TRACEHOOK_, TRACEPARENT, TRACESTATE; BAGGAGE; HOME; XDG_. */
static bool may_be_meant(const char *entry)
{
	return *entry == 'T' || *entry == 'B' || *entry == 'H' || *entry == 'X';
}

static struct variable split(const char *entry)
{
	struct variable v = {entry, 0};
	while (entry[v.name_n] && entry[v.name_n] != '=') {
		v.name_n++;
	}
	return v;
}

void th_environment_begin(void)
{
	n_picked = 0;
	lengths = 0;
	rest = environ;
	for (; rest && *rest && n_picked < PICKED_MAX; rest++) {
		if (may_be_meant(*rest)) {
			picked[n_picked] = split(*rest);
			lengths |= 1ull << (picked[n_picked++].name_n & 63);
		}
	}
}

/* NULL: that is not its name. */
static const char *value_of(struct variable v, const char *name, size_t n)
{
	bool is = v.name_n == n && v.entry[n] == '=' && memcmp(v.entry, name, n) == 0;
	return is ? v.entry + n + 1 : NULL;
}

const char *th_environment_get(void *ctx, const char *name)
{
	const char *value = NULL;
	size_t n = strlen(name);
	bool may_be_picked = (lengths >> (n & 63)) & 1;
	for (size_t i = 0; may_be_picked && i < n_picked && !value; i++) {
		value = value_of(picked[i], name, n);
	}
	for (char *const *e = rest; e && *e && !value; e++) {
		value = value_of(split(*e), name, n);
	}
	return value;
}
