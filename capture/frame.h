/* The vocabulary of the capture file: blocks, frames, and what their numbers mean.
 *
 * capture/FORMAT.md is the specification, this header its C spelling; change both together, and
 * bump TH_FORMAT_VERSION when a reader of the old version would misread a new file (adding a
 * frame type or filling reserved bytes is no such change: readers skip what they do not know).
 *
 * A file is a file header and then blocks. A block is what one writer appended with one write();
 * it carries frames of that writer, usually compressed. Until a writer folds its frames into a
 * block they stand, framed alike, in its live file beside the capture (capture/live.h). */
#ifndef CAPTURE_FRAME_H
#define CAPTURE_FRAME_H

#include <stdint.h>

#define TH_FORMAT_VERSION 1
#define TH_LIVE_VERSION 2 /* of a live file whose frames may refer; of others as above */

/* First byte not ASCII, then a name, then the line ends that a text transfer would change (the
 * idea of PNG's signature). */
#define TH_FILE_MAGIC "\x89THC\r\n\x1a\n"
#define TH_BLOCK_MAGIC "\x89THB\r\n\x1a\n"
#define TH_LIVE_MAGIC "\x89THL\r\n\x1a\n"
#define TH_MAGIC_BYTES 8

#define TH_FILE_HEADER_BYTES 64
#define TH_BLOCK_HEADER_BYTES 96
#define TH_LIVE_HEADER_BYTES 128
#define TH_FRAME_HEADER_BYTES 24
#define TH_FRAME_COMMIT_BYTES 8 /* of them, length and checksum */
#define TH_FRAME_ALIGN 8
#define TH_FRAME_PAYLOAD_MAX (256u << 10) /* a writer splits longer data into several frames */

/* What the payload of a frame that refers begins with, and each piece it refers to. */
#define TH_AGAIN_HEADER_BYTES 8
#define TH_AGAIN_PIECE_BYTES 12

#define TH_TRACE_ID_BYTES 16
#define TH_SPAN_ID_BYTES 8

/* Frames of what one call of the agent's was given are a nanosecond apart, and so by less than
 * this; of different calls by more, since each costs more. */
#define TH_FRAME_ONE_READ_NS 128

/* Flags of the file header, and of a live file's. */
enum th_file_flag {
	TH_FILE_ENCRYPTED = 1 << 0,
	TH_FILE_REFERS = 1 << 1, /* live files of version 2: TH_FRAME_REFERS may be found */
};

enum th_block_type {
	TH_BLOCK_FRAMES = 1,
	/* 2 reserved: index */
	TH_BLOCK_SEAL = 3,
	TH_BLOCK_SIGNATURE = 4,
	/* 5-15 reserved */
};

enum th_block_flag {
	TH_BLOCK_ZSTD = 1 << 0,	     /* the payload is one zstd frame */
	TH_BLOCK_ENCRYPTED = 1 << 1, /* and that is encrypted, with a tag behind it */
	TH_BLOCK_SPLIT = 1 << 2,     /* what is compressed is split frames (capture/split.h) */
	TH_BLOCK_LEANS = 1 << 3,     /* those refer to frames of an earlier block, the base */
};

/* The id of a frame counts: exchanges (frames 8-21), connections (5, 6), certificate chains (22),
 * else 0. Ids begin at 1 and are unique within one writer. */
enum th_frame_type {
	TH_FRAME_RUN = 1,	  /* the run begins; written by the root process, first */
	TH_FRAME_PROCESS = 2,	  /* a process begins to be recorded */
	TH_FRAME_PROCESS_END = 3, /* it ended in good order */
	TH_FRAME_NAME = 4,	  /* a look-up and its answer */
	TH_FRAME_CONN = 5,	  /* a connection, when its first bytes are decoded, or it failed */
	TH_FRAME_CONN_END = 6,
	TH_FRAME_LOST = 7, /* events that could not be recorded, counted */
	TH_FRAME_REQ_HEAD = 8,
	TH_FRAME_REQ_DATA = 9,
	TH_FRAME_REQ_TRAILER = 10,
	TH_FRAME_REQ_END = 11,
	TH_FRAME_RES_INFO = 12, /* an interim (1xx) response */
	TH_FRAME_RES_HEAD = 13,
	TH_FRAME_RES_DATA = 14,
	TH_FRAME_RES_TRAILER = 15,
	TH_FRAME_RES_END = 16,
	/* 17-20 reserved: WebSocket messages */
	TH_FRAME_BODY_HASH = 21,    /* stands for a body that was not to be written */
	TH_FRAME_CERTIFICATES = 22, /* a peer's chain; connections refer to it by its id */
	TH_FRAME_ANNOTATION = 23,   /* said of a span, mostly after the run */
	TH_FRAME_TRANSFER = 24,	    /* what a client library says of a transfer that is over */
	TH_FRAME_LEFT = 25,	    /* a program was started that does not carry the library */
	TH_FRAME_KEPT = 26,	    /* what was replaced in an answer, encrypted (capture/kept.h) */
	TH_FRAME_DNS = 27,	    /* what a name server answered, as it came */
};

enum th_frame_flag {
	TH_FRAME_LAST = 1 << 0,	    /* head: its last piece; data, trailer: ends the message well */
	TH_FRAME_REDACTED = 1 << 1, /* something in the payload was replaced (capture/redact.h) */
	TH_FRAME_BODILESS = 1 << 2, /* head only: no body follows, the head ends the message */
	TH_FRAME_REFERS = 1 << 7,   /* live files: some of the payload stands in earlier frames */
};

/* Flags of an ANNOTATION's payload. */
enum th_annotation_flag {
	TH_ANNOTATION_SCORED = 1 << 0, /* its score counts */
};

/* How a head is written in a HEAD, INFO or TRAILER frame. */
enum th_head_form {
	TH_HEAD_H1 = 0, /* the bytes as on the wire, from the start line to the empty line */
	TH_HEAD_LIST =
		1, /* HTTP/2: fields in order; each u16 name length, u32 value length, both */
};

/* What ended a message side (REQ_END, RES_END) or a connection (CONN_END). */
enum th_end {
	TH_END_COMPLETE = 0,	 /* as the protocol says */
	TH_END_FIN = 1,		 /* the peer closed; TLS: without close_notify */
	TH_END_NOTIFY = 2,	 /* the peer sent close_notify */
	TH_END_RESET = 3,	 /* connection reset; code: errno */
	TH_END_STREAM_RESET = 4, /* HTTP/2: the peer's RST_STREAM; code: its error code */
	TH_END_LOCAL = 5,	 /* the agent closed, left the stream, or gave up waiting */
	TH_END_LOCAL_RESET = 6,	 /* HTTP/2: the agent's RST_STREAM; code: its error code */
	TH_END_GOAWAY = 7,	 /* HTTP/2: not processed by the peer; code: its error code */
	TH_END_ERROR = 8,	 /* another error of the transport; code: errno, 0 unknown */
	TH_END_UNPARSED = 9,  /* the bytes were not what the protocol allows: recording stopped */
	TH_END_TLS = 10,      /* the TLS handshake failed; code: TH_TLS_CODE() */
	TH_END_WITHHELD = 11, /* the body was not written: redaction rules, or BODY_HASH */
	TH_END_ALERT = 12,    /* the peer's fatal alert, after the handshake; code: its number */
};

/* What the agent met at the end of a connection (CONN_END). */
enum th_met {
	TH_MET_TOLD = 1 << 0,	     /* the others count */
	TH_MET_SEND_FAILED = 1 << 1, /* the end is what a send met */
	TH_MET_UNREAD = 1 << 2,	     /* the agent closed with something to read: input, an end */
	TH_MET_LOOKED = 1 << 3,	     /* it saw the end without reading (MSG_PEEK, SSL_peek) */
	TH_MET_HANDED_ON = 1 << 4,   /* no end: the program that was executed has it, unfinished */
};

/* Why a TLS handshake failed; the first two are also verdicts on a connection that went on. */
enum th_tls_why {
	TH_TLS_OPENSSL = 1, /* the agent refused the certificate; X509_V_ERR_… */
	TH_TLS_GNUTLS = 2,  /* the same; gnutls_certificate_status_t */
	TH_TLS_ALERT = 3,   /* the peer's alert; its number (RFC 8446 6) */
	TH_TLS_NONE = 4,    /* the peer spoke no TLS */
	TH_TLS_CLOSED = 5,  /* the peer closed */
	TH_TLS_RESET = 6,   /* the connection was reset; errno */
	TH_TLS_OTHER = 7,   /* the library's own number of the error */
	TH_TLS_RELAY = 8,   /* the agent said nothing, maybe since it refused a relay; 0 */
};

#define TH_TLS_CODE(why, detail) ((uint32_t)(why) << 24 | ((uint32_t)(detail)&0xffffffu))
#define TH_TLS_WHY(code) ((code) >> 24)
#define TH_TLS_DETAIL(code) ((code)&0xffffffu)

/* What carried a connection, and where it was tapped. */
enum th_transport {
	TH_TRANSPORT_PLAIN = 0,
	TH_TRANSPORT_OPENSSL = 1,
	TH_TRANSPORT_GNUTLS = 2,
	TH_TRANSPORT_CURL = 3,	    /* TLS of a library that is not tapped, told by libcurl */
	TH_TRANSPORT_RELAY = 4,	    /* TLS of a program that cannot be tapped, through the relay */
	TH_TRANSPORT_DATAGRAMS = 5, /* UDP to port 443 (QUIC): its bytes are counted */
};

/* How a process began (PROCESS). */
enum th_began {
	TH_BEGAN_ROOT = 1,
	TH_BEGAN_STARTED = 2,
	TH_BEGAN_FORKED = 3,
	TH_BEGAN_RELAY = 4, /* no process of the agent's, but a writer on behalf of one */
};

/* A relay writes in the name of a process of the agent's (PROCESS began 4): it numbers exchanges
 * and connections from above this. */
#define TH_RELAY_NUMBERS 0x80000000u

/* How a transfer was driven (TRANSFER). */
enum th_transfer_api {
	TH_TRANSFER_EASY = 1,  /* by one call, on one thread */
	TH_TRANSFER_MULTI = 2, /* along with others */
};

/* The times of a TRANSFER frame, since its start; each includes those before it. */
enum th_transfer_time {
	TH_TRANSFER_NAMELOOKUP,
	TH_TRANSFER_CONNECT,
	TH_TRANSFER_TLS,	/* the handshake is done */
	TH_TRANSFER_REQUEST,	/* about to be sent */
	TH_TRANSFER_FIRST_BYTE, /* of the response */
	TH_TRANSFER_REDIRECT,	/* spent on what came before the last request */
	TH_TRANSFER_TOTAL,
	TH_TRANSFER_TIMES, /* how many there are */
};

#define TH_TRANSFER_LEFT (-1) /* result: the agent took it away before its end */

/* What a connection turned out to speak (CONN_END). */
enum th_speaks {
	TH_SPEAKS_NOTHING = 0, /* no byte was seen */
	TH_SPEAKS_HTTP1 = 1,
	TH_SPEAKS_HTTP2 = 2,
	TH_SPEAKS_TLS = 3,   /* TLS records on the socket; a TLS tap may have its plaintext */
	TH_SPEAKS_OTHER = 4, /* seen, not decoded: belongs in the ledger */
	TH_SPEAKS_DNS = 5,   /* questions to a name server over TCP */
};

/* The result of a look-up (NAME) is 0, an EAI_ code, or this: the program asked name servers
 * itself, and none answered. It is in the range of those codes, and none of them. */
#define TH_NAME_UNANSWERED (-110)

/* How a name server was asked (DNS). */
enum th_dns_way {
	TH_DNS_BY_DATAGRAM = 0,
	TH_DNS_BY_STREAM = 1,
	TH_DNS_BY_RESOLVER = 2, /* the C library's: res_query() and its relatives */
};

/* Why a program that was started does not carry the library (LEFT). */
enum th_left {
	TH_LEFT_ENVIRONMENT = 1, /* it was not told to: no LD_PRELOAD, or another */
	TH_LEFT_STATIC = 2,	 /* linked statically: there is no loader */
	TH_LEFT_RIGHTS = 3,	 /* set-user-ID or file capabilities: the loader must not */
	TH_LEFT_MACHINE = 4,	 /* of another architecture */
	TH_LEFT_CONTEXT = 5,	 /* with the library, but not told of the run: it begins its own */
	TH_LEFT_USER = 6,	 /* as a user who may not write the capture */
};

#endif
