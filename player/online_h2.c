/* See online_h2.h. nghttp2 is the client's protocol as it is the server's towards the agent; its
 * callbacks act on the agent's session at once, since both live in one thread. Only the connecting
 * is done in another one, so that answers from the recording need not wait for it.
 *
 * Left out: trailers of requests; flow control from end to end: what the agent does not take yet
 * is kept in memory. */
#include "player/online_h2.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "player/online.h"

#define READ_BYTES 32768
#define WINDOW (4 << 20)

/* One request, and its answer as far as it came. */
struct th_online_call {
	struct th_h2_online *live;
	struct th_online_call *next;
	struct th_h2_stream *agent; /* NULL: it is over there */
	char *line;
	int32_t id; /* 0: not sent yet */
	struct th_buf request, body;
	size_t sent; /* of `body` */
	struct th_buf head, data;
	size_t given; /* of `data` */
	int status;   /* of the final answer; 0: none yet */
	bool ended, deferred, noted;
};

struct th_h2_online {
	struct th_h2_session *h;
	struct th_online_call *calls;
	bool connecting;
	pthread_t thread;
	int done; /* eventfd: the thread is */
	int result;
	nghttp2_session *ng; /* NULL: not connected */
};

/* ---- to the agent ---- */

static nghttp2_session *agent_session(const struct th_online_call *call)
{
	return call->live->h->ng;
}

static void note(struct th_online_call *call, const char *failure)
{
	if (!call->noted) {
		th_online_note(call->live->h->c, call->line ? call->line : "a request",
			failure ? 0 : call->status, failure);
	}
	call->noted = true;
}

static void resume(struct th_online_call *call)
{
	if (call->agent && call->deferred) {
		call->deferred = false;
		nghttp2_session_resume_data(agent_session(call), call->agent->id);
	}
}

static void submit_trailer(struct th_online_call *call)
{
	struct th_h2_fields f;
	struct th_head head = {.bytes = th_buf_view(&call->head), .list = true};
	if (th_h2_fields_make(&head, true, &f)) {
		nghttp2_submit_trailer(agent_session(call), call->agent->id, f.nv, f.n);
		free(f.nv);
	}
}

static ssize_t read_live(nghttp2_session *ng, int32_t id, uint8_t *buf, size_t length,
	uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct th_online_call *call = source->ptr;
	size_t left = call->data.n - call->given, n = left < length ? left : length;
	if (n) {
		memcpy(buf, call->data.p + call->given, n);
		call->given += n;
	}
	if (call->given == call->data.n) {
		call->given = call->data.n = 0;
	}
	if (call->data.n == 0 && call->ended) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		if (call->head.n) {
			*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
			submit_trailer(call);
		}
		return (ssize_t)n;
	}
	call->deferred = n == 0;
	return n ? (ssize_t)n : NGHTTP2_ERR_DEFERRED;
}

static void give_head(struct th_online_call *call, bool last)
{
	struct th_h2_fields f;
	struct th_head head = {.bytes = th_buf_view(&call->head), .list = true};
	nghttp2_data_provider data = {.source.ptr = call, .read_callback = read_live};
	int status = th_head_status(&head);
	bool interim = status < 200 && !last;
	if (!call->agent || !th_h2_fields_make(&head, true, &f)) {
		return;
	}
	if (!interim) {
		call->status = status;
		nghttp2_submit_response(
			agent_session(call), call->agent->id, f.nv, f.n, last ? NULL : &data);
	} else if (status != 100 || !call->agent->continued) {
		nghttp2_submit_headers(agent_session(call), NGHTTP2_FLAG_NONE, call->agent->id,
			NULL, f.nv, f.n, NULL);
	}
	free(f.nv);
	call->head.n = 0;
}

/* No answer, or no more of it: the agent's stream ends with `code`. */
static void fail(struct th_online_call *call, uint32_t code, const char *why)
{
	note(call, why);
	if (call->agent) {
		nghttp2_submit_rst_stream(
			agent_session(call), NGHTTP2_FLAG_NONE, call->agent->id, code);
		call->agent->live = NULL;
		call->agent = NULL;
	}
}

/* ---- from the server ---- */

static struct th_online_call *call_of(nghttp2_session *ng, int32_t id)
{
	return nghttp2_session_get_stream_user_data(ng, id);
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_n, const uint8_t *value, size_t value_n, uint8_t flags, void *arg)
{
	struct th_online_call *call = call_of(ng, frame->hd.stream_id);
	bool taken = !call ||
		th_h2_head_add(&call->head, (struct th_slice){name, name_n},
			(struct th_slice){value, value_n});
	return taken ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_data(
	nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *p, size_t n, void *arg)
{
	struct th_online_call *call = call_of(ng, id);
	if (call && call->agent) {
		th_buf_add(&call->data, p, n);
		resume(call);
	}
	return 0;
}

static int on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *arg)
{
	struct th_online_call *call = call_of(ng, frame->hd.stream_id);
	bool last = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
	if (!call || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)) {
		return 0;
	}
	call->ended = call->ended || last;
	if (frame->hd.type == NGHTTP2_HEADERS && call->status == 0) {
		give_head(call, last);
	}
	if (last) {
		note(call, NULL);
		resume(call);
	}
	return 0;
}

static int on_stream_close(nghttp2_session *ng, int32_t id, uint32_t code, void *arg)
{
	struct th_online_call *call = call_of(ng, id);
	if (call && !call->ended) {
		fail(call, code, "the server reset the stream");
	}
	return 0;
}

static ssize_t read_body(nghttp2_session *ng, int32_t id, uint8_t *buf, size_t length,
	uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct th_online_call *call = source->ptr;
	size_t left = call->body.n - call->sent, n = left < length ? left : length;
	memcpy(buf, call->body.p + call->sent, n);
	call->sent += n;
	*flags |= n == left ? NGHTTP2_DATA_FLAG_EOF : NGHTTP2_DATA_FLAG_NONE;
	return (ssize_t)n;
}

/* ---- the session ---- */

static void submit(struct th_online_call *call)
{
	struct th_h2_fields f;
	struct th_head head = {.bytes = th_buf_view(&call->request), .list = true};
	nghttp2_data_provider data = {.source.ptr = call, .read_callback = read_body};
	call->id = -1;
	if (th_h2_fields_make(&head, true, &f)) {
		call->id = nghttp2_submit_request(
			call->live->ng, NULL, f.nv, f.n, call->body.n ? &data : NULL, call);
		free(f.nv);
	}
	if (call->id < 0) {
		fail(call, NGHTTP2_INTERNAL_ERROR, "the request could not be sent");
	}
}

static int make_session(struct th_h2_online *l)
{
	nghttp2_session_callbacks *cb = NULL;
	nghttp2_option *option = NULL;
	const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}, {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW}};
	int r = -ENOMEM;
	if (nghttp2_session_callbacks_new(&cb) == 0 && nghttp2_option_new(&option) == 0) {
		nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
		nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
		nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
		nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
		nghttp2_option_set_no_http_messaging(option, 1); /* the agent is no stricter */
		nghttp2_option_set_max_send_header_block_length(option, 2 * TH_H2_HEAD_MAX);
		r = nghttp2_session_client_new2(&l->ng, cb, l, option) == 0 ? 0 : -ENOMEM;
	}
	nghttp2_session_callbacks_del(cb);
	nghttp2_option_del(option);
	if (r == 0) {
		nghttp2_submit_settings(l->ng, NGHTTP2_FLAG_NONE, settings, 2);
		nghttp2_session_set_local_window_size(l->ng, NGHTTP2_FLAG_NONE, 0, 4 * WINDOW);
	}
	return r;
}

/* Whoever waits for an answer loses the connection, as with the server itself. */
static void fail_all(struct th_h2_online *l, enum th_after after, const char *why)
{
	struct th_h2_session *h = l->h;
	for (struct th_online_call *call = l->calls; call; call = call->next) {
		if (call->ended || !call->agent) {
			continue;
		}
		note(call, why);
		if (h->dying.after == TH_AFTER_KEEP) {
			h->dying = (struct th_ending){.after = after, .code = ECONNRESET};
			h->dying_since = th_clock_mono();
		}
	}
}

static void drop_session(struct th_h2_online *l)
{
	const char *fault = l->h->c->up.fault;
	fail_all(l, fault ? TH_AFTER_RESET : TH_AFTER_FIN,
		fault ? fault : "the server closed the connection");
	nghttp2_session_del(l->ng);
	l->ng = NULL;
	th_upstream_close(&l->h->c->up);
}

/* ---- connecting ---- */

static void *connect_in_thread(void *arg)
{
	struct th_h2_online *l = arg;
	l->result = th_online_open(l->h->c);
	eventfd_write(l->done, 1);
	return NULL;
}

static void begin_connecting(struct th_h2_online *l)
{
	if (l->connecting || l->ng) {
		return;
	}
	l->connecting = pthread_create(&l->thread, NULL, connect_in_thread, l) == 0;
	if (!l->connecting) {
		fail_all(l, TH_AFTER_RESET, "no thread could be started");
	}
}

static void end_connecting(struct th_h2_online *l)
{
	eventfd_t value;
	if (!l->connecting || eventfd_read(l->done, &value) < 0) {
		return;
	}
	pthread_join(l->thread, NULL);
	l->connecting = false;
	if (l->result == 0 && th_stream_unblock(&l->h->c->up.stream) == 0) {
		l->result = make_session(l);
	}
	if (l->result < 0) {
		const char *why = l->h->c->live_why;
		fail_all(l, TH_AFTER_RESET, *why ? why : strerror(-l->result));
		return;
	}
	for (struct th_online_call *call = l->calls; call; call = call->next) {
		if (call->agent && call->id == 0) {
			submit(call);
		}
	}
}

static struct th_h2_online *live_of(struct th_h2_session *h)
{
	if (!h->live && (h->live = calloc(1, sizeof(*h->live)))) {
		*h->live = (struct th_h2_online){
			.h = h, .done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	}
	return h->live;
}

/* ---- the loop ---- */

static int receive(struct th_h2_online *l)
{
	uint8_t bytes[READ_BYTES];
	ssize_t n;
	while ((n = th_upstream_read(&l->h->c->up, bytes, sizeof(bytes))) > 0) {
		if (nghttp2_session_mem_recv(l->ng, bytes, (size_t)n) != n) {
			return -EPROTO;
		}
	}
	return n == -EAGAIN ? 0 : -ECONNRESET;
}

static int send_all(struct th_h2_online *l)
{
	struct th_stream *up = &l->h->c->up.stream;
	const uint8_t *p;
	ssize_t n;
	while ((n = nghttp2_session_mem_send(l->ng, &p)) > 0) {
		if (th_stream_write(up, (struct th_slice){p, (size_t)n}) < 0) {
			return -EPIPE;
		}
	}
	int r = n < 0 ? -EPIPE : th_stream_flush(up);
	return r == -EAGAIN ? 0 : r;
}

static void free_call(struct th_online_call *call)
{
	th_buf_finish(&call->request);
	th_buf_finish(&call->body);
	th_buf_finish(&call->head);
	th_buf_finish(&call->data);
	free(call->line);
	free(call);
}

/* Calls that neither side knows any more. */
static void sweep(struct th_h2_online *l)
{
	for (struct th_online_call **at = &l->calls; *at;) {
		struct th_online_call *call = *at;
		bool known = call->agent || (l->ng && call->id > 0 && call_of(l->ng, call->id));
		if (known) {
			at = &call->next;
		} else {
			*at = call->next;
			free_call(call);
		}
	}
}

void th_online_h2_turn(struct th_h2_session *h)
{
	struct th_h2_online *l = h->live;
	if (!l) {
		return;
	}
	end_connecting(l);
	if (l->ng) {
		int r = receive(l), sent = send_all(l);
		if (r < 0 || sent < 0 ||
			(!nghttp2_session_want_read(l->ng) && !nghttp2_session_want_write(l->ng))) {
			drop_session(l);
		}
	}
	sweep(l);
}

struct pollfd th_online_h2_poll(const struct th_h2_session *h)
{
	const struct th_h2_online *l = h->live;
	struct pollfd none = {.fd = -1};
	if (l && l->connecting) {
		return (struct pollfd){.fd = l->done, .events = POLLIN};
	}
	if (!l || !l->ng) {
		return none;
	}
	bool sending = h->c->up.stream.out.n > 0;
	return (struct pollfd){
		.fd = h->c->up.stream.fd, .events = (short)(POLLIN | (sending ? POLLOUT : 0))};
}

/* ---- calls ---- */

void th_online_h2_ask(struct th_h2_stream *s)
{
	struct th_h2_online *l = live_of(s->session);
	struct th_online_call *call = l ? calloc(1, sizeof(*call)) : NULL;
	if (!call) {
		nghttp2_submit_rst_stream(
			s->session->ng, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_INTERNAL_ERROR);
		return;
	}
	*call = (struct th_online_call){.live = l,
		.next = l->calls,
		.agent = s,
		.line = th_answer_request_line(&s->session->c->canon)};
	th_buf_slice(&call->request, th_buf_view(&s->head));
	call->body = s->raw;
	s->raw = (struct th_buf){0};
	s->live = call;
	l->calls = call;
	if (l->ng) {
		submit(call);
		(void)send_all(l);
	} else {
		begin_connecting(l);
	}
}

void th_online_h2_forget(struct th_h2_stream *s)
{
	struct th_online_call *call = s->live;
	if (!call) {
		return;
	}
	call->agent = NULL;
	s->live = NULL;
	/* Many leave as soon as they have all of the content. */
	note(call, call->status ? NULL : "the agent did not wait for it");
	if (call->live->ng && call->id > 0 && !call->ended) {
		nghttp2_submit_rst_stream(
			call->live->ng, NGHTTP2_FLAG_NONE, call->id, NGHTTP2_CANCEL);
	}
}

void th_online_h2_finish(struct th_h2_session *h)
{
	struct th_h2_online *l = h->live;
	if (!l) {
		return;
	}
	if (l->connecting) {
		pthread_join(l->thread, NULL);
	}
	while (l->calls) {
		struct th_online_call *call = l->calls;
		l->calls = call->next;
		free_call(call);
	}
	nghttp2_session_del(l->ng);
	close(l->done);
	free(l);
	h->live = NULL;
}
