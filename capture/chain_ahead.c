/* See chain_ahead.h. The reader says what blocks it has opened, in their order; the thread hashes
 * one after the other, and whoever asks for the values waits until a block's are there. */
#include "capture/chain_ahead.h"

#include <pthread.h>
#include <stdlib.h>

#include "capture/chain.h"
#include "capture/reader_parts.h"

size_t th_chain_ahead_least = 8 << 20;

struct link {
	const uint8_t *frame;
	uint8_t value[TH_HASH_BYTES];
};

/* Of a block. */
struct stretch {
	uint64_t writer, first;
	struct th_slice area;
	struct link *links;
	size_t n, room; /* of the links, once it is done */
	bool done;
};

struct th_chain_ahead {
	const struct th_reader *reader;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	pthread_t thread;
	bool running, over;
	struct stretch **stretches;
	size_t n;
	size_t bytes;
	size_t at, link; /* the next that is asked for; at == n: none */
};

/* ---- the thread ---- */

/* A writer's chain as far as it was made. */
struct chain {
	struct th_hasher *hasher;
	uint64_t writer, next;
	uint8_t value[TH_HASH_BYTES];
	bool good;
};

static void begin(struct chain *c, const struct th_reader *r, const struct stretch *s)
{
	static const uint8_t zeros[TH_HASH_BYTES];
	c->writer = s->writer;
	c->next = s->first;
	c->good = th_chain_start(c->hasher, r, s->writer, zeros, c->value) == 0;
}

static void hash(struct chain *c, struct stretch *s)
{
	struct th_frame_header h;
	struct th_slice in = s->area;
	while (s->n < s->room && c->good && th_frame_step(in, &h)) {
		struct link *link = &s->links[s->n];
		const struct th_frame f = {.payload = {in.p + TH_FRAME_HEADER_BYTES,
						   h.length - TH_FRAME_HEADER_BYTES}};
		c->good = th_chain_next(c->hasher, c->value, c->next++, &f, c->value) == 0;
		link->frame = in.p;
		memcpy(link->value, c->value, TH_HASH_BYTES);
		s->n += c->good;
		in.p += th_frame_room(h.length);
		in.n -= th_frame_room(h.length);
	}
}

static struct stretch *await(struct th_chain_ahead *a, size_t i)
{
	pthread_mutex_lock(&a->lock);
	while (i == a->n && !a->over) {
		pthread_cond_wait(&a->moved, &a->lock);
	}
	struct stretch *s = i < a->n && !a->over ? a->stretches[i] : NULL;
	pthread_mutex_unlock(&a->lock);
	return s;
}

static void finish(struct th_chain_ahead *a, struct stretch *s)
{
	pthread_mutex_lock(&a->lock);
	s->done = true;
	pthread_cond_broadcast(&a->moved);
	pthread_mutex_unlock(&a->lock);
}

static void *run(void *arg)
{
	struct th_chain_ahead *a = arg;
	struct chain c = {.hasher = th_hasher_create()};
	struct stretch *s;
	for (size_t i = 0; (s = await(a, i)); i++) {
		if (i == 0 || s->writer != c.writer) {
			begin(&c, a->reader, s);
		}
		c.good = c.good && c.hasher && s->first == c.next;
		hash(&c, s);
		finish(a, s);
	}
	th_hasher_destroy(c.hasher);
	return NULL;
}

/* ---- what the reader says ---- */

static struct stretch *make(uint64_t writer, uint64_t first, size_t frames, struct th_slice area)
{
	struct stretch *s = calloc(1, sizeof(*s));
	size_t most = area.n / TH_FRAME_HEADER_BYTES;
	if (s) {
		*s = (struct stretch){.writer = writer, .first = first, .area = area};
		s->room = frames < most ? frames : most;
		s->links = malloc((s->room + 1) * sizeof(*s->links));
		s->room = s->links ? s->room : 0;
	}
	return s;
}

/* Under the lock. */
static void add(struct th_chain_ahead *a, struct stretch *s)
{
	struct stretch **room = th_array_room(a->stretches, a->n, sizeof(struct stretch *));
	if (!room) {
		free(s->links);
		free(s);
		return; /* the next one does not follow then */
	}
	a->stretches = room;
	a->stretches[a->n++] = s;
	a->at = a->n;
	pthread_cond_broadcast(&a->moved);
}

static void see(void *with, uint64_t writer, uint64_t first, size_t frames, struct th_slice area)
{
	struct th_chain_ahead *a = with;
	struct stretch *s = make(writer, first, frames, area);
	if (!s) {
		return;
	}
	pthread_mutex_lock(&a->lock);
	add(a, s);
	a->bytes += area.n;
	bool enough = !a->running && a->bytes >= th_chain_ahead_least;
	pthread_mutex_unlock(&a->lock);
	a->running = a->running || (enough && pthread_create(&a->thread, NULL, run, a) == 0);
}

struct th_chain_ahead *th_chain_ahead_create(struct th_reader *r)
{
	struct th_chain_ahead *a = calloc(1, sizeof(*a));
	if (a) {
		a->reader = r;
		pthread_mutex_init(&a->lock, NULL);
		pthread_cond_init(&a->moved, NULL);
		th_reader_watch(r, see, a);
	}
	return a;
}

struct th_chain_ahead *th_chain_ahead_destroy(struct th_chain_ahead *a)
{
	if (!a) {
		return NULL;
	}
	pthread_mutex_lock(&a->lock);
	a->over = true;
	pthread_cond_broadcast(&a->moved);
	pthread_mutex_unlock(&a->lock);
	if (a->running) {
		pthread_join(a->thread, NULL);
	}
	for (size_t i = 0; i < a->n; i++) {
		free(a->stretches[i]->links);
		free(a->stretches[i]);
	}
	free(a->stretches);
	pthread_cond_destroy(&a->moved);
	pthread_mutex_destroy(&a->lock);
	free(a);
	return NULL;
}

/* ---- asking ---- */

void th_chain_ahead_seek(struct th_chain_ahead *a, uint64_t writer)
{
	if (!a) {
		return;
	}
	a->at = a->link = 0;
	while (a->at < a->n && (!a->running || a->stretches[a->at]->writer != writer)) {
		a->at++;
	}
}

/* The one that the next value is in, done; NULL: there is none. */
static const struct stretch *present(struct th_chain_ahead *a)
{
	while (a->at < a->n) {
		const struct stretch *s = a->stretches[a->at];
		pthread_mutex_lock(&a->lock);
		while (!s->done) {
			pthread_cond_wait(&a->moved, &a->lock);
		}
		pthread_mutex_unlock(&a->lock);
		if (a->link < s->n) {
			return s;
		}
		a->at = s->n == s->room ? a->at + 1 : a->n;
		a->link = 0;
	}
	return NULL;
}

/* The value before it, as it was made; NULL: it is the writer's first. */
static const uint8_t *before(const struct th_chain_ahead *a)
{
	if (a->link) {
		return a->stretches[a->at]->links[a->link - 1].value;
	}
	const struct stretch *s = a->at ? a->stretches[a->at - 1] : NULL;
	bool same = s && s->n && s->writer == a->stretches[a->at]->writer;
	return same ? s->links[s->n - 1].value : NULL;
}

static bool follows(const struct th_chain_ahead *a, const uint8_t *value)
{
	static const uint8_t zeros[TH_HASH_BYTES];
	uint8_t start[TH_HASH_BYTES];
	const uint8_t *made_behind = before(a);
	if (!made_behind) {
		struct th_hasher *h = th_hasher_create();
		bool known = h &&
			th_chain_start(h, a->reader, a->stretches[a->at]->writer, zeros, start) ==
				0;
		th_hasher_destroy(h);
		made_behind = known ? start : NULL;
	}
	return made_behind && memcmp(made_behind, value, TH_HASH_BYTES) == 0;
}

bool th_chain_ahead_next(struct th_chain_ahead *a, const uint8_t *value, const struct th_frame *f,
	uint8_t *ret_value)
{
	const struct stretch *s = a ? present(a) : NULL;
	if (!s) {
		return false;
	}
	const struct link *link = &s->links[a->link];
	if (f->seq != s->first + a->link || link->frame != f->payload.p - TH_FRAME_HEADER_BYTES ||
		!follows(a, value)) {
		a->at = a->n;
		return false;
	}
	memcpy(ret_value, link->value, TH_HASH_BYTES);
	a->link++;
	return true;
}
