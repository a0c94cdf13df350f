#include "player/parsed.h"

#include <pthread.h>
#include <stdlib.h>

#define CHAINS_MAX 1024 /* of different peers */

struct chain {
	const uint8_t *bytes; /* that it was read from: there is nothing else at that place */
	STACK_OF(X509) * stack;
};

struct th_parsed {
	pthread_mutex_t lock;
	struct chain chains[CHAINS_MAX];
	size_t n;
};

struct th_parsed *th_parsed_create(void)
{
	struct th_parsed *p = calloc(1, sizeof(*p));
	if (p) {
		pthread_mutex_init(&p->lock, NULL);
	}
	return p;
}

struct th_parsed *th_parsed_destroy(struct th_parsed *p)
{
	if (p) {
		for (size_t i = 0; i < p->n; i++) {
			sk_X509_pop_free(p->chains[i].stack, X509_free);
		}
		pthread_mutex_destroy(&p->lock);
		free(p);
	}
	return NULL;
}

STACK_OF(X509) * th_parsed_read(struct th_slice chain)
{
	STACK_OF(X509) *stack = sk_X509_new_null();
	struct th_in in = {chain.p, chain.n, false};
	while (stack && in.n) {
		struct th_slice der = th_in_bytes(&in, th_in_u32(&in));
		const unsigned char *p = der.p;
		X509 *x = in.failed ? NULL : d2i_X509(NULL, &p, (long)der.n);
		if (!x || sk_X509_push(stack, x) <= 0) {
			X509_free(x);
			break;
		}
	}
	return stack;
}

/* Under the lock. */
static STACK_OF(X509) * find_or_read(struct th_parsed *p, struct th_slice chain)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->chains[i].bytes == chain.p) {
			return p->chains[i].stack;
		}
	}
	STACK_OF(X509) *stack = p->n < CHAINS_MAX ? th_parsed_read(chain) : NULL;
	if (stack) {
		p->chains[p->n++] = (struct chain){chain.p, stack};
	}
	return stack;
}

STACK_OF(X509) * th_parsed_chain(struct th_parsed *p, struct th_slice chain)
{
	pthread_mutex_lock(&p->lock);
	STACK_OF(X509) *stack = find_or_read(p, chain);
	pthread_mutex_unlock(&p->lock);
	return stack;
}
