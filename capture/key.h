/* The key of encrypted captures, and the keys made from it (FORMAT.md, "Encryption").
 *
 * One key per process, from a file that TRACEHOOK_KEY_FILE names; readers and writers find it here.
 * It is not used by itself: each block and each live file has a key of its own, derived from it and
 * a random salt. So no nonce can come twice under one key, whoever forks when (P28): a child shares
 * no live file with its parent, and each block draws a new salt. Inside the agent. */
#ifndef CAPTURE_KEY_H
#define CAPTURE_KEY_H

#include "base/aes_gcm.h"
#include "capture/layout.h"

/* Reads the key file: 32 bytes, or 64 hex digits and perhaps a line end; nobody but its owner may
 * have rights to it. 0, or a negative errno: -EPERM others may read it, -EINVAL it holds no such
 * key, or what open() says. */
int th_key_load(const char *path);

/* The same for an open file. */
int th_key_read(int fd, uint8_t ret_key[TH_AES_KEY_BYTES]);

/* What is wrong, one clause, for what th_key_load() or th_key_admit() returned; NULL: it is no
 * error of theirs. */
const char *th_key_why(int error);

bool th_key_present(void);

/* For tests: as if there never was one. */
void th_key_forget(void);

/* Makes a new file's header one of an encrypted file, when there is a key. */
void th_key_begin(struct th_file_header *h);

/* May this process read the file? Fills in the redaction key when it is encrypted. 0, -ENOKEY: it
 * is encrypted and there is no key; -EKEYREJECTED: with another one. */
int th_key_admit(struct th_file_header *h);

/* The key of a live file, or what -ENOKEY says. */
int th_key_live(const uint8_t salt[TH_SALT_BYTES], struct th_gcm_key *ret_key);

/* The key of what is kept of answers (kept.h) in the file with that id: from a user's own key, or
 * from that of encrypted captures; -ENOKEY: there is none. */
void th_key_of_answers(const uint8_t user_key[TH_AES_KEY_BYTES], const uint8_t *file_id,
	struct th_gcm_key *ret_key);
int th_key_answers(const uint8_t *file_id, struct th_gcm_key *ret_key);

/* A salt; 0 or a negative errno. */
int th_key_salt(uint8_t ret_salt[TH_SALT_BYTES]);

/* Encrypts a block's payload of `n` bytes in place and completes `b`: flag, salt, size. The tag
 * belongs behind the payload; the checksum (b->crc) is the caller's to compute, over both. 0,
 * -ENOKEY, or what getrandom() says. */
int th_key_seal_block(struct th_block *b, const uint8_t *file_id, uint8_t *p, size_t n,
	uint8_t ret_tag[TH_GCM_TAG_BYTES]);

/* Decrypts a stored payload in place: b->stored_bytes, the tag at its end. 0, -ENOKEY, -EBADMSG: it
 * was altered. */
int th_key_open_block(const struct th_block *b, const uint8_t *file_id, uint8_t *p);

/* Decrypts the first `n` bytes of a stored payload in place, whether it was altered or not: to find
 * one's way, never to give out. 0 or -ENOKEY. */
int th_key_peek_block(const struct th_block *b, uint8_t *p, size_t n);

/* One frame of a live file: `p` is the frame as it stands there, `length` with its header but
 * without the tag, which belongs behind. What is encrypted begins at byte 8. */
struct th_live_key {
	struct th_gcm_key key;
	uint8_t extra[TH_FILE_ID_BYTES + 8]; /* file id, writer */
};
void th_live_key_init(struct th_live_key *k, const uint8_t *file_id, uint64_t writer);
void th_live_key_seal(const struct th_live_key *k, uint64_t number, uint8_t *p, size_t length);
bool th_live_key_open(const struct th_live_key *k, uint64_t number, uint8_t *p, size_t length);

/* As th_key_peek_block(), of a frame's header. */
void th_live_key_peek(
	const struct th_live_key *k, uint64_t number, uint8_t header[TH_FRAME_HEADER_BYTES]);

/* Decrypts the frames of a live file's area into `out` (as large as the area), as frames of a
 * block: lengths and checksums of what they hold now. Returns their bytes; *ret_count frames;
 * *ret_whole: no frame failed its tag. */
size_t th_live_key_open_all(const struct th_live_key *k, uint64_t first, struct th_slice area,
	uint8_t *out, uint32_t *ret_count, bool *ret_whole);

#endif
