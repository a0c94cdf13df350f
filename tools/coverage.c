/* A TLS connection is seen twice: its records on the socket (plain, speaks TLS) and its plaintext
 * at the library's tap. The two are not linked in the capture, so they are counted against each
 * other per process and peer: records without as many taps are opaque. A tap that does not know
 * its peer (memory BIOs) answers for any connection of its process. */
#include "tools/coverage.h"

#include <stdlib.h>
#include <string.h>

#include "tools/tools.h"

static bool is_tls_records(const struct th_connection *c)
{
	return c->transport == TH_TRANSPORT_PLAIN && c->speaks == TH_SPEAKS_TLS;
}

/* What went over it did not go through the tap. */
static bool refused_relay(const struct th_connection *c)
{
	return c->end == TH_END_TLS && TH_TLS_WHY(c->end_code) == TH_TLS_RELAY;
}

static bool is_tap(const struct th_connection *c)
{
	return c->transport != TH_TRANSPORT_PLAIN && c->transport != TH_TRANSPORT_DATAGRAMS &&
		c->error == 0 && !refused_relay(c);
}

static int by_peer(const struct th_connection *a, const struct th_connection *b)
{
	int d = a->process != b->process ? (a->process < b->process ? -1 : 1) : 0;
	d = d ? d : (int)a->family - (int)b->family;
	d = d ? d : memcmp(a->address, b->address, sizeof(a->address));
	return d ? d : (int)a->port - (int)b->port;
}

/* Within a peer: taps first, then by time, so the surplus of records stands at the end. */
static int by_peer_then_time(const void *x, const void *y)
{
	const struct th_connection *a = *(const struct th_connection *const *)x;
	const struct th_connection *b = *(const struct th_connection *const *)y;
	int d = by_peer(a, b);
	d = d ? d : (int)is_tls_records(a) - (int)is_tls_records(b);
	return d ? d : (a->began > b->began) - (a->began < b->began);
}

static int by_process(const void *x, const void *y)
{
	const struct th_connection *a = *(const struct th_connection *const *)x;
	const struct th_connection *b = *(const struct th_connection *const *)y;
	return a->process != b->process ? (a->process < b->process ? -1 : 1) : 0;
}

static int by_address(const void *x, const void *y)
{
	const uintptr_t a = (uintptr_t) * (const void *const *)x,
			b = (uintptr_t) * (const void *const *)y;
	return a < b ? -1 : a > b;
}

/* Taps that do not know their peer, in the order of their processes. */
struct bare_taps {
	const struct th_connection **at;
	size_t n, next;
};

static struct bare_taps gather_bare_taps(const struct th_run *run)
{
	struct bare_taps bare = {th_tool_alloc((run->n_connections + 1) * sizeof(*bare.at)), 0, 0};
	for (size_t i = 0; i < run->n_connections; i++) {
		const struct th_connection *c = run->connections[i];
		if (is_tap(c) && c->family == 0) {
			bare.at[bare.n++] = c;
		}
	}
	qsort(bare.at, bare.n, sizeof(*bare.at), by_process);
	return bare;
}

/* How many of them the process of `c` has; asked in the order of processes. */
static size_t count_bare_taps(struct bare_taps *bare, const struct th_connection *c)
{
	size_t n = 0;
	while (bare->next < bare->n && by_process(&bare->at[bare->next], &c) < 0) {
		bare->next++;
	}
	while (bare->next + n < bare->n && by_process(&bare->at[bare->next + n], &c) == 0) {
		n++;
	}
	return n;
}

static size_t gather_tls(const struct th_run *run, const struct th_connection **list)
{
	size_t n = 0;
	for (size_t i = 0; i < run->n_connections; i++) {
		const struct th_connection *c = run->connections[i];
		if (is_tls_records(c) || (is_tap(c) && c->family)) {
			list[n++] = c;
		}
	}
	qsort(list, n, sizeof(list[0]), by_peer_then_time);
	return n;
}

/* Keeps, in place, the records that no tap answers for. */
static size_t keep_unanswered(const struct th_run *run, const struct th_connection **list, size_t n)
{
	size_t kept = 0, taps = 0, spare = 0;
	struct bare_taps bare = gather_bare_taps(run);
	for (size_t i = 0; i < n; i++) {
		const struct th_connection *c = list[i];
		if (i == 0 || list[i - 1]->process != c->process) {
			spare = count_bare_taps(&bare, c);
		}
		if (i == 0 || by_peer(list[i - 1], c) != 0) {
			taps = 0;
		}
		size_t *answer = taps ? &taps : &spare;
		if (!is_tls_records(c)) {
			taps++;
		} else if (*answer) {
			--*answer;
		} else {
			list[kept++] = c;
		}
	}
	free(bare.at);
	qsort(list, kept, sizeof(*list), by_address); /* to be searched */
	return kept;
}

bool th_coverage_handed_on(const struct th_connection *c)
{
	return c->met & TH_MET_HANDED_ON;
}

bool th_coverage_in_part(const struct th_connection *c)
{
	return c->unseen_sent || c->unseen_received || th_coverage_handed_on(c);
}

void th_coverage_opaque(
	const struct th_run *run, const struct th_connection ***ret_list, size_t *ret_n)
{
	const struct th_connection **list = th_tool_alloc(
		2 * (run->n_connections + 1) * sizeof(*list));
	size_t records = keep_unanswered(run, list, gather_tls(run, list)), n = records;
	for (size_t i = 0; i < run->n_connections; i++) {
		const struct th_connection *c = run->connections[i];
		bool listed = is_tls_records(c) &&
			bsearch(&c, list, records, sizeof(*list), by_address);
		if (!listed &&
			(c->speaks == TH_SPEAKS_OTHER ? c->family != 1 : th_coverage_in_part(c))) {
			list[n++] = c;
		}
	}
	*ret_list = list;
	*ret_n = n;
}

const char *th_coverage_why(const struct th_connection *c)
{
	if (th_coverage_handed_on(c)) {
		return "left open to the program that was executed; what it read and sent is not "
		       "known";
	}
	if (th_coverage_in_part(c)) {
		return "bytes went past the library (splice, io_uring, another program …)";
	}
	if (c->transport == TH_TRANSPORT_DATAGRAMS) {
		return "HTTP/3 or other datagrams to port 443: bytes counted, not recorded";
	}
	return c->speaks == TH_SPEAKS_TLS ? "TLS, not decoded (another library, or no handshake)"
					  : "not HTTP: bytes counted, not recorded";
}

static bool is_unparsed(const struct th_message *m)
{
	return m->finished && m->end == TH_END_UNPARSED;
}

size_t th_coverage_local(const struct th_run *run)
{
	size_t n = 0;
	for (size_t i = 0; i < run->n_connections; i++) {
		const struct th_connection *c = run->connections[i];
		n += c->speaks == TH_SPEAKS_OTHER && c->family == 1;
	}
	return n;
}

struct th_coverage th_coverage_of(const struct th_run *run)
{
	struct th_coverage c = {.left = run->n_departures};
	const struct th_connection **opaque;
	th_coverage_opaque(run, &opaque, &c.opaque);
	free(opaque);
	for (size_t i = 0; i < run->n_exchanges; i++) {
		const struct th_exchange *x = run->exchanges[i];
		c.unparsed += is_unparsed(&x->request) || is_unparsed(&x->response);
	}
	for (size_t i = 0; i < run->n_processes; i++) {
		const struct th_process *p = run->processes[i];
		c.cut_short += !p->ended_well && !p->replaced;
		c.lost_events += p->lost_events;
		c.lost_bytes += p->lost_bytes;
	}
	return c;
}

bool th_coverage_whole(const struct th_coverage *c)
{
	return c->opaque == 0 && c->unparsed == 0 && c->left == 0 && c->lost_events == 0;
}
