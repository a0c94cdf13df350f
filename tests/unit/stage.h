/* A replay without its socket: a run made by hand is served to one end of a socket pair, and the
 * test holds the other. Without TLS, whose keys take long to make. */
#ifndef TESTS_UNIT_STAGE_H
#define TESTS_UNIT_STAGE_H

#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "made_run.h"
#include "player/serve.h"

struct stage {
	struct made *m;
	struct th_process *process; /* lane "0": the one that asks */
	struct th_connection *connection;
	struct th_serving serving;
	struct th_tally tally;
	pthread_t thread;
	int server, client; /* the ends */
	char got[1 << 20];
	size_t n;
};

static const uint8_t stage_process[8] = {1};

static inline struct stage *stage_new(void)
{
	struct stage *s = calloc(1, sizeof(*s));
	s->m = made_new();
	s->process = made_process(s->m, "0");
	s->connection = made_connection(s->m, s->process, 1);
	return s;
}

static inline void *stage_serve(void *arg)
{
	struct stage *s = arg;
	struct th_caller caller;
	struct th_hello hello = {.family = 4,
		.address = {192, 0, 2, 7},
		.port = 80,
		.stream_id = 77,
		.thread = 1,
		.connection = 1};
	memcpy(hello.process, stage_process, sizeof(hello.process));
	th_caller_init(&caller, &s->serving, &hello, s->server);
	th_serve(&caller);
	th_caller_finish(&caller);
	close(s->server);
	return NULL;
}

static inline void stage_connect(struct stage *s)
{
	int ends[2];
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	s->client = ends[0];
	s->server = ends[1];
	s->n = 0;
	cr_assert_eq(pthread_create(&s->thread, NULL, stage_serve, s), 0);
}

/* The run is complete: begin to serve it. */
static inline void stage_begin(struct stage *s, enum th_on_miss on_miss, double pace)
{
	static const uint8_t nobody[8];
	th_tally_init(&s->tally);
	s->serving = (struct th_serving){.run = &s->m->run,
		.index = th_index_create(&s->m->run, TH_MATCH_CANONICAL, NULL),
		.order = th_order_create(&s->m->run),
		.parsed = th_parsed_create(),
		.lanes = th_lanes_create(NULL),
		.resets = th_resets_create(),
		.tally = &s->tally,
		.on_miss = on_miss,
		.pace = pace};
	s->serving.arrivals = th_arrivals_create(&s->m->run, th_index_sockets(s->serving.index));
	cr_assert_eq(th_peers_init(&s->serving.peers, &s->m->run), 0);
	th_lanes_add(s->serving.lanes, stage_process, nobody, 1);
	stage_connect(s);
}

static inline void stage_send(struct stage *s, const char *text)
{
	cr_assert_eq(send(s->client, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Reads until the text ends in `last`, or the server ends. Then the text so far. */
static inline const char *stage_read(struct stage *s, const char *last)
{
	size_t want = strlen(last);
	while (s->n < want || memcmp(s->got + s->n - want, last, want) != 0) {
		struct pollfd pfd = {.fd = s->client, .events = POLLIN};
		cr_assert_eq(poll(&pfd, 1, 10000), 1, "nothing came after: %s", s->got);
		ssize_t r = recv(s->client, s->got + s->n, sizeof(s->got) - 1 - s->n, 0);
		if (r <= 0) {
			break;
		}
		s->n += (size_t)r;
	}
	s->got[s->n] = 0;
	return s->got;
}

static inline void stage_forget(struct stage *s)
{
	s->n = 0;
	s->got[0] = 0;
}

/* Does the server end its direction within `ms`, with nothing more to read? */
static inline bool stage_ends(struct stage *s, int ms)
{
	char c;
	struct pollfd pfd = {.fd = s->client, .events = POLLIN};
	return poll(&pfd, 1, ms) == 1 && recv(s->client, &c, 1, 0) == 0;
}

static inline void stage_disconnect(struct stage *s)
{
	close(s->client);
	pthread_join(s->thread, NULL);
}

static inline struct stage *stage_free(struct stage *s)
{
	th_index_destroy(s->serving.index);
	th_order_destroy(s->serving.order);
	th_arrivals_destroy(s->serving.arrivals);
	th_parsed_destroy(s->serving.parsed);
	th_peers_finish(&s->serving.peers);
	th_lanes_destroy(s->serving.lanes);
	th_resets_destroy(s->serving.resets);
	th_tally_finish(&s->tally);
	free(s->m);
	free(s);
	return NULL;
}

#endif
