/* What a program with a TLS library of its own must be told so that it trusts the CA of a player or
 * relay beside everything that it trusts already: the variables that its runtime reads.
 *
 * Asked for and answered as a list of "NAME=value" texts, each with its NUL. An ask holds the
 * variables of TH_TRUST_NAMES that the program has; or, of a Java VM, "java.home", and if they are
 * set "java.store" and "java.password" (javax.net.ssl.trustStore…). The answer holds the variables
 * to set, or "java.store". Files are made in the directory of the player, where they stay. What the
 * user had set is part of each: nothing is taken away. */
#ifndef PLAYER_TRUST_H
#define PLAYER_TRUST_H

#include <openssl/x509.h>

#include "base/bytes.h"
#include "player/buf.h"

struct th_trust {
	const char *directory;
	struct th_slice ca; /* DER */
	X509_STORE *store;  /* takes what the program trusted before: for a relay; may be NULL */
	const char *system; /* the file of the system's certificates; NULL: where it usually is */
};

/* 0 and the answer, which may be empty; or a negative errno. Of a Java VM t->store learns at once.
 */
int th_trust_answer(const struct th_trust *t, struct th_slice ask, struct th_buf *ret_answer);

/* Gives t->store what the program trusted before. Apart from the answer, since the program waits
 * for that, and reading hundreds of certificates takes a while. */
void th_trust_learn(const struct th_trust *t, struct th_slice ask);

/* Removes the files that were made in the directory. */
void th_trust_clear(const char *directory);

/* A value in an ask or answer; NULL: it is not there. */
const char *th_trust_value(struct th_slice list, const char *name);

#endif
