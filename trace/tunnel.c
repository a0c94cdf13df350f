/* See tunnel.h. */
#include "trace/tunnel.h"

#include "wire/websocket.h"

bool th_tunnel_is(const struct th_exchange *x)
{
	struct th_slice method = {NULL, 0}, target;
	if (!x->response.head_done || x->response.head.list) {
		return false;
	}
	uint16_t status = th_head_status(&x->response.head);
	th_head_request(&x->request.head, &method, &target);
	return (status == 101 && x->request.bodiless) ||
		(status / 100 == 2 && th_slice_eq(method, TH_SLICE_LIT("CONNECT")));
}

/* A place in the bytes of a message. */
struct place {
	const struct th_message *m;
	size_t piece;
	uint64_t offset;
};

/* Up to `n` bytes from the place on, which stays. */
static size_t look(struct place p, uint8_t *ret_bytes, size_t n)
{
	size_t got = 0;
	for (; p.piece < p.m->n_pieces && got < n; p.piece++, p.offset = 0) {
		struct th_slice piece = p.m->pieces[p.piece].bytes;
		for (; p.offset < piece.n && got < n; p.offset++) {
			ret_bytes[got++] = piece.p[p.offset];
		}
	}
	return got;
}

/* False: the bytes end before. */
static bool skip(struct place *p, uint64_t n)
{
	while (p->piece < p->m->n_pieces) {
		uint64_t left = p->m->pieces[p->piece].bytes.n - p->offset;
		if (n < left) {
			p->offset += n;
			return true;
		}
		n -= left;
		p->piece++;
		p->offset = 0;
	}
	return n == 0;
}

bool th_tunnel_was_over(const struct th_message *m)
{
	struct place p = {.m = m};
	struct th_ws_frame f = {.opcode = TH_WS_TEXT};
	uint8_t head[TH_WS_HEAD_MAX];
	if (!th_head_has_token(&m->head, "upgrade", "websocket")) {
		return true;
	}
	while (th_ws_head((struct th_slice){head, look(p, head, sizeof(head))}, &f) == 1) {
		if (!skip(&p, f.head_n + f.length)) {
			return false;
		}
		if (f.opcode == TH_WS_CLOSE) {
			return true;
		}
	}
	return false;
}
