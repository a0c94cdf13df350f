/* See h2_duplex.h. Other than in a dialog (dialog.h) the recorded answer goes out as it is, the
 * answers to pings of a WebSocket among it: the agent's own pings and pongs are ignored. */
#include "player/h2_duplex.h"

#include <errno.h>

#include "player/same_message.h"
#include "trace/http.h"
#include "trace/ws_talk.h"

static uint64_t end_of_request(const struct th_exchange *x)
{
	return x->request.finished ? x->request.ended : UINT64_MAX;
}

bool th_duplex_applies(const struct th_exchange *x)
{
	return x->request.head.list && !x->request.bodiless && x->response.head_done &&
		x->response.head.list && x->response.began < end_of_request(x);
}

bool th_duplex_fits(const struct th_exchange *x, struct th_slice sent)
{
	const struct th_message *m = &x->request;
	uint64_t need = 0;
	size_t known;
	for (size_t i = 0; i < m->n_pieces; i++) {
		need += m->pieces[i].time < x->response.began ? m->pieces[i].bytes.n : 0;
	}
	if (!th_duplex_applies(x) || need > sent.n) {
		return false;
	}
	if (th_ws_is(x)) {
		return need == 0 && sent.n == 0; /* masked: nothing to compare */
	}
	return th_http_body_agrees(m, sent, &known) && known == sent.n;
}

int th_duplex_init(struct th_duplex *d, const struct th_exchange *x)
{
	*d = (struct th_duplex){.x = x};
	return th_script_init(&d->script, x);
}

void th_duplex_finish(struct th_duplex *d)
{
	th_script_finish(&d->script);
	th_buf_finish(&d->in);
}

/* ---- what the agent says ---- */

static bool hear_frame(struct th_duplex *d, const struct th_ws_frame *f, struct th_slice payload)
{
	if (f->opcode == TH_WS_PING || f->opcode == TH_WS_PONG) {
		return true;
	}
	return d->said < d->script.n_said &&
		th_same_message(&d->script.said[d->said++], f, payload);
}

static bool hear_frames(struct th_duplex *d)
{
	struct th_ws_frame f;
	size_t at = 0;
	bool same = !d->in.failed;
	int r = 0;
	while (same && (r = th_ws_head((struct th_slice){d->in.p + at, d->in.n - at}, &f)) == 1 &&
		f.length <= d->in.n - at - f.head_n) {
		uint8_t *payload = d->in.p + at + f.head_n;
		if (f.masked) {
			th_ws_mask(f.mask, 0, payload, f.length);
		}
		at += f.head_n + f.length;
		same = hear_frame(d, &f, (struct th_slice){payload, f.length});
	}
	if (at) {
		memmove(d->in.p, d->in.p + at, d->in.n - at);
		d->in.n -= at;
	}
	return same && r >= 0;
}

bool th_duplex_hear(struct th_duplex *d, struct th_slice bytes)
{
	if (d->script.websocket) {
		th_buf_slice(&d->in, bytes);
		return hear_frames(d);
	}
	const struct th_buf *then = &d->script.client;
	if (bytes.n > then->n - d->said ||
		(bytes.n && memcmp(then->p + d->said, bytes.p, bytes.n) != 0)) {
		return false;
	}
	d->said += bytes.n;
	return true;
}

bool th_duplex_hear_end(struct th_duplex *d)
{
	const struct th_message *m = &d->x->request;
	d->over = true;
	bool was_whole = m->finished && m->end == TH_END_COMPLETE;
	return d->script.websocket || !was_whole || d->said == d->script.client.n;
}

/* ---- how far it is ---- */

bool th_duplex_reached(struct th_duplex *d, uint64_t time)
{
	const struct th_script *s = &d->script;
	const struct th_message *m = &d->x->request;
	size_t n = s->websocket ? s->n_said : m->n_pieces;
	while (d->heard < n &&
		(s->websocket ? s->said[d->heard].time : m->pieces[d->heard].time) < time) {
		d->need += s->websocket ? 1 : m->pieces[d->heard].bytes.n;
		d->heard++;
	}
	bool ended = m->finished && m->end == TH_END_COMPLETE && m->ended < time;
	return d->said >= d->need && (d->over || !ended);
}
