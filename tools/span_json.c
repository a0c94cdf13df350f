#include "tools/span_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "genai/event_type.h"
#include "tools/body.h"
#include "tools/coverage.h"
#include "tools/exchange_json.h"
#include "tools/feedback.h"
#include "tools/json_out.h"
#include "tools/meaning_json.h"
#include "tools/tools.h"
#include "tools/transfer_json.h"
#include "trace/departure.h"

struct th_slice th_span_base_name(struct th_slice path)
{
	const uint8_t *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
	if (!slash) {
		return path;
	}
	size_t skip = (size_t)(slash - path.p) + 1;
	return (struct th_slice){path.p + skip, path.n - skip};
}

struct th_slice th_span_process_name(const struct th_process *p)
{
	struct th_slice name = th_span_base_name(p->argv0.n ? p->argv0 : p->exe);
	return name.n ? name : TH_SLICE_LIT("?");
}

void th_span_json_id(struct th_jout *j, const char *key, const uint8_t *id, size_t n)
{
	static const uint8_t zeros[TH_TRACE_ID_BYTES];
	th_jout_key(j, key);
	if (memcmp(id, zeros, n) == 0) {
		th_jout_null(j);
	} else {
		th_jout_hex(j, id, n);
	}
}

static const char *began_name(uint8_t how)
{
	static const char *const names[] = {"unknown", "root", "spawned", "forked"};
	return how < sizeof(names) / sizeof(names[0]) ? names[how] : names[0];
}

void th_span_json_meta(struct th_jout *j, struct th_slice meta)
{
	th_jout_key(j, "meta");
	th_jout_open(j, '{');
	while (meta.n) {
		const uint8_t *comma = memchr(meta.p, ',', meta.n);
		size_t n = comma ? (size_t)(comma - meta.p) : meta.n;
		const uint8_t *equals = memchr(meta.p, '=', n);
		if (equals) {
			size_t key = (size_t)(equals - meta.p);
			th_jout_key_slice(j, (struct th_slice){meta.p, key});
			th_jout_string(j, (struct th_slice){equals + 1, n - key - 1});
		}
		n += comma != NULL;
		meta.p += n;
		meta.n -= n;
	}
	th_jout_close(j, '}');
}

static void put_run(struct th_jout *j, const struct th_run *run)
{
	th_span_json_meta(j, run->meta);
	th_jout_key(j, "complete");
	th_jout_bool(j, run->end == TH_RUN_ENDED);
	th_jout_key(j, "cut");
	th_jout_bool(j, run->end == TH_RUN_CUT);
	th_jout_key(j, "tracehook_version");
	th_jout_string(j, run->tracehook_version);
}

static void put_times(struct th_jout *j, uint64_t began, uint64_t ended)
{
	th_jout_key(j, "start_unix_nano");
	th_jout_u64(j, began);
	th_jout_key(j, "duration_ns");
	if (ended >= began) {
		th_jout_u64(j, ended - began);
	} else {
		th_jout_null(j);
	}
}

static void put_status(struct th_jout *j, const char *status, const char *why)
{
	th_jout_key(j, "status");
	th_jout_text(j, status);
	th_jout_key(j, "status_reason");
	th_jout_text(j, why && *why ? why : NULL);
}

static void put_process(struct th_jout *j, const struct th_run *run, const struct th_process *p)
{
	th_span_json_id(j, "span_id", p->span_id, sizeof(p->span_id));
	th_span_json_id(j, "parent_span_id", p->parent_span_id, sizeof(p->parent_span_id));
	th_jout_key(j, "kind");
	th_jout_text(j, "process");
	th_jout_key(j, "name");
	th_jout_string(j, th_span_process_name(p));
	put_times(j, p->began, p->ended_well ? p->ended : 0);
	put_status(j, p->ended_well ? "ok" : "unset",
		p->ended_well ? NULL
			      : "its end was not seen: killed, replaced by exec, or left by _exit");
	th_meaning_json_types(j, 1u << TH_TYPE_PROCESS | 1u << TH_TYPE_STATE_TRANSITION);
	th_jout_key(j, "lane");
	th_jout_text(j, p->lane);
	th_jout_key(j, "pid");
	th_jout_u64(j, p->pid);
	th_jout_key(j, "parent_pid");
	th_jout_u64(j, p->ppid);
	th_jout_key(j, "began");
	th_jout_text(j, began_name(p->how_began));
	th_jout_key(j, "executable");
	th_jout_string(j, p->exe);
	th_jout_key(j, "argv0");
	th_jout_string(j, p->argv0);
	th_jout_key(j, "working_directory");
	th_jout_string(j, p->cwd);
	th_jout_key(j, "lost_events");
	th_jout_u64(j, p->lost_events);
	th_jout_key(j, "lost_bytes");
	th_jout_u64(j, p->lost_bytes);
	if (!p->parent) {
		put_run(j, run);
	}
	th_feedback_json(j, run, p->span_id);
}

/* What failed has no span of its own: it is part of its process. */
static void put_failure_ids(struct th_jout *j, const struct th_process *p)
{
	th_jout_key(j, "span_id");
	th_jout_null(j);
	if (p) {
		th_span_json_id(j, "parent_span_id", p->span_id, sizeof(p->span_id));
	} else {
		th_jout_key(j, "parent_span_id");
		th_jout_null(j);
	}
}

static void put_lookup(struct th_jout *j, const struct th_name *l)
{
	put_failure_ids(j, l->process);
	th_jout_key(j, "kind");
	th_jout_text(j, "lookup");
	th_jout_key(j, "name");
	th_jout_string(j, l->name);
	put_times(j, l->time, 0);
	put_status(j, "error", th_events_lookup_error(l));
	th_jout_key(j, "event_type");
	th_jout_text(j, "ERROR");
	th_jout_key(j, "result");
	th_jout_i64(j, l->result);
	th_jout_key(j, "lane");
	th_jout_text(j, l->process ? l->process->lane : NULL);
	th_transfer_json_failed(j, l->transfer);
}

void th_span_json_connection(struct th_jout *j, const struct th_connection *c)
{
	char address[64];
	th_jout_key(j, "peer_address");
	th_jout_text(j, c ? th_events_address(address, c->family, c->address) : NULL);
	th_jout_key(j, "peer_port");
	if (c) {
		th_jout_u64(j, c->port);
	} else {
		th_jout_null(j);
	}
}

static void put_connection(struct th_jout *j, const struct th_event *e)
{
	const struct th_connection *c = e->connection;
	bool failed = e->kind == TH_EVENT_CONNECT;
	th_auto_free char *peer = th_events_peer(c);
	th_auto_free char *lane = th_events_lane(c->process, c->thread, c);
	put_failure_ids(j, c->process);
	th_jout_key(j, "kind");
	th_jout_text(j, failed ? "connect" : "opaque");
	th_jout_key(j, "name");
	th_jout_text(j, peer);
	put_times(j, e->time, c->error ? c->began : c->end_time);
	put_status(j, failed ? "error" : "unset",
		failed ? th_events_connect_error(c) : th_coverage_why(c));
	th_jout_key(j, "event_type");
	th_jout_text(j, failed ? "ERROR" : "OPAQUE");
	th_span_json_connection(j, c);
	th_jout_key(j, "errno");
	th_jout_i64(j, c->error);
	th_jout_key(j, "lane");
	th_jout_text(j, lane);
	th_jout_key(j, "bytes_sent");
	th_jout_u64(j, c->bytes_sent);
	th_jout_key(j, "bytes_received");
	th_jout_u64(j, c->bytes_received);
	th_jout_put_u64(j, "unseen_sent", c->unseen_sent);
	th_jout_put_u64(j, "unseen_received", c->unseen_received);
	th_transfer_json_failed(j, c->transfer);
}

static void put_departure(struct th_jout *j, const struct th_departure *d)
{
	put_failure_ids(j, d->process);
	th_jout_put_text(j, "kind", "left");
	th_jout_key(j, "name");
	th_jout_string(j, d->path);
	put_times(j, d->time, 0);
	put_status(j, "unset", th_departure_why(d->reason));
	th_jout_put_text(j, "event_type", "OPAQUE");
	th_jout_put_text(j, "lane", d->process->lane);
	th_jout_key(j, "replaced_process");
	th_jout_bool(j, d->replaced);
}

static void put_transfer(struct th_jout *j, const struct th_transfer *t)
{
	put_failure_ids(j, t->process);
	th_jout_put_text(j, "kind", "transfer");
	th_jout_key(j, "name");
	th_jout_string(j, th_events_url(t));
	put_times(j, t->began, t->ended);
	th_jout_put_text(j, "status", "error");
	th_jout_key(j, "status_reason");
	th_jout_string(j, th_events_transfer_error(t));
	th_jout_put_text(j, "event_type", "ERROR");
	th_jout_put_text(j, "lane", t->process->lane);
	th_transfer_json_failed(j, t);
}

void th_span_json(
	FILE *out, const struct th_run *run, const struct th_event *e, const struct th_call *call)
{
	struct th_jout j = {.out = out};
	th_jout_open(&j, '{');
	th_span_json_id(&j, "trace_id", run->trace_id, sizeof(run->trace_id));
	switch (e->kind) {
	case TH_EVENT_PROCESS:
		put_process(&j, run, e->process);
		break;
	case TH_EVENT_LOOKUP:
		put_lookup(&j, e->lookup);
		break;
	case TH_EVENT_CONNECT:
	case TH_EVENT_OPAQUE:
		put_connection(&j, e);
		break;
	case TH_EVENT_LEFT:
		put_departure(&j, e->departure);
		break;
	case TH_EVENT_TRANSFER:
		put_transfer(&j, e->transfer);
		break;
	case TH_EVENT_EXCHANGE:
		th_exchange_json(&j, e->exchange, call);
		th_feedback_json(&j, run, e->exchange->span_id);
		break;
	case TH_EVENT_TOOL:
		break;
	}
	th_jout_close(&j, '}');
	fputc('\n', out);
}
