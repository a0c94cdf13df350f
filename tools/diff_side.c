/* See diff_side.h. Digests are SHA-256: equal digests are taken for equal bytes, as the player
 * does.
 *
 * The sketch is a min-hash of one permutation: every text of the request's body falls into one of
 * 16 buckets, which keeps its smallest. Two conversations that share most messages share most
 * buckets, whatever was put in between. */
#include "tools/diff_side.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "player/canon_json.h"
#include "player/canon_request.h"
#include "player/lanes.h"
#include "tools/diff_fields.h"
#include "tools/exchange_json.h"
#include "tools/tools.h"

_Static_assert(sizeof(*((struct th_diff_side *)0)->lanes) == TH_LANE_BYTES, "lanes.h");

static void digest(const struct th_buf *b, uint8_t ret_digest[TH_DIFF_DIGEST])
{
	unsigned n = 0;
	if (b->failed ||
		!EVP_Digest(
			b->n ? (const void *)b->p : "", b->n, ret_digest, &n, EVP_sha256(), NULL)) {
		th_tool_no_memory();
	}
}

/* ---- the sketch ---- */

static void sketch_text(uint32_t sketch[TH_DIFF_SKETCH], struct th_slice s)
{
	uint64_t h = 0xcbf29ce484222325u; /* FNV-1a, then stirred */
	for (size_t i = 0; i < s.n; i++) {
		h = (h ^ s.p[i]) * 0x100000001b3u;
	}
	h = (h ^ h >> 31) * 0x9e3779b97f4a7c15u;
	uint32_t value = (uint32_t)(h >> 32), *at = &sketch[h % TH_DIFF_SKETCH];
	value += value == 0; /* 0: the bucket is empty */
	*at = *at == 0 || value < *at ? value : *at;
}

static void sketch_lines(uint32_t sketch[TH_DIFF_SKETCH], struct th_slice s)
{
	while (s.n) {
		const uint8_t *end = memchr(s.p, '\n', s.n);
		size_t n = end ? (size_t)(end - s.p) + 1 : s.n;
		sketch_text(sketch, (struct th_slice){s.p, n});
		s.p += n;
		s.n -= n;
	}
}

static void sketch_body(struct th_diff_call *c, const struct th_canon *canon)
{
	struct th_slice body = {canon->text.p + canon->body_at, canon->text.n - canon->body_at};
	th_cleanup(th_json_finish) struct th_json j = {0};
	if (canon->kind != TH_CANON_JSON || th_json_parse(body, &j) < 0) {
		sketch_lines(c->sketch, body);
		return;
	}
	for (uint32_t i = 0; i < j.n; i++) {
		if (j.nodes[i].type == TH_JSON_STRING || j.nodes[i].type == TH_JSON_NUMBER) {
			sketch_text(c->sketch, j.nodes[i].text);
		}
	}
}

unsigned th_diff_alike(const struct th_diff_call *a, const struct th_diff_call *b)
{
	unsigned n = 0;
	for (size_t i = 0; i < TH_DIFF_SKETCH; i++) {
		n += a->sketch[i] == b->sketch[i];
	}
	return n;
}

/* ---- calls ---- */

/* What there is instead of a request: only like things are taken for the same. */
static void take_name(struct th_diff_call *c, struct th_buf *b)
{
	b->n = 0;
	th_buf_fmt(b, "%d ", (int)c->facts->event.kind);
	th_buf_str(b, c->facts->name);
	digest(b, c->asked);
	digest(b, c->place);
}

static void take_request(struct th_diff_call *c, struct th_canon *canon)
{
	int r = th_canon_request(c->x, canon);
	if (r == -ENOMEM) {
		th_tool_no_memory();
	}
	if (r == 0) {
		memcpy(c->place, canon->endpoint.bytes, TH_DIFF_DIGEST);
		memcpy(c->asked, canon->full.bytes, TH_DIFF_DIGEST);
		sketch_body(c, canon);
	} else {
		take_name(c, &canon->text);
	}
}

static void take_answer(struct th_diff_call *c, bool exact, struct th_buf *b)
{
	const struct th_message *m = &c->x->response;
	th_cleanup(th_buf_finish) struct th_buf body = {0};
	enum th_diff_form form = th_diff_body(m, &body);
	b->n = 0;
	th_buf_fmt(b, "%u %u %u %s %d %u\n", m->version, c->facts->http_status, form, c->facts->why,
		m->present ? (int)m->end : -1, m->end_code);
	th_diff_fields(&m->head, exact, b);
	th_buf_u8(b, '\n');
	if (form == TH_DIFF_RAW || exact) {
		th_buf_slice(b, th_buf_view(&body));
	} else {
		(void)th_canon_body(TH_SLICE_LIT("application/json"), th_buf_view(&body), b);
	}
	th_buf_u8(b, '\n');
	th_diff_fields(&m->trailer, exact, b);
	digest(b, c->came);
}

/* What never became an exchange: the same thing, with the same outcome. */
static void take_event(struct th_diff_call *c, struct th_buf *b)
{
	take_name(c, b);
	th_buf_str(b, c->facts->why);
	digest(b, c->came);
}

static const char *lane_of(const struct th_diff_side *s, const struct th_process *p)
{
	for (size_t i = 0; p && i < s->run->n_processes; i++) {
		if (s->run->processes[i] == p) {
			return s->lanes[i];
		}
	}
	return "";
}

static uint32_t thread_of(const struct th_event *e)
{
	switch (e->kind) {
	case TH_EVENT_EXCHANGE:
		return e->exchange->thread;
	case TH_EVENT_CONNECT:
	case TH_EVENT_OPAQUE:
		return e->connection->thread;
	default:
		return 0;
	}
}

static bool is_call(const struct th_span_facts *f)
{
	return f->event.kind != TH_EVENT_PROCESS && f->event.kind != TH_EVENT_TOOL;
}

static void add_call(struct th_diff_side *s, const struct th_span_facts *f, struct th_canon *canon,
	struct th_buf *b)
{
	struct th_diff_call *c = &s->calls[s->n++];
	*c = (struct th_diff_call){.facts = f,
		.x = f->event.kind == TH_EVENT_EXCHANGE ? f->event.exchange : NULL,
		.thread = thread_of(&f->event),
		.began = f->start,
		.ended = f->end > f->start ? f->end : f->start};
	const struct th_diff_call *before = s->n > 1 ? c - 1 : NULL;
	bool same = before && before->facts->process == f->process;
	c->lane = same ? before->lane : lane_of(s, f->process);
	if (c->x) {
		take_request(c, canon);
		take_answer(c, s->exact, b);
	} else {
		take_event(c, b);
	}
}

struct th_diff_side th_diff_side_of(const struct th_run *run, bool exact)
{
	struct th_diff_side s = {.run = run, .spans = th_span_list_of(run), .exact = exact};
	th_cleanup(th_canon_finish) struct th_canon canon = {0};
	th_cleanup(th_buf_finish) struct th_buf b = {0};
	s.lanes = th_lanes_of_run(run);
	s.calls = th_tool_alloc(s.spans.n * sizeof(*s.calls));
	if (!s.lanes) {
		th_tool_no_memory();
	}
	for (size_t i = 0; i < s.spans.n; i++) {
		if (is_call(&s.spans.spans[i])) {
			add_call(&s, &s.spans.spans[i], &canon, &b);
		}
	}
	return s;
}

void th_diff_side_finish(struct th_diff_side *s)
{
	free(s->calls);
	free(s->lanes);
	th_span_list_finish(&s->spans);
	*s = (struct th_diff_side){0};
}
