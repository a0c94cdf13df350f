#include "player/sockets.h"

#include <stdlib.h>

struct entry {
	const struct th_connection *conn;
	const struct th_connection *under;
	uint32_t ordinal;
};

struct th_sockets {
	struct entry *all; /* by address of the connection */
	size_t n;
};

static uint64_t opened(const struct th_connection *c)
{
	return c->connect_began ? c->connect_began : c->began;
}

static int by_address(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)((const struct entry *)a)->conn;
	uintptr_t y = (uintptr_t)((const struct entry *)b)->conn;
	return (x > y) - (x < y);
}

static int by_process_and_time(const void *a, const void *b)
{
	const struct th_connection *x = (*(struct entry *const *)a)->conn;
	const struct th_connection *y = (*(struct entry *const *)b)->conn;
	if (x->process != y->process) {
		return (uintptr_t)x->process < (uintptr_t)y->process ? -1 : 1;
	}
	if (opened(x) != opened(y)) {
		return opened(x) < opened(y) ? -1 : 1;
	}
	return (x->id > y->id) - (x->id < y->id);
}

static bool is_socket(const struct th_connection *c)
{
	return c->error == 0 && c->family != 0 && c->transport != TH_TRANSPORT_DATAGRAMS;
}

/* `group` are entries of one socket. */
static void pair_up(struct entry **group, size_t n, uint32_t ordinal)
{
	const struct th_connection *under = NULL;
	for (size_t i = 0; i < n; i++) {
		under = group[i]->conn->transport == TH_TRANSPORT_PLAIN ? group[i]->conn : under;
	}
	for (size_t i = 0; i < n; i++) {
		group[i]->ordinal = ordinal;
		group[i]->under = group[i]->conn == under ? NULL : under;
	}
}

static void number(struct entry **order, size_t n)
{
	uint32_t ordinal = 0;
	for (size_t i = 0, end; i < n; i = end) {
		const struct th_connection *c = order[i]->conn;
		ordinal = i && order[i - 1]->conn->process == c->process ? ordinal + 1 : 1;
		end = i + 1;
		while (opened(c) && end < n && order[end]->conn->process == c->process &&
			opened(order[end]->conn) == opened(c)) {
			end++;
		}
		pair_up(&order[i], end - i, ordinal);
	}
}

struct th_sockets *th_sockets_create(const struct th_run *run)
{
	struct th_sockets *s = calloc(1, sizeof(*s));
	struct entry **order = calloc(run->n_connections + 1, sizeof(*order));
	size_t n = 0;
	if (!s || !order || !(s->all = calloc(run->n_connections + 1, sizeof(*s->all)))) {
		free(order);
		return th_sockets_destroy(s);
	}
	s->n = run->n_connections;
	for (size_t i = 0; i < s->n; i++) {
		s->all[i].conn = run->connections[i];
	}
	qsort(s->all, s->n, sizeof(*s->all), by_address);
	for (size_t i = 0; i < s->n; i++) {
		if (is_socket(s->all[i].conn)) {
			order[n++] = &s->all[i];
		}
	}
	qsort(order, n, sizeof(struct entry *), by_process_and_time);
	number(order, n);
	free(order);
	return s;
}

struct th_sockets *th_sockets_destroy(struct th_sockets *s)
{
	if (s) {
		free(s->all);
		free(s);
	}
	return NULL;
}

static const struct entry *find(const struct th_sockets *s, const struct th_connection *conn)
{
	const struct entry key = {.conn = conn};
	return conn ? bsearch(&key, s->all, s->n, sizeof(*s->all), by_address) : NULL;
}

uint32_t th_sockets_number(const struct th_sockets *s, const struct th_connection *conn)
{
	const struct entry *e = find(s, conn);
	return e ? (uint32_t)(e - s->all) : TH_SOCKET_NONE;
}

uint32_t th_sockets_ordinal(const struct th_sockets *s, const struct th_connection *conn)
{
	const struct entry *e = find(s, conn);
	return e ? e->ordinal : 0;
}

const struct th_connection *th_sockets_under(
	const struct th_sockets *s, const struct th_connection *conn)
{
	const struct entry *e = find(s, conn);
	return e ? e->under : NULL;
}
