/* GnuTLS in all the ways a client may drive it, against a server in a thread of the same process
 * (whose side must not be recorded). Linked into gnutls_main, and loaded by tls_local where nobody
 * but its own loader can see libgnutls (P1). gnutls_record_send jumps to gnutls_record_send2 (P3).
 */
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

#include "peer.h"
#include "tls_forms.h"

#define NAME "gnutls.test"

static gnutls_certificate_credentials_t server_cred, client_cred;

/* ---- the server: echoes; "F" ends with close_notify, "C" without, "R" resets ---- */

/* A ticket that comes along interrupts a call, blocking or not. */
static ssize_t receive(gnutls_session_t s, char *buf, size_t n)
{
	ssize_t r;
	while ((r = gnutls_record_recv(s, buf, n)) == GNUTLS_E_AGAIN || r == GNUTLS_E_INTERRUPTED) {
	}
	return r;
}

static void server_talk(gnutls_session_t s, int fd)
{
	static char buf[1 << 16];
	ssize_t n;
	while ((n = receive(s, buf, sizeof(buf))) > 0 && gnutls_record_send(s, buf, n) == n) {
		if (buf[0] == 'F') {
			gnutls_bye(s, GNUTLS_SHUT_WR);
			return;
		}
		if (buf[0] == 'C') {
			return;
		}
		if (buf[0] == 'R') {
			receive(s, buf, 1); /* until the client has its echo and says so */
			const struct linger hard = {.l_onoff = 1};
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
			return;
		}
	}
}

static gnutls_datum_t ticket_key;
static gnutls_anti_replay_t anti_replay;
static _Atomic int take_early; /* what clients send before the handshake is over */

static int never_seen(
	void *arg, time_t until, const gnutls_datum_t *key, const gnutls_datum_t *data)
{
	return 0;
}

static void server_take_early(gnutls_session_t s)
{
	char early[64];
	ssize_t n = gnutls_record_recv_early_data(s, early, sizeof(early));
	if (n > 0) {
		gnutls_record_send(s, early, (size_t)n);
	}
}

/* One after another: a client waits until its server is done. */
static void *server_thread(void *arg)
{
	int listener = (int)(long)arg, fd, r;
	const gnutls_datum_t alpn = {(unsigned char *)"http/1.1", 8};
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		gnutls_session_t s;
		gnutls_init(&s, GNUTLS_SERVER | GNUTLS_ENABLE_EARLY_DATA);
		gnutls_session_ticket_enable_server(s, &ticket_key);
		if (take_early) {
			gnutls_anti_replay_enable(s, anti_replay);
		}
		gnutls_set_default_priority(s);
		gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, server_cred);
		gnutls_alpn_set_protocols(s, &alpn, 1, 0);
		gnutls_transport_set_int(s, fd);
		while ((r = gnutls_handshake(s)) < 0 && !gnutls_error_is_fatal(r)) {
		}
		if (r == 0) {
			server_take_early(s);
			server_talk(s, fd);
		}
		gnutls_deinit(s);
		close(fd);
	}
	return NULL;
}

static void make_certificate(void)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t cert;
	gnutls_x509_privkey_init(&key);
	gnutls_x509_privkey_generate(
		key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	gnutls_x509_crt_init(&cert);
	gnutls_x509_crt_set_version(cert, 3);
	gnutls_x509_crt_set_serial(cert, "1", 1);
	gnutls_x509_crt_set_activation_time(cert, time(NULL) - 60);
	gnutls_x509_crt_set_expiration_time(cert, time(NULL) + 3600);
	gnutls_x509_crt_set_dn(cert, "CN=" NAME, NULL);
	gnutls_x509_crt_set_key(cert, key);
	gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_DNSNAME, NAME, strlen(NAME), 0);
	gnutls_x509_crt_sign2(cert, cert, key, GNUTLS_DIG_SHA256, 0);
	gnutls_certificate_set_x509_key(server_cred, &cert, 1, key);
	gnutls_certificate_set_x509_trust(client_cred, &cert, 1);
	gnutls_x509_crt_deinit(cert);
	gnutls_x509_privkey_deinit(key);
}

static void make_early(void)
{
	gnutls_session_ticket_key_generate(&ticket_key);
	gnutls_anti_replay_init(&anti_replay);
	gnutls_anti_replay_set_add_function(anti_replay, never_seen);
}

static struct sockaddr_in server;

static void begin_server(void)
{
	socklen_t n = sizeof(server);
	pthread_t t;
	server.sin_family = AF_INET;
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fd, (struct sockaddr *)&server, sizeof(server)) || listen(fd, 16)) {
		abort();
	}
	getsockname(fd, (struct sockaddr *)&server, &n);
	pthread_create(&t, NULL, server_thread, (void *)(long)fd);
	pthread_detach(t);
}

/* ---- the client ---- */

static int client_fd;
static char buf[1 << 16];

static int dial(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&server, sizeof(server)) != 0) {
		abort();
	}
	return fd;
}

static gnutls_session_t make(const char *sni, unsigned flags)
{
	const gnutls_datum_t alpn = {(unsigned char *)"http/1.1", 8};
	gnutls_session_t s;
	gnutls_init(&s, GNUTLS_CLIENT | flags);
	gnutls_set_default_priority(s);
	gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, client_cred);
	gnutls_server_name_set(s, GNUTLS_NAME_DNS, sni, strlen(sni));
	gnutls_alpn_set_protocols(s, &alpn, 1, 0);
	client_fd = dial();
	return s;
}

static gnutls_session_t begin(const char *sni, unsigned flags)
{
	gnutls_session_t s = make(sni, flags);
	int r;
	gnutls_transport_set_int(s, client_fd);
	while ((r = gnutls_handshake(s)) == GNUTLS_E_AGAIN) {
	}
	printf("%s handshake %d\n", sni, r);
	return s;
}

static void end(gnutls_session_t s)
{
	gnutls_deinit(s);
	close(client_fd);
}

static void say(const char *what, ssize_t n)
{
	printf("%s %s\n", what, n >= 0 ? "" : gnutls_strerror_name((int)n));
	printf("%zd %.*s\n", n, n > 0 && n < 32 ? (int)n : 0, buf);
}

static void classic(void)
{
	gnutls_session_t s = begin("classic.test", 0);
	gnutls_record_send(s, "classic", 7);
	gnutls_session_set_verify_cert(s, NAME, 0);
	unsigned status = 99;
	printf("verify %d", gnutls_certificate_verify_peers3(s, NAME, &status));
	printf(" %u\n", status);
	say("recv", receive(s, buf, sizeof(buf)));
	say("nothing", gnutls_record_recv(s, buf, 0));
	gnutls_record_send(s, "F", 1);
	receive(s, buf, sizeof(buf));
	say("notify", receive(s, buf, sizeof(buf)));
	say("again", receive(s, buf, sizeof(buf)));
	end(s);
}

static void other_calls(void)
{
	unsigned char seq[8];
	gnutls_session_t s = begin("other.test", 0);
	const gnutls_range_st range = {.low = 5, .high = 64};
	gnutls_packet_t packet;
	gnutls_datum_t data;
	printf("send2 %zd\n", gnutls_record_send2(s, "send2", 5, 0, 0));
	ssize_t n;
	while ((n = gnutls_record_recv_seq(s, buf, sizeof(buf), seq)) == GNUTLS_E_AGAIN) {
	}
	say("recv_seq", n);
	printf("send_range %zd\n", gnutls_record_send_range(s, "range", 5, &range));
	printf("recv_packet %zd", gnutls_record_recv_packet(s, &packet));
	gnutls_packet_get(packet, &data, NULL);
	printf(" %.*s\n", (int)data.size, data.data);
	gnutls_packet_deinit(packet);
	gnutls_record_send(s, "C", 1);
	receive(s, buf, sizeof(buf));
	say("fin", receive(s, buf, sizeof(buf)));
	end(s);
}

static void corked(void)
{
	gnutls_session_t s = begin("corked.test", 0);
	gnutls_record_cork(s);
	printf("cork %zd", gnutls_record_send(s, "cor", 3));
	printf(" %zd", gnutls_record_send(s, "ked", 3));
	printf(" %d\n", gnutls_record_uncork(s, GNUTLS_RECORD_WAIT));
	say("corked", receive(s, buf, sizeof(buf)));
	gnutls_bye(s, GNUTLS_SHUT_WR);
	end(s);
}

static void reset(void)
{
	gnutls_session_t s = begin("reset.test", 0);
	gnutls_record_send(s, "R", 1);
	receive(s, buf, sizeof(buf));
	gnutls_record_send(s, "x", 1);
	say("reset", receive(s, buf, sizeof(buf)));
	end(s);
}

/* ---- transport functions of the program's own: every send is refused once ---- */

static int refuse;

static ssize_t push(gnutls_transport_ptr_t arg, const void *p, size_t n)
{
	gnutls_session_t s = arg;
	if (refuse) {
		refuse = 0;
		gnutls_transport_set_errno(s, EAGAIN);
		return -1;
	}
	return send(client_fd, p, n, 0);
}

static ssize_t pull(gnutls_transport_ptr_t arg, void *p, size_t n)
{
	gnutls_session_t s = arg;
	if (client_fd < 0) {
		gnutls_transport_set_errno(s, EIO); /* closed, says the program */
		return -1;
	}
	return recv(client_fd, p, n, 0);
}

static int pull_ready(gnutls_transport_ptr_t arg, unsigned ms)
{
	struct pollfd pfd = {.fd = client_fd, .events = POLLIN};
	return poll(&pfd, 1, (int)ms);
}

static void refused(void)
{
	gnutls_session_t s = make("refused.test", 0);
	gnutls_transport_set_push_function(s, push);
	gnutls_transport_set_pull_function(s, pull);
	gnutls_transport_set_pull_timeout_function(s, pull_ready);
	gnutls_transport_set_ptr(s, s);
	printf("refused.test handshake %d\n", gnutls_handshake(s));
	refuse = 1;
	say("same", gnutls_record_send(s, "same", 4));
	printf("%zd\n", gnutls_record_send(s, "same", 4));
	receive(s, buf, sizeof(buf));
	refuse = 1;
	say("none", gnutls_record_send(s, "none", 4));
	printf("%zd\n", gnutls_record_send(s, NULL, 0));
	receive(s, buf, sizeof(buf));
	close(client_fd);
	client_fd = -1;
	errno = EAGAIN;
	say("closed", receive(s, buf, sizeof(buf)));
	end(s);
}

/* More than a record holds: each call takes one. */
static void large(void)
{
	gnutls_session_t s = begin("large.test", 0);
	size_t done = 0, n = 0;
	memset(buf, 'l', 40000);
	while (done < 40000) {
		ssize_t r = gnutls_record_send(s, buf + done, 40000 - done);
		done += r > 0 ? (size_t)r : 40000;
	}
	while (n < 40000) {
		ssize_t r = receive(s, buf, sizeof(buf));
		n += r > 0 ? (size_t)r : 40000;
	}
	printf("large %zu %zu\n", done, n);
	end(s);
}

/* A session that another one has made ready (or not: NULL), with words said before the handshake.
 */
static void early(const char *sni, gnutls_datum_t *ticket)
{
	gnutls_session_t s = make(sni, GNUTLS_ENABLE_EARLY_DATA);
	gnutls_transport_set_int(s, client_fd);
	if (ticket->data) {
		gnutls_session_set_data(s, ticket->data, ticket->size);
		printf("early %zd\n", gnutls_record_send_early_data(s, "early", 5));
		gnutls_free(ticket->data);
	}
	printf("%s handshake %d", sni, gnutls_handshake(s));
	int taken = (gnutls_session_get_flags(s) & GNUTLS_SFLAGS_EARLY_DATA) != 0;
	printf(" taken %d\n", taken);
	if (!taken) {
		gnutls_record_send(s, "late", 4);
	}
	say("recv", receive(s, buf, sizeof(buf)));
	gnutls_session_get_data2(s, ticket);
	gnutls_bye(s, GNUTLS_SHUT_WR);
	end(s);
}

static void early_data(void)
{
	gnutls_datum_t ticket = {NULL, 0};
	take_early = 1;
	early("ticket.test", &ticket);
	early("taken.test", &ticket);
	take_early = 0;
	early("untaken.test", &ticket);
	gnutls_free(ticket.data);
}

int tls_forms_run(void)
{
	gnutls_certificate_allocate_credentials(&server_cred);
	gnutls_certificate_allocate_credentials(&client_cred);
	make_certificate();
	make_early();
	begin_server();
	classic();
	other_calls();
	corked();
	reset();
	refused();
	large();
	early_data();
	return 0;
}
