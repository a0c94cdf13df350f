/* A request that goes live, in memory: an agent that has said its part, and a server that says its
 * own, whatever it is, and closes. Everything between them is the player's own, over an empty run,
 * so that nothing is found and the server is asked. For unit tests and fuzzing. */
#ifndef TESTS_UNIT_LIVE_TALK_H
#define TESTS_UNIT_LIVE_TALK_H

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "made_run.h"
#include "player/online.h"
#include "player/serve.h"

#define LIVE_SAID_MAX (64u << 10) /* what a socket takes without anybody reading */

/* Settings, and HEADERS that end the request: GET http://a.local/ (RFC 7541 A). */
#define LIVE_H2_ASKED \
	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0" \
	"\0\0\14\1\5\0\0\0\1\x82\x86\x84\x41\7a.local"

#define LIVE_H2_GREETING (24 + 9 + 12 + 9 + 4)

struct live_talk {
	struct made *made;
	struct th_serving serving;
	struct th_tally tally;
	int agent[2], server[2]; /* their own ends, and the player's */
	struct th_slice said;
};

static inline void live_talk_serving(struct live_talk *t)
{
	static const uint8_t process[8] = {1}, nobody[8];
	setenv("SSL_CERT_FILE", "/dev/null", 1); /* the system's certificates take long to read */
	t->made = made_new();
	th_tally_init(&t->tally);
	t->serving = (struct th_serving){.run = &t->made->run,
		.index = th_index_create(&t->made->run, TH_MATCH_CANONICAL, NULL),
		.order = th_order_create(&t->made->run),
		.parsed = th_parsed_create(),
		.lanes = th_lanes_create(NULL),
		.resets = th_resets_create(),
		.tally = &t->tally,
		.on_miss = TH_ON_MISS_LIVE,
		.live = th_online_create()};
	t->serving.arrivals = th_arrivals_create(&t->made->run, th_index_sockets(t->serving.index));
	th_lanes_add(t->serving.lanes, process, nobody, 1);
}

/* False: no sockets are to be had. */
static inline bool live_talk_begin(struct live_talk *t, struct th_slice asked)
{
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, t->agent) < 0 ||
		socketpair(AF_UNIX, SOCK_STREAM, 0, t->server) < 0) {
		return false;
	}
	live_talk_serving(t);
	return send(t->agent[0], asked.p, asked.n, 0) == (ssize_t)asked.n;
}

static inline void live_talk_say(struct live_talk *t)
{
	(void)!send(t->server[0], t->said.p, t->said.n, MSG_NOSIGNAL);
	shutdown(t->server[0], SHUT_WR);
}

/* HTTP/2: an answer may not come before it is asked for, which takes more than the client's
 * preface, settings and window; and an agent goes when the server has gone. */
static inline void *live_talk_h2(void *arg)
{
	struct live_talk *t = arg;
	uint8_t room[1024];
	size_t n = 0;
	ssize_t r;
	while (n <= LIVE_H2_GREETING && (r = recv(t->server[0], room, sizeof(room), 0)) > 0) {
		n += (size_t)r;
	}
	live_talk_say(t);
	while (recv(t->server[0], room, sizeof(room), 0) > 0) {
	}
	shutdown(t->agent[0], SHUT_WR);
	return NULL;
}

/* Until both connections are over. To an address that cannot be connected to: the one connection is
 * there already. */
static inline void live_talk_hold(struct live_talk *t, bool h2, struct th_slice said)
{
	const struct th_hello hello = {.process = {1}, .port = 80, .thread = 1, .connection = 1};
	struct th_caller c;
	pthread_t thread;
	t->said = said;
	bool started = h2 && pthread_create(&thread, NULL, live_talk_h2, t) == 0;
	if (!started) {
		live_talk_say(t);
		shutdown(t->agent[0], SHUT_WR);
	}
	th_caller_init(&c, &t->serving, &hello, t->agent[1]);
	c.up.open = true;
	c.up.stream.fd = t->server[1];
	th_serve(&c);
	th_caller_finish(&c);
	close(t->agent[1]);
	if (started) {
		pthread_join(thread, NULL);
	}
}

static inline void live_talk_end(struct live_talk *t)
{
	th_online_destroy(t->serving.live);
	th_index_destroy(t->serving.index);
	th_order_destroy(t->serving.order);
	th_arrivals_destroy(t->serving.arrivals);
	th_parsed_destroy(t->serving.parsed);
	th_peers_finish(&t->serving.peers);
	th_lanes_destroy(t->serving.lanes);
	th_resets_destroy(t->serving.resets);
	th_tally_finish(&t->tally);
	close(t->agent[0]);
	close(t->server[0]);
	free(t->made);
}

#endif
