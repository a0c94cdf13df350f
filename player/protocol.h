/* What the shim and the player say to each other. The shim knows the player only through this
 * header and world.h.
 *
 * The player listens on an AF_UNIX stream socket, <directory>/player.sock (a path works across
 * network namespaces, an abstract name does not). Each connection begins with one th_hello from
 * the shim, which never waits for an answer but where said. */
#ifndef PLAYER_PROTOCOL_H
#define PLAYER_PROTOCOL_H

#include <stdint.h>

#include "player/world.h"

#define TH_PLAYER_SOCKET "player.sock"
#define TH_PLAYER_WORLD "world"
#define TH_PLAYER_CA "ca.pem" /* its certificate, for libraries that take only a file */

/* In a certificate that the agent's verification is to refuse: an extension (of the arc for
 * examples, ITU-T X.660) that holds this mark and a TH_TLS_CODE() of 32 bits, little endian. */
#define TH_VERDICT_OID "2.999.1"
#define TH_VERDICT_MARK "tracehook verdict"

#define TH_HELLO_MAGIC 0x31484854u /* "THH1" */

enum th_hello_kind {
	/* The socket becomes the agent's connection: what follows is its own bytes (TLS or plain).
	 * Fields: process, thread, connection, address, port, stream_id. */
	TH_HELLO_STREAM = 1,
	/* A process of the tree began (constructor, or first use after fork). The player keeps
	 * running while any of them lives. Fields: process, parent, pid. The player answers one
	 * byte when it has noted it, so that siblings get their ordinals in order of start. */
	TH_HELLO_PROCESS = 2,
	/* A connection was refused by the fence. Fields: process, address, port. */
	TH_HELLO_FENCED_CONNECT = 3,
	/* A look-up was refused by the fence. Fields: process, name. */
	TH_HELLO_FENCED_LOOKUP = 4,
	/* The agent read the end of stream `stream_id`: how should that look? The player answers
	 * one byte: an errno to fail with once (ECONNRESET), or 0 for an orderly end. */
	TH_HELLO_ENDED = 5,
	/* A process of the tree has bound a Unix socket, or listens on one of the internet:
	 * connections to it stay within the tree. The player answers one byte when it has noted
	 * it. Fields: process, address (of one of the internet its inode, replay_own.c), name. */
	TH_HELLO_BOUND = 6,
	/* Did anybody of the tree bind this socket? The player answers one byte, 1 or 0.
	 * Fields: process, address, name. */
	TH_HELLO_WHOSE = 7,
	/* A program was executed into which the library cannot be loaded: the fence does not hold
	 * it. Fields: process, reason, name (its path). */
	TH_HELLO_LEFT = 8,
	/* A name that the world does not have, in a replay that may go live (world.h). The player
	 * answers with one th_resolved. Fields: process, name. */
	TH_HELLO_RESOLVE = 9,
	/* A peer that the world does not have, in such a replay: can it be reached? The player
	 * answers one byte: 0, and the connection is kept for the stream of this stream_id; the
	 * errno of connect(); or TH_REACH_FENCED. Fields as of STREAM. */
	TH_HELLO_REACH = 10,
	/* What makes this process trust the CA? `reason` bytes follow (trust.h); the answer is a
	 * u32 and that many bytes. */
	TH_HELLO_TRUST = 11,
	/* Of a relay: the agent is gone. It answers one byte when all is recorded, and ends. */
	TH_HELLO_FINISH = 12,
};

/* A file that a variable was led to which the user had set ends like this; what it was set to is in
 * the file of that name with the other end. */
#define TH_TRUST_SET ".set.pem"
#define TH_TRUST_WAS ".was"

#define TH_TRUST_MAX (128u << 10) /* bytes of an ask, or of an answer */

/* The variables of the program that an ask for trust holds. */
#define TH_TRUST_NAMES \
	"SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "DENO_CERT", "CURL_CA_BUNDLE", \
		"REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "GIT_SSL_CAINFO", "CARGO_HTTP_CAINFO", \
		"CODEX_CA_CERTIFICATE"

struct th_hello {
	uint32_t magic;
	uint8_t kind;
	uint8_t family;	     /* 4, 6, 1: a Unix socket, whose name is in `name` */
	uint16_t port;	     /* host order */
	uint8_t address[16]; /* of a Unix socket: th_unix_key() */
	uint8_t process[8];  /* span id of the agent process in this replay */
	uint8_t parent[8];
	uint64_t stream_id; /* unique in the tree: chosen by the shim at random */
	uint32_t pid;
	uint32_t thread;     /* ordinal of the thread in its process */
	uint32_t connection; /* ordinal of the connection in its process */
	uint32_t reason;     /* enum th_left (capture/frame.h) */
	char name[256];	     /* NUL-terminated */
};

_Static_assert(sizeof(struct th_hello) == 320, "the hello has no padding");

#define TH_REACH_FENCED 255 /* not now */

#define TH_RESOLVED_MAX 16
#define TH_RESOLVED_FENCED 1 /* no EAI_ code is positive */

struct th_resolved {
	int32_t result; /* 0, an EAI_ code, or FENCED: not now */
	uint32_t n;
	struct th_world_address addresses[TH_RESOLVED_MAX];
};

/* A relay (DESIGN 2.7) speaks as the player does. Processes register at its TH_PLAYER_SOCKET; each
 * gets a socket of its own for everything else, <directory>/<span id in hex>. A stream's hello has
 * this form there and comes with the agent's connection to the server (SCM_RIGHTS). */
struct th_relay_hello {
	struct th_hello hello;
	uint64_t connect_began, connected; /* ns */
};

_Static_assert(sizeof(struct th_relay_hello) == 336, "nor has this one");

#endif
