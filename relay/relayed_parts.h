/* Inside relayed.h: one connection, and the files that each do a part of it. */
#ifndef RELAY_RELAYED_PARTS_H
#define RELAY_RELAYED_PARTS_H

#include "relay/client_hello.h"
#include "relay/refusal.h"
#include "relay/relayed.h"

#define TH_RELAY_PIECE 16384 /* what a TLS record holds at most */

enum th_relayed_step {
	TH_RELAYED_AT_HELLO,  /* the agent's is awaited */
	TH_RELAYED_AT_SERVER, /* handshake with the server */
	TH_RELAYED_AT_AGENT,  /* handshake with the agent */
	TH_RELAYED_AT_DIAL,   /* a connection anew, for bytes as they are */
	TH_RELAYED_AT_OPEN,
	TH_RELAYED_AT_END,
};

/* How far the input of an end has come. */
enum th_relay_input {
	TH_RELAY_FLOWS,
	TH_RELAY_NOTIFIED, /* TLS said goodbye, the socket did not yet */
	TH_RELAY_CLOSED,
};

struct th_relay_end {
	int fd;
	SSL *ssl; /* NULL: bytes as they are */
	enum th_relay_input input;
	int error;	  /* errno of it; 0: an orderly end */
	bool told_notify; /* the other end was told of the goodbye */
	bool told;	  /* and of the end */
	bool broken;	  /* nothing can be written to it any more */
	bool spoke;
	size_t at, n; /* of what was read and is not handed on yet */
	uint8_t piece[TH_RELAY_PIECE];
};

struct th_relayed {
	const struct th_relay_ends *ends;
	struct th_relay_hello hello;
	struct th_relay_end agent, server;
	enum th_relayed_step state;
	struct th_client_hello asked;
	bool wants_certificate;	   /* the server, of the agent */
	int fault;		   /* X509_V_ERR_… of the server's chain; 0: it is trusted */
	SSL *met;		   /* what is known of a server that is not; else NULL */
	struct th_refusal refusal; /* of such a server, by the agent */
	bool changed, hung_up;
	uint64_t opened;
	struct th_conn_ref conn; /* none: not recorded */
};

/* Is SSL_get_error()'s answer that it waits for the descriptor? */
static inline bool th_relay_wants_more(int error)
{
	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

/* ---- relayed_shake.c: each does what it can, and says where that leads ---- */

/* The agent's ClientHello, which is peeked at. */
enum th_relayed_step th_relayed_read_hello(struct th_relayed *l);
enum th_relayed_step th_relayed_shake_server(struct th_relayed *l);
enum th_relayed_step th_relayed_shake_agent(struct th_relayed *l);
enum th_relayed_step th_relayed_check_dial(struct th_relayed *l);

/* ---- relayed_flow.c ---- */

/* What both say, handed on and recorded. */
enum th_relayed_state th_relayed_flow(struct th_relayed *l);

/* ---- relayed_note.c ---- */

/* It opens, in the capture. */
void th_relayed_note_begin(struct th_relayed *l);

/* The handshake failed for that reason. */
void th_relayed_note_failure(struct th_relayed *l, enum th_tls_why why, unsigned detail);

#endif
