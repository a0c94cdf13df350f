/* The calls of a run; and which of them are the same asked once more.
 *
 * A retry has the same body for the same place, comes from the same thread of the same process,
 * and began after a failed one had ended. Each failure is retried by one call only, so that a pool
 * of like workers does not look like one that tries over and over. */
#include <errno.h>
#include <stdlib.h>

#include "base/siphash.h"
#include "genai/mcp.h"
#include "trace/http.h"

#define LOOK_BACK 64 /* like calls among which the failed one is looked for */

static bool has_failed(const struct th_call *c)
{
	uint16_t status = th_http_status(c->exchange);
	return status == 0 || status == 408 || status == 409 || status == 429 || status >= 500 ||
		c->cut;
}

static int by_likeness(const void *a, const void *b)
{
	const struct th_call *x = *(struct th_call *const *)a, *y = *(struct th_call *const *)b;
	if (x->fingerprint != y->fingerprint) {
		return x->fingerprint < y->fingerprint ? -1 : 1;
	}
	return x->exchange->order < y->exchange->order ? -1 : 1;
}

static bool follows(const struct th_call *later, const struct th_call *earlier)
{
	const struct th_exchange *a = earlier->exchange, *b = later->exchange;
	uint64_t ended = a->response.present ? a->response.ended : a->request.ended;
	return later->fingerprint == earlier->fingerprint && a->process == b->process &&
		a->thread == b->thread && ended <= b->request.began;
}

static void count_retries(struct th_call **like, size_t n)
{
	bool *retried = calloc(n ? n : 1, sizeof(*retried));
	for (size_t i = 1; retried && i < n; i++) {
		for (size_t back = 1; back <= LOOK_BACK && back <= i; back++) {
			size_t k = i - back;
			if (like[k]->fingerprint != like[i]->fingerprint) {
				break;
			}
			if (!retried[k] && has_failed(like[k]) && follows(like[i], like[k])) {
				retried[k] = true;
				like[i]->resend_count = like[k]->resend_count + 1;
				break;
			}
		}
	}
	free(retried);
}

static int find_retries(const struct th_calls *c)
{
	size_t n = 0;
	struct th_call **like = malloc((c->n + 1) * sizeof(struct th_call *));
	if (!like) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < c->n; i++) {
		if (c->at[i] && c->at[i]->exchange->request.present) {
			like[n++] = c->at[i];
		}
	}
	qsort(like, n, sizeof(struct th_call *), by_likeness);
	count_retries(like, n);
	free(like);
	return 0;
}

/* Every request repeats the history; of a result that an earlier one handed over the text is let
 * go, else memory would grow with the square of a conversation. */
struct seen {
	uint64_t *keys;
	size_t n, cap;
};

static bool add_key(struct seen *s, uint64_t key)
{
	size_t i = key & (s->cap - 1);
	while (s->keys[i] && s->keys[i] != key) {
		i = (i + 1) & (s->cap - 1);
	}
	bool is_new = s->keys[i] == 0;
	s->keys[i] = key;
	s->n += is_new;
	return is_new;
}

static bool grow(struct seen *s)
{
	struct seen more = {NULL, 0, s->cap ? 2 * s->cap : 256};
	if (2 * (s->n + 1) <= s->cap) {
		return true;
	}
	more.keys = calloc(more.cap, sizeof(*more.keys));
	for (size_t i = 0; more.keys && i < s->cap; i++) {
		if (s->keys[i]) {
			add_key(&more, s->keys[i]);
		}
	}
	if (more.keys) {
		free(s->keys);
		*s = more;
	}
	return more.keys != NULL;
}

static int drop_repeated(struct seen *s, struct th_call *c)
{
	static const uint8_t key[TH_SIPHASH_KEY_BYTES];
	for (size_t i = 0; c && i < c->n_tool_results; i++) {
		struct th_tool_result *t = &c->tool_results[i];
		uint64_t parts[] = {(uintptr_t)c->exchange->process,
			th_siphash(key, t->id, strlen(t->id)),
			th_siphash(key, t->text, strlen(t->text))};
		if (!grow(s)) {
			return -ENOMEM;
		}
		if (*t->id && !add_key(s, th_siphash(key, parts, sizeof(parts)) | 1)) {
			char *empty = realloc(t->text, 1);
			t->text = empty ? empty : t->text;
			t->text[0] = '\0';
		}
	}
	return 0;
}

int th_calls_read(const struct th_run *run, struct th_calls *ret_calls)
{
	struct th_calls c = {
		calloc(run->n_exchanges + 1, sizeof(struct th_call *)), run->n_exchanges};
	struct seen seen = {NULL, 0, 0};
	int r = c.at ? 0 : -ENOMEM;
	for (size_t i = 0; r == 0 && i < c.n; i++) {
		r = th_call_read(run->exchanges[i], &c.at[i]);
		r = r == -ENOENT ? 0 : r;
		r = r ? r : drop_repeated(&seen, c.at[i]);
	}
	free(seen.keys);
	r = r ? r : find_retries(&c);
	r = r ? r : th_mcp_join(&c);
	if (r < 0) {
		th_calls_finish(&c);
		return r;
	}
	*ret_calls = c;
	return 0;
}

void th_calls_finish(struct th_calls *c)
{
	for (size_t i = 0; c->at && i < c->n; i++) {
		th_call_free(c->at[i]);
	}
	free(c->at);
	*c = (struct th_calls){NULL, 0};
}
