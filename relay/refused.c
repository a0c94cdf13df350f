#include "relay/refused.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 256

struct names {
	char at[TH_REFUSED_MAX][NAME_BYTES];
	size_t n; /* ever added */
};

struct th_refused {
	pthread_mutex_t lock;
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
	struct th_refused *r = calloc(1, sizeof(struct th_refused));
	if (r) {
		pthread_mutex_init(&r->lock, NULL);
	}
	return r;
}

struct th_refused *th_refused_destroy(struct th_refused *r)
{
	if (r) {
		pthread_mutex_destroy(&r->lock);
		free(r);
	}
	return NULL;
}

static void add_locked(struct th_refused *r, struct names *names, const char *name)
{
	pthread_mutex_lock(&r->lock);
	add(names, name);
	pthread_mutex_unlock(&r->lock);
}

static bool has_locked(struct th_refused *r, const struct names *names, const char *name)
{
	pthread_mutex_lock(&r->lock);
	bool is = has(names, name);
	pthread_mutex_unlock(&r->lock);
	return is;
}

void th_refused_add(struct th_refused *r, const char *name)
{
	add_locked(r, &r->refused, name);
}

bool th_refused_has(struct th_refused *r, const char *name)
{
	return has_locked(r, &r->refused, name);
}

void th_refused_accepted(struct th_refused *r, const char *name)
{
	add_locked(r, &r->accepted, name);
}

bool th_refused_was_accepted(struct th_refused *r, const char *name)
{
	return has_locked(r, &r->accepted, name);
}
