/* What was replaced in the heads of answers, kept encrypted (FORMAT.md, "Kept values"): a replay
 * has to hand the agent the answer it got, byte by byte, while who only has the capture finds
 * nothing but stand-ins in it.
 *
 * The key is not in the capture: it is the user's (answers_key.h), of an encrypted capture the
 * capture's. Values are padded to their length class, so that what is kept tells no more of one
 * than its stand-in does. Pure but for random numbers; usable inside the agent. */
#ifndef CAPTURE_KEPT_H
#define CAPTURE_KEPT_H

#include "base/aes_gcm.h"
#include "capture/stand_in.h"

#define TH_KEPT_VALUE_MAX (64u << 10) /* a longer one is not kept */

/* Why a writer keeps nothing (first byte of the payload). */
enum th_kept {
	TH_KEPT_VALUE = 0,
	TH_KEPT_NO_KEY = 1,  /* there is none, and none can be made */
	TH_KEPT_NOT_OWN = 2, /* what is there is not this user's alone */
};

struct th_kept_key {
	struct th_gcm_key key;
	uint8_t extra[24]; /* file id, writer */
};

/* Of a file and a writer, from the user's key. */
void th_kept_key_init(struct th_kept_key *k, const uint8_t user_key[TH_AES_KEY_BYTES],
	const uint8_t *file_id, uint64_t writer);

/* The same of an encrypted capture; false: no key was loaded (key.h). */
bool th_kept_key_init_encrypted(struct th_kept_key *k, const uint8_t *file_id, uint64_t writer);

/* Upper bound of the payload for a value of n bytes. */
size_t th_kept_bound(size_t n);

/* Writes the payload for a value of at most TH_KEPT_VALUE_MAX bytes to `out`, which has that bound;
 * its length, 0 when there are no random numbers. */
size_t th_kept_seal(const struct th_kept_key *k, const uint8_t token[TH_STAND_IN_BYTES],
	struct th_slice value, uint8_t *out);

/* The payload of a writer that keeps nothing. */
size_t th_kept_say(enum th_kept why, uint8_t ret_payload[16]);

/* What a payload says. */
enum th_kept th_kept_state(struct th_slice payload);

/* Why nothing was kept, one clause; NULL for TH_KEPT_VALUE. */
const char *th_kept_why(enum th_kept state);

/* Decrypts a payload into `room`, which is as large. False: another key, or it was altered. */
bool th_kept_open(const struct th_kept_key *k, struct th_slice payload, uint8_t *room,
	struct th_slice *ret_token, struct th_slice *ret_value);

#endif
