/* Runs made by hand, in memory, for tests of the player. Times are in ns and small. */
#ifndef TESTS_UNIT_MADE_RUN_H
#define TESTS_UNIT_MADE_RUN_H

#include <stdlib.h>

#include "trace/trace.h"

#define MADE_MAX 64

struct made {
	struct th_run run;
	struct th_process processes[MADE_MAX], *process_list[MADE_MAX];
	struct th_connection connections[MADE_MAX], *connection_list[MADE_MAX];
	struct th_exchange exchanges[MADE_MAX], *exchange_list[MADE_MAX];
	struct th_piece pieces[MADE_MAX][8], request_pieces[MADE_MAX];
	struct th_interim interims[MADE_MAX][2];
};

static inline struct made *made_new(void)
{
	struct made *m = calloc(1, sizeof(*m));
	m->run.processes = m->process_list;
	m->run.connections = m->connection_list;
	m->run.exchanges = m->exchange_list;
	return m;
}

/* Its parent is the process made before it whose lane is the longest beginning of its own. */
static inline struct th_process *made_process(struct made *m, const char *lane)
{
	struct th_process *p = &m->processes[m->run.n_processes];
	for (size_t i = 0; i < m->run.n_processes; i++) {
		size_t n = strlen(m->processes[i].lane);
		if (strncmp(m->processes[i].lane, lane, n) == 0 && lane[n] == '.') {
			p->parent = &m->processes[i];
		}
	}
	m->process_list[m->run.n_processes++] = p;
	p->run = &m->run;
	p->span_id[0] = (uint8_t)m->run.n_processes;
	strcpy(p->lane, lane);
	return p;
}

/* To 192.0.2.7, port 80; the agent closes it long after. */
static inline struct th_connection *made_connection(
	struct made *m, struct th_process *p, uint32_t id)
{
	struct th_connection *c = &m->connections[m->run.n_connections];
	m->connection_list[m->run.n_connections++] = c;
	*c = (struct th_connection){.process = p,
		.id = id,
		.family = 4,
		.address = {192, 0, 2, 7},
		.port = 80,
		.ended = true,
		.end = TH_END_LOCAL,
		.end_time = 1000000000000};
	return c;
}

static inline void made_message(
	struct th_message *m, uint8_t version, const char *head, uint64_t time)
{
	*m = (struct th_message){.present = true,
		.head_done = true,
		.version = version,
		.head = {.bytes = th_slice_str(head)},
		.began = time,
		.ended = time,
		.finished = true};
}

/* A whole exchange: body and response body may be NULL. */
static inline struct th_exchange *made_exchange(struct made *m, struct th_connection *c,
	uint32_t thread, const char *head, const char *body, const char *response,
	const char *response_body)
{
	size_t i = m->run.n_exchanges;
	struct th_exchange *x = &m->exchanges[i];
	m->exchange_list[m->run.n_exchanges++] = x;
	uint64_t time = 1000 * (i + 1);
	*x = (struct th_exchange){.process = c->process,
		.connection = c,
		.id = (uint32_t)i + 1,
		.thread = thread,
		.order = i};
	x->span_id[7] = (uint8_t)(i + 1);
	made_message(&x->request, 11, head, time);
	if (body) {
		m->request_pieces[i] = (struct th_piece){time, th_slice_str(body)};
		x->request.pieces = &m->request_pieces[i];
		x->request.n_pieces = 1;
		x->request.body_bytes = strlen(body);
	}
	x->request.bodiless = body == NULL;
	x->interim = m->interims[i];
	x->response.pieces = m->pieces[i];
	if (response) {
		made_message(&x->response, 11, response, time + 100);
		x->response.pieces = m->pieces[i];
		x->response.bodiless = response_body == NULL;
	}
	if (response_body) {
		m->pieces[i][0] = (struct th_piece){time + 100, th_slice_str(response_body)};
		x->response.n_pieces = 1;
		x->response.body_bytes = strlen(response_body);
	}
	return x;
}

/* One more piece of the response, `gap` ns after what came last. */
static inline void made_piece(struct th_exchange *x, const char *text, uint64_t gap)
{
	struct th_message *m = &x->response;
	m->ended += gap;
	m->pieces[m->n_pieces++] = (struct th_piece){m->ended, th_slice_str(text)};
	m->body_bytes += strlen(text);
	m->bodiless = false;
}

static inline void made_interim(struct th_exchange *x, const char *head)
{
	x->interim[x->n_interim++] = (struct th_interim){
		.time = x->request.began, .head = {.bytes = th_slice_str(head)}};
}

static inline void made_end(struct th_exchange *x, enum th_end end, uint32_t code)
{
	x->response.finished = true;
	x->response.end = end;
	x->response.end_code = code;
}

#endif
