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
		}
	}
	return h;
}

void th_curl_handle_reset(struct th_curl_handle *h)
{
	th_curl_text_set(&h->url, NULL);
	th_curl_text_set(&h->proxy, NULL);
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
