/* HTTP/2 towards the agent (serve.h): nghttp2 is the protocol, h2_stream.c the answers, and here is
 * the loop between them and the socket. The descriptor does not block, since an agent may send and
 * receive at once. */
#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "player/h2_stream.h"
#include "player/online_h2.h"
#include "player/serve.h"

#define READ_BYTES 32768
#define OUT_ENOUGH (256u << 10) /* gathered output that is sent before more is made */
#define STREAMS_MAX 256
#define WINDOW (4 << 20)
/* How long a connection that is to die waits for requests that the recording saw before. */
#define DYING_NS 1000000000ull

static struct th_h2_stream *stream_of(nghttp2_session *ng, int32_t id)
{
	return nghttp2_session_get_stream_user_data(ng, id);
}

/* ---- nghttp2's callbacks ---- */

static int on_begin_headers(nghttp2_session *ng, const nghttp2_frame *frame, void *arg)
{
	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
		return 0;
	}
	struct th_h2_stream *s = th_h2_stream_new(arg, frame->hd.stream_id);
	if (!s) {
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	return nghttp2_session_set_stream_user_data(ng, s->id, s);
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_n, const uint8_t *value, size_t value_n, uint8_t flags, void *arg)
{
	struct th_h2_stream *s = stream_of(ng, frame->hd.stream_id);
	bool taken = !s || s->head_over || /* a trailer is no part of matching */
		th_h2_head_add(&s->head, (struct th_slice){name, name_n},
			(struct th_slice){value, value_n});
	return taken ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_data(
	nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *p, size_t n, void *arg)
{
	struct th_h2_stream *s = stream_of(ng, id);
	return s && !th_h2_stream_data(s, (struct th_slice){p, n}) ? NGHTTP2_ERR_CALLBACK_FAILURE
								   : 0;
}

static int on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *arg)
{
	struct th_h2_stream *s = stream_of(ng, frame->hd.stream_id);
	bool message = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
	if (!s || !message) {
		return 0;
	}
	bool head_ends = !s->head_over;
	s->head_over = true;
	if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
		th_h2_stream_asked(s);
	} else if (head_ends) {
		th_h2_stream_expect(s);
	}
	return 0;
}

static int on_stream_close(nghttp2_session *ng, int32_t id, uint32_t code, void *arg)
{
	struct th_h2_session *h = arg;
	struct th_h2_stream *s = stream_of(ng, id);
	if (s) {
		if (s->x && s->x->response.ended > h->last_byte) {
			h->last_byte = s->x->response.ended;
		}
		th_h2_stream_free(s);
	}
	return 0;
}

static int make_session(struct th_h2_session *h)
{
	nghttp2_session_callbacks *cb = NULL;
	nghttp2_option *option = NULL;
	int r = -ENOMEM;
	if (nghttp2_session_callbacks_new(&cb) == 0 && nghttp2_option_new(&option) == 0) {
		nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
		nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
		nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
		nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
		nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
		/* The recorded server took what it took; we are no stricter. */
		nghttp2_option_set_no_http_messaging(option, 1);
		nghttp2_option_set_no_closed_streams(option, 1);
		nghttp2_option_set_max_send_header_block_length(option, 2 * TH_H2_HEAD_MAX);
		r = nghttp2_session_server_new2(&h->ng, cb, h, option) == 0 ? 0 : -ENOMEM;
	}
	nghttp2_session_callbacks_del(cb);
	nghttp2_option_del(option);
	return r;
}

static void greet(struct th_h2_session *h)
{
	const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, STREAMS_MAX},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW},
		{NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1}};
	nghttp2_submit_settings(
		h->ng, NGHTTP2_FLAG_NONE, settings, h->c->serving->extended_connect ? 3 : 2);
	nghttp2_session_set_local_window_size(h->ng, NGHTTP2_FLAG_NONE, 0, 4 * WINDOW);
}

/* ---- the loop ---- */

static bool is_held(const struct th_h2_session *h)
{
	return th_h2_taken_holds(&h->taken, h->c->serving->order);
}

/* Gathers output. 1: there is more; 0: no, or not now; -EPIPE: no memory. */
static int gather(struct th_h2_session *h)
{
	struct th_stream *stream = &h->c->stream;
	while (stream->out.n < OUT_ENOUGH) {
		const uint8_t *p;
		ssize_t n = is_held(h) ? 0 : nghttp2_session_mem_send(h->ng, &p);
		if (n < 0 ||
			(n > 0 && th_stream_write(stream, (struct th_slice){p, (size_t)n}) < 0)) {
			return -EPIPE;
		}
		if (n == 0) {
			return 0;
		}
	}
	return 1;
}

/* Sends what there is. 0; -EAGAIN: the agent must read first; else it is gone. */
static int send_all(struct th_h2_session *h)
{
	for (;;) {
		int more = gather(h);
		int r = more < 0 ? more : th_stream_flush(&h->c->stream);
		if (r < 0 || more == 0) {
			return r;
		}
	}
}

static uint64_t drive_streams(struct th_h2_session *h)
{
	uint64_t soonest = UINT64_MAX;
	for (struct th_h2_stream *s = h->streams, *next; s; s = next) {
		next = s->next;
		uint64_t ns = th_h2_stream_drive(s);
		soonest = ns < soonest ? ns : soonest;
	}
	return soonest;
}

static bool any_busy(const struct th_h2_session *h)
{
	for (const struct th_h2_stream *s = h->streams; s; s = s->next) {
		if (th_h2_stream_busy(s)) {
			return true;
		}
	}
	return false;
}

/* The recorded peer went when nobody had asked again for a while. */
static bool is_idle_over(struct th_h2_session *h, struct th_ending *ending, uint64_t *wait)
{
	uint64_t now = th_clock_mono();
	h->idle_since = h->idle_since ? h->idle_since : now;
	uint64_t left = th_ending_idle_left(h->c->serving, ending, now - h->idle_since);
	*wait = left && left < *wait ? left : *wait;
	ending->after = left ? TH_AFTER_KEEP : ending->then;
	return left == 0;
}

/* Should the connection end now, as the recorded one did? *wait shrinks to when to ask again. */
static bool is_over(struct th_h2_session *h, struct th_ending *ret_ending, uint64_t *wait)
{
	size_t left = h->recorded ? th_index_left_on(h->c->serving->index, h->recorded) : 0;
	if (any_busy(h) || nghttp2_session_want_write(h->ng)) {
		return false;
	}
	if (h->dying.after != TH_AFTER_KEEP) {
		uint64_t waited = th_clock_mono() - h->dying_since;
		*ret_ending = h->dying;
		uint64_t rest = waited < DYING_NS ? DYING_NS - waited : 0;
		*wait = rest < *wait ? rest : *wait;
		return left == 0 || rest == 0;
	}
	if (!h->recorded || left || h->streams) {
		h->idle_since = 0;
		return false;
	}
	*ret_ending = th_ending_of_connection(h->c->serving, h->recorded, h->last_byte);
	if (ret_ending->idle_ns) {
		return is_idle_over(h, ret_ending, wait);
	}
	return ret_ending->after != TH_AFTER_KEEP;
}

/* Waits for the agent, or until `ns` are over. 0: input may be there; 1: time is up; -1: gone. */
static int wait_for_agent(struct th_h2_session *h, bool sending, uint64_t ns)
{
	struct pollfd pfd[2] = {
		{.fd = h->c->stream.fd, .events = (short)(POLLIN | (sending ? POLLOUT : 0))},
		th_online_h2_poll(h)};
	struct timespec ts = {
		.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
	int r = ppoll(pfd, 2, ns == UINT64_MAX ? NULL : &ts, NULL);
	if (r < 0) {
		return errno == EINTR ? 1 : -1;
	}
	return r == 0 || !(pfd[0].revents & (POLLIN | POLLHUP | POLLERR)) ? 1 : 0;
}

/* Reads once. False: the agent is gone, or speaks no HTTP/2. */
static bool receive(struct th_h2_session *h, bool *ret_drained)
{
	uint8_t buf[READ_BYTES];
	ssize_t n = th_stream_read(&h->c->stream, buf, sizeof(buf));
	*ret_drained = n == -EAGAIN;
	if (n <= 0) {
		return n == -EAGAIN;
	}
	return nghttp2_session_mem_recv(h->ng, buf, (size_t)n) == n;
}

/* One turn. False: the connection is over, and *ret_ending says how it is to end. */
static bool turn(struct th_h2_session *h, bool *drained, struct th_ending *ret_ending)
{
	th_online_h2_turn(h);
	drive_streams(h);
	int sent = send_all(h);
	if (sent < 0 && sent != -EAGAIN) {
		return false;
	}
	uint64_t wait = drive_streams(h); /* sending may have brought a stream to its cut */
	uint64_t look = th_h2_taken_look(&h->taken, h->c->serving->order, &h->c->stream, sent == 0);
	wait = look < wait ? look : wait;
	if (sent == 0 && is_over(h, ret_ending, &wait)) {
		return false;
	}
	if (!nghttp2_session_want_read(h->ng) && !nghttp2_session_want_write(h->ng)) {
		ret_ending->after = TH_AFTER_NOTIFY;
		return false;
	}
	if (sent == 0 && nghttp2_session_want_write(h->ng) && !is_held(h)) {
		wait = 0;
	}
	if (*drained || !th_stream_has_input(&h->c->stream)) {
		int r = wait_for_agent(h, sent == -EAGAIN, wait);
		if (r != 0) {
			ret_ending->after = TH_AFTER_KEEP;
			return r > 0;
		}
	}
	return receive(h, drained);
}

static void run(struct th_h2_session *h)
{
	struct th_ending ending;
	bool drained = false;
	do {
		ending = (struct th_ending){.after = TH_AFTER_KEEP};
	} while (turn(h, &drained, &ending));
	if (ending.after == TH_AFTER_KEEP) {
		ending.after = TH_AFTER_FIN; /* the agent went first, or broke the protocol */
	}
	th_caller_end(h->c, &ending);
	th_tally_bytes(h->c->serving->tally, h->served);
}

static void finish(struct th_h2_session *h)
{
	while (h->streams) {
		th_h2_stream_free(h->streams);
	}
	th_online_h2_finish(h);
	nghttp2_session_del(h->ng);
	th_h2_taken_finish(&h->taken, h->c->serving->order);
}

void th_serve_h2(struct th_caller *c)
{
	struct th_h2_session h = {.c = c};
	if (th_stream_unblock(&c->stream) == 0 && make_session(&h) == 0) {
		greet(&h);
		run(&h);
	}
	finish(&h);
}

void th_serve_h2_upgraded(struct th_caller *c, const struct th_exchange *x,
	struct th_slice settings, struct th_slice early)
{
	struct th_h2_session h = {.c = c};
	if (th_stream_unblock(&c->stream) == 0 && make_session(&h) == 0 &&
		nghttp2_session_upgrade2(h.ng, settings.p, settings.n, 0, NULL) == 0) {
		struct th_h2_stream *s = th_h2_stream_new(&h, 1);
		greet(&h);
		if (s) {
			nghttp2_session_set_stream_user_data(h.ng, 1, s);
			s->head_over = true;
			s->interims = x->n_interim;
			th_h2_stream_begin(s, x);
			nghttp2_session_mem_recv(h.ng, early.p, early.n);
			run(&h);
		}
	}
	finish(&h);
}
