/* See relayed.h: how a relayed connection begins in the capture, and how it fails to. */
#include "relay/relayed_parts.h"

#define CHAIN_MAX 65536 /* bytes of certificates (recorder/certificates.h) */

static struct th_conn_conf conf_of(const struct th_relayed *l)
{
	const struct th_hello *h = &l->hello.hello;
	struct th_conn_conf conf = {.transport = TH_TRANSPORT_RELAY,
		.peer = {.family = h->family, .port = h->port},
		.connect_began = l->hello.connect_began,
		.connected = l->hello.connected,
		.thread = h->thread};
	memcpy(conf.peer.bytes, h->address, sizeof(conf.peer.bytes));
	return conf;
}

static const SSL *known_server(const struct th_relayed *l)
{
	return l->met ? l->met : l->server.ssl;
}

/* The chain as the server sent it, leaf first. */
static void record_chain(struct th_relayed *l)
{
	uint8_t room[CHAIN_MAX];
	struct th_out out = {.p = room, .cap = sizeof(room)};
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(known_server(l));
	for (int i = 0; i < sk_X509_num(chain); i++) {
		uint8_t *der = NULL;
		int n = i2d_X509(sk_X509_value(chain, i), &der);
		th_out_u32(&out, n > 0 ? (uint32_t)n : 0);
		th_out_bytes(&out, der, n > 0 ? (size_t)n : 0);
		OPENSSL_free(der);
	}
	if (!out.failed && out.n) {
		th_conn_certificates(l->conn, (struct th_slice){room, out.n});
	}
}

void th_relayed_note_begin(struct th_relayed *l)
{
	if (l->ends->silent) {
		return;
	}
	struct th_conn_conf conf = conf_of(l);
	const unsigned char *alpn = NULL;
	unsigned n = 0;
	l->conn = th_conn_open(&conf);
	SSL_get0_alpn_selected(known_server(l), &alpn, &n);
	th_conn_tls(l->conn, th_slice_str(l->asked.sni), (struct th_slice){alpn, n});
	record_chain(l);
}

void th_relayed_note_failure(struct th_relayed *l, enum th_tls_why why, unsigned detail)
{
	th_relayed_note_begin(l);
	th_conn_peer_end(l->conn, TH_END_TLS, TH_TLS_CODE(why, detail));
}
