#include "trace/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "trace/tunnel.h"
#include "wire/chunked.h"
#include "wire/coding.h"

/* ---- the request's address ---- */

static bool request_line(
	const struct th_exchange *x, struct th_slice *ret_method, struct th_slice *ret_target)
{
	return x->request.head.bytes.n > 0 &&
		th_head_request(&x->request.head, ret_method, ret_target);
}

struct th_slice th_http_method(const struct th_exchange *x)
{
	struct th_slice method, target;
	return request_line(x, &method, &target) ? method : (struct th_slice){NULL, 0};
}

static struct th_slice raw_target(const struct th_exchange *x)
{
	struct th_slice method, target;
	return request_line(x, &method, &target) ? target : (struct th_slice){NULL, 0};
}

/* Length of "scheme://" in an absolute target; 0: it is none. */
static size_t scheme_length(struct th_slice target)
{
	if (target.n >= 7 &&
		th_slice_ieq((struct th_slice){target.p, 7}, TH_SLICE_LIT("http://"))) {
		return 7;
	}
	if (target.n >= 8 &&
		th_slice_ieq((struct th_slice){target.p, 8}, TH_SLICE_LIT("https://"))) {
		return 8;
	}
	return 0;
}

/* The authority of an absolute target, without userinfo; *ret_rest: what follows. */
static struct th_slice absolute_authority(struct th_slice target, struct th_slice *ret_rest)
{
	size_t from = scheme_length(target);
	size_t to = from;
	while (to < target.n && !strchr("/?#", target.p[to])) {
		to++;
	}
	*ret_rest = (struct th_slice){target.p + to, target.n - to};
	for (size_t i = from; i < to; i++) {
		from = target.p[i] == '@' ? i + 1 : from;
	}
	return (struct th_slice){target.p + from, to - from};
}

/* To a proxy. An extended CONNECT (RFC 8441) names its protocol, and asks a server for a path. */
static bool is_connect(const struct th_exchange *x)
{
	struct th_slice protocol;
	if (x->request.head.list && th_head_get(&x->request.head, ":protocol", &protocol)) {
		return false;
	}
	return th_slice_eq(th_http_method(x), TH_SLICE_LIT("CONNECT"));
}

/* Who is asked over a Unix socket is told by its path: the Host field says nothing there. A proxy
 * that listens on one is asked for absolute targets. */
static bool is_unix(const struct th_exchange *x)
{
	const struct th_connection *c = x->connection;
	return c && c->family == 1 && c->name.n && !is_connect(x) && !scheme_length(raw_target(x));
}

const char *th_http_scheme(const struct th_exchange *x)
{
	struct th_slice target = raw_target(x), scheme;
	if (scheme_length(target)) {
		return scheme_length(target) == 8 ? "https" : "http";
	}
	if (is_unix(x)) {
		return x->connection->transport == TH_TRANSPORT_PLAIN ? "http+unix" : "https+unix";
	}
	if (x->request.head.list && th_head_get(&x->request.head, ":scheme", &scheme)) {
		return th_slice_ieq(scheme, TH_SLICE_LIT("http")) ? "http" : "https";
	}
	return x->connection && x->connection->transport != TH_TRANSPORT_PLAIN ? "https" : "http";
}

struct th_slice th_http_target(const struct th_exchange *x)
{
	struct th_slice target = raw_target(x);
	if (scheme_length(target)) {
		absolute_authority(target, &target);
	}
	return target.n ? target : TH_SLICE_LIT("/");
}

static struct th_slice default_port(const char *scheme)
{
	return strcmp(scheme, "https") == 0 ? TH_SLICE_LIT(":443") : TH_SLICE_LIT(":80");
}

static bool ends_with(struct th_slice s, struct th_slice end)
{
	return s.n > end.n && th_slice_eq((struct th_slice){s.p + s.n - end.n, end.n}, end);
}

/* Lower case, and without the scheme's own port; no scheme: with any port. */
static char *normalised(struct th_slice authority, const char *scheme)
{
	if (scheme && ends_with(authority, default_port(scheme))) {
		authority.n -= default_port(scheme).n;
	}
	char *text = malloc(authority.n + 1);
	if (text) {
		for (size_t i = 0; i < authority.n; i++) {
			text[i] = (char)th_lower(authority.p[i]);
		}
		text[authority.n] = '\0';
	}
	return text;
}

static char *address_text(const struct th_connection *c, char *ret_text, size_t cap)
{
	char ip[INET6_ADDRSTRLEN] = "unknown";
	if (c->family == 4) {
		inet_ntop(AF_INET, c->address, ip, sizeof(ip));
	} else if (c->family == 6) {
		inet_ntop(AF_INET6, c->address, ip, sizeof(ip));
	}
	snprintf(ret_text, cap, c->family == 6 ? "[%s]" : "%s", c->family == 1 ? "localhost" : ip);
	return ret_text;
}

/* No head says it: the connection's names and port do. */
static char *authority_of_connection(const struct th_connection *c, const char *scheme)
{
	char address[INET6_ADDRSTRLEN + 2];
	struct th_slice host = c->sni.n ? c->sni : c->name;
	if (host.n == 0) {
		host = th_slice_str(address_text(c, address, sizeof(address)));
	}
	if (c->family == 1 || c->port == 0) {
		return normalised(host, scheme);
	}
	th_auto_free char *text = NULL;
	int n = asprintf(&text, "%.*s:%u", (int)host.n, (const char *)host.p, c->port);
	if (n < 0) {
		text = NULL;
		return NULL;
	}
	return normalised((struct th_slice){(uint8_t *)text, (size_t)n}, scheme);
}

/* The path as an authority: all but what RFC 3986 2.3 leaves alone is percent-encoded. */
static char *encoded(struct th_slice path)
{
	static const char hex[] = "0123456789ABCDEF";
	char *text = malloc(3 * path.n + 1), *at = text;
	for (size_t i = 0; text && i < path.n; i++) {
		uint8_t b = path.p[i];
		bool letter = (th_lower(b) >= 'a' && th_lower(b) <= 'z') || (b >= '0' && b <= '9');
		if (letter || (b && strchr("-._~", b))) {
			*at++ = (char)b;
		} else {
			*at++ = '%';
			*at++ = hex[b >> 4];
			*at++ = hex[b & 15];
		}
	}
	if (text) {
		*at = '\0';
	}
	return text;
}

char *th_http_authority(const struct th_exchange *x)
{
	if (is_unix(x)) {
		return encoded(x->connection->name);
	}
	struct th_slice target = raw_target(x), rest;
	struct th_slice host = {NULL, 0};
	const char *scheme = th_http_scheme(x);
	if (is_connect(x)) {
		return normalised(target.n ? target : th_head_authority(&x->request.head), NULL);
	}
	if (scheme_length(target)) {
		host = absolute_authority(target, &rest);
	}
	if (host.n == 0 && x->request.head.bytes.n) {
		host = th_head_authority(&x->request.head);
	}
	if (host.n == 0 && x->connection) {
		return authority_of_connection(x->connection, scheme);
	}
	return normalised(host.n ? host : TH_SLICE_LIT("unknown"), scheme);
}

char *th_http_url(const struct th_exchange *x)
{
	th_auto_free char *authority = th_http_authority(x);
	struct th_slice target = th_http_target(x);
	char *url = NULL;
	if (!authority || is_connect(x)) {
		return th_steal(&authority);
	}
	const char *slash = target.p[0] == '/' ? "" : "/"; /* "*", and "?…" of an absolute target */
	if (asprintf(&url, "%s://%s%s%.*s", th_http_scheme(x), authority, slash, (int)target.n,
		    (const char *)target.p) < 0) {
		return NULL;
	}
	return url;
}

/* ---- how it went ---- */

uint16_t th_http_status(const struct th_exchange *x)
{
	return x->response.head.bytes.n ? th_head_status(&x->response.head) : 0;
}

const char *th_http_version(uint8_t version)
{
	switch (version) {
	case 10:
		return "1.0";
	case 20:
		return "2";
	default:
		return "1.1";
	}
}

/* An HTTP/1 message that says neither its length nor its chunks lasts until the peer closes. */
static bool is_until_close(const struct th_message *m)
{
	struct th_slice value;
	return m->head_done && !m->head.list && !th_head_get(&m->head, "content-length", &value) &&
		!th_head_get(&m->head, "transfer-encoding", &value);
}

bool th_http_has_promised_length(const struct th_message *m)
{
	struct th_slice value;
	uint64_t length;
	bool aborted = m->finished && m->end == TH_END_STREAM_RESET;
	return !aborted && m->head.list && th_head_get(&m->head, "content-length", &value) &&
		th_parse_u64(value, &length) && length == th_message_bytes(m);
}

bool th_http_truncated(const struct th_message *m)
{
	if (!m->present || (m->head_done && th_http_has_promised_length(m))) {
		return false;
	}
	if (m->sha256 && m->end == TH_END_WITHHELD) {
		return !m->hashed_whole;
	}
	if (!m->finished) {
		return true;
	}
	if (m->end == TH_END_FIN || m->end == TH_END_NOTIFY) {
		return !is_until_close(m);
	}
	if (m->end == TH_END_LOCAL && m->tunnel) {
		return !th_tunnel_was_over(m);
	}
	return m->end != TH_END_COMPLETE;
}

static const char *why_cut(const struct th_message *m)
{
	if (!m->finished) {
		return "its end was not recorded";
	}
	switch (m->end) {
	case TH_END_FIN:
	case TH_END_NOTIFY:
		return "the peer closed the connection early";
	case TH_END_RESET:
		return "the connection was reset";
	case TH_END_STREAM_RESET:
		return "the peer reset the stream";
	case TH_END_LOCAL:
	case TH_END_LOCAL_RESET:
		return "the program gave it up";
	case TH_END_GOAWAY:
		return "the peer went away without processing it";
	case TH_END_TLS:
		return "the TLS handshake failed";
	case TH_END_ALERT:
		return "the peer ended the TLS session by an alert";
	case TH_END_UNPARSED:
		return "it was not valid HTTP";
	case TH_END_WITHHELD:
		return m->sha256 ? "its end was not seen"
				 : "its body was withheld by redaction rules";
	default:
		return "the connection failed";
	}
}

static const char *fault_of(const struct th_exchange *x)
{
	uint16_t status = th_http_status(x);
	if (!x->response.present) {
		return th_http_truncated(&x->request) ? why_cut(&x->request) : "no response came";
	}
	if (th_http_truncated(&x->response)) {
		return why_cut(&x->response);
	}
	if (status == 0) {
		return "no response came";
	}
	if (status >= 400) {
		return "the response is an error";
	}
	return th_http_truncated(&x->request) ? "the request was not sent whole" : "";
}

const char *th_http_outcome(const struct th_exchange *x, const char **ret_why)
{
	const char *why = fault_of(x);
	if (ret_why) {
		*ret_why = why;
	}
	return why[0] ? "error" : "ok";
}

uint64_t th_http_ttfb(const struct th_exchange *x)
{
	const struct th_message *q = &x->request, *a = &x->response;
	if (!q->present || !a->present) {
		return 0;
	}
	uint64_t sent = q->n_pieces ? q->pieces[q->n_pieces - 1].time : q->began;
	return a->began > sent ? a->began - sent : 0;
}

/* ---- bodies ---- */

struct body {
	uint8_t *p;
	size_t n, cap;
};

static void append(void *ctx, struct th_slice piece)
{
	struct body *b = ctx;
	size_t n = piece.n < b->cap - b->n ? piece.n : b->cap - b->n;
	if (n) {
		memcpy(b->p + b->n, piece.p, n);
	}
	b->n += n;
}

/* The pieces as one; what is over the limit is left out. */
static int join(const struct th_message *m, struct body *ret_body)
{
	size_t n = m->body_bytes < TH_BODY_LIMIT ? (size_t)m->body_bytes : TH_BODY_LIMIT;
	struct body b = {malloc(n + 1), 0, n};
	if (!b.p) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < m->n_pieces; i++) {
		append(&b, m->pieces[i].bytes);
	}
	*ret_body = b;
	return m->body_bytes > n ? -E2BIG : 0;
}

/* Takes the chunk framing off. */
static int unchunk(struct body *b)
{
	struct body content = {malloc(b->n + 1), 0, b->n};
	if (!content.p) {
		return -ENOMEM;
	}
	int r = th_chunked_decode((struct th_slice){b->p, b->n}, append, &content, NULL);
	free(b->p);
	*b = content;
	return r == -EAGAIN ? -EBADMSG : r;
}

static int undo_codings(const struct th_message *m, struct body *b)
{
	struct th_slice codings;
	uint8_t *p = NULL;
	size_t n = 0;
	if (b->n == 0 || !th_head_get(&m->head, "content-encoding", &codings)) {
		return 0;
	}
	int r = th_coding_decode(
		codings, (struct th_slice){b->p, b->n}, th_http_decoded_limit(b->n), &p, &n);
	if (r == -ENOTSUP || r == -ENOMEM) {
		return r; /* the bytes as they came are what could be read */
	}
	free(b->p);
	*b = (struct body){p, n, n};
	return r;
}

bool th_http_body_agrees(const struct th_message *m, struct th_slice sent, size_t *ret_known)
{
	size_t at = 0;
	for (size_t i = 0; i < m->n_pieces && at < sent.n; i++) {
		struct th_slice piece = m->pieces[i].bytes;
		size_t n = piece.n < sent.n - at ? piece.n : sent.n - at;
		if (n && memcmp(piece.p, sent.p + at, n) != 0) {
			return false;
		}
		at += n;
	}
	*ret_known = at;
	return true;
}

int th_http_body(const struct th_message *m, bool decode, uint8_t **ret_bytes, size_t *ret_n)
{
	struct body b = {NULL, 0, 0};
	int r = join(m, &b);
	if (!b.p) {
		return r;
	}
	bool has_head = m->head.bytes.n > 0;
	if (has_head && !m->head.list &&
		th_head_has_token(&m->head, "transfer-encoding", "chunked")) {
		int e = unchunk(&b);
		r = r ? r : e;
	}
	if (has_head && decode) {
		int e = undo_codings(m, &b);
		r = r ? r : e;
	}
	*ret_bytes = b.p;
	*ret_n = b.n;
	return r;
}
