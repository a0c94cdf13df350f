#include "tools/run_ledger.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "capture/kept.h"
#include "tools/coverage.h"
#include "tools/events.h"
#include "tools/tools.h"
#include "tools/units.h"
#include "tools/utf8.h"
#include "trace/departure.h"
#include "trace/http.h"

#define HOSTS_SHOWN 4
#define OPAQUE_SHOWN 5
#define DEPARTURES_SHOWN 5

struct totals {
	size_t errors;
	uint64_t sent, received;
	char *hosts[HOSTS_SHOWN];
	size_t n_hosts; /* different ones, those not kept included as far as seen */
};

static void note_host(struct totals *t, char *host)
{
	for (size_t i = 0; i < t->n_hosts && i < HOSTS_SHOWN; i++) {
		if (strcmp(t->hosts[i], host) == 0) {
			free(host);
			return;
		}
	}
	if (t->n_hosts < HOSTS_SHOWN) {
		t->hosts[t->n_hosts++] = host;
		return;
	}
	t->n_hosts = HOSTS_SHOWN + 1;
	free(host);
}

static struct totals add_up(const struct th_run *run)
{
	struct totals t = {0};
	for (size_t i = 0; i < run->n_exchanges; i++) {
		const struct th_exchange *x = run->exchanges[i];
		const char *why;
		char *host = th_http_authority(x);
		t.errors += strcmp(th_http_outcome(x, &why), "ok") != 0;
		t.sent += th_message_bytes(&x->request);
		t.received += th_message_bytes(&x->response);
		if (host) {
			note_host(&t, host);
		}
	}
	return t;
}

static void print_hosts(FILE *out, struct totals *t)
{
	for (size_t i = 0; i < t->n_hosts && i < HOSTS_SHOWN; i++) {
		th_auto_free char *host = th_text_line(th_slice_str(t->hosts[i]));
		fprintf(out, "%s%s", i ? ", " : " with ", host);
		free(t->hosts[i]);
	}
	fputs(t->n_hosts > HOSTS_SHOWN ? " and others" : "", out);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static size_t count_failed_connects(const struct th_run *run)
{
	size_t n = 0;
	for (size_t i = 0; i < run->n_connections; i++) {
		n += run->connections[i]->error != 0;
	}
	return n;
}

static size_t count_failed_lookups(const struct th_run *run)
{
	size_t n = 0;
	for (size_t i = 0; i < run->n_names; i++) {
		n += run->names[i]->result != 0;
	}
	return n;
}

static void print_totals(FILE *out, const struct th_run *run)
{
	char sent[TH_UNITS_TEXT], received[TH_UNITS_TEXT];
	struct totals t = add_up(run);
	size_t failed = count_failed_connects(run), unknown = count_failed_lookups(run);
	if (run->n_exchanges == 0) {
		fputs("tracehook: no HTTP exchange was seen", out);
	} else {
		fprintf(out, "tracehook: %zu exchange%s", run->n_exchanges,
			plural(run->n_exchanges));
		print_hosts(out, &t);
		fprintf(out, "; %s bytes sent, %s received", th_units_bytes(sent, t.sent),
			th_units_bytes(received, t.received));
	}
	if (t.errors) {
		fprintf(out, "; %zu with an error", t.errors);
	}
	if (failed) {
		fprintf(out, "; %zu connection%s failed", failed, plural(failed));
	}
	if (unknown) {
		fprintf(out, "; %zu look-up%s failed", unknown, plural(unknown));
	}
	fprintf(out, "; %zu process%s\n", run->n_processes, run->n_processes == 1 ? "" : "es");
}

/* How much that was: all of it, or what went past us, as far as that is known. */
static void print_how_much(FILE *out, const struct th_connection *c)
{
	char sent[TH_UNITS_TEXT], received[TH_UNITS_TEXT];
	bool part = c->unseen_sent || c->unseen_received;
	if (th_coverage_handed_on(c) && !part) {
		return;
	}
	fprintf(out, "; %s bytes sent, %s received",
		th_units_bytes(sent, part ? c->unseen_sent : c->bytes_sent),
		th_units_bytes(received, part ? c->unseen_received : c->bytes_received));
}

static void print_opaque(FILE *out, const struct th_run *run)
{
	th_auto_free const struct th_connection **list = NULL;
	size_t n;
	th_coverage_opaque(run, &list, &n);
	for (size_t i = 0; i < n && i < OPAQUE_SHOWN; i++) {
		th_auto_free char *peer = th_events_peer(list[i]);
		th_auto_free char *safe = th_text_line(th_slice_str(peer));
		bool part = th_coverage_in_part(list[i]);
		fprintf(out, "tracehook: not recorded: %sa connection to %s: %s",
			part ? "part of " : "", safe, th_coverage_why(list[i]));
		print_how_much(out, list[i]);
		fputc('\n', out);
	}
	if (n > OPAQUE_SHOWN) {
		fprintf(out, "tracehook: not recorded: %zu more connections\n", n - OPAQUE_SHOWN);
	}
}

static void print_departures(FILE *out, const struct th_run *run)
{
	for (size_t i = 0; i < run->n_departures && i < DEPARTURES_SHOWN; i++) {
		const struct th_departure *d = run->departures[i];
		th_auto_free char *path = th_text_line(d->path);
		fprintf(out, "tracehook: not recorded: %s (executed by pid %" PRIu32 "): %s\n",
			path, d->process->pid, th_departure_why(d->reason));
	}
	if (run->n_departures > DEPARTURES_SHOWN) {
		fprintf(out, "tracehook: not recorded: %zu more programs\n",
			run->n_departures - DEPARTURES_SHOWN);
	}
}

static void print_gaps(FILE *out, const struct th_run *run)
{
	struct th_coverage c = th_coverage_of(run);
	size_t local = th_coverage_local(run);
	if (local) {
		fprintf(out,
			"tracehook: %zu connection%s to Unix sockets, not HTTP: bytes counted\n",
			local, plural(local));
	}
	if (c.unparsed) {
		fprintf(out, "tracehook: %zu exchange%s could not be followed to the end\n",
			c.unparsed, plural(c.unparsed));
	}
	if (c.lost_events) {
		fprintf(out, "tracehook: %llu event%s lost (%llu bytes)\n",
			(unsigned long long)c.lost_events, plural(c.lost_events),
			(unsigned long long)c.lost_bytes);
	}
}

/* A replay by the same user is to be exact; where it will not be, it is said now. */
static void print_not_kept(FILE *out, const struct th_run *run)
{
	for (size_t i = 0; i < run->n_processes; i++) {
		const struct th_process *p = run->processes[i];
		const char *why = p->n_kept ? th_kept_why(th_kept_state(p->kept[0])) : NULL;
		if (why) {
			fprintf(out,
				"tracehook: a replay will have stand-ins for what redaction took "
				"out of answers: %s\n",
				why);
			return;
		}
	}
}

void th_run_ledger_print(FILE *out, const struct th_run *run, const char *capture)
{
	char id[2 * TH_TRACE_ID_BYTES + 1] = "", size[TH_UNITS_TEXT];
	struct stat st = {0};
	print_totals(out, run);
	print_opaque(out, run);
	print_departures(out, run);
	print_gaps(out, run);
	print_not_kept(out, run);
	if (run->hashed) {
		fprintf(out,
			"tracehook: of bodies only hashes and sizes (TRACEHOOK_BODY=hash): this "
			"run cannot be replayed\n");
	}
	th_hex_encode(id, run->trace_id, TH_TRACE_ID_BYTES);
	stat(capture, &st);
	fprintf(out, "tracehook: run %s in %s (%s bytes)\n", id, capture,
		th_units_bytes(size, (uint64_t)st.st_size));
}
