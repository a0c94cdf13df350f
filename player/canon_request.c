/* See canon_request.h. SHA-256 is why no canonical text is kept beside 100,000 fingerprints: equal
 * digests are taken for equal requests. */
#include "player/canon_request.h"

#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "capture/secret.h"
#include "player/canon_fields.h"
#include "player/script.h"
#include "trace/http.h"
#include "trace/tunnel.h"

#define FIELDS_MAX 512

struct fields {
	struct th_field f[FIELDS_MAX];
	size_t n;
};

static EVP_MD *sha256;

static void fetch_sha256(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

/* The digest of the text so far; the kind tells a JSON body from a raw one with the same text. */
static int take(struct th_canon *c, uint8_t kind, struct th_fingerprint *ret)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, fetch_sha256);
	th_buf_u8(&c->text, kind);
	if (c->text.failed || !EVP_Digest(c->text.p, c->text.n, ret->bytes, NULL, sha256, NULL)) {
		return -ENOMEM;
	}
	c->text.n--;
	return 0;
}

/* Writes the query without its credentials; the order stays. */
static void add_query(struct th_slice query, struct th_buf *out)
{
	size_t from = 0, start = out->n;
	for (size_t i = 0; i <= query.n; i++) {
		if (i < query.n && query.p[i] != '&') {
			continue;
		}
		struct th_slice pair = {query.p + from, i - from};
		const uint8_t *eq = pair.n ? memchr(pair.p, '=', pair.n) : NULL;
		struct th_slice name = {pair.p, eq ? (size_t)(eq - pair.p) : pair.n};
		if (!th_canon_param_ignored(name)) {
			if (out->n > start) {
				th_buf_u8(out, '&');
			}
			th_buf_slice(out, pair);
		}
		from = i + 1;
	}
}

static void add_word(struct th_buf *b, struct th_slice s)
{
	th_buf_slice(b, s);
	th_buf_u8(b, 0);
}

static int compare_names(struct th_slice a, struct th_slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	for (size_t i = 0; i < n; i++) {
		int d = th_lower(a.p[i]) - th_lower(b.p[i]);
		if (d) {
			return d;
		}
	}
	return a.n == b.n ? 0 : a.n < b.n ? -1 : 1;
}

/* Insertion keeps the order of equal names, and requests have few fields. */
static int gather_fields(const struct th_head *head, struct fields *fields)
{
	size_t pos = 0;
	struct th_field f;
	while (th_head_next(head, &pos, &f)) {
		if ((f.name.n && f.name.p[0] == ':') || th_canon_field_ignored(f.name)) {
			continue;
		}
		if (fields->n == FIELDS_MAX) {
			return -EINVAL;
		}
		size_t i = fields->n++;
		while (i > 0 && compare_names(fields->f[i - 1].name, f.name) > 0) {
			fields->f[i] = fields->f[i - 1];
			i--;
		}
		fields->f[i] = f;
	}
	return 0;
}

static int add_fields(const struct th_head *head, struct th_buf *out)
{
	struct fields fields;
	fields.n = 0; /* the rest is 16 KB, and needs no clearing */
	int r = gather_fields(head, &fields);
	for (size_t i = 0; r == 0 && i < fields.n; i++) {
		const struct th_field *f = &fields.f[i];
		for (size_t k = 0; k < f->name.n; k++) {
			th_buf_u8(out, th_lower(f->name.p[k]));
		}
		th_buf_str(out, ": ");
		if (th_slice_ieq(f->name, TH_SLICE_LIT("content-type"))) {
			th_canon_content_type(f->value, out);
		} else {
			th_buf_slice(out, f->value);
		}
		th_buf_u8(out, '\n');
	}
	return r;
}

/* Where a Host field does not name the port that was connected to, the port tells apart two servers
 * that are addressed alike. Not through a proxy, whose port says nothing; not under TLS, where the
 * certificate tells whom one speaks to, and the port is not always known (memory BIOs). */
static void add_unnamed_port(const struct th_exchange *x, const char *authority, struct th_buf *out)
{
	const struct th_connection *c = x->connection;
	struct th_slice target = {NULL, 0}, method;
	const char *colon = strrchr(authority, ':'), *bracket = strrchr(authority, ']');
	if (!c || c->transport != TH_TRANSPORT_PLAIN || !c->port ||
		(c->family != 4 && c->family != 6) ||
		!th_head_request(&x->request.head, &method, &target) || !target.n ||
		target.p[0] != '/') {
		return;
	}
	unsigned long named = colon && (!bracket || colon > bracket) ? strtoul(colon + 1, NULL, 10)
								     : 80;
	if (named != c->port) {
		th_buf_fmt(out, "(:%u)", c->port);
	}
}

static int make_head(const struct th_exchange *x, struct th_canon *c)
{
	struct th_buf *b = &c->text;
	th_auto_free char *authority = th_http_authority(x);
	struct th_slice target = th_http_target(x);
	if (!authority) {
		return -EINVAL;
	}
	add_word(b, th_http_method(x));
	add_word(b, th_slice_str(th_http_scheme(x)));
	th_buf_str(b, authority);
	add_unnamed_port(x, authority, b);
	th_buf_u8(b, 0);
	c->path_at = b->n;
	const uint8_t *mark = target.n ? memchr(target.p, '?', target.n) : NULL;
	size_t path_n = mark ? (size_t)(mark - target.p) : target.n;
	add_word(b, (struct th_slice){target.p, path_n});
	int r = take(c, 'e', &c->endpoint);
	c->query_at = b->n;
	if (mark && path_n + 1 == target.n) {
		th_buf_u8(b, '?'); /* an empty query is another URL than none (RFC 3986 6.2.3) */
	} else if (mark) {
		add_query((struct th_slice){mark + 1, target.n - path_n - 1}, b);
	}
	th_buf_u8(b, 0);
	c->fields_at = b->n;
	if (r == 0) {
		r = add_fields(&x->request.head, b);
	}
	th_buf_u8(b, 0);
	return r < 0 ? r : take(c, 'h', &c->head);
}

static void add_credential(struct th_slice name, struct th_slice value, struct th_buf *out)
{
	for (size_t i = 0; i < name.n; i++) {
		th_buf_u8(out, th_lower(name.p[i]));
	}
	th_buf_u8(out, 0);
	th_buf_slice(out, value);
	th_buf_u8(out, 0);
}

static void add_secret_params(struct th_slice target, struct th_buf *out)
{
	const uint8_t *p = target.n ? memchr(target.p, '?', target.n) : NULL;
	const uint8_t *end = target.p + target.n;
	while (p && ++p <= end) {
		const uint8_t *next = p < end ? memchr(p, '&', (size_t)(end - p)) : NULL;
		const uint8_t *stop = next ? next : end;
		const uint8_t *eq = p < stop ? memchr(p, '=', (size_t)(stop - p)) : NULL;
		struct th_slice name = {p, (size_t)((eq ? eq : stop) - p)};
		if (eq && th_canon_param_ignored(name)) {
			add_credential(name, (struct th_slice){eq, (size_t)(stop - eq)}, out);
		}
		p = next;
	}
}

/* Of the head: name NUL value NUL each. */
static void add_credentials(const struct th_exchange *x, struct th_buf *out)
{
	struct th_field f;
	size_t pos = 0;
	out->n = 0;
	out->failed = false;
	add_secret_params(th_http_target(x), out);
	while (th_head_next(&x->request.head, &pos, &f)) {
		if (th_secret_is_field(f.name)) {
			add_credential(f.name, f.value, out);
		}
	}
}

/* ---- the head before ---- */

static bool is_remembered(const struct th_exchange *x, const struct th_canon_memo *m)
{
	const struct th_head *head = &x->request.head;
	struct th_head_again again;
	if (!m->set || m->list != head->list || m->where != x->connection ||
		(m->where && memcmp(&m->connection, m->where, sizeof(m->connection)) != 0)) {
		return false;
	}
	if (!head->list && th_head_again(th_buf_view(&m->bytes), m->line, head->bytes, &again) &&
		again.n == head->bytes.n) {
		return true; /* mostly, and without looking for the line */
	}
	return th_same_head(head->bytes, th_length_line(head), th_buf_view(&m->bytes), m->line);
}

static void recall(const struct th_canon_memo *m, struct th_canon *c)
{
	th_buf_slice(&c->text, th_buf_view(&m->text));
	c->endpoint = m->endpoint;
	c->head = m->head;
	c->path_at = m->path_at;
	c->query_at = m->query_at;
	c->fields_at = m->fields_at;
}

static void start_again(struct th_buf *b)
{
	b->n = 0;
	b->failed = false;
}

static void remember(const struct th_exchange *x, const struct th_canon *c, struct th_canon_memo *m)
{
	const struct th_head *head = &x->request.head;
	start_again(&m->bytes);
	start_again(&m->text);
	th_buf_slice(&m->bytes, head->bytes);
	th_buf_slice(&m->text, th_buf_view(&c->text));
	m->list = head->list;
	m->where = x->connection;
	if (m->where) {
		memcpy(&m->connection, m->where, sizeof(m->connection));
	}
	m->line = th_length_line(head);
	m->endpoint = c->endpoint;
	m->head = c->head;
	m->path_at = c->path_at;
	m->query_at = c->query_at;
	m->fields_at = c->fields_at;
	m->set = !m->bytes.failed && !m->text.failed && !m->credentials.failed;
}

int th_canon_request_head(const struct th_exchange *x, struct th_canon *c)
{
	c->has_masked = false;
	if (!x->request.head_done) {
		return -EINVAL;
	}
	start_again(&c->text);
	if (is_remembered(x, &c->memo)) {
		recall(&c->memo, c);
		c->body_at = c->text.n;
		return c->text.failed ? -ENOMEM : 0;
	}
	c->memo.set = false;
	int r = make_head(x, c);
	c->body_at = c->text.n;
	if (r == 0) {
		add_credentials(x, &c->memo.credentials);
		remember(x, c, &c->memo);
	}
	return r;
}

/* What could be decoded of a body that is damaged or over the limit says little of the rest: such a
 * body is compared as it was sent, without its chunks if those are whole. */
static int add_undecoded(const struct th_message *m, struct th_canon *c)
{
	th_auto_free uint8_t *bytes = NULL;
	size_t n = 0;
	int r = th_http_body(m, false, &bytes, &n);
	if (r == 0) {
		th_buf_add(&c->text, bytes, n);
	}
	for (size_t i = 0; r < 0 && i < m->n_pieces; i++) {
		th_buf_slice(&c->text, m->pieces[i].bytes);
	}
	c->kind = TH_CANON_RAW;
	return r == -ENOMEM ? r : 0;
}

static int add_body(const struct th_message *m, struct th_canon *c)
{
	struct th_slice type = {NULL, 0};
	th_auto_free uint8_t *bytes = NULL;
	size_t n = 0;
	if (th_http_body(m, true, &bytes, &n) < 0) {
		return add_undecoded(m, c);
	}
	th_head_get(&m->head, "content-type", &type);
	c->kind = th_canon_body(type, (struct th_slice){bytes, n}, &c->text);
	return 0;
}

/* The credentials decide nothing, so that a replay needs no keys; but where equal requests were
 * sent with several of them (two accounts, say), who has the recorded ones gets the answers to
 * them. */
int th_canon_take_exact(struct th_canon *c)
{
	struct th_buf *b = &c->text;
	size_t n = b->n;
	th_buf_add(b, c->full.bytes, sizeof(c->full.bytes));
	th_buf_slice(b, th_buf_view(&c->memo.credentials));
	c->has_credentials = c->memo.credentials.n > 0;
	bool done = !b->failed && !c->memo.credentials.failed &&
		EVP_Digest(b->p + n, b->n - n, c->exact.bytes, NULL, sha256, NULL);
	b->n = n;
	return done ? 0 : -ENOMEM;
}

int th_canon_request(const struct th_exchange *x, struct th_canon *c)
{
	int r = th_canon_request_head(x, c);
	if (r < 0) {
		return r;
	}
	c->kind = TH_CANON_EMPTY;
	/* Behind a request that was answered by 101 came another protocol, and no body. */
	if (x->request.body_bytes && !th_tunnel_is(x)) {
		r = add_body(&x->request, c);
	}
	r = r < 0 ? r : take(c, (uint8_t)c->kind, &c->full);
	return r < 0 ? r : th_canon_take_exact(c);
}

void th_canon_finish(struct th_canon *c)
{
	th_buf_finish(&c->text);
	th_buf_finish(&c->memo.bytes);
	th_buf_finish(&c->memo.text);
	th_buf_finish(&c->memo.credentials);
	c->memo.set = false;
}
