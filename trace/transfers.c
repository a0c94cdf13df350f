/* Which exchanges make up a transfer is not in the file: whoever wrote it knew the library's calls
 * and the bytes, not which call made which bytes. It is found out here, and only said when it is
 * likely: by thread or connection, time, status, and URL.
 *
 * A transfer ends with the exchange that gave it its status. What came before that are the steps
 * from the URL as asked: a CONNECT to a proxy, redirects, requests that were repeated with
 * credentials or because a kept connection had gone. Of transfers that run side by side (a multi
 * handle) and ask for the very same, each takes the first answer that is left, in the order in
 * which they ended.
 *
 * Left out: what a callback of the agent's asks for in the middle of a transfer, on the same
 * thread and of the same URL. */
#include "trace/transfers.h"

#include <stdlib.h>

#include "trace/http.h"
#include "trace/url.h"

void th_transfers_frame(
	struct th_arena *a, struct th_collected *c, const struct th_frame *f, struct th_in *in)
{
	struct th_transfer **room = th_arena_room(
		a, c->transfers, c->n_transfers, sizeof(c->transfers[0]));
	struct th_transfer *t = th_arena_alloc(a, sizeof(*t));
	if (!room || !t) {
		return;
	}
	c->transfers = room;
	t->process = &c->process;
	t->ended = f->time;
	t->handle = th_in_u32(in);
	t->thread = th_in_u32(in);
	t->connection = th_in_u32(in);
	t->result = (int32_t)th_in_u32(in);
	t->status = th_in_u16(in);
	t->api = th_in_u8(in);
	t->version = th_in_u8(in);
	t->redirects = th_in_u32(in);
	t->connects = th_in_u32(in);
	t->proxy_status = th_in_u16(in);
	th_in_u16(in);
	t->began = th_in_u64(in);
	for (size_t i = 0; i < TH_TRANSFER_TIMES; i++) {
		t->times[i] = th_in_u64(in);
	}
	t->asked = th_in_str16(in);
	t->effective = th_in_str16(in);
	t->proxy = th_in_str16(in);
	t->error = th_in_str16(in);
	t->library = th_in_str16(in);
	if (!in->failed) {
		c->transfers[c->n_transfers++] = t;
	}
}

/* ---- the exchanges of its time ---- */

struct window {
	struct th_exchange **at;
	size_t n;
};

static uint64_t asked_at(const struct th_exchange *x)
{
	return x->request.present ? x->request.began : x->response.began;
}

/* Exchanges stand in the order of their first frames, which several threads may have stamped a
 * little before they were written: so it begins a few earlier than it would have to. */

static struct window window_of(
	const struct th_collected *c, const struct th_transfer *t, size_t *looks)
{
	size_t from = 0, to = c->n_exchanges;
	if (to == 0) {
		return (struct window){NULL, 0};
	}
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (asked_at(c->exchanges[middle]) < t->began) {
			from = middle + 1;
		} else {
			to = middle;
		}
	}
	from -= from < TH_TRANSFER_DISORDER_MAX ? from : TH_TRANSFER_DISORDER_MAX;
	struct window w = {c->exchanges + from, 0};
	while (from + w.n < c->n_exchanges && w.n < TH_TRANSFER_CANDIDATES_MAX && w.n < *looks &&
		asked_at(w.at[w.n]) <= t->ended) {
		w.n++;
	}
	*looks -= w.n;
	return w;
}

static bool is_free(const struct th_transfer *t, const struct th_exchange *x)
{
	return !x->transfer && x->request.present && asked_at(x) >= t->began &&
		(t->api != TH_TRANSFER_EASY || x->thread == t->thread);
}

/* ---- the last one ---- */

static bool could_end(
	const struct th_transfer *t, const struct th_url *effective, const struct th_exchange *x)
{
	return is_free(t, x) && th_http_status(x) == t->status &&
		(!t->connection || (x->connection && x->connection->id == t->connection)) &&
		th_url_same_host(effective, x);
}

/* One thread does one thing at a time: its latest. Side by side: the first that was answered. */
static bool is_better(
	const struct th_transfer *t, const struct th_exchange *x, const struct th_exchange *than)
{
	return t->api == TH_TRANSFER_EASY ? asked_at(x) >= asked_at(than)
					  : x->response.ended < than->response.ended;
}

static struct th_exchange *find_last(const struct th_transfer *t, struct window w)
{
	struct th_url effective = th_url_parse(t->effective);
	struct th_exchange *found = NULL;
	bool exact = false;
	for (size_t i = 0; i < w.n; i++) {
		struct th_exchange *x = w.at[i];
		if (!could_end(t, &effective, x)) {
			continue;
		}
		bool same = th_url_asked(&effective, x);
		if (!found || (same && !exact) || (same == exact && is_better(t, x, found))) {
			found = x;
			exact = same;
		}
	}
	return found;
}

/* ---- the steps before it ---- */

static bool is_connect(const struct th_exchange *x)
{
	return th_slice_eq(th_http_method(x), TH_SLICE_LIT("CONNECT"));
}

static bool is_redirect(const struct th_exchange *x, struct th_slice *ret_location)
{
	uint16_t status = th_http_status(x);
	return status >= 300 && status < 400 &&
		th_head_get(&x->response.head, "location", ret_location);
}

/* Why another exchange had to follow it; 0: none had to. */
static enum th_follows why_more(const struct th_exchange *x)
{
	struct th_slice location;
	uint16_t status = th_http_status(x);
	if (is_connect(x) && status >= 200 && status < 300) {
		return TH_FOLLOWS_TUNNEL;
	}
	if (is_redirect(x, &location)) {
		return TH_FOLLOWS_REDIRECT;
	}
	if (status == 401 || status == 407) {
		return TH_FOLLOWS_CHALLENGE;
	}
	return status == 0 ? TH_FOLLOWS_RETRY : TH_FOLLOWS_NOTHING;
}

static void append(struct th_transfer *t, struct th_exchange *x)
{
	x->transfer = t;
	x->step = ++t->steps;
	if (t->last) {
		x->follows = t->last;
		x->why_follows = (uint8_t)why_more(t->last);
	}
	t->first = t->first ? t->first : x;
	t->last = x;
}

static void walk(struct th_transfer *t, struct window w, struct th_exchange *last)
{
	struct th_url want = th_url_parse(t->asked.n ? t->asked : t->effective);
	uint32_t redirects = 0;
	for (size_t i = 0; i < w.n && w.at[i] != last; i++) {
		struct th_exchange *x = w.at[i];
		struct th_slice location;
		enum th_follows why = why_more(x);
		if (!is_free(t, x) || x->thread != last->thread || !why ||
			!th_url_asked(&want, x)) {
			continue;
		}
		if (why == TH_FOLLOWS_REDIRECT && redirects++ >= t->redirects) {
			continue;
		}
		append(t, x);
		if (is_redirect(x, &location)) {
			want = th_url_follow(&want, location);
		}
	}
	append(t, last);
}

/* ---- again by the agent ---- */

/* What makes a client try the same again (curl --retry: the same statuses). */
static bool is_worth_retrying(const struct th_transfer *t)
{
	switch (t->status) {
	case 408:
	case 429:
	case 500:
	case 502:
	case 503:
	case 504:
		return true;
	default:
		return t->result != 0;
	}
}

static void link_retry(struct th_transfer *t, struct th_transfer *before)
{
	t->attempt = 1;
	if (!before || !is_worth_retrying(before) || !t->asked.n ||
		!th_slice_eq(t->asked, before->asked)) {
		return;
	}
	t->attempt = before->attempt + 1;
	if (t->first && before->last && !t->first->follows) {
		t->first->follows = before->last;
		t->first->why_follows = TH_FOLLOWS_RETRY;
	}
}

/* The latest transfer of each handle. */
static struct th_transfer **latest_of(struct th_arena *a, struct th_id_map *map, uint32_t handle)
{
	struct th_transfer **at = th_id_map_find(map, handle);
	if (!at) {
		at = th_arena_alloc(a, sizeof(*at));
		if (at && !th_id_map_add(a, map, handle, at)) {
			at = NULL;
		}
	}
	return at;
}

void th_transfers_finish(struct th_arena *a, struct th_collected *c)
{
	struct th_id_map handles = {0};
	size_t looks = TH_TRANSFER_LOOKS_MAX;
	for (size_t i = 0; i < c->n_transfers; i++) {
		struct th_transfer *t = c->transfers[i];
		struct window w = window_of(c, t, &looks);
		struct th_exchange *last = find_last(t, w);
		if (last) {
			walk(t, w, last);
		} else if (t->result) {
			th_transfers_failed(c, t, &looks);
		}
		struct th_transfer **latest = t->handle ? latest_of(a, &handles, t->handle) : NULL;
		link_retry(t, latest ? *latest : NULL);
		if (latest) {
			*latest = t;
		}
	}
}
