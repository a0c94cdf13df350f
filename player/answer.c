/* See answer.h. */
#include "player/answer.h"

#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <errno.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "player/explain.h"
#include "player/online.h"
#include "player/redacted.h"
#include "player/volatile.h"
#include "player/world.h"
#include "trace/http.h"

/* ---- the caller ---- */

/* The name that was looked up for an address when it was recorded: what a request without Host is
 * asked of. */
static struct th_slice name_of_address(const struct th_peers *peers, const struct th_hello *h)
{
	for (size_t i = 0; i < peers->n; i++) {
		const struct th_connection *c = peers->at[i];
		if (c->family == h->family && c->port == h->port &&
			memcmp(c->address, h->address, sizeof(c->address)) == 0 && c->name.n) {
			return c->name;
		}
	}
	return (struct th_slice){NULL, 0};
}

void th_caller_init(
	struct th_caller *c, struct th_serving *serving, const struct th_hello *hello, int fd)
{
	*c = (struct th_caller){.serving = serving, .hello = *hello, .stream = {.fd = fd}};
	th_lanes_get(serving->lanes, hello->process, c->process.lane);
	memcpy(c->process.span_id, hello->process, TH_SPAN_ID_BYTES);
	c->asker = (struct th_asker){.process = th_index_lane(serving->index, c->process.lane),
		.thread = hello->thread,
		.connection = hello->connection};
	th_arrivals_note(serving->arrivals, c->asker.process);
	c->connection = (struct th_connection){.process = &c->process,
		.id = hello->connection,
		.transport = TH_TRANSPORT_PLAIN,
		.family = hello->family,
		.port = hello->port,
		.thread = hello->thread,
		.name = hello->family == TH_WORLD_UNIX ? th_slice_str(c->hello.name)
						       : name_of_address(&serving->peers, hello)};
	memcpy(c->connection.address, hello->address, sizeof(c->connection.address));
}

void th_caller_finish(struct th_caller *c)
{
	th_stream_finish(&c->stream);
	th_canon_finish(&c->canon);
	th_buf_finish(&c->redacted);
	th_buf_finish(&c->asked);
	th_buf_finish(&c->tunnel);
	th_buf_finish(&c->met);
	th_upstream_close(&c->up);
}

void th_peer_text(const struct th_hello *h, char ret_text[TH_PEER_TEXT_BYTES])
{
	char address[INET6_ADDRSTRLEN] = "?";
	inet_ntop(h->family == 6 ? AF_INET6 : AF_INET, h->address, address, sizeof(address));
	if (h->family == TH_WORLD_UNIX) {
		snprintf(ret_text, TH_PEER_TEXT_BYTES, "connect unix:%.*s", TH_UNIX_NAME_BYTES,
			h->name);
	} else {
		snprintf(ret_text, TH_PEER_TEXT_BYTES,
			h->family == 6 ? "connect [%s]:%u" : "connect %s:%u", address, h->port);
	}
}

void th_caller_miss_peer(struct th_caller *c, const char *why)
{
	char text[TH_PEER_TEXT_BYTES];
	th_peer_text(&c->hello, text);
	th_tally_miss(c->serving->tally, c->hello.process, text, why);
}

/* ---- the request ---- */

static struct th_slice cut(struct th_slice head, struct th_length_line line)
{
	return (struct th_slice){head.p + line.at, line.end - line.at};
}

/* What the head before was redacted to, with this one's length. */
static bool redact_as_before(struct th_caller *c, struct th_slice line)
{
	struct th_length_line *old = &c->redacted_line;
	size_t rest = c->redacted.n - old->end;
	if (!th_buf_room(&c->redacted, line.n)) {
		return false;
	}
	uint8_t *at = c->redacted.p + old->at;
	memmove(at + line.n, c->redacted.p + old->end, rest);
	if (line.n) {
		memcpy(at, line.p, line.n);
	}
	c->redacted.n = old->at + line.n + rest;
	old->end = old->at + line.n;
	return true;
}

/* Not by rules of one's own, which may mean a length. */
static void remember(struct th_caller *c, const struct th_head *head, struct th_length_line line)
{
	const struct th_head redacted = {th_buf_view(&c->redacted), head->list};
	c->asked.n = 0;
	c->asked.failed = false;
	c->asked_line = line;
	c->asked_list = head->list;
	c->redacted_line = th_length_line(&redacted);
	if (!c->serving->redaction.rules &&
		th_slice_eq(cut(head->bytes, line), cut(redacted.bytes, c->redacted_line))) {
		th_buf_slice(&c->asked, head->bytes);
	}
}

static bool redact(struct th_caller *c, const struct th_head *head)
{
	struct th_length_line line = th_length_line(head);
	if (c->asked.n && !c->asked.failed && c->asked_list == head->list &&
		th_same_head(th_buf_view(&c->asked), c->asked_line, head->bytes, line)) {
		return redact_as_before(c, cut(head->bytes, line));
	}
	bool changed;
	c->redacted.n = 0;
	if (!th_redacted_head(&c->serving->redaction, head, &c->redacted, &changed)) {
		return false;
	}
	remember(c, head, line);
	return true;
}

static void begin_asked(
	struct th_caller *c, bool list, uint8_t version, struct th_exchange *ret_asked)
{
	*ret_asked = (struct th_exchange){.process = &c->process,
		.connection = &c->connection,
		.thread = c->hello.thread,
		.request = {.present = true,
			.head_done = true,
			.version = version,
			.head = {.bytes = th_buf_view(&c->redacted), .list = list}}};
	c->asker.version = version;
	c->head_read = false;
}

bool th_answer_head(
	struct th_caller *c, struct th_head head, uint8_t version, struct th_exchange *ret_asked)
{
	if (!redact(c, &head)) {
		return false;
	}
	begin_asked(c, head.list, version, ret_asked);
	return true;
}

bool th_answer_head_known(struct th_caller *c, struct th_slice in,
	const struct th_head_again *again, uint8_t version, struct th_exchange *ret_asked)
{
	if (!redact_as_before(c, cut(in, again->line))) {
		return false;
	}
	begin_asked(c, false, version, ret_asked);
	return true;
}

bool th_answer_head_again(
	const struct th_caller *c, struct th_slice in, struct th_head_again *ret_again)
{
	return c->asked.n && !c->asked.failed && !c->asked_list &&
		th_head_again(th_buf_view(&c->asked), c->asked_line, in, ret_again);
}

bool th_answer_read_head(struct th_caller *c, const struct th_exchange *asked)
{
	c->head_read = c->head_read || th_canon_request_head(asked, &c->canon) == 0;
	return c->head_read;
}

void th_answer_body(struct th_caller *c, struct th_exchange *asked, struct th_slice body,
	struct th_piece *piece)
{
	(void)th_redacted_body(
		&c->serving->redaction, &asked->request.head, (uint8_t *)(uintptr_t)body.p, body.n);
	struct th_message *m = &asked->request;
	*piece = (struct th_piece){.bytes = body};
	m->pieces = piece;
	m->n_pieces = body.n > 0;
	m->body_bytes = body.n;
	m->finished = true;
	m->end = TH_END_COMPLETE;
}

/* ---- the answer ---- */

static char *miss_body(const char *request, const char *why)
{
	struct th_buf text = {0};
	th_buf_str(&text, "tracehook replay: no recorded answer for ");
	th_buf_str(&text, request);
	th_buf_str(&text, ": ");
	th_buf_str(&text, why);
	th_auto_free char *message = th_buf_take(&text);
	cJSON *root = cJSON_CreateObject(), *error = cJSON_AddObjectToObject(root, "error");
	cJSON_AddStringToObject(error, "type", "tracehook_no_match");
	cJSON_AddStringToObject(error, "code", "tracehook_no_match");
	cJSON_AddStringToObject(error, "message", message ? message : why);
	char *body = cJSON_PrintUnformatted(root);
	cJSON_Delete(root);
	return body;
}

char *th_answer_request_line(const struct th_canon *c)
{
	const char *method = (const char *)c->text.p, *scheme = method + strlen(method) + 1;
	const char *authority = scheme + strlen(scheme) + 1;
	const char *path = (const char *)c->text.p + c->path_at;
	const char *query = (const char *)c->text.p + c->query_at;
	struct th_buf url = {0}, out = {0};
	if (strcmp(method, "CONNECT") != 0) { /* its path is an authority */
		th_buf_str(&url, scheme);
		th_buf_str(&url, "://");
		th_buf_str(&url, authority);
	}
	th_buf_str(&url, path);
	th_buf_str(&url, *query ? "?" : "");
	th_buf_str(&url, query);
	th_explain_text(th_slice_str(method), 32, &out);
	th_buf_u8(&out, ' ');
	th_explain_text(th_buf_view(&url), 1024, &out);
	th_buf_finish(&url);
	return th_buf_take(&out);
}

static char *explain(struct th_caller *c)
{
	struct th_near near;
	if (th_index_near(c->serving->index, &c->canon, &c->asker, &near) < 0) {
		return NULL;
	}
	char *why = th_explain_miss(c->serving->run, c->serving->rules, &c->canon, &near);
	free(near.x);
	if (why && c->serving->left_out) {
		char *longer = NULL;
		bool made = asprintf(&longer, "%s; the replay was to %s #%zu, before %zu more", why,
				    c->serving->live_after ? "go live after" : "end at",
				    c->serving->run->n_exchanges, c->serving->left_out) > 0;
		free(why);
		why = made ? longer : NULL;
	}
	return why;
}

static char *miss(struct th_caller *c, bool readable)
{
	th_auto_free char *request = readable ? th_answer_request_line(&c->canon) : NULL;
	th_auto_free char *why = readable ? explain(c) : NULL;
	const char *said_request = request ? request : "a request";
	const char *said_why = why ? why : "the request could not be read";
	th_tally_miss(c->serving->tally, c->hello.process, said_request, said_why);
	if (c->serving->on_miss == TH_ON_MISS_ABORT) {
		return NULL;
	}
	return miss_body(said_request, said_why);
}

/* What a relaxation let pass is told for each answer (DESIGN 2.4). */
static void note_relaxed(struct th_caller *c, const struct th_claim *claim)
{
	struct th_canon recorded = {0};
	struct th_player_relaxed r = {.number = claim->x->order + 1, .by = claim->relaxed};
	struct th_buf why = {0};
	th_hex_encode(r.process, c->hello.process, sizeof(c->hello.process));
	th_hex_encode(r.span, claim->x->span_id, TH_SPAN_ID_BYTES);
	r.request = th_answer_request_line(&c->canon);
	if (th_canon_request(claim->x, &recorded) == 0) {
		if (strcmp(claim->relaxed, "volatile") == 0) {
			r.passed = th_volatile_passed(
				c->serving->rules, &c->canon, &recorded, &r.n_passed);
		}
		th_explain_difference(&c->canon, &recorded, &why);
	}
	r.why = th_buf_take(&why);
	th_canon_finish(&recorded);
	th_tally_relaxed(c->serving->tally, &r);
}

static void note_claim(struct th_caller *c, const struct th_claim *claim)
{
	th_tally_match(c->serving->tally, claim);
	if (claim->relaxed) {
		note_relaxed(c, claim);
	}
	th_order_asked(c->serving->order, claim->x);
	c->last = claim->x;
}

/* Asked to the byte as it was recorded: most of what most agents ask. */
static bool claim_likely(
	struct th_caller *c, const struct th_exchange *asked, struct th_claim *ret_claim)
{
	return th_answer_read_head(c, asked) &&
		th_index_claim_likely(
			c->serving->index, asked, c->last, &c->canon, &c->asker, ret_claim);
}

enum th_found th_answer_find(struct th_caller *c, const struct th_exchange *asked,
	struct th_claim *ret_claim, char **ret_body)
{
	struct th_index *ix = c->serving->index;
	if (claim_likely(c, asked, ret_claim)) {
		note_claim(c, ret_claim);
		return TH_FOUND_RECORDED;
	}
	bool readable = th_canon_request(asked, &c->canon) == 0 &&
		th_volatile_take(c->serving->rules, &c->canon) == 0;
	if (readable &&
		(th_index_claim(ix, &c->canon, &c->asker, ret_claim) ||
			th_index_claim_partial(ix, &c->canon,
				asked->request.n_pieces ? asked->request.pieces[0].bytes
							: (struct th_slice){NULL, 0},
				&c->asker, ret_claim))) {
		note_claim(c, ret_claim);
		return TH_FOUND_RECORDED;
	}
	if (readable && th_online_now(c->serving)) {
		return TH_FOUND_LIVE;
	}
	*ret_body = miss(c, readable);
	return TH_FOUND_NOTHING;
}

bool th_answer_find_early(
	struct th_caller *c, const struct th_exchange *asked, struct th_claim *ret_claim)
{
	struct th_index *ix = c->serving->index;
	if (!th_index_claim_partial(
		    ix, &c->canon, (struct th_slice){NULL, 0}, &c->asker, ret_claim)) {
		return false;
	}
	note_claim(c, ret_claim);
	return true;
}

bool th_answer_find_duplex(struct th_caller *c, struct th_slice sent, struct th_claim *ret_claim)
{
	if (!th_index_claim_duplex(c->serving->index, &c->canon, sent, &c->asker, ret_claim)) {
		return false;
	}
	note_claim(c, ret_claim);
	return true;
}

bool th_answer_find_begun(struct th_caller *c, struct th_slice sent, struct th_claim *ret_claim)
{
	if (!th_index_claim_early(c->serving->index, &c->canon, sent, &c->asker, ret_claim)) {
		return false;
	}
	note_claim(c, ret_claim);
	return true;
}

size_t th_answer_early_need(struct th_caller *c, size_t from)
{
	return th_index_early_need(c->serving->index, &c->canon, &c->asker, from);
}
