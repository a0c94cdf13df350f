/* Names first, over all tools, so that what only fits by time does not take what another tool's
 * name is on. */
#include "genai/tool_work.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>

#include "trace/http.h"

#define WINDOW_MAX 4096 /* exchanges looked at for one tool */

enum likeness {
	UNLIKE,
	IN_PATH,
	MCP_NAME,
	MCP_ALL, /* the arguments, too */
};

struct join {
	const struct th_run *run;
	const struct th_calls *calls;
	const struct th_tool_spans *spans;
	struct th_tool_work *work;
	bool *taken; /* by th_exchange.order */
};

/* Programs put a server's name before the tool's: "mcp__files__read", "files.read". */
static bool is_name_of(const char *tool, const char *target)
{
	size_t n = strlen(tool), k = strlen(target);
	return k && n >= k && strcmp(tool + n - k, target) == 0 &&
		(n == k || strchr("_.-/:", tool[n - k - 1]));
}

static bool same_json(const char *a, const char *b)
{
	cJSON *x = cJSON_Parse(a ? a : ""), *y = cJSON_Parse(b ? b : "");
	bool same = x && y && cJSON_Compare(x, y, true);
	cJSON_Delete(x);
	cJSON_Delete(y);
	return same;
}

/* A whole segment of the path. */
static bool is_in_path(const struct th_exchange *x, const char *tool)
{
	struct th_slice path = th_http_target(x);
	const uint8_t *query = memchr(path.p, '?', path.n);
	size_t n = strlen(tool), end = query ? (size_t)(query - path.p) : path.n;
	for (size_t at = 0; n && at < end; at++) {
		if (path.p[at] == '/' && end - at - 1 >= n &&
			memcmp(path.p + at + 1, tool, n) == 0 &&
			(at + 1 + n == end || path.p[at + 1 + n] == '/')) {
			return true;
		}
	}
	return false;
}

/* What a program sends for its tools, as opposed to its model. */
static bool may_be_work(const struct join *j, size_t i)
{
	const struct th_call *c = j->calls->at[i];
	bool mcp = c && c->operation == TH_OP_MCP && c->mcp.asked.target;
	return !j->taken[i] && j->run->exchanges[i]->request.present && (!c || mcp);
}

static enum likeness likeness(const struct join *j, size_t i, const struct th_tool_span *t)
{
	const struct th_call *c = j->calls->at[i];
	if (c && is_name_of(t->call->name, c->mcp.asked.target)) {
		return same_json(t->call->arguments, c->mcp.asked.arguments) ? MCP_ALL : MCP_NAME;
	}
	return !c && is_in_path(j->run->exchanges[i], t->call->name) ? IN_PATH : UNLIKE;
}

/* The exchanges that began within the tool's time. */
static void window(
	const struct join *j, const struct th_tool_span *t, size_t *ret_from, size_t *ret_to)
{
	size_t from = t->asked->exchange->order + 1;
	size_t most = t->answered ? t->answered->exchange->order : from;
	while (from < most && j->run->exchanges[from]->request.began < t->start) {
		from++;
	}
	*ret_from = from;
	*ret_to = most > from + WINDOW_MAX ? from + WINDOW_MAX : most;
}

static void take(struct join *j, size_t tool, size_t i, bool by_name)
{
	j->work[tool].exchange = j->run->exchanges[i];
	j->work[tool].by_name = by_name;
	j->taken[i] = true;
}

static void join_by_name(struct join *j, size_t tool)
{
	const struct th_tool_span *t = &j->spans->spans[tool];
	enum likeness best = UNLIKE;
	size_t from, to, found = 0;
	window(j, t, &from, &to);
	for (size_t i = from; i < to && best < MCP_ALL; i++) {
		enum likeness l = may_be_work(j, i) ? likeness(j, i, t) : UNLIKE;
		if (l > best) {
			best = l;
			found = i;
		}
	}
	if (best) {
		take(j, tool, found, true);
	}
}

/* Another tool that still has no work, asked for in the same breath. */
static bool has_rival(const struct join *j, size_t tool)
{
	const struct th_call *asked = j->spans->spans[tool].asked;
	for (size_t k = tool; k > 0 && j->spans->spans[k - 1].asked == asked; k--) {
		if (!j->work[k - 1].exchange) {
			return true;
		}
	}
	for (size_t k = tool + 1; k < j->spans->n && j->spans->spans[k].asked == asked; k++) {
		if (!j->work[k].exchange) {
			return true;
		}
	}
	return false;
}

static const struct th_process *lone_process(const struct join *j, const struct th_tool_span *t)
{
	const struct th_process *found = NULL;
	for (size_t i = 0; i < j->run->n_processes; i++) {
		const struct th_process *p = j->run->processes[i];
		bool within = t->end && p->began >= t->start && p->began <= t->end &&
			p->parent == t->asked->exchange->process;
		if (within && found) {
			return NULL;
		}
		found = within ? p : found;
	}
	return found;
}

static void join_by_time(struct join *j, size_t tool)
{
	const struct th_tool_span *t = &j->spans->spans[tool];
	size_t from, to, n = 0, found = 0;
	if (has_rival(j, tool)) {
		return;
	}
	if (!j->work[tool].exchange) {
		window(j, t, &from, &to);
		for (size_t i = from; i < to; i++) {
			bool fits = may_be_work(j, i);
			n += fits;
			found = fits ? i : found;
		}
	}
	if (n == 1) {
		take(j, tool, found, false);
	}
	j->work[tool].process = lone_process(j, t);
}

int th_tool_work_of(const struct th_run *run, const struct th_calls *calls,
	const struct th_tool_spans *spans, struct th_tool_work **ret_work)
{
	struct join j = {.run = run, .calls = calls, .spans = spans};
	j.work = calloc(spans->n + 1, sizeof(*j.work));
	j.taken = calloc(run->n_exchanges + 1, sizeof(*j.taken));
	bool ready = j.work && j.taken;
	for (size_t i = 0; ready && i < spans->n; i++) {
		join_by_name(&j, i);
	}
	for (size_t i = 0; ready && i < spans->n; i++) {
		join_by_time(&j, i);
	}
	free(j.taken);
	if (!ready) {
		free(j.work);
		return -ENOMEM;
	}
	*ret_work = j.work;
	return 0;
}
