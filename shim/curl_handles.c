/* Buckets of a few entries each; a bucket that is full turns the newcomer away, and the facts of
 * its transfers are not recorded. */
#include "shim/curl_handles.h"

#include <string.h>

#include "base/pool.h"

#define BUCKETS 1024
#define PER_BUCKET 8
#define TEXT_MAX 16384 /* what is longer is cut */

static struct th_curl_handle table[BUCKETS][PER_BUCKET];
static _Atomic uint32_t count;

static struct th_curl_handle *bucket_of(const void *easy)
{
	uint64_t mix = ((uintptr_t)easy >> 4) * 0x9e3779b97f4a7c15u;
	return table[(mix >> 40) % BUCKETS];
}

struct th_curl_handle *th_curl_handle_find(const void *easy)
{
	struct th_curl_handle *bucket = bucket_of(easy);
	for (int i = 0; i < PER_BUCKET; i++) {
		if (atomic_load_explicit(&bucket[i].easy, memory_order_acquire) == easy) {
			return &bucket[i];
		}
	}
	return NULL;
}

struct th_curl_handle *th_curl_handle_get(const void *easy)
{
	struct th_curl_handle *h = th_curl_handle_find(easy);
	struct th_curl_handle *bucket = bucket_of(easy);
	for (int i = 0; !h && i < PER_BUCKET; i++) {
		const void *nobody = NULL;
		if (atomic_compare_exchange_strong(&bucket[i].easy, &nobody, easy)) {
			h = &bucket[i];
			h->number = 1 + atomic_fetch_add(&count, 1);
			h->api = 0;
			h->url = h->proxy = (struct th_curl_text){NULL, 0};
			h->tap = NULL;
			th_curl_handle_reset(h);
		}
	}
	return h;
}

void th_curl_handle_reset(struct th_curl_handle *h)
{
	th_curl_text_set(&h->url, NULL);
	th_curl_text_set(&h->proxy, NULL);
	h->verbose = h->asks_doh = false;
	h->debug = NULL;
	h->debug_data = NULL;
	h->errors = NULL;
}

static void copy_text(struct th_curl_text *to, const struct th_curl_text *from)
{
	to->p = from->n ? th_pool_alloc(from->n) : NULL;
	to->n = to->p ? from->n : 0;
	if (to->n) {
		memcpy(to->p, from->p, to->n);
	}
}

void th_curl_handle_copy(const struct th_curl_handle *h, struct th_curl_handle *copy)
{
	th_curl_handle_reset(copy);
	copy_text(&copy->url, &h->url);
	copy_text(&copy->proxy, &h->proxy);
	copy->shares = h->shares;
	copy->verbose = h->verbose;
	copy->asks_doh = h->asks_doh;
	copy->debug = h->debug;
	copy->debug_data = h->debug_data;
	copy->errors = h->errors;
}

void th_curl_handle_remove(struct th_curl_handle *h)
{
	th_curl_handle_reset(h);
	h->shares = false; /* which a reset leaves */
	atomic_store_explicit(&h->easy, NULL, memory_order_release);
}

void th_curl_text_set(struct th_curl_text *t, const char *text)
{
	size_t n = text ? strnlen(text, TEXT_MAX) : 0;
	th_pool_free(t->p, t->n);
	t->p = n ? th_pool_alloc(n) : NULL;
	t->n = t->p ? n : 0;
	if (t->n) {
		memcpy(t->p, text, n);
	}
}
