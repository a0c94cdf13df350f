#include "tools/events.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>

#include "capture/frame.h"
#include "tools/coverage.h"
#include "tools/told.h"
#include "tools/tools.h"

struct list {
	struct th_event *events;
	size_t n;
};

static void add(struct list *l, enum th_event_kind kind, uint64_t time, const void *what)
{
	struct th_event *e = &l->events[l->n++];
	e->kind = kind;
	e->time = time;
	e->process = what;
}

/* Processes before what they do; equal times keep a fixed order, so that output is reproducible. */
static int by_time(const void *a, const void *b)
{
	const struct th_event *x = a, *y = b;
	if (x->time != y->time) {
		return x->time < y->time ? -1 : 1;
	}
	if (x->kind != y->kind) {
		return x->kind < y->kind ? -1 : 1;
	}
	if (x->kind == TH_EVENT_EXCHANGE && x->exchange->order != y->exchange->order) {
		return x->exchange->order < y->exchange->order ? -1 : 1;
	}
	return 0;
}

static uint64_t connection_time(const struct th_connection *c)
{
	return c->connect_began ? c->connect_began : c->began;
}

/* But for those whose connection stands in a line already. Sorts `opaque`. */
static void add_transfers(struct list *l, const struct th_run *run,
	const struct th_connection **opaque, size_t n_opaque)
{
	th_told_sort(opaque, n_opaque);
	for (size_t i = 0; i < run->n_transfers; i++) {
		const struct th_transfer *t = run->transfers[i];
		if (th_transfer_stands_alone(t) &&
			!(t->connection &&
				th_told_connection(opaque, n_opaque, t->process, t->connection))) {
			add(l, TH_EVENT_TRANSFER, t->began, t);
		}
	}
}

/* Of a handshake that failed, or of a certificate that was refused after it; 0: neither. */
static uint32_t tls_code(const struct th_connection *c)
{
	bool failed = c->ended && c->end == TH_END_TLS;
	return failed ? c->end_code : c->verdict;
}

/* Its TLS failed, and no line of a client library's transfer tells of it. What a relay's agent left
 * is opaque. */
static bool is_without_tls(const struct th_told_failures *failed, const struct th_connection *c)
{
	uint32_t why = TH_TLS_WHY(tls_code(c));
	if (!why || why == TH_TLS_RELAY || c->bytes_sent || c->bytes_received) {
		return false;
	}
	return !th_told_failed(failed, c->process, connection_time(c), c->end_time);
}

static void add_connections(struct list *l, const struct th_run *run)
{
	const struct th_connection **opaque;
	size_t n_opaque;
	struct th_told_failures failed = th_told_failures(run);
	for (size_t i = 0; i < run->n_connections; i++) {
		const struct th_connection *c = run->connections[i];
		if (c->error || is_without_tls(&failed, c)) {
			add(l, TH_EVENT_CONNECT, connection_time(c), c);
		}
	}
	th_told_failures_finish(&failed);
	th_coverage_opaque(run, &opaque, &n_opaque);
	for (size_t i = 0; i < n_opaque; i++) {
		add(l, TH_EVENT_OPAQUE, connection_time(opaque[i]), opaque[i]);
	}
	add_transfers(l, run, opaque, n_opaque);
	free(opaque);
}

void th_events_of(const struct th_run *run, struct th_event **ret_events, size_t *ret_n)
{
	size_t most = run->n_processes + run->n_exchanges + 2 * run->n_connections + run->n_names +
		run->n_departures + run->n_transfers;
	struct list l = {.events = th_tool_alloc(most * sizeof(*l.events))};
	for (size_t i = 0; i < run->n_processes; i++) {
		add(&l, TH_EVENT_PROCESS, run->processes[i]->began, run->processes[i]);
	}
	for (size_t i = 0; i < run->n_names; i++) {
		if (run->names[i]->result) {
			add(&l, TH_EVENT_LOOKUP, run->names[i]->time, run->names[i]);
		}
	}
	add_connections(&l, run);
	for (size_t i = 0; i < run->n_departures; i++) {
		add(&l, TH_EVENT_LEFT, run->departures[i]->time, run->departures[i]);
	}
	for (size_t i = 0; i < run->n_exchanges; i++) {
		const struct th_exchange *x = run->exchanges[i];
		uint64_t time = x->request.present ? x->request.began : x->response.began;
		add(&l, TH_EVENT_EXCHANGE, time, x);
	}
	qsort(l.events, l.n, sizeof(*l.events), by_time);
	*ret_events = l.events;
	*ret_n = l.n;
}

const char *th_events_connect_error(const struct th_connection *c)
{
	static const char *const tls[] = {"", [TH_TLS_OPENSSL] = "TLS: the certificate was refused",
		[TH_TLS_GNUTLS] = "TLS: the certificate was refused",
		[TH_TLS_ALERT] = "TLS: the server sent an alert",
		[TH_TLS_NONE] = "TLS: the server spoke none",
		[TH_TLS_CLOSED] = "TLS: the server closed the connection",
		[TH_TLS_RESET] = "TLS: the server reset the connection"};
	size_t why = TH_TLS_WHY(tls_code(c));
	bool known = why && why < sizeof(tls) / sizeof(*tls);
	return c->error ? strerror(c->error) : known ? tls[why] : "TLS: the handshake failed";
}

const char *th_events_kind_name(enum th_event_kind kind)
{
	static const char *const names[] = {
		"process", "lookup", "connect", "opaque", "left", "transfer", "exchange", "tool"};
	return names[kind];
}

char *th_events_address(char text[64], uint8_t family, const uint8_t *address)
{
	text[0] = '\0';
	if (family == 4) {
		inet_ntop(AF_INET, address, text, 64);
	} else if (family == 6) {
		inet_ntop(AF_INET6, address, text, 64);
	} else if (family == 1) {
		strcpy(text, "unix");
	}
	return text;
}

char *th_events_peer(const struct th_connection *c)
{
	char address[64];
	struct th_slice name = c->sni.n ? c->sni : c->name;
	if (name.n && c->family == 1) {
		return th_tool_format("unix:%.*s", (int)name.n, (const char *)name.p);
	}
	if (name.n) {
		return th_tool_format("%.*s:%u", (int)name.n, (const char *)name.p, c->port);
	}
	th_events_address(address, c->family, c->address);
	if (c->family == 6) {
		return th_tool_format("[%s]:%u", address, c->port);
	}
	return c->family == 4 ? th_tool_format("%s:%u", address, c->port)
			      : th_tool_format("%s", *address ? address : "unknown peer");
}

const char *th_events_lookup_error(const struct th_name *l)
{
	return l->result == TH_NAME_UNANSWERED ? "no name server answered"
					       : gai_strerror(l->result);
}

struct th_slice th_events_url(const struct th_transfer *t)
{
	return t->effective.n ? t->effective : t->asked;
}

struct th_slice th_events_transfer_error(const struct th_transfer *t)
{
	if (t->result == TH_TRANSFER_LEFT) {
		return TH_SLICE_LIT("the agent gave it up");
	}
	return t->error.n ? t->error : TH_SLICE_LIT("the transfer failed");
}

char *th_events_lane(const struct th_process *p, uint32_t thread, const struct th_connection *c)
{
	const char *process = p ? p->lane : "?";
	return c ? th_tool_format("%s/t%u/c%u", process, thread, c->id)
		 : th_tool_format("%s/t%u", process, thread);
}

const char *th_events_end_name(enum th_end end)
{
	static const char *const names[] = {"complete", "fin", "notify", "reset", "stream_reset",
		"local", "local_reset", "goaway", "error", "unparsed", "tls", "withheld", "alert"};
	return (size_t)end < sizeof(names) / sizeof(names[0]) ? names[end] : "unknown";
}
