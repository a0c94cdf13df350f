#include "player/tally.h"

#include "base/text.h"
#include "player/volatile.h"

void th_tally_init(struct th_tally *t)
{
	*t = (struct th_tally){.stats = {.stopped_below = -1}};
	pthread_mutex_init(&t->lock, NULL);
}

static void free_list(struct th_player_miss *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(list[i].request);
		free(list[i].why);
	}
	free(list);
}

static void free_relaxed(struct th_player_relaxed *r)
{
	free(r->request);
	free(r->why);
	th_passed_free(r->passed, r->n_passed);
}

void th_tally_finish(struct th_tally *t)
{
	for (size_t i = 0; i < t->stats.n_relaxations; i++) {
		free_relaxed(&t->stats.relaxations[i]);
	}
	free(t->stats.relaxations);
	free_list(t->stats.lives, t->stats.n_lives);
	free_list(t->stats.misses, t->stats.n_misses);
	free_list(t->stats.fenced, t->stats.n_fenced);
	free_list(t->stats.unfenced, t->stats.n_unfenced);
	pthread_mutex_destroy(&t->lock);
}

void th_tally_match(struct th_tally *t, const struct th_claim *claim)
{
	pthread_mutex_lock(&t->lock);
	t->stats.matched++;
	t->stats.relaxed += claim->relaxed != NULL;
	t->stats.crossed += claim->crossed;
	t->stats.stand_ins += claim->x->stood_in;
	pthread_mutex_unlock(&t->lock);
}

void th_tally_relaxed(struct th_tally *t, const struct th_player_relaxed *r)
{
	struct th_player_relaxed copy = *r;
	struct th_player_stats *s = &t->stats;
	pthread_mutex_lock(&t->lock);
	if (!s->relaxations) { /* made whole, as below; its pages are taken when they are used */
		s->relaxations = calloc(TH_PLAYER_RELAXED_KEPT, sizeof(*s->relaxations));
	}
	bool kept = s->relaxations && s->n_relaxations < TH_PLAYER_RELAXED_KEPT;
	if (kept) {
		s->relaxations[s->n_relaxations++] = copy;
	}
	pthread_mutex_unlock(&t->lock);
	if (!kept) {
		free_relaxed(&copy);
	}
}

void th_tally_bytes(struct th_tally *t, uint64_t n)
{
	pthread_mutex_lock(&t->lock);
	t->stats.bytes_served += n;
	pthread_mutex_unlock(&t->lock);
}

void th_tally_stream(struct th_tally *t)
{
	pthread_mutex_lock(&t->lock);
	t->stats.streams++;
	pthread_mutex_unlock(&t->lock);
}

void th_tally_process(struct th_tally *t)
{
	pthread_mutex_lock(&t->lock);
	t->stats.processes++;
	pthread_mutex_unlock(&t->lock);
}

/* Under the lock. The list is made whole at once: it never moves, so snapshots may point into it.
 */
static void keep(struct th_player_miss **list, size_t *n, const uint8_t process[8],
	const char *request, const char *why)
{
	if (!*list) {
		*list = calloc(TH_PLAYER_MISSES_KEPT, sizeof(**list));
	}
	if (!*list || *n == TH_PLAYER_MISSES_KEPT) {
		return;
	}
	struct th_player_miss *m = &(*list)[(*n)++];
	th_hex_encode(m->process, process, 8);
	m->request = strdup(request);
	m->why = strdup(why);
}

void th_tally_miss(
	struct th_tally *t, const uint8_t process[8], const char *request, const char *why)
{
	pthread_mutex_lock(&t->lock);
	t->stats.missed++;
	keep(&t->stats.misses, &t->stats.n_misses, process, request, why);
	pthread_mutex_unlock(&t->lock);
}

void th_tally_live(struct th_tally *t, const uint8_t process[8], const char *request,
	const char *why, bool failed)
{
	pthread_mutex_lock(&t->lock);
	t->stats.live++;
	t->stats.live_failed += failed;
	keep(&t->stats.lives, &t->stats.n_lives, process, request, why);
	pthread_mutex_unlock(&t->lock);
}

void th_tally_fenced(struct th_tally *t, enum th_fenced kind, const uint8_t process[8],
	const char *request, const char *why)
{
	pthread_mutex_lock(&t->lock);
	if (kind == TH_FENCED_CONNECT) {
		t->stats.fenced_connects++;
	} else {
		t->stats.fenced_lookups++;
	}
	keep(&t->stats.fenced, &t->stats.n_fenced, process, request, why);
	pthread_mutex_unlock(&t->lock);
}

void th_tally_left(struct th_tally *t, const uint8_t process[8], const char *path, const char *why)
{
	pthread_mutex_lock(&t->lock);
	t->stats.left++;
	keep(&t->stats.unfenced, &t->stats.n_unfenced, process, path, why);
	pthread_mutex_unlock(&t->lock);
}
