/* See verdicts.h. A server is known by the name it is asked for, else by its address. The
 * handshakes of one process with one server get the recorded verdicts in their order, the last one
 * again when there are more. A process that is not in the recording, or had nothing to do with this
 * server then, is not refused where anybody was not: what others refused was theirs to refuse. */
#include "player/verdicts.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/text.h"

struct asked {
	const struct th_connection *first; /* stands for lane and server */
	size_t n;
};

struct th_verdicts {
	pthread_mutex_t lock;
	const struct th_run *run;
	bool any;
	struct asked *asked;
	size_t n_asked;
};

static uint32_t verdict_of(const struct th_connection *c)
{
	return c->end == TH_END_TLS ? c->end_code : c->verdict;
}

/* By TLS 1.3 a client has shaken hands before the server has seen its certificate. */
static uint8_t alert_of(const struct th_connection *c)
{
	bool before_all = c->end == TH_END_ALERT && c->speaks == TH_SPEAKS_NOTHING;
	return before_all ? (uint8_t)c->end_code : 0;
}

static bool failed(const struct th_connection *c)
{
	return verdict_of(c) || alert_of(c);
}

struct th_verdicts *th_verdicts_create(const struct th_run *run)
{
	struct th_verdicts *v = calloc(1, sizeof(*v));
	if (!v) {
		return NULL;
	}
	pthread_mutex_init(&v->lock, NULL);
	v->run = run;
	v->asked = calloc(run->n_connections + 1, sizeof(*v->asked));
	for (size_t i = 0; i < run->n_connections; i++) {
		const struct th_connection *c = run->connections[i];
		v->any = v->any || failed(c);
	}
	return v->asked ? v : th_verdicts_destroy(v);
}

struct th_verdicts *th_verdicts_destroy(struct th_verdicts *v)
{
	if (v) {
		pthread_mutex_destroy(&v->lock);
		free(v->asked);
		free(v);
	}
	return NULL;
}

static bool is_with(const struct th_connection *c, const struct th_hello *hello, const char *sni)
{
	if (c->transport == TH_TRANSPORT_PLAIN) {
		return false;
	}
	if (*sni && !th_slice_ieq(c->sni, th_slice_str(sni))) {
		return false;
	}
	/* A tap over memory BIOs need not know its peer. */
	bool here = c->family == hello->family && c->port == hello->port;
	return *sni ? c->port == hello->port || c->family == 0
		    : here && memcmp(c->address, hello->address, sizeof(c->address)) == 0;
}

/* How often was it asked before? */
static size_t count(struct th_verdicts *v, const struct th_connection *first)
{
	for (size_t i = 0; i < v->n_asked; i++) {
		if (v->asked[i].first == first) {
			return v->asked[i].n++;
		}
	}
	v->asked[v->n_asked++] = (struct asked){first, 1};
	return 0;
}

static const struct th_connection *choose(
	struct th_verdicts *v, uint32_t process, const struct th_hello *hello, const char *sni)
{
	const struct th_process *asker = process < v->run->n_processes ? v->run->processes[process]
								       : NULL;
	const struct th_connection *first = NULL, *chosen = NULL;
	size_t k = 0, seen = 0;
	for (size_t i = 0; i < v->run->n_connections; i++) {
		const struct th_connection *c = v->run->connections[i];
		if (!is_with(c, hello, sni)) {
			continue;
		}
		bool own = asker && c->process == asker;
		if (own && !first) {
			first = c;
			k = count(v, first);
		}
		bool kinder = !chosen || (failed(chosen) && !failed(c));
		if (own ? seen++ <= k : !first && kinder) {
			chosen = c;
		}
	}
	return chosen;
}

struct th_verdict th_verdicts_next(
	struct th_verdicts *v, uint32_t process, const struct th_hello *hello, const char *sni)
{
	if (!v->any) {
		return (struct th_verdict){0};
	}
	pthread_mutex_lock(&v->lock);
	const struct th_connection *c = choose(v, process, hello, sni);
	pthread_mutex_unlock(&v->lock);
	if (!c) {
		return (struct th_verdict){0};
	}
	return (struct th_verdict){.code = verdict_of(c),
		.alert = alert_of(c),
		.relayed = c->transport == TH_TRANSPORT_RELAY};
}
