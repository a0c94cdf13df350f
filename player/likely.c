/* See likely.h. Equal digests of two heads stand for the same method, URL and fields that take
 * part. What th_canon_request() looks at besides is the bytes of the body and how to read them:
 * whether they are chunked, their codings (fields that take part), their type (its boundary takes
 * no part). What was answered by another protocol has no body (trace/tunnel.h) and is left out. */
#include "player/likely.h"

#include <stdlib.h>

#define NONE UINT32_MAX
#define LINE 64	       /* bytes of a cache's line */
#define FETCH_MAX 8192 /* of a message: the processor goes on by itself */

struct entry {
	struct th_fingerprint head, full;
	uint32_t next; /* on the same connection */
	uint32_t queue;
	uint8_t kind;
	bool known;
	struct th_closing closing;
};

struct th_likely {
	const struct th_run *run;
	struct entry *entries; /* by x->order */
	uint32_t *last;	       /* that was noted of each connection */
};

struct th_likely *th_likely_create(const struct th_run *run)
{
	struct th_likely *l = calloc(1, sizeof(*l));
	if (!l) {
		return NULL;
	}
	l->run = run;
	l->entries = calloc(run->n_exchanges + 1, sizeof(*l->entries));
	l->last = malloc((run->n_connections + 1) * sizeof(*l->last));
	if (!l->entries || !l->last) {
		return th_likely_destroy(l);
	}
	memset(l->last, 0xff, (run->n_connections + 1) * sizeof(*l->last));
	return l;
}

struct th_likely *th_likely_destroy(struct th_likely *l)
{
	if (l) {
		free(l->entries);
		free(l->last);
		free(l);
	}
	return NULL;
}

void th_likely_note(struct th_likely *l, const struct th_exchange *x, uint32_t connection,
	uint32_t queue, const struct th_canon *c)
{
	const struct th_closing closing = th_closing_of(x);
	l->entries[x->order] = (struct entry){.head = c->head,
		.full = c->full,
		.next = NONE,
		.queue = queue,
		.kind = (uint8_t)c->kind,
		.known = !closing.tunnel,
		.closing = closing};
	if (connection < l->run->n_connections) {
		uint32_t *last = &l->last[connection];
		if (*last != NONE) {
			l->entries[*last].next = (uint32_t)x->order;
		}
		*last = (uint32_t)x->order;
	}
}

uint32_t th_likely_queue(const struct th_likely *l, const struct th_exchange *x)
{
	return l->entries[x->order].queue;
}

struct th_closing th_likely_closing(const struct th_likely *l, const struct th_exchange *x)
{
	return l->entries[x->order].closing;
}

const struct th_exchange *th_likely_after(const struct th_likely *l, const struct th_exchange *x)
{
	uint32_t next = l->entries[x->order].next;
	return next == NONE ? NULL : l->run->exchanges[next];
}

/* A head that is the same in each byte but its length is read in the same way; of another one two
 * fields are looked at. */
static bool is_read_alike(const struct th_head *a, const struct th_head *b)
{
	struct th_slice type_a = {NULL, 0}, type_b = {NULL, 0};
	if (a->list != b->list) {
		return false;
	}
	if (th_slice_eq(a->bytes, b->bytes)) {
		return true;
	}
	th_head_get(a, "content-type", &type_a);
	th_head_get(b, "content-type", &type_b);
	return th_slice_eq(type_a, type_b) &&
		th_head_has_token(a, "transfer-encoding", "chunked") ==
		th_head_has_token(b, "transfer-encoding", "chunked");
}

/* Two places in bodies that are cut into pieces in different ways. */
static bool has_same_bytes(const struct th_message *a, const struct th_message *b)
{
	size_t i = 0, k = 0, from_a = 0, from_b = 0;
	if (a->body_bytes != b->body_bytes) {
		return false;
	}
	while (i < a->n_pieces && k < b->n_pieces) {
		struct th_slice p = a->pieces[i].bytes, q = b->pieces[k].bytes;
		size_t n = p.n - from_a < q.n - from_b ? p.n - from_a : q.n - from_b;
		if (n && memcmp(p.p + from_a, q.p + from_b, n) != 0) {
			return false;
		}
		from_a += n;
		from_b += n;
		if (from_a == p.n) {
			i++;
			from_a = 0;
		}
		if (from_b == q.n) {
			k++;
			from_b = 0;
		}
	}
	return true;
}

bool th_likely_is(const struct th_likely *l, const struct th_exchange *x,
	const struct th_exchange *asked, struct th_canon *c)
{
	const struct entry *e = &l->entries[x->order];
	const struct th_message *then = &x->request, *now = &asked->request;
	if (!e->known || memcmp(&e->head, &c->head, sizeof(e->head)) != 0 ||
		!is_read_alike(&then->head, &now->head) || !has_same_bytes(then, now)) {
		return false;
	}
	c->full = e->full;
	c->kind = (enum th_canon_kind)e->kind;
	return true;
}

static void fetch(const void *p, size_t n)
{
	for (size_t i = 0; i < n && i < FETCH_MAX; i += LINE) {
		__builtin_prefetch((const uint8_t *)p + i);
	}
}

static void fetch_bytes(const struct th_message *m)
{
	fetch(m->head.bytes.p, m->head.bytes.n);
	if (m->n_pieces) {
		fetch(m->pieces[0].bytes.p, m->pieces[0].bytes.n);
	}
}

/* One thing leads to the next, and nothing is to be waited for: of each one further on only what
 * the pointers that are here by now lead to. */
void th_likely_fetch(const struct th_likely *l, const struct th_exchange *x)
{
	const struct th_exchange *next = th_likely_after(l, x);
	if (next) {
		fetch_bytes(&next->request);
		fetch_bytes(&next->response);
		next = th_likely_after(l, next);
	}
	if (next) {
		fetch(next->request.pieces, sizeof(*next->request.pieces));
		fetch(next->response.pieces, sizeof(*next->response.pieces));
		next = th_likely_after(l, next);
	}
	if (next) {
		fetch(next, sizeof(*next));
	}
}
