#include "player/arrivals.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "player/order.h"

/* A recorded socket of a process. */
struct socket {
	uint64_t opened, ready; /* connect() began; the first bytes went through it */
	uint32_t need;		/* sockets of the process that were opened before it was ready */
};

struct process {
	struct socket *sockets; /* by ordinal - 1 */
	uint32_t n;
	uint32_t here;	   /* opened in this replay, or given up */
	uint64_t progress; /* when the latest came, th_clock_mono() */
};

struct th_arrivals {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	struct process *processes;
	size_t n;
};

static struct process *process_of(
	struct th_arrivals *a, const struct th_run *run, const struct th_process *p)
{
	for (size_t i = 0; i < run->n_processes; i++) {
		if (run->processes[i] == p) {
			return &a->processes[i];
		}
	}
	return NULL;
}

static bool add_socket(struct process *p, uint32_t ordinal, const struct th_connection *c)
{
	if (ordinal > p->n) {
		struct socket *s = realloc(p->sockets, ordinal * sizeof(*s));
		if (!s) {
			return false;
		}
		while (p->n < ordinal) {
			s[p->n++] = (struct socket){0};
		}
		p->sockets = s;
	}
	struct socket *s = &p->sockets[ordinal - 1];
	s->opened = c->connect_began;
	/* The socket's own entry begins when it is found out to carry TLS, which may be late. */
	if (c->transport != TH_TRANSPORT_PLAIN) {
		s->ready = c->began;
	}
	return true;
}

static void find_needs(struct process *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		struct socket *s = &p->sockets[i];
		while (s->need < p->n && p->sockets[s->need].opened < s->ready) {
			s->need++;
		}
	}
}

static bool gather(
	struct th_arrivals *a, const struct th_run *run, const struct th_sockets *sockets)
{
	const struct th_process *last = NULL;
	struct process *p = NULL;
	for (size_t i = 0; i < run->n_connections; i++) {
		const struct th_connection *c = run->connections[i];
		uint32_t ordinal = th_sockets_ordinal(sockets, c);
		if (c->process != last) {
			last = c->process;
			p = process_of(a, run, last);
		}
		if (p && ordinal && !add_socket(p, ordinal, c)) {
			return false;
		}
	}
	for (size_t i = 0; i < a->n; i++) {
		find_needs(&a->processes[i]);
	}
	return true;
}

struct th_arrivals *th_arrivals_create(const struct th_run *run, const struct th_sockets *sockets)
{
	struct th_arrivals *a = calloc(1, sizeof(*a));
	if (!a) {
		return NULL;
	}
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->moved, &attr);
	pthread_condattr_destroy(&attr);
	a->processes = calloc(run->n_processes + 1, sizeof(*a->processes));
	a->n = a->processes ? run->n_processes : 0;
	return a->processes && gather(a, run, sockets) ? a : th_arrivals_destroy(a);
}

struct th_arrivals *th_arrivals_destroy(struct th_arrivals *a)
{
	if (!a) {
		return NULL;
	}
	for (size_t i = 0; i < a->n; i++) {
		free(a->processes[i].sockets);
	}
	free(a->processes);
	pthread_cond_destroy(&a->moved);
	pthread_mutex_destroy(&a->lock);
	free(a);
	return NULL;
}

void th_arrivals_note(struct th_arrivals *a, uint32_t process)
{
	if (process >= a->n) {
		return;
	}
	pthread_mutex_lock(&a->lock);
	a->processes[process].here++;
	a->processes[process].progress = th_clock_mono();
	pthread_cond_broadcast(&a->moved);
	pthread_mutex_unlock(&a->lock);
}

void th_arrivals_wait(struct th_arrivals *a, uint32_t process, uint32_t ordinal)
{
	if (process >= a->n || ordinal == 0 || ordinal > a->processes[process].n) {
		return;
	}
	struct process *p = &a->processes[process];
	const struct socket *s = &p->sockets[ordinal - 1];
	pthread_mutex_lock(&a->lock);
	uint64_t since = th_clock_mono();
	while (p->here < s->need) {
		uint64_t until = (p->progress > since ? p->progress : since) +
			th_order_patience(s->ready - s->opened);
		struct timespec ts = {.tv_sec = (time_t)(until / 1000000000),
			.tv_nsec = (long)(until % 1000000000)};
		if (th_clock_mono() >= until) {
			p->here = s->need; /* the others do not wait for them again */
		} else {
			pthread_cond_timedwait(&a->moved, &a->lock, &ts);
		}
	}
	pthread_mutex_unlock(&a->lock);
}
