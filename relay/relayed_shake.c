/* See relayed.h: the handshakes.
 *
 * The server's certificate is verified here by its chain, with what the agent is known to trust. A
 * server that fails is left to the agent, which may know better: it gets a connection anew, on
 * which only its refusal is recorded. Whether the name and the dates are right the agent finds out,
 * since our certificate carries the same. Left out: client certificates, session tickets (each
 * connection is a full handshake), TLS before 1.2: such connections pass unrecorded. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "relay/relayed_parts.h"

/* ---- the agent's hello ---- */

static bool set_versions(SSL *ssl, const struct th_client_hello *h)
{
	int oldest = h->oldest < TLS1_2_VERSION ? TLS1_2_VERSION : h->oldest;
	return SSL_set_min_proto_version(ssl, oldest) && SSL_set_max_proto_version(ssl, h->newest);
}

static bool begin_server(struct th_relayed *l)
{
	const struct th_client_hello *h = &l->asked;
	SSL *ssl = l->server.ssl = SSL_new(l->ends->client);
	if (!ssl || SSL_set_fd(ssl, l->server.fd) != 1 || !set_versions(ssl, h)) {
		return false;
	}
	SSL_set_app_data(ssl, l);
	SSL_set_connect_state(ssl);
	return (!h->sni[0] || SSL_set_tlsext_host_name(ssl, h->sni) == 1) &&
		(h->alpn_n == 0 || SSL_set_alpn_protos(ssl, h->alpn, (unsigned)h->alpn_n) == 0);
}

enum th_relayed_step th_relayed_read_hello(struct th_relayed *l)
{
	uint8_t room[TH_CLIENT_HELLO_MAX];
	ssize_t n = recv(l->agent.fd, room, sizeof(room), MSG_PEEK | MSG_DONTWAIT);
	if (n <= 0) {
		return n < 0 && errno == EAGAIN ? TH_RELAYED_AT_HELLO : TH_RELAYED_AT_END;
	}
	int r = th_client_hello_read((struct th_slice){room, (size_t)n}, &l->asked);
	if (r == -EAGAIN) {
		return TH_RELAYED_AT_HELLO;
	}
	if (r < 0 || l->asked.newest < TLS1_2_VERSION ||
		th_refused_has(l->ends->refused, l->asked.sni)) {
		return TH_RELAYED_AT_OPEN; /* bytes as they are, from the beginning */
	}
	return begin_server(l) ? TH_RELAYED_AT_SERVER : TH_RELAYED_AT_END;
}

/* ---- the server's answer ---- */

/* The connection is used up: what comes next needs another one, to the same place. */
static enum th_relayed_step dial(struct th_relayed *l)
{
	struct sockaddr_storage peer;
	socklen_t n = sizeof(peer);
	bool known = getpeername(l->server.fd, (struct sockaddr *)&peer, &n) == 0;
	SSL_free(l->server.ssl);
	l->server.ssl = NULL;
	close(l->server.fd);
	l->server.fd = known ? socket(peer.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
			     : -1;
	l->changed = true;
	if (l->server.fd < 0) {
		return TH_RELAYED_AT_END;
	}
	int r = connect(l->server.fd, (struct sockaddr *)&peer, n);
	return r == 0		       ? TH_RELAYED_AT_OPEN
		: errno == EINPROGRESS ? TH_RELAYED_AT_DIAL
				       : TH_RELAYED_AT_END;
}

enum th_relayed_step th_relayed_check_dial(struct th_relayed *l)
{
	int error = 0;
	struct sockaddr_storage peer;
	socklen_t n = sizeof(error), room = sizeof(peer);
	getsockopt(l->server.fd, SOL_SOCKET, SO_ERROR, &error, &n);
	if (error) {
		return TH_RELAYED_AT_END;
	}
	bool there = getpeername(l->server.fd, (struct sockaddr *)&peer, &room) == 0;
	return there ? TH_RELAYED_AT_OPEN : TH_RELAYED_AT_DIAL;
}

/* Alerts that may be an answer to how we ask, and not to what: the agent is to ask by itself. */
static bool is_about_us(int alert)
{
	return alert == SSL_AD_HANDSHAKE_FAILURE || alert == SSL_AD_ILLEGAL_PARAMETER ||
		alert == SSL_AD_PROTOCOL_VERSION || alert == SSL_AD_INSUFFICIENT_SECURITY ||
		alert == SSL_AD_MISSING_EXTENSION || alert == SSL_AD_UNSUPPORTED_EXTENSION ||
		alert == SSL_AD_DECODE_ERROR;
}

static enum th_relayed_step give_alert(struct th_relayed *l, int alert)
{
	const uint8_t record[] = {SSL3_RT_ALERT, 3, 3, 0, 2, SSL3_AL_FATAL, (uint8_t)alert};
	th_relayed_note_failure(l, TH_TLS_ALERT, (unsigned)alert);
	(void)send(l->agent.fd, record, sizeof(record), MSG_NOSIGNAL | MSG_DONTWAIT);
	return TH_RELAYED_AT_END;
}

static enum th_relayed_step server_failed(struct th_relayed *l, int error, int system)
{
	unsigned long code = ERR_peek_last_error();
	int reason = ERR_GET_REASON(code);
	if (error == SSL_ERROR_SSL && reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		th_relayed_note_failure(l, TH_TLS_CLOSED, 0);
		return TH_RELAYED_AT_END;
	}
	if (error == SSL_ERROR_SYSCALL && (system == ECONNRESET || system == EPIPE)) {
		th_relayed_note_failure(l, TH_TLS_RESET, (unsigned)system);
		th_resets_add(l->ends->resets, l->hello.hello.stream_id, ECONNRESET);
		return TH_RELAYED_AT_END;
	}
	int alert = reason >= SSL_AD_REASON_OFFSET ? reason - SSL_AD_REASON_OFFSET : -1;
	return error == SSL_ERROR_SSL && alert >= 0 && alert < 256 && !is_about_us(alert)
		? give_alert(l, alert)
		: dial(l);
}

static bool use_leaf(struct th_relayed *l, SSL *ssl)
{
	struct th_ca *ca = l->ends->ca;
	X509 *theirs = SSL_get0_peer_certificate(l->server.ssl);
	uint8_t *der = NULL;
	int n = theirs ? i2d_X509(theirs, &der) : 0;
	const char *const names[] = {l->asked.sni};
	struct th_ca_subject subject = {.names = names,
		.n_names = l->asked.sni[0] != 0,
		.like = {der, n > 0 ? (size_t)n : 0},
		.now = time(NULL)};
	X509 *leaf = th_ca_leaf(ca, &subject);
	OPENSSL_free(der);
	return leaf && SSL_use_certificate(ssl, leaf) == 1 &&
		SSL_use_PrivateKey(ssl, th_ca_leaf_key(ca)) == 1;
}

static bool begin_agent(struct th_relayed *l)
{
	int version = SSL_version(l->server.ssl);
	SSL *ssl = l->agent.ssl = SSL_new(l->ends->server);
	if (!ssl || SSL_set_fd(ssl, l->agent.fd) != 1) {
		return false;
	}
	SSL_set_app_data(ssl, l);
	SSL_set_accept_state(ssl);
	return SSL_set_min_proto_version(ssl, version) && SSL_set_max_proto_version(ssl, version) &&
		use_leaf(l, ssl);
}

enum th_relayed_step th_relayed_shake_server(struct th_relayed *l)
{
	ERR_clear_error();
	errno = 0;
	int r = SSL_do_handshake(l->server.ssl), system = errno;
	int error = r == 1 ? SSL_ERROR_NONE : SSL_get_error(l->server.ssl, r);
	if (th_relay_wants_more(error)) {
		return l->hung_up ? TH_RELAYED_AT_END : TH_RELAYED_AT_SERVER;
	}
	if (l->wants_certificate) {
		return dial(l);
	}
	if (error) {
		return server_failed(l, error, system);
	}
	if (l->fault) {
		l->met = l->server.ssl;
		l->server.ssl = NULL;
		return dial(l);
	}
	return begin_agent(l) ? TH_RELAYED_AT_AGENT : TH_RELAYED_AT_END;
}

/* ---- the agent's verdict ---- */

/* What is wrong with the server's certificate, which ours shows as well; 0: nothing. */
static int plain_fault(const struct th_relayed *l)
{
	X509 *leaf = SSL_get0_peer_certificate(l->server.ssl);
	const char *name = l->asked.sni;
	if (!leaf || X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0) {
		return X509_V_ERR_CERT_HAS_EXPIRED;
	}
	bool fits = !name[0] || X509_check_host(leaf, name, 0, 0, NULL) == 1 ||
		X509_check_ip_asc(leaf, name, 0) == 1;
	return fits ? 0 : X509_V_ERR_HOSTNAME_MISMATCH;
}

/* By the server's fault, or since it does not trust us although it should: that is not recorded,
 * and so told. From now on it is left alone with that server. */
static void refused(struct th_relayed *l)
{
	int alert = ERR_GET_REASON(ERR_peek_last_error()) - SSL_AD_REASON_OFFSET;
	int fault = alert == SSL_AD_UNKNOWN_CA ? 0 : plain_fault(l);
	if (fault) {
		th_relayed_note_failure(l, TH_TLS_OPENSSL, (unsigned)fault);
	}
	if (!th_refused_was_accepted(l->ends->refused, l->asked.sni)) {
		th_refused_add(l->ends->refused, l->asked.sni);
	}
}

enum th_relayed_step th_relayed_shake_agent(struct th_relayed *l)
{
	ERR_clear_error();
	int r = SSL_do_handshake(l->agent.ssl);
	int error = r == 1 ? SSL_ERROR_NONE : SSL_get_error(l->agent.ssl, r);
	if (th_relay_wants_more(error)) {
		return TH_RELAYED_AT_AGENT;
	}
	if (error) {
		refused(l);
		return TH_RELAYED_AT_END;
	}
	l->opened = th_clock_mono();
	th_relayed_note_begin(l);
	return TH_RELAYED_AT_OPEN;
}
