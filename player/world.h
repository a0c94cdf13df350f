/* The world of a recording: its names, addresses and peers, and the player's certificate.
 *
 * The player writes it once, before any agent runs; each process of the tree maps it read-only.
 * So look-ups and the fence need no message, survive forks (lynx resolves in a child), and are a
 * pure function of the capture. Offsets are from the start of the file; all of it is validated
 * by th_world_open(), after which the accessors trust it. */
#ifndef PLAYER_WORLD_H
#define PLAYER_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define TH_WORLD_MAGIC "THWORLD2"
#define TH_WORLD_LIMIT (64u << 20) /* a larger file is refused */

#define TH_WORLD_UNIX 1 /* family of a peer that is a Unix socket */

struct th_world_address {
	uint8_t family; /* 4, 6; of peers also TH_WORLD_UNIX */
	uint8_t reserved[3];
	uint8_t bytes[16]; /* of a Unix socket: th_unix_key() */
};

/* Sorted by name (lower case, no trailing dot), then each name once. */
struct th_world_name {
	uint32_t name_offset;		     /* NUL-terminated */
	int32_t result;			     /* 0, or the EAI_ code that the recording saw */
	uint32_t first_address, n_addresses; /* into the addresses, in recorded order */
};

/* What a name server answered. Sorted by name (as above), type, and `stream`, each once. */
struct th_world_dns {
	uint32_t name_offset; /* NUL-terminated */
	uint16_t type;
	uint8_t stream;	  /* the whole answer, as over TCP; else as over UDP, perhaps cut short */
	uint8_t resolver; /* the C library's: it may be that to a longer name */
	uint32_t message_offset, message_size; /* 0: nobody answered */
};

enum th_peer_verdict {
	TH_PEER_SERVED = 1, /* HTTP was recorded: goes to the player */
	TH_PEER_FAILED = 2, /* every recorded connect failed, with `error` */
	TH_PEER_PASSED = 3, /* loopback that spoke something else: let through (DESIGN 2.3) */
};

/* Sorted by address bytes, then port, then family. An IPv4-mapped IPv6 address is kept as IPv4. */
struct th_world_peer {
	struct th_world_address address;
	uint16_t port;
	uint8_t verdict;
	uint8_t seen; /* 0: the recording did not go there, but to another address of the name */
	int32_t error;
};

struct th_world_header {
	char magic[8];
	uint64_t size; /* of the file */
	uint32_t n_names, names_offset;
	uint32_t n_addresses, addresses_offset;
	uint32_t n_peers, peers_offset;
	uint32_t n_dns, dns_offset;
	uint32_t ca_offset, ca_size; /* the ephemeral CA's certificate, DER */
	uint32_t live; /* what the recording does not have may be asked of the player */
	uint32_t reserved;
};

struct th_world {
	const struct th_world_header *header; /* the mapping; NULL: not open */
};

/* Maps the file and checks every offset. 0 or a negative errno. No malloc. */
int th_world_open(struct th_world *w, const char *path);

/* Unmaps. A world that is not open is left alone. */
void th_world_close(struct th_world *w);

/* NULL: the recording never asked for it. `name` need not be normalised. */
const struct th_world_name *th_world_find_name(const struct th_world *w, const char *name);

const struct th_world_address *th_world_addresses(
	const struct th_world *w, const struct th_world_name *n);

/* The answer to a question of this type, preferably one of that kind; NULL: none was recorded. */
const struct th_world_dns *th_world_find_dns(
	const struct th_world *w, const char *name, uint16_t type, bool stream);
struct th_slice th_world_dns_message(const struct th_world *w, const struct th_world_dns *d);

/* NULL: the recording never went there. */
const struct th_world_peer *th_world_find_peer(
	const struct th_world *w, uint8_t family, const uint8_t address[16], uint16_t port);

/* The address as the world keeps it: an IPv4-mapped IPv6 address (RFC 4291 2.5.5.2) is the IPv4
 * one, and unused bytes are zero. */
struct th_world_address th_world_plain_address(uint8_t family, const uint8_t address[16]);

/* The certificate of the player's CA, DER; lives as long as the mapping. */
struct th_slice th_world_ca(const struct th_world *w);

#endif
