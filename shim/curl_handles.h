/* What is kept of a libcurl easy handle: a fixed table, looked up without a lock.
 *
 * A handle is used by one thread at a time (libcurl's rule), so only the keys are shared; an
 * entry's contents belong to whoever uses the handle. A handle comes into the table with the first
 * thing worth keeping and leaves it with curl_easy_cleanup(). */
#ifndef SHIM_CURL_HANDLES_H
#define SHIM_CURL_HANDLES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/bytes.h"

/* A copy in the pool; empty: not set. */
struct th_curl_text {
	char *p;
	size_t n;
};

typedef int th_curl_debug(void *easy, int what, char *data, size_t n, void *ctx);

struct th_curl_handle {
	_Atomic(const void *) easy;
	uint32_t number; /* within the process, from 1 */
	uint8_t api;	 /* enum th_transfer_api of the transfer under way; 0: none */
	bool shares;	 /* connections, perhaps, under locks of the agent's */
	uint64_t began;
	/* As the agent set them. */
	struct th_curl_text url, proxy;
	bool verbose, asks_doh;
	th_curl_debug *debug; /* NULL: libcurl's own */
	void *debug_data;
	FILE *errors;		 /* CURLOPT_STDERR; NULL: stderr */
	struct th_curl_tap *tap; /* curl_tap.c's; NULL: the transfer is not listened to */
};

/* NULL: not there. */
struct th_curl_handle *th_curl_handle_find(const void *easy);
/* The entry, a new one if need be; NULL: no room. */
struct th_curl_handle *th_curl_handle_get(const void *easy);
/* As curl_easy_reset() leaves it: nothing is set. */
void th_curl_handle_reset(struct th_curl_handle *h);
/* What the agent set is set for `copy` too, which is new. */
void th_curl_handle_copy(const struct th_curl_handle *h, struct th_curl_handle *copy);
void th_curl_handle_remove(struct th_curl_handle *h);

/* Replaces the text; NULL: not set any more. */
void th_curl_text_set(struct th_curl_text *t, const char *text);

static inline struct th_slice th_curl_text_slice(const struct th_curl_text *t)
{
	return (struct th_slice){(const uint8_t *)t->p, t->n};
}

#endif
