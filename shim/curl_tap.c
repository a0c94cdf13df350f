/* See curl_tap.h.
 *
 * What is shown is sorted to connections by the socket that the thread used last: libcurl shows a
 * request right after it was sent. An exchange is taken from here only if that socket carries TLS
 * records and no tap stands above it: so nothing is recorded twice, whatever mixture of schemes,
 * proxies and libraries a transfer runs through. HTTP/1 is shown as it was on the wire, chunks and
 * all; HTTP/2 as lines and content, of which frames are made (curl_h2.h).
 *
 * Left out: handles that look up names over HTTPS (libcurl makes inner handles of its own of them,
 * which would become talkative), pushed streams, CONNECT to a proxy that itself speaks TLS, and
 * WebSocket frames that curl_ws_send() and curl_ws_recv() move. */
#include "shim/curl_tap.h"

#include <dlfcn.h>
#include <stdio.h>

#include "base/pool.h"
#include "base/text.h"
#include "capture/frame.h"
#include "recorder/gather.h"
#include "shim/curl_api.h"
#include "shim/curl_backend.h"
#include "shim/curl_h2.h"
#include "shim/hook.h"
#include "shim/sock.h"
#include "shim/tls.h"
#include "wire/head.h"

#define HEAD_MAX (256u << 10)
#define CANCEL 8 /* RFC 9113 7 */
#define INTERNAL_ERROR 2

enum shown {
	SHOWN_TEXT,
	SHOWN_HEADER_IN,
	SHOWN_HEADER_OUT,
	SHOWN_DATA_IN,
	SHOWN_DATA_OUT,
};

/* A transfer that is listened to. */
struct th_curl_tap {
	struct th_conn_ref conn;    /* of the exchange under way; none: it is recorded elsewhere */
	struct th_tls_entry *above; /* what `conn` is of */
	bool in_head;		    /* more of a request's head is to come */
	bool http2;
	bool asked;	 /* HTTP/2: the request is whole */
	bool in_answer;	 /* lines of a response's head were shown, and not its end */
	bool answered;	 /* HTTP/2: the final head was received */
	uint32_t stream; /* HTTP/2; 0: HTTP/1, or none yet */
	uint64_t left;	 /* HTTP/2: bytes of the request's content to come; UINT64_MAX: unknown */
	struct th_gather head, lines; /* of HTTP/2's request and response */
};

typedef int setopt_fn(void *easy, int option, ...);

struct functions {
	setopt_fn *setopt;
	int (*getinfo)(void *easy, int what, ...);
};

/* In the order of struct functions. */
static const char names[][TH_FUNCTION_NAME_MAX] = {"curl_easy_setopt", "curl_easy_getinfo", ""};
TH_FUNCTIONS(per_library, struct functions, names);

/* ---- the connection ---- */

static bool is_tapped(const struct th_fd *f)
{
	return f->tls && f->tls->inode == f->inode && !f->tls->of_curl;
}

static bool is_address(struct th_slice host)
{
	for (size_t i = 0; i < host.n; i++) {
		if (host.p[i] == ':' || ((host.p[i] | 32) >= 'a' && (host.p[i] | 32) <= 'z')) {
			return host.p[i] == ':';
		}
	}
	return true;
}

/* The name that was asked for: of the Host field, without its port. */
static void host_of(struct th_slice head, char ret_host[256])
{
	const struct th_head h = {.bytes = head};
	struct th_slice host = th_head_authority(&h);
	const uint8_t *colon = host.n ? memchr(host.p, ':', host.n) : NULL;
	host.n = colon ? (size_t)(colon - host.p) : host.n;
	ret_host[0] = '\0';
	if (host.n > 0 && host.n < 256 && !is_address(host)) {
		memcpy(ret_host, host.p, host.n);
		ret_host[host.n] = '\0';
	}
}

/* The connection above a socket; NULL: it is not for us. */
static struct th_tls_entry *entry_above(struct th_fd *f, int fd, struct th_slice head, bool http2)
{
	char host[256];
	if (f->tls && f->tls->of_curl && f->tls->inode == f->inode) {
		return f->tls;
	}
	struct th_tls_entry *e = th_tls_table_find(f);
	if (e) {
		th_tls_gone(e); /* of another socket, whose end went unseen */
	}
	e = th_tls_table_add(f);
	if (!e) {
		return NULL;
	}
	host_of(head, host);
	e->of_curl = true;
	th_tls_begin(e,
		&(struct th_tls_facts){.transport = TH_TRANSPORT_CURL,
			.fd = fd,
			.sni = host,
			.alpn = http2 ? TH_SLICE_LIT("h2") : (struct th_slice){NULL, 0}});
	return e;
}

static struct th_tls_entry *entry_of_last(struct th_slice head, bool http2)
{
	struct th_fd *f = th_sock_last();
	if (!f || is_tapped(f) || !th_conn_carries_tls(f->conn)) {
		return NULL;
	}
	return entry_above(f, th_thread.last_socket - 1, head, http2);
}

/* ---- HTTP/2 ---- */

static bool first_line_ends(struct th_slice head, const char *with)
{
	const uint8_t *end = head.n ? memchr(head.p, '\r', head.n) : NULL;
	size_t n = end ? (size_t)(end - head.p) : 0, m = strlen(with);
	return n > m && memcmp(head.p + n - m, with, m) == 0;
}

static bool begins(struct th_slice s, const char *with)
{
	return s.n >= strlen(with) && memcmp(s.p, with, strlen(with)) == 0;
}

static bool is_whole(struct th_slice head)
{
	return head.n >= 4 && memcmp(head.p + head.n - 4, "\r\n\r\n", 4) == 0;
}

/* How much content follows the head: what it says, none, or nobody knows. */
static uint64_t content_of(struct th_slice head)
{
	const struct th_head h = {.bytes = head};
	struct th_slice text;
	uint64_t n;
	if (th_head_get(&h, "content-length", &text) && th_parse_u64(text, &n)) {
		return n;
	}
	bool sends = begins(head, "POST ") || begins(head, "PUT ") || begins(head, "PATCH ");
	return sends ? UINT64_MAX : 0;
}

static void h2_ask(struct th_curl_tap *t, struct th_slice head)
{
	struct th_tls_entry *e = t->above;
	if (!e->http2) {
		e->http2 = true;
		th_curl_h2_begin(e->conn);
	}
	t->stream = 2 * e->streams++ + 1;
	t->left = content_of(head);
	t->asked = t->left == 0;
	t->answered = false;
	th_curl_h2_head(e->conn, t->stream, true, head, t->asked);
}

static void h2_send(struct th_curl_tap *t, struct th_slice bytes)
{
	if (t->left != UINT64_MAX) {
		t->left -= bytes.n < t->left ? bytes.n : t->left;
	}
	t->asked = t->left == 0;
	th_curl_h2_data(t->conn, t->stream, true, bytes, t->asked);
}

static void h2_asked(struct th_curl_tap *t)
{
	if (!t->asked) {
		t->asked = true;
		th_curl_h2_data(t->conn, t->stream, true, (struct th_slice){NULL, 0}, true);
	}
}

/* A line of the response's head, or of its trailer. */
static void h2_line(struct th_curl_tap *t, struct th_slice line)
{
	bool blank = line.n <= 2;
	if (t->answered && t->lines.n == 0 && !blank) {
		(void)th_gather_add(&t->lines, TH_SLICE_LIT("trailer\r\n"), HEAD_MAX);
	}
	(void)th_gather_add(&t->lines, line, HEAD_MAX);
	if (!blank || t->answered) {
		return;
	}
	struct th_slice lines = th_gather_slice(&t->lines);
	bool interim = begins(lines, "HTTP/2 1");
	th_curl_h2_head(t->conn, t->stream, false, lines, false);
	t->answered = !interim;
	th_gather_free(&t->lines);
}

/* The exchange under way is over for libcurl. */
static void h2_finish(struct th_curl_tap *t, int result)
{
	if (!t->stream) {
		return;
	}
	if (result == TH_CURL_OK && t->answered) {
		struct th_slice trailer = th_gather_slice(&t->lines);
		h2_asked(t);
		if (begins(trailer, "trailer\r\n")) {
			th_curl_h2_head(t->conn, t->stream, false, trailer, true);
		} else {
			th_curl_h2_data(
				t->conn, t->stream, false, (struct th_slice){NULL, 0}, true);
		}
	} else {
		bool by_peer = result == TH_CURLE_HTTP2_STREAM;
		th_curl_h2_reset(t->conn, t->stream, !by_peer, by_peer ? INTERNAL_ERROR : CANCEL);
	}
	t->stream = 0;
	th_gather_free(&t->lines);
}

/* ---- what libcurl shows ---- */

static void forget_exchange(struct th_curl_tap *t)
{
	t->conn = (struct th_conn_ref){NULL, 0};
	t->http2 = false;
	t->stream = 0;
}

/* A request's head, or its first part. */
static void new_request(struct th_curl_tap *t, struct th_slice bytes)
{
	bool http2 = first_line_ends(bytes, " HTTP/2");
	h2_finish(t, TH_CURL_OK);
	forget_exchange(t);
	/* A proxy's own business is plain on the socket, HTTP/3 is not on a stream. */
	bool aside = begins(bytes, "CONNECT ") || first_line_ends(bytes, " HTTP/3");
	struct th_tls_entry *e = aside ? NULL : entry_of_last(bytes, http2);
	t->in_head = !is_whole(bytes);
	t->in_answer = false;
	if (!e) {
		return;
	}
	t->conn = e->conn;
	t->above = e;
	t->http2 = http2;
}

/* HTTP/2's is made a frame when it is whole. */
static void sent_head(struct th_curl_tap *t, struct th_slice bytes)
{
	if (!t->in_head) {
		new_request(t, bytes);
	} else {
		t->in_head = !is_whole(bytes);
	}
	if (!t->http2) {
		th_conn_sent(t->conn, bytes.p, bytes.n);
		return;
	}
	struct th_slice head;
	if (!th_gather_join(&t->head, bytes, !t->in_head, HEAD_MAX, &head)) {
		forget_exchange(t);
	} else if (!t->in_head) {
		h2_ask(t, head);
		th_gather_free(&t->head);
	}
}

static void received_line(struct th_curl_tap *t, struct th_slice line)
{
	if (t->stream) {
		h2_line(t, line);
	} else {
		th_conn_received(t->conn, line.p, line.n);
	}
}

/* libcurl keeps the empty line behind an interim response to itself. */
static void received_head(struct th_curl_tap *t, struct th_slice line)
{
	if (t->in_answer && begins(line, "HTTP/")) {
		received_line(t, TH_SLICE_LIT("\r\n"));
	}
	received_line(t, line);
	t->in_answer = line.n > 2;
}

static void told(struct th_curl_tap *t, enum shown what, struct th_slice bytes)
{
	switch (what) {
	case SHOWN_HEADER_OUT:
		sent_head(t, bytes);
		break;
	case SHOWN_DATA_OUT:
		if (t->stream) {
			h2_send(t, bytes);
		} else {
			th_conn_sent(t->conn, bytes.p, bytes.n);
		}
		break;
	case SHOWN_HEADER_IN:
		received_head(t, bytes);
		break;
	case SHOWN_DATA_IN:
		if (t->stream) {
			th_curl_h2_data(t->conn, t->stream, false, bytes, false);
		} else {
			th_conn_received(t->conn, bytes.p, bytes.n);
		}
		break;
	default:
		break;
	}
}

/* Not imported: every program would pay for it. */
static FILE *standard_error(void)
{
	return *(FILE **)th_slot_symbol(RTLD_DEFAULT, "stderr");
}

/* What libcurl does by itself for a handle that is verbose and has no callback. */
static int show_by_default(const struct th_curl_handle *h, enum shown what, char *data, size_t n)
{
	static const char marks[3][3] = {"* ", "< ", "> "};
	FILE *to = h->errors ? h->errors : standard_error();
	if (what <= SHOWN_HEADER_OUT) {
		fwrite(marks[what], 2, 1, to);
		fwrite(data, n, 1, to);
	}
	return 0;
}

static int on_debug(void *easy, int what, char *data, size_t n, void *ctx)
{
	const struct th_curl_handle *h = th_curl_handle_find(easy);
	if (!h) {
		return 0;
	}
	TH_RECORD(h->tap && n > 0,
		told(h->tap, (enum shown)what, (struct th_slice){(const uint8_t *)data, n}));
	if (!h->verbose) {
		return 0;
	}
	return h->debug ? h->debug(easy, what, data, n, h->debug_data)
			: show_by_default(h, (enum shown)what, data, n);
}

/* ---- beginning and end ---- */

void th_curl_tap_begin(const struct th_library *lib, struct th_curl_handle *h)
{
	if (h->tap || h->asks_doh || !th_curl_untapped(lib)) {
		return;
	}
	const struct functions *f = th_library_functions(&per_library, names, lib);
	h->tap = f ? th_pool_alloc(sizeof(*h->tap)) : NULL;
	if (!h->tap) {
		return;
	}
	void *easy = (void *)(uintptr_t)atomic_load(&h->easy);
	(void)f->setopt(easy, TH_CURLOPT_DEBUGFUNCTION, on_debug);
	(void)f->setopt(easy, TH_CURLOPT_VERBOSE, 1L);
}

static void set_agents(const struct functions *f, const struct th_curl_handle *h, void *easy)
{
	(void)f->setopt(easy, TH_CURLOPT_VERBOSE, (long)h->verbose);
	(void)f->setopt(easy, TH_CURLOPT_DEBUGFUNCTION, h->debug);
	(void)f->setopt(easy, TH_CURLOPT_DEBUGDATA, h->debug_data);
}

void th_curl_tap_end(const struct th_library *lib, struct th_curl_handle *h, int result)
{
	const struct functions *f = h->tap ? th_library_functions(&per_library, names, lib) : NULL;
	if (!f) {
		return;
	}
	h2_finish(h->tap, result);
	th_gather_free(&h->tap->head);
	th_gather_free(&h->tap->lines);
	th_pool_free(h->tap, sizeof(*h->tap));
	h->tap = NULL;
	set_agents(f, h, (void *)(uintptr_t)atomic_load(&h->easy));
}

bool th_curl_tap_holds(const void *easy, int option)
{
	if (option != TH_CURLOPT_VERBOSE && option != TH_CURLOPT_DEBUGFUNCTION &&
		option != TH_CURLOPT_DEBUGDATA) {
		return false;
	}
	const struct th_curl_handle *h = th_curl_handle_find(easy);
	return h && h->tap;
}

void th_curl_tap_copied(const struct th_library *lib, const struct th_curl_handle *h, void *copy)
{
	const struct functions *f = h->tap ? th_library_functions(&per_library, names, lib) : NULL;
	if (f) {
		set_agents(f, h, copy);
	}
}

void th_curl_tap_moved(const struct th_library *lib, void *easy, bool sent, const void *p, size_t n)
{
	const struct functions *f = th_curl_untapped(lib)
		? th_library_functions(&per_library, names, lib)
		: NULL;
	const struct th_curl_handle *h = th_curl_handle_find(easy);
	int fd = th_thread.last_socket - 1;
	if (!f || !h) {
		return;
	}
	/* Under the agent's own locks libcurl would look for it (curl.c). */
	if (!h->shares && f->getinfo(easy, TH_CURLINFO_ACTIVESOCKET, &fd) != TH_CURL_OK) {
		return;
	}
	struct th_fd *s = th_fd_get(fd);
	if (!s || is_tapped(s) || !th_conn_carries_tls(s->conn)) {
		return;
	}
	struct th_tls_entry *e = entry_above(s, fd, (struct th_slice){p, sent ? n : 0}, false);
	if (e && sent) {
		th_conn_sent(e->conn, p, n);
	} else if (e) {
		th_conn_received(e->conn, p, n);
	}
}
