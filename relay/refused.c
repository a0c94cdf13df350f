#include "relay/refused.h"

#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 256

struct names {
	char at[TH_REFUSED_MAX][NAME_BYTES];
	size_t n; /* ever added */
};

struct th_refused {
	struct names refused, accepted;
};

static bool has(const struct names *names, const char *name)
{
	size_t n = names->n < TH_REFUSED_MAX ? names->n : TH_REFUSED_MAX;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(names->at[i], name) == 0) {
			return true;
		}
	}
	return false;
}

static void add(struct names *names, const char *name)
{
	size_t length = strnlen(name, NAME_BYTES);
	if (length < NAME_BYTES && !has(names, name)) {
		memcpy(names->at[names->n++ % TH_REFUSED_MAX], name, length + 1);
	}
}

struct th_refused *th_refused_create(void)
{
	return calloc(1, sizeof(struct th_refused));
}

struct th_refused *th_refused_destroy(struct th_refused *r)
{
	free(r);
	return NULL;
}

void th_refused_add(struct th_refused *r, const char *name)
{
	add(&r->refused, name);
}

bool th_refused_has(const struct th_refused *r, const char *name)
{
	return has(&r->refused, name);
}

void th_refused_accepted(struct th_refused *r, const char *name)
{
	add(&r->accepted, name);
}

bool th_refused_was_accepted(const struct th_refused *r, const char *name)
{
	return has(&r->accepted, name);
}
