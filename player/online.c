/* See online.h.
 *
 * Where to: the agent decided that when it connected. Only where that address is one that the
 * recording has for a name is the name resolved anew, since last night's address may be nobody's
 * by now. Everything else (addresses of the agent's own, a proxy, a port forwarded by ssh) is
 * taken as it is, so that what was meant for a test server never reaches the real one.
 *
 * The certificate: a server that the recording does not know is met before the agent's own
 * handshake is finished, and its fault, if it has one, becomes the agent's to judge
 * (TH_VERDICT_OID). A server that it knows is met later, when the agent's handshake is over: then a
 * fault ends the connection, unless it is the very certificate that the agent took when it was
 * recorded. */
#include "player/online.h"

#include <errno.h>
#include <netdb.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "trace/http.h"

#define REACHED_MAX 1024  /* connections whose stream is still to come */
#define RESOLVED_MAX 4096 /* addresses remembered; the count is of those that matter to nobody */

struct th_online {
	SSL_CTX *tls;
	pthread_mutex_t lock;
	struct th_world_address resolved[RESOLVED_MAX];
	size_t n_resolved;
	struct reached {
		uint64_t stream_id;
		int fd; /* connected, and not taken yet; 0: none */
	} reached[REACHED_MAX];
	size_t n_reached;
};

struct th_online *th_online_create(void)
{
	struct th_online *l = calloc(1, sizeof(*l));
	if (!l) {
		return NULL;
	}
	pthread_mutex_init(&l->lock, NULL);
	l->tls = th_upstream_context();
	return l->tls ? l : th_online_destroy(l);
}

struct th_online *th_online_destroy(struct th_online *l)
{
	if (l) {
		SSL_CTX_free(l->tls);
		for (size_t i = 0; i < REACHED_MAX; i++) {
			if (l->reached[i].fd) {
				close(l->reached[i].fd);
			}
		}
		pthread_mutex_destroy(&l->lock);
		free(l);
	}
	return NULL;
}

bool th_online_now(const struct th_serving *s)
{
	if (!s->live) {
		return false;
	}
	return s->on_miss == TH_ON_MISS_LIVE ||
		(s->live_after && th_index_was_claimed(s->index, s->live_after));
}

/* ---- names ---- */

static void add_address(struct th_online *l, const struct sockaddr *sa, struct th_resolved *r)
{
	struct th_world_address a = {.family = sa->sa_family == AF_INET ? 4 : 6};
	if (r->n == TH_RESOLVED_MAX || (sa->sa_family != AF_INET && sa->sa_family != AF_INET6)) {
		return;
	}
	if (a.family == 4) {
		memcpy(a.bytes, &((const struct sockaddr_in *)sa)->sin_addr, 4);
	} else {
		memcpy(a.bytes, &((const struct sockaddr_in6 *)sa)->sin6_addr, 16);
	}
	r->addresses[r->n++] = a;
	pthread_mutex_lock(&l->lock);
	l->resolved[l->n_resolved++ % RESOLVED_MAX] = a;
	pthread_mutex_unlock(&l->lock);
}

void th_online_resolve(struct th_online *l, const char *name, struct th_resolved *ret_resolved)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct addrinfo *list = NULL;
	*ret_resolved = (struct th_resolved){.result = getaddrinfo(name, NULL, &hints, &list)};
	if (ret_resolved->result != 0) {
		return;
	}
	for (const struct addrinfo *a = list; a; a = a->ai_next) {
		add_address(l, a->ai_addr, ret_resolved);
	}
	freeaddrinfo(list);
}

bool th_online_resolved(struct th_online *l, uint8_t family, const uint8_t address[16])
{
	bool found = false;
	pthread_mutex_lock(&l->lock);
	size_t n = l->n_resolved < RESOLVED_MAX ? l->n_resolved : RESOLVED_MAX;
	for (size_t i = 0; i < n && !found; i++) {
		found = l->resolved[i].family == family &&
			memcmp(l->resolved[i].bytes, address, 16) == 0;
	}
	pthread_mutex_unlock(&l->lock);
	return found;
}

/* ---- connections ---- */

int th_online_reach(struct th_online *l, const struct th_hello *h, int agent)
{
	int fd = th_upstream_connect(h, agent);
	if (fd < 0) {
		return -fd;
	}
	pthread_mutex_lock(&l->lock);
	struct reached *r = &l->reached[l->n_reached++ % REACHED_MAX];
	int old = r->fd;
	*r = (struct reached){h->stream_id, fd};
	pthread_mutex_unlock(&l->lock);
	if (old) {
		close(old);
	}
	return 0;
}

/* The connection that was made when the agent connected; -1: none, or it was taken. */
static int take_reached(struct th_online *l, uint64_t stream_id)
{
	int fd = -1;
	pthread_mutex_lock(&l->lock);
	for (size_t i = 0; i < REACHED_MAX && fd < 0; i++) {
		if (l->reached[i].fd && l->reached[i].stream_id == stream_id) {
			fd = l->reached[i].fd;
			l->reached[i].fd = 0;
		}
	}
	pthread_mutex_unlock(&l->lock);
	return fd;
}

static bool is_this_server(const struct th_caller *c, const struct th_connection *r)
{
	struct th_slice sni = th_slice_str(c->sni);
	if (r->transport == TH_TRANSPORT_PLAIN) {
		return false;
	}
	return sni.n ? th_slice_ieq(r->sni, sni) &&
			(r->port == c->hello.port || r->family == 0 /* not known */)
		     : r->family == c->hello.family && r->port == c->hello.port &&
			memcmp(r->address, c->hello.address, sizeof(r->address)) == 0;
}

bool th_online_is_recorded(const struct th_caller *c)
{
	const struct th_run *run = c->serving->run;
	for (size_t i = 0; i < run->n_connections; i++) {
		if (is_this_server(c, run->connections[i])) {
			return true;
		}
	}
	return false;
}

static struct th_slice leaf_of(struct th_slice chain)
{
	struct th_in in = {chain.p, chain.n, false};
	return th_in_bytes(&in, th_in_u32(&in));
}

/* Did the agent take this very certificate, a moment ago or when it was recorded? */
static bool was_taken(const struct th_caller *c)
{
	const struct th_run *run = c->serving->run;
	struct th_slice leaf = leaf_of(th_buf_view(&c->up.chain));
	if (leaf.n && th_slice_eq(leaf_of(th_buf_view(&c->met)), leaf)) {
		return true;
	}
	for (size_t i = 0; i < run->n_connections; i++) {
		const struct th_connection *r = run->connections[i];
		if (is_this_server(c, r) && r->verdict == 0 && leaf.n &&
			th_slice_eq(leaf_of(r->certificates), leaf)) {
			return true;
		}
	}
	return false;
}

static struct th_upstream_way way_of(const struct th_caller *c, bool tls, struct th_slice alpn)
{
	return (struct th_upstream_way){.peer = &c->hello,
		.name = c->connection.name,
		.tunnel = th_buf_view(&c->tunnel),
		.tls = tls ? c->serving->live->tls : NULL,
		.sni = c->sni,
		.alpn = alpn,
		.agent = c->stream.fd,
		.fd = take_reached(c->serving->live, c->hello.stream_id)};
}

/* What the agent and we agreed on, as a ClientHello has it. */
static struct th_slice own_alpn(const struct th_caller *c, uint8_t room[256])
{
	struct th_slice alpn = c->connection.alpn;
	if (!c->stream.ssl || alpn.n == 0 || alpn.n > 255) {
		return (struct th_slice){NULL, 0};
	}
	room[0] = (uint8_t)alpn.n;
	memcpy(room + 1, alpn.p, alpn.n);
	return (struct th_slice){room, alpn.n + 1};
}

static int accept_certificate(struct th_caller *c)
{
	if (c->up.verdict == 0 || was_taken(c)) {
		return 0;
	}
	snprintf(c->live_why, sizeof(c->live_why), "its certificate is not trusted here: %s",
		X509_verify_cert_error_string((long)TH_TLS_DETAIL(c->up.verdict)));
	th_upstream_close(&c->up);
	return -EPROTO;
}

static bool same_protocol(const struct th_caller *c)
{
	const unsigned char *p = NULL;
	unsigned n = 0;
	if (c->up.stream.ssl) {
		SSL_get0_alpn_selected(c->up.stream.ssl, &p, &n);
	}
	bool h2 = th_slice_eq(c->connection.alpn, TH_SLICE_LIT("h2"));
	bool up_h2 = th_slice_eq((struct th_slice){p, n}, TH_SLICE_LIT("h2"));
	return h2 == up_h2;
}

int th_online_open(struct th_caller *c)
{
	uint8_t room[256];
	if (c->up.open && (!c->up.used || th_upstream_alive(&c->up))) {
		c->up.used = true;
		return 0;
	}
	th_upstream_close(&c->up);
	struct th_upstream_way way = way_of(c, c->stream.ssl != NULL, own_alpn(c, room));
	int r = th_upstream_open(&c->up, &way, c->live_why);
	r = r < 0 || !c->stream.ssl ? r : accept_certificate(c);
	if (r == 0 && !same_protocol(c)) {
		snprintf(c->live_why, sizeof(c->live_why),
			"the server does not speak the HTTP version any more that it was recorded "
			"with");
		th_upstream_close(&c->up);
		r = -EPROTO;
	}
	c->up.used = r == 0;
	return r;
}

/* "TLS with api.example.com": what failed before anything was asked. */
static void note_handshake(struct th_caller *c)
{
	char what[sizeof(c->sni) + 16];
	snprintf(what, sizeof(what), "TLS with %s", *c->sni ? c->sni : "an address");
	th_online_note(c, what, 0, c->live_why);
}

void th_online_meet(struct th_caller *c, struct th_slice alpn)
{
	struct th_upstream_way way = way_of(c, true, alpn);
	th_upstream_close(&c->up);
	int r = th_upstream_open(&c->up, &way, c->live_why);
	if (r == 0) {
		th_buf_slice(&c->met, th_buf_view(&c->up.chain));
		c->verdict = c->up.verdict;
		return;
	}
	note_handshake(c);
	c->verdict = r == -EPROTO && c->up.verdict
		? c->up.verdict
		: TH_TLS_CODE(TH_TLS_RESET, r == -ECONNREFUSED ? ECONNREFUSED : ECONNRESET);
	c->up.verdict = 0;
}

/* ---- telling ---- */

void th_online_note(struct th_caller *c, const char *request, int status, const char *why)
{
	char text[TH_UPSTREAM_WHY_BYTES + 32];
	if (status) {
		snprintf(text, sizeof(text), "answered live: status %d", status);
	} else {
		snprintf(text, sizeof(text), "no answer from the network: %s", why);
	}
	th_tally_live(c->serving->tally, c->hello.process, request, text, status == 0);
}
