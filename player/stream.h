/* One connection of the agent, as the player holds it: a socket, perhaps TLS over it, and what is
 * to be sent.
 *
 * Output is gathered and leaves in one system call, so that many TLS records (the edges of a
 * recorded stream) cost one write; input is read ahead. The descriptor blocks unless
 * th_stream_unblock() was called, which HTTP/2 does to send and receive at once. */
#ifndef PLAYER_STREAM_H
#define PLAYER_STREAM_H

#include <openssl/ssl.h>
#include <sys/types.h>

#include "player/buf.h"
#include "player/tls_data.h"

struct th_stream {
	bool mute; /* what OpenSSL says is not sent */
	int fd;	   /* the opener's: not closed here */
	SSL *ssl;
	struct th_tls_made made;
	struct th_tls_data *data; /* what comes behind the handshake; NULL: `ssl` does that, too */
	struct th_buf out;
	size_t sent;  /* of `out` */
	bool at_once; /* what is written now is not gathered */
	bool unblocked;
	int alert; /* being said; else 0 */
	bool said; /* OpenSSL has written */
};

/* Puts TLS on the stream, server side, with `ctx`; `arg` is kept for th_stream_arg(). 0, or -EPROTO
 * when the client did not go along, or a negative errno. */
int th_stream_tls(struct th_stream *s, SSL_CTX *ctx, void *arg);

/* Puts TLS on the stream, client side; the caller shakes hands. 0 or a negative errno. */
int th_stream_tls_client(struct th_stream *s, SSL_CTX *ctx);

/* Makes th_stream_alert() possible on streams that are served with `ctx`. */
int th_stream_alerts(SSL_CTX *ctx);

/* What was given to th_stream_tls(), for OpenSSL's callbacks. */
void *th_stream_arg(const SSL *ssl);

/* Bytes read; 0 at the end, however the client ended; -EAGAIN (unblocked only); a negative errno.
 */
ssize_t th_stream_read(struct th_stream *s, void *p, size_t n);

/* Is there input that a poll of the descriptor would not show? */
bool th_stream_has_input(const struct th_stream *s);

/* Adds to the output; with TLS each call makes records of its own. 0 or a negative errno. */
int th_stream_write(struct th_stream *s, struct th_slice bytes);

/* Adds to the output and sends all, as th_stream_flush() does. */
int th_stream_send(struct th_stream *s, struct th_slice bytes);

/* Sends what is gathered. 0: all; -EAGAIN: not yet (unblocked only); else the client is gone. */
int th_stream_flush(struct th_stream *s);

/* Waits so long, or until nobody is left at the other end: then false. */
bool th_stream_pause(struct th_stream *s, uint64_t ns);

int th_stream_unblock(struct th_stream *s);
int th_stream_block(struct th_stream *s);

/* Has the client read all that was sent? */
bool th_stream_is_taken(const struct th_stream *s);

/* Waits for that, so long at most. */
void th_stream_await_taken(struct th_stream *s, uint64_t ns);

/* Says goodbye: close_notify when `notify` and there is TLS, then the end of our direction, then
 * reads until the client has closed too, so that nothing it still sends meets a broken pipe. */
void th_stream_end(struct th_stream *s, bool notify);

/* Says a fatal alert (RFC 8446 6), behind all that was written; nothing can be written then. 0, or
 * -ENOTSUP: TLS is not 1.3, or knows no such alert. */
int th_stream_alert(struct th_stream *s, uint32_t number);

/* Says close_notify and keeps the socket, until the agent says it too or closes. */
void th_stream_notify(struct th_stream *s);

/* Reads and drops until the client closes: true; or, with `ns` not 0, for so long: false. */
bool th_stream_drain(struct th_stream *s, uint64_t ns);

/* Waits so long for the client to say goodbye or close: true; what it still says is dropped. */
bool th_stream_await_end(struct th_stream *s, uint64_t ns);

/* Frees; the descriptor stays the caller's. */
void th_stream_finish(struct th_stream *s);

#endif
