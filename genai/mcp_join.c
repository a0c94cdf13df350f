/* Answers by id; of those with the same id, which sessions side by side have, the one whose stream
 * asked for posts at that very place. What a session is called may be redacted in the post's URL
 * and not in the stream: then the path alone will do, and the stream whose answers that URL was
 * given before, or that the same thread or process opened. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "genai/mcp.h"
#include "trace/body_times.h"
#include "trace/http.h"

#define LOOK_AT 4096 /* answers with one id */
#define SESSIONS 256 /* that are remembered */

struct carried {
	const struct th_call *stream;
	struct th_mcp_message *answer;
	uint64_t came;
	bool taken;
};

/* A URL of posts, and the stream that was found for it. */
struct session {
	struct th_slice target;
	const struct th_call *stream;
};

struct join {
	struct carried *all;
	size_t n;
	struct session sessions[SESSIONS];
	size_t n_sessions;
};

static bool is_stream(const struct th_call *c)
{
	return c && c->operation == TH_OP_MCP && !c->mcp.asked.method && c->mcp.n_others;
}

static void collect(struct join *j, struct th_call *stream)
{
	struct th_body_times times;
	bool known = th_body_times_init(&times, &stream->exchange->response);
	for (size_t i = 0; i < stream->mcp.n_others; i++) {
		struct th_mcp_message *m = &stream->mcp.others[i];
		uint64_t came = known ? th_body_times_at(&times, m->offset) : 0;
		if (m->id) {
			j->all[j->n++] = (struct carried){
				stream, m, came ? came : stream->exchange->response.ended, false};
		}
	}
	if (known) {
		th_body_times_finish(&times);
	}
}

static int by_id(const void *pa, const void *pb)
{
	const struct carried *a = pa, *b = pb;
	int o = strcmp(a->answer->id, b->answer->id);
	return o ? o : (a->came > b->came) - (a->came < b->came);
}

static size_t first_with(const struct join *j, const char *id)
{
	size_t low = 0, high = j->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(j->all[middle].answer->id, id) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

/* Without scheme and authority: "http://h/messages?s=1" is "/messages?s=1". */
static struct th_slice target_of(const char *endpoint)
{
	const char *authority = strstr(endpoint, "://");
	const char *path = authority ? strchr(authority + 3, '/') : endpoint;
	return th_slice_str(path ? path : "/");
}

static struct th_slice path_of(struct th_slice target)
{
	const uint8_t *mark = memchr(target.p, '?', target.n);
	return (struct th_slice){target.p, mark ? (size_t)(mark - target.p) : target.n};
}

static bool same_host(const struct th_exchange *a, const struct th_exchange *b)
{
	char *x = th_http_authority(a), *y = th_http_authority(b);
	bool same = x && y && strcmp(x, y) == 0;
	free(x);
	free(y);
	return same;
}

static const struct th_call *stream_of(const struct join *j, struct th_slice target)
{
	for (size_t i = 0; i < j->n_sessions; i++) {
		if (th_slice_eq(j->sessions[i].target, target)) {
			return j->sessions[i].stream;
		}
	}
	return NULL;
}

static void remember(struct join *j, struct th_slice target, const struct th_call *stream)
{
	if (j->n_sessions < SESSIONS && !stream_of(j, target)) {
		j->sessions[j->n_sessions++] = (struct session){target, stream};
	}
}

/* 0: it is none of that stream's. */
static unsigned likeness(
	const struct join *j, const struct th_call *c, const struct th_call *stream)
{
	const struct th_exchange *x = c->exchange, *s = stream->exchange;
	const char *endpoint = stream->mcp.endpoint;
	struct th_slice to = th_http_target(x);
	struct th_slice at = endpoint ? target_of(endpoint) : th_http_target(s);
	const char *mine = c->mcp.session, *theirs = stream->mcp.session;
	bool other = mine && theirs && strcmp(mine, theirs) != 0;
	if (other || !th_slice_eq(path_of(to), path_of(at)) || !same_host(x, s)) {
		return 0;
	}
	unsigned near = x->process != s->process ? 0 : x->thread != s->thread ? 1 : 2;
	return 1 + near + (stream_of(j, to) == stream ? 4 : 0) + (th_slice_eq(to, at) ? 8 : 0);
}

static struct carried *answer_of(struct join *j, const struct th_call *c, const char *id)
{
	struct carried *best = NULL;
	unsigned most = 0;
	size_t from = first_with(j, id);
	for (size_t i = from; i < j->n && i < from + LOOK_AT; i++) {
		struct carried *a = &j->all[i];
		if (strcmp(a->answer->id, id) != 0) {
			break;
		}
		bool may = !a->taken && a->came >= c->exchange->request.began;
		unsigned l = may ? likeness(j, c, a->stream) : 0;
		if (l > most) {
			most = l;
			best = a;
		}
	}
	return best;
}

static bool copy(char **at, const char *text)
{
	*at = text && !*at ? strdup(text) : *at;
	return *at || !text;
}

static bool take(struct th_call *c, struct th_mcp_message *m, struct carried *a)
{
	a->taken = true;
	m->answered = a->came;
	m->tool_error = a->answer->tool_error;
	return copy(&m->result, a->answer->result) && copy(&m->error_code, a->answer->error_code) &&
		copy(&m->error_message, a->answer->error_message) && th_mcp_settle(c, m);
}

static bool join_message(struct join *j, struct th_call *c, struct th_mcp_message *m)
{
	bool waits = m->method && m->id && !m->result && !m->error_code;
	struct carried *a = waits ? answer_of(j, c, m->id) : NULL;
	if (a) {
		remember(j, th_http_target(c->exchange), a->stream);
	}
	return !a || take(c, m, a);
}

static bool join_call(struct join *j, struct th_call *c)
{
	if (!c || c->operation != TH_OP_MCP || !c->mcp.asked.method) {
		return true;
	}
	bool fine = join_message(j, c, &c->mcp.asked);
	for (size_t i = 0; fine && i < c->mcp.n_others; i++) {
		fine = join_message(j, c, &c->mcp.others[i]);
	}
	return fine;
}

int th_mcp_join(const struct th_calls *calls)
{
	struct join j = {.all = NULL};
	size_t n = 0;
	bool fine = true;
	for (size_t i = 0; i < calls->n; i++) {
		n += is_stream(calls->at[i]) ? calls->at[i]->mcp.n_others : 0;
	}
	if (n == 0) {
		return 0;
	}
	j.all = malloc(n * sizeof(*j.all));
	if (!j.all) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < calls->n; i++) {
		if (is_stream(calls->at[i])) {
			collect(&j, calls->at[i]);
		}
	}
	qsort(j.all, j.n, sizeof(*j.all), by_id);
	for (size_t i = 0; fine && i < calls->n; i++) {
		fine = join_call(&j, calls->at[i]);
	}
	free(j.all);
	return fine ? 0 : -ENOMEM;
}
