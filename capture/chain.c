/* See chain.h. The number of a frame is hashed with it: it is not stored, and a frame in another
 * place is another event. */
#include "capture/chain.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>

struct th_hasher {
	EVP_MD_CTX *context;
	EVP_MD *sha256;
	bool failed;
};

struct th_hasher *th_hasher_create(void)
{
	struct th_hasher *h = calloc(1, sizeof(*h));
	if (!h) {
		return NULL;
	}
	h->context = EVP_MD_CTX_new();
	h->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	return h->context && h->sha256 ? h : th_hasher_destroy(h);
}

struct th_hasher *th_hasher_destroy(struct th_hasher *h)
{
	if (h) {
		EVP_MD_CTX_free(h->context);
		EVP_MD_free(h->sha256);
		free(h);
	}
	return NULL;
}

void th_hasher_begin(struct th_hasher *h, const char domain[TH_HASH_DOMAIN_BYTES + 1])
{
	h->failed = EVP_DigestInit_ex(h->context, h->sha256, NULL) != 1;
	th_hasher_add(h, domain, TH_HASH_DOMAIN_BYTES);
}

void th_hasher_add(struct th_hasher *h, const void *p, size_t n)
{
	h->failed = h->failed || EVP_DigestUpdate(h->context, p, n) != 1;
}

int th_hasher_end(struct th_hasher *h, uint8_t ret_hash[TH_HASH_BYTES])
{
	uint8_t hash[TH_HASH_BYTES];
	if (h->failed || EVP_DigestFinal_ex(h->context, hash, NULL) != 1) {
		return -EIO;
	}
	memcpy(ret_hash, hash, sizeof(hash));
	return 0;
}

/* ---- frames by writer ---- */

static int by_writer(const void *a, const void *b)
{
	const struct th_written *x = a, *y = b;
	return x->writer < y->writer ? -1 : x->writer > y->writer;
}

/* A reader gives one writer after the other, so each has its frames in a row. */
static int split(struct th_written_list *l, size_t n_frames)
{
	for (size_t i = 0; i < n_frames; i++) {
		const struct th_frame *f = &l->frames[i];
		if (l->n && l->at[l->n - 1].writer == f->writer) {
			l->at[l->n - 1].n++;
			continue;
		}
		struct th_written *room = reallocarray(l->at, l->n + 1, sizeof(*room));
		if (!room) {
			return -ENOMEM;
		}
		l->at = room;
		l->at[l->n++] = (struct th_written){f->writer, f, 1};
	}
	if (l->n) {
		qsort(l->at, l->n, sizeof(l->at[0]), by_writer);
	}
	return 0;
}

int th_written_load(struct th_reader *r, struct th_written_list *ret_list)
{
	struct th_written_list l = {0};
	struct th_frame f;
	size_t n = 0, cap = 0;
	th_reader_rewind(r);
	while (th_reader_next(r, &f)) {
		if (n == cap) {
			cap = cap ? 2 * cap : 256;
			struct th_frame *room = reallocarray(l.frames, cap, sizeof(*room));
			if (!room) {
				th_written_finish(&l);
				return -ENOMEM;
			}
			l.frames = room;
		}
		l.frames[n++] = f;
	}
	if (split(&l, n) < 0) {
		th_written_finish(&l);
		return -ENOMEM;
	}
	*ret_list = l;
	return 0;
}

void th_written_finish(struct th_written_list *l)
{
	free(l->at);
	free(l->frames);
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
