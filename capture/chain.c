/* See chain.h. The number of a frame is hashed with it: it is not stored, and a frame in another
 * place is another event.
 *
 * Frames are small, and what EVP does around a digest costs as much as the digest: so the plain
 * functions, which OpenSSL 3 calls deprecated since they know of no providers. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "capture/chain.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdlib.h>

struct th_hasher {
	SHA256_CTX sha256;
};

struct th_hasher *th_hasher_create(void)
{
	return calloc(1, sizeof(struct th_hasher));
}

struct th_hasher *th_hasher_destroy(struct th_hasher *h)
{
	free(h);
	return NULL;
}

void th_hasher_begin(struct th_hasher *h, const char domain[TH_HASH_DOMAIN_BYTES + 1])
{
	SHA256_Init(&h->sha256);
	th_hasher_add(h, domain, TH_HASH_DOMAIN_BYTES);
}

void th_hasher_add(struct th_hasher *h, const void *p, size_t n)
{
	SHA256_Update(&h->sha256, p, n);
}

int th_hasher_end(struct th_hasher *h, uint8_t ret_hash[TH_HASH_BYTES])
{
	return SHA256_Final(ret_hash, &h->sha256) == 1 ? 0 : -EIO;
}

/* ---- frames by writer ---- */

static int by_writer(const void *a, const void *b)
{
	const struct th_written *x = a, *y = b;
	return x->writer < y->writer ? -1 : x->writer > y->writer;
}

int th_written_add(struct th_written_list *l, struct th_frame *frames, size_t n)
{
	struct th_written *room = reallocarray(l->at, l->n + 1, sizeof(*room));
	if (!room) {
		free(frames);
		return -ENOMEM;
	}
	l->at = room;
	l->at[l->n++] = (struct th_written){frames[0].writer, frames, n};
	return 0;
}

void th_written_sort(struct th_written_list *l)
{
	if (l->n) {
		qsort(l->at, l->n, sizeof(l->at[0]), by_writer);
	}
}

int th_written_load(struct th_reader *r, struct th_written_list *ret_list)
{
	struct th_written_list l = {0};
	struct th_frame *frames;
	size_t n;
	th_reader_rewind(r);
	while ((frames = th_reader_take_writer(r, &n))) {
		if (th_written_add(&l, frames, n) < 0) {
			th_written_finish(&l);
			return -ENOMEM;
		}
	}
	th_written_sort(&l);
	*ret_list = l;
	return 0;
}

void th_written_finish(struct th_written_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->at[i].frames);
	}
	free(l->at);
	th_chain_ahead_destroy(l->ahead);
	*l = (struct th_written_list){0};
}

const struct th_written *th_written_find(const struct th_written_list *l, uint64_t writer)
{
	const struct th_written key = {.writer = writer};
	return l->n ? bsearch(&key, l->at, l->n, sizeof(l->at[0]), by_writer) : NULL;
}

/* ---- the chain ---- */

int th_chain_start(struct th_hasher *h, const struct th_reader *r, uint64_t writer,
	const uint8_t anchor[TH_HASH_BYTES], uint8_t ret_value[TH_HASH_BYTES])
{
	th_hasher_begin(h, "tracehook chain\n");
	th_hasher_add(h, th_reader_file_id(r), TH_FILE_ID_BYTES);
	th_hasher_add(h, th_reader_key(r), TH_SIPHASH_KEY_BYTES);
	th_hasher_add(h, &writer, sizeof(writer));
	th_hasher_add(h, anchor, TH_HASH_BYTES);
	return th_hasher_end(h, ret_value);
}

int th_chain_next(struct th_hasher *h, const uint8_t value[TH_HASH_BYTES], uint64_t number,
	const struct th_frame *f, uint8_t ret_value[TH_HASH_BYTES])
{
	struct th_slice whole = th_frame_whole(f);
	th_hasher_begin(h, "tracehook frame\n");
	th_hasher_add(h, value, TH_HASH_BYTES);
	th_hasher_add(h, &number, sizeof(number));
	th_hasher_add(h, whole.p, whole.n);
	return th_hasher_end(h, ret_value);
}

int th_chain_anchor(struct th_hasher *h, const struct th_written *w,
	const uint8_t value[TH_HASH_BYTES], uint8_t ret_anchor[TH_HASH_BYTES])
{
	uint8_t at[TH_HASH_BYTES];
	int r = 0;
	memcpy(at, value, sizeof(at));
	for (size_t i = 0; r == 0 && i < w->n; i++) {
		r = th_chain_next(h, at, w->frames[i].seq, &w->frames[i], at);
		if (w->frames[i].type == TH_FRAME_PROCESS) {
			break;
		}
	}
	if (r == 0) {
		memcpy(ret_anchor, at, sizeof(at));
	}
	return r;
}
