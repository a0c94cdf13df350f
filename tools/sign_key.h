/* Ed25519 keys that sign and check seals (RFC 8032), as `openssl genpkey -algorithm ed25519` makes
 * them. A key is read by the tool and never reaches the agent. */
#ifndef TOOLS_SIGN_KEY_H
#define TOOLS_SIGN_KEY_H

#include "capture/seal.h"

struct th_sign_key;

/* Both: TH_EXIT_OK and the key, or TH_EXIT_MISSING (no such file), TH_EXIT_USAGE (no such key in
 * it) after an error line. */
int th_sign_key_load(const char *path, struct th_sign_key **ret_key);
int th_sign_key_load_public(const char *path, uint8_t ret_key[TH_ED25519_KEY_BYTES]);

/* Takes NULL; returns NULL. */
struct th_sign_key *th_sign_key_destroy(struct th_sign_key *key);

/* Signs the seal with that hash. 0 or -EIO. */
int th_sign_seal(const struct th_sign_key *key, const uint8_t seal[TH_HASH_BYTES],
	struct th_signature *ret_signature);

/* Was it made, with the private half of the key that it names, for the seal that it names? */
bool th_sign_holds(const struct th_signature *s);

#endif
