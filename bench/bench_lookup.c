/* What it costs the player to find an answer, and to say why there is none, in runs of 10 to
 * 100,000 recorded exchanges: the look-up is to cost the same in each.
 *
 *     bench_lookup [SPANS...]
 *
 * A line per run: nanoseconds to take a request to pieces, to claim its answer, and for a miss,
 * with its explanation. The recorded requests are chat calls of about 1 KB to one endpoint that
 * differ in one character sequence: the hardest case for whoever looks for the nearest. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "player/canon_request.h"
#include "player/explain.h"
#include "player/index.h"

#define ROUNDS 2000
#define MISSES 50
#define BODY_BYTES 1200
#define HEAD \
	"POST /v1/chat/completions HTTP/1.1\r\nHost: api.example.com\r\n" \
	"Content-Type: application/json\r\n\r\n"

struct made {
	struct th_run run;
	struct th_process process, *processes[1];
	struct th_connection connection, *connections[1];
	struct th_exchange *exchanges, **list;
	struct th_piece *pieces;
	char (*bodies)[BODY_BYTES];
};

static void write_body(char body[BODY_BYTES], size_t number)
{
	char text[900];
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		text[i] = (char)('a' + (i * 7 + i / 26) % 26);
	}
	text[sizeof(text) - 1] = '\0';
	snprintf(body, BODY_BYTES,
		"{\"model\":\"m-1\",\"messages\":[{\"role\":\"system\",\"content\":\"%s\"},"
		"{\"role\":\"user\",\"content\":\"question %zu\"}],\"temperature\":0.2}",
		text, number);
}

static void make_exchange(struct made *m, struct th_exchange *x, size_t number)
{
	struct th_piece *piece = &m->pieces[number];
	write_body(m->bodies[number], number);
	*piece = (struct th_piece){.bytes = th_slice_str(m->bodies[number])};
	*x = (struct th_exchange){.process = &m->process,
		.connection = &m->connection,
		.id = (uint32_t)number + 1,
		.thread = 1,
		.order = number};
	x->request = (struct th_message){.present = true,
		.head_done = true,
		.version = 11,
		.head = {.bytes = th_slice_str(HEAD)},
		.pieces = piece,
		.n_pieces = 1,
		.body_bytes = piece->bytes.n,
		.finished = true};
	x->response = (struct th_message){.present = true, .head_done = true};
}

static void make_run(struct made *m, size_t n)
{
	*m = (struct made){.exchanges = calloc(n + 1, sizeof(*m->exchanges)),
		.list = calloc(n + 1, sizeof(*m->list)),
		.pieces = calloc(n + 1, sizeof(*m->pieces)),
		.bodies = calloc(n + 1, sizeof(*m->bodies))};
	if (!m->exchanges || !m->list || !m->pieces || !m->bodies) {
		fputs("bench_lookup: out of memory\n", stderr);
		exit(1);
	}
	strcpy(m->process.lane, "0");
	m->process.run = &m->run;
	m->processes[0] = &m->process;
	m->connection = (struct th_connection){
		.process = &m->process, .id = 1, .family = 4, .port = 80};
	m->connections[0] = &m->connection;
	for (size_t i = 0; i <= n; i++) { /* the last one is not of the run */
		make_exchange(m, &m->exchanges[i], i);
		m->list[i] = &m->exchanges[i];
	}
	m->run = (struct th_run){.processes = m->processes,
		.n_processes = 1,
		.connections = m->connections,
		.n_connections = 1,
		.exchanges = m->list,
		.n_exchanges = n};
}

static void free_run(struct made *m)
{
	free(m->exchanges);
	free(m->list);
	free(m->pieces);
	free(m->bodies);
}

static const struct th_asker asker = {.version = 11, .process = 0, .thread = 1, .connection = 1};

struct cost {
	uint64_t canon, claim, miss; /* ns, of one */
};

static void measure_claims(struct made *m, struct th_index *ix, struct cost *ret)
{
	struct th_canon canon = {0};
	struct th_claim claim;
	size_t n = m->run.n_exchanges < ROUNDS ? m->run.n_exchanges : ROUNDS;
	uint64_t canon_ns = 0, claim_ns = 0;
	for (size_t i = 0; i < n; i++) {
		const struct th_exchange *x = &m->exchanges[i * (m->run.n_exchanges / n)];
		uint64_t began = th_clock_mono();
		th_canon_request(x, &canon);
		uint64_t then = th_clock_mono();
		if (!th_index_claim(ix, &canon, &asker, &claim) || claim.x != x) {
			fputs("bench_lookup: another answer than the recorded one\n", stderr);
			exit(1);
		}
		claim_ns += th_clock_mono() - then;
		canon_ns += then - began;
	}
	th_canon_finish(&canon);
	ret->canon = canon_ns / n;
	ret->claim = claim_ns / n;
}

static void measure_misses(struct made *m, struct th_index *ix, struct cost *ret)
{
	struct th_canon canon = {0};
	struct th_claim claim;
	struct th_near near;
	uint64_t began = th_clock_mono();
	for (size_t i = 0; i < MISSES; i++) {
		th_canon_request(&m->exchanges[m->run.n_exchanges], &canon);
		if (th_index_claim(ix, &canon, &asker, &claim) ||
			th_index_near(ix, &canon, &asker, &near) < 0) {
			fputs("bench_lookup: that is no miss\n", stderr);
			exit(1);
		}
		free(th_explain_miss(&m->run, NULL, &canon, &near));
		free(near.x);
	}
	ret->miss = (th_clock_mono() - began) / MISSES;
	th_canon_finish(&canon);
}

static void measure(size_t n)
{
	struct made m;
	struct cost cost = {0};
	make_run(&m, n);
	uint64_t began = th_clock_mono();
	struct th_index *ix = th_index_create(&m.run, TH_MATCH_CANONICAL, NULL);
	uint64_t made = th_clock_mono() - began;
	if (!ix) {
		fputs("bench_lookup: out of memory\n", stderr);
		exit(1);
	}
	measure_claims(&m, ix, &cost);
	measure_misses(&m, ix, &cost);
	printf("%8zu %12.1f %10llu %10llu %10.1f\n", n, (double)made / 1e6,
		(unsigned long long)cost.canon, (unsigned long long)cost.claim,
		(double)cost.miss / 1e3);
	th_index_destroy(ix);
	free_run(&m);
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = {10, 100, 1000, 10000, 100000};
	printf("%8s %12s %10s %10s %10s\n", "spans", "index (ms)", "read (ns)", "claim (ns)",
		"miss (us)");
	for (int i = 1; i < argc; i++) {
		measure(strtoul(argv[i], NULL, 10));
	}
	for (size_t i = 0; argc == 1 && i < sizeof(sizes) / sizeof(*sizes); i++) {
		measure(sizes[i]);
	}
	return 0;
}
