/* Real TLS with a certificate minted per host (DESIGN 2.3): every check of the client still runs.
 * Session tickets, versions and ciphers are OpenSSL's defaults, by which the client chooses: agents
 * print what they speak; a ticket counts with its server only. */
#include <errno.h>
#include <openssl/err.h>

#include "base/text.h"
#include "player/online.h"
#include "player/serve.h"
#include "trace/http.h"

#define NAMES_MAX 32 /* on one certificate, of an address asked without SNI */

/* A resumed session asks for no certificate, so each callback sees to it. */
static bool learn_sni(SSL *ssl, struct th_caller *c)
{
	const char *sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	if (!sni || !*sni || strlen(sni) >= sizeof(c->sni)) {
		return false;
	}
	strcpy(c->sni, sni);
	return true;
}

static bool offers(const unsigned char *in, unsigned n, const char *protocol)
{
	size_t want = strlen(protocol);
	for (unsigned i = 0; i < n; i += 1u + in[i]) {
		if (in[i] == want && i + 1 + want <= n && memcmp(in + i + 1, protocol, want) == 0) {
			return true;
		}
	}
	return false;
}

/* What connections with a server chose, the most wanted last. */
enum chosen {
	CHOSE_UNKNOWN,
	CHOSE_NONE,
	CHOSE_H1,
	CHOSE_H2
};

static enum chosen protocol_of(const struct th_caller *c, bool any_port)
{
	const struct th_peers *peers = &c->serving->peers;
	struct th_slice sni = th_slice_str(c->sni);
	enum chosen best = CHOSE_UNKNOWN;
	for (size_t i = 0; i < peers->n; i++) {
		const struct th_connection *r = peers->at[i];
		if (r->transport == TH_TRANSPORT_PLAIN || !th_slice_ieq(r->sni, sni) ||
			(!any_port && r->port != c->hello.port)) {
			continue;
		}
		enum chosen one = th_slice_eq(r->alpn, TH_SLICE_LIT("h2")) ? CHOSE_H2
			: r->alpn.n					   ? CHOSE_H1
									   : CHOSE_NONE;
		best = one > best ? one : best;
	}
	return best;
}

/* What the recorded server of this name and port would choose: HTTP/2 if it ever did, for a server
 * that can, does; NULL: it never chose anything. Which of several connections is asked for does not
 * matter, and could not be told: they race. */
static const char *choose_protocol(const struct th_caller *c)
{
	if (c->up.open && c->up.stream.ssl) { /* it has just been asked */
		const unsigned char *p;
		unsigned n;
		SSL_get0_alpn_selected(c->up.stream.ssl, &p, &n);
		return n == 2 && memcmp(p, "h2", 2) == 0 ? "h2" : n ? "http/1.1" : NULL;
	}
	enum chosen chose = protocol_of(c, false);
	chose = chose ? chose : protocol_of(c, true);
	return chose == CHOSE_H2 ? "h2" : chose == CHOSE_NONE ? NULL : "http/1.1";
}

static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n,
	const unsigned char *in, unsigned in_n, void *arg)
{
	struct th_caller *c = th_stream_arg(ssl);
	learn_sni(ssl, c);
	const char *protocol = choose_protocol(c);
	if (protocol && !offers(in, in_n, protocol)) {
		protocol = "http/1.1";
	}
	if (!protocol || !offers(in, in_n, protocol)) {
		return SSL_TLSEXT_ERR_NOACK;
	}
	*out = (const unsigned char *)protocol;
	*out_n = (unsigned char)strlen(protocol);
	return SSL_TLSEXT_ERR_OK;
}

/* Names recorded for the address, for a client that sends no SNI but may check one of them. */
static size_t names_of_address(const struct th_caller *c, char names[][256], size_t max)
{
	const struct th_peers *peers = &c->serving->peers;
	size_t n = 0;
	for (size_t i = 0; i < peers->n && n < max; i++) {
		const struct th_connection *r = peers->at[i];
		struct th_slice name = r->sni.n ? r->sni : r->name;
		bool here = r->family == c->hello.family &&
			memcmp(r->address, c->hello.address, sizeof(r->address)) == 0;
		if (!here || name.n == 0 || name.n > 255) {
			continue;
		}
		memcpy(names[n], name.p, name.n);
		names[n][name.n] = 0;
		bool known = false;
		for (size_t k = 0; k < n; k++) {
			known = known || strcmp(names[k], names[n]) == 0;
		}
		n += !known;
	}
	return n;
}

/* The chain that was recorded of this server: of its name, else of its address; rather of the same
 * port, since others may be another server's. */
static struct th_slice recorded_chain(const struct th_caller *c)
{
	const struct th_peers *peers = &c->serving->peers;
	const struct th_slice sni = th_slice_str(c->sni);
	struct th_slice found = {NULL, 0};
	if (c->up.open && c->up.chain.n) {
		return th_buf_view(&c->up.chain);
	}
	for (size_t i = 0; i < peers->n; i++) {
		const struct th_connection *r = peers->at[i];
		bool here = sni.n ? th_slice_ieq(r->sni, sni)
				  : r->family == c->hello.family && r->port == c->hello.port &&
				memcmp(r->address, c->hello.address, sizeof(r->address)) == 0;
		if (here && r->certificates.n && r->port == c->hello.port) {
			return r->certificates;
		}
		found = here && !found.n ? r->certificates : found;
	}
	return found;
}

/* It goes behind our own leaf, where no verification needs it and whoever looks at certificates
 * can be shown it (shim/replay_peer.h). */
static void add_recorded(SSL *ssl, const struct th_caller *c)
{
	struct th_slice chain = recorded_chain(c);
	if (!chain.n) {
		return;
	}
	bool lasting = !(c->up.open && c->up.chain.n); /* else it is that of one connection */
	STACK_OF(X509) *stack = lasting ? th_parsed_chain(c->serving->parsed, chain)
					: th_parsed_read(chain);
	for (int i = 0; stack && i < sk_X509_num(stack); i++) {
		if (SSL_add1_chain_cert(ssl, sk_X509_value(stack, i)) != 1) {
			break;
		}
	}
	if (!lasting) {
		sk_X509_pop_free(stack, X509_free);
	}
}

static X509 *leaf_of(struct th_caller *c, struct th_ca_subject *subject)
{
	struct th_slice chain = recorded_chain(c);
	struct th_in in = {chain.p, chain.n, false};
	subject->like = chain.n ? th_in_bytes(&in, th_in_u32(&in)) : chain;
	subject->now = c->up.open ? time(NULL) : (time_t)(c->serving->run->began / 1000000000u);
	subject->verdict = c->verdict;
	subject->stranger = c->relayed;
	return th_ca_leaf(c->serving->ca, subject);
}

static int use_leaf(SSL *ssl, struct th_caller *c, struct th_ca_subject *subject)
{
	X509 *leaf = leaf_of(c, subject);
	if (!leaf || SSL_use_certificate(ssl, leaf) != 1 ||
		SSL_use_PrivateKey(ssl, th_ca_leaf_key(c->serving->ca)) != 1) {
		return 0;
	}
	if (!c->relayed) {
		add_recorded(ssl, c);
	}
	ERR_clear_error();
	return 1;
}

bool th_serve_tls_ready(struct th_serving *serving, const struct th_connection *peer)
{
	struct th_caller c = {
		.serving = serving, .hello = {.family = peer->family, .port = peer->port}};
	const char *const names[] = {c.sni};
	if (peer->transport == TH_TRANSPORT_PLAIN || !peer->sni.n || peer->sni.n >= sizeof(c.sni)) {
		return false;
	}
	memcpy(c.sni, peer->sni.p, peer->sni.n);
	memcpy(c.hello.address, peer->address, sizeof(c.hello.address));
	struct th_ca_subject subject = {.names = names, .n_names = 1};
	struct th_slice chain = recorded_chain(&c);
	bool made = leaf_of(&c, &subject) != NULL;
	if (chain.n) {
		(void)th_parsed_chain(serving->parsed, chain);
	}
	ERR_clear_error();
	return made;
}

static int choose_certificate(SSL *ssl, void *arg)
{
	struct th_caller *c = th_stream_arg(ssl);
	if (learn_sni(ssl, c)) {
		const char *const names[] = {c->sni};
		return use_leaf(ssl, c, &(struct th_ca_subject){.names = names, .n_names = 1});
	}
	char names[NAMES_MAX][256];
	const char *pointers[NAMES_MAX];
	struct th_ca_subject subject = {.names = pointers, .family = c->hello.family};
	subject.n_names = names_of_address(c, names, NAMES_MAX);
	for (size_t i = 0; i < subject.n_names; i++) {
		pointers[i] = names[i];
	}
	memcpy(subject.address, c->hello.address, sizeof(subject.address));
	return use_leaf(ssl, c, &subject);
}

/* The name in a ClientHello (RFC 6066 3): a list of one, in which only a host's is defined. */
static void learn_hello_sni(SSL *ssl, struct th_caller *c)
{
	const unsigned char *p;
	size_t n;
	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &p, &n) != 1 || n <= 5) {
		return;
	}
	size_t length = (size_t)p[3] << 8 | p[4];
	if (p[2] == TLSEXT_NAMETYPE_host_name && length <= n - 5 && length < sizeof(c->sni)) {
		memcpy(c->sni, p + 5, length);
		c->sni[length] = '\0';
	}
}

/* The list without its length (RFC 7301 3.1). */
static struct th_slice offered_protocols(SSL *ssl)
{
	const unsigned char *p;
	size_t n;
	if (SSL_client_hello_get0_ext(
		    ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &p, &n) != 1 ||
		n <= 2) {
		return (struct th_slice){NULL, 0};
	}
	return (struct th_slice){p + 2, n - 2};
}

/* Sessions are resumed with the server that gave them, as live, not with all that we play; clients
 * may keep them by the name alone (rustls). A verdict needs a certificate to be passed on. */
static void tell_apart(SSL *ssl, const struct th_caller *c)
{
	uint8_t id[SSL_MAX_SID_CTX_LENGTH];
	struct th_out out = {.p = id, .cap = sizeof(id)};
	th_out_u8(&out, c->hello.family);
	th_out_u16(&out, c->hello.port);
	th_out_bytes(&out, c->hello.address, sizeof(c->hello.address));
	th_out_u32(&out, c->verdict);
	SSL_set_session_id_context(ssl, id, (unsigned)out.n);
}

/* A handshake that failed by the server's doing fails again: by its alert, which OpenSSL sends for
 * us, or without a word of TLS (th_serve_tls()). */
static int see_hello(SSL *ssl, int *alert, void *arg)
{
	struct th_caller *c = th_stream_arg(ssl);
	learn_hello_sni(ssl, c);
	if (th_online_now(c->serving) && !th_online_is_recorded(c)) {
		th_online_meet(c, offered_protocols(ssl));
	} else {
		struct th_verdict v = th_verdicts_next(
			c->serving->verdicts, c->asker.process, &c->hello, c->sni);
		c->verdict = v.code;
		c->alert = v.alert;
		c->relayed = v.relayed;
		if (c->alert) { /* GnuTLS may wait for a ticket, and meet the alert */
			SSL_set_num_tickets(ssl, 0);
		}
	}
	tell_apart(ssl, c);
	switch (TH_TLS_WHY(c->verdict)) {
	case TH_TLS_ALERT:
		*alert = (int)TH_TLS_DETAIL(c->verdict);
		return SSL_CLIENT_HELLO_ERROR;
	case TH_TLS_NONE:
	case TH_TLS_CLOSED:
	case TH_TLS_RESET:
		c->stream.mute = true;
		return SSL_CLIENT_HELLO_ERROR;
	default:
		return SSL_CLIENT_HELLO_SUCCESS;
	}
}

static void fail_silently(struct th_caller *c)
{
	static const char plain[] = "HTTP/1.0 400 Bad Request\r\n\r\n";
	c->stream.mute = false;
	if (TH_TLS_WHY(c->verdict) == TH_TLS_NONE) {
		th_buf_str(&c->stream.out, plain);
		th_stream_flush(&c->stream);
	} else if (TH_TLS_WHY(c->verdict) == TH_TLS_RESET) {
		th_resets_add(
			c->serving->resets, c->hello.stream_id, (uint8_t)TH_TLS_DETAIL(c->verdict));
	}
}

SSL_CTX *th_serve_tls_context(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	if (ctx) {
		SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
		SSL_CTX_set_client_hello_cb(ctx, see_hello, NULL);
		SSL_CTX_set_cert_cb(ctx, choose_certificate, NULL);
		SSL_CTX_set_alpn_select_cb(ctx, select_alpn, NULL);
		SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
		(void)th_stream_alerts(ctx);
		th_tls_made_watch(ctx);
	}
	return ctx;
}

int th_serve_tls(struct th_caller *c)
{
	th_arrivals_wait(c->serving->arrivals, c->asker.process, c->asker.connection);
	int r = th_stream_tls(&c->stream, c->serving->tls, c);
	if (c->stream.mute) {
		fail_silently(c);
	}
	if (r == 0) {
		c->connection.transport = TH_TRANSPORT_OPENSSL;
		const unsigned char *alpn;
		unsigned n;
		SSL_get0_alpn_selected(c->stream.ssl, &alpn, &n);
		learn_sni(c->stream.ssl, c);
		c->connection.sni = th_slice_str(c->sni);
		c->connection.alpn = (struct th_slice){alpn, n};
	}
	return r;
}
