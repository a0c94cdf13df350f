/* Reads of what a client says in the clear, or by how much it says, whether it refused the server's
 * certificate: while the bytes of a handshake pass that is not ours. */
#ifndef RELAY_REFUSAL_H
#define RELAY_REFUSAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum th_refusal_said {
	TH_REFUSAL_OPEN, /* nothing that decides it */
	TH_REFUSAL_REFUSED,
	TH_REFUSAL_ACCEPTED,
};

/* Zeroed at first. */
struct th_refusal {
	enum th_refusal_said said;
	bool changed_cipher;
	uint8_t head[5];
	size_t head_n, body; /* of the record's head that is there; of its body that is to come */
};

/* The client's bytes, in order, from its ClientHello on, cut anywhere. True: this decided it. */
bool th_refusal_read(struct th_refusal *r, const uint8_t *p, size_t n);

#endif
