#include "capture/key.h"

#include <errno.h>

#include "base/crc32c.h"
#include "base/sys.h"
#include "base/text.h"

#define LABEL_BYTES 15 /* of a derived key, and then the number of its half */

static struct th_gcm_key blocks_key, live_key, check_key, redaction_key, answers_key;
static bool present;

/* ---- keys from keys ---- */

/* Two blocks that differ in their last byte alone, encrypted, are the new key. */
static void derive(
	const struct th_gcm_key *from, const uint8_t label[LABEL_BYTES], struct th_gcm_key *ret_key)
{
	uint8_t in[TH_AES_BLOCK_BYTES], key[TH_AES_KEY_BYTES];
	memcpy(in, label, LABEL_BYTES);
	for (uint8_t half = 0; half < 2; half++) {
		in[LABEL_BYTES] = half + 1;
		th_aes_block(from, in, key + half * TH_AES_BLOCK_BYTES);
	}
	th_gcm_init(ret_key, key);
}

static const uint8_t answers_label[] = "tracehook kept ";

static void use(const uint8_t bytes[TH_AES_KEY_BYTES])
{
	struct th_gcm_key master;
	th_gcm_init(&master, bytes);
	derive(&master, (const uint8_t *)"tracehook block", &blocks_key);
	derive(&master, (const uint8_t *)"tracehook lives", &live_key);
	derive(&master, (const uint8_t *)"tracehook check", &check_key);
	derive(&master, (const uint8_t *)"tracehook token", &redaction_key);
	derive(&master, answers_label, &answers_key);
	present = true;
}

/* ---- the file ---- */

static bool decode(const uint8_t *p, size_t n, uint8_t ret_key[TH_AES_KEY_BYTES])
{
	if (n == TH_AES_KEY_BYTES) {
		memcpy(ret_key, p, n);
		return true;
	}
	while (n && (p[n - 1] == '\n' || p[n - 1] == '\r')) {
		n--;
	}
	return n == 2 * TH_AES_KEY_BYTES &&
		th_hex_decode(ret_key, (const char *)p, TH_AES_KEY_BYTES);
}

int th_key_read(int fd, uint8_t ret_key[TH_AES_KEY_BYTES])
{
	uint8_t text[2 * TH_AES_KEY_BYTES + 3]; /* one more than may be there */
	struct stat st;
	int r = th_sys_fstat(fd, &st);
	if (r < 0) {
		return r;
	}
	if (!S_ISREG(st.st_mode)) {
		return -EINVAL;
	}
	if (st.st_mode & 077) {
		return -EPERM;
	}
	long n = th_sys_pread(fd, text, sizeof(text), 0);
	if (n < 0) {
		return (int)n;
	}
	return decode(text, (size_t)n, ret_key) ? 0 : -EINVAL;
}

int th_key_load(const char *path)
{
	uint8_t key[TH_AES_KEY_BYTES];
	int fd = th_sys_open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);
	if (fd < 0) {
		return fd;
	}
	int r = th_key_read(fd, key);
	th_sys_close(fd);
	if (r == 0) {
		use(key);
	}
	return r;
}

const char *th_key_why(int error)
{
	switch (error) {
	case -EPERM:
		return "others than its owner may read it (chmod 600)";
	case -EINVAL:
		return "holds no key: 32 bytes or 64 hex digits are one";
	case -ENOKEY:
		return "is encrypted; TRACEHOOK_KEY_FILE has to name the file with its key";
	case -EKEYREJECTED:
		return "is encrypted with another key than that in TRACEHOOK_KEY_FILE";
	case -EMEDIUMTYPE:
		return "is not encrypted, but TRACEHOOK_KEY_FILE asks for it; another file is "
		       "needed";
	default:
		return NULL;
	}
}

bool th_key_present(void)
{
	return present;
}

void th_key_forget(void)
{
	present = false;
}

/* ---- captures ---- */

static void make_check(const struct th_file_header *h, uint8_t ret_check[TH_KEY_CHECK_BYTES])
{
	th_aes_block(&check_key, h->file_id, ret_check);
}

static void make_redaction_key(struct th_file_header *h)
{
	const uint8_t zeros[TH_AES_BLOCK_BYTES] = {0};
	th_aes_block(&redaction_key, zeros, h->key);
}

void th_key_begin(struct th_file_header *h)
{
	h->flags = present ? TH_FILE_ENCRYPTED : 0;
	memset(h->check, 0, sizeof(h->check));
	if (present) {
		memset(h->key, 0, sizeof(h->key));
		make_check(h, h->check);
	}
}

int th_key_admit(struct th_file_header *h)
{
	uint8_t check[TH_KEY_CHECK_BYTES];
	if (!(h->flags & TH_FILE_ENCRYPTED)) {
		return 0;
	}
	if (!present) {
		return -ENOKEY;
	}
	make_check(h, check);
	if (memcmp(check, h->check, sizeof(check)) != 0) {
		return -EKEYREJECTED;
	}
	make_redaction_key(h);
	return 0;
}

/* ---- blocks ---- */

int th_key_salt(uint8_t ret_salt[TH_SALT_BYTES])
{
	int r = th_sys_random(ret_salt, LABEL_BYTES);
	ret_salt[LABEL_BYTES] = 0;
	return r;
}

/* What the tag covers besides the payload. */
struct block_extra {
	uint8_t file_id[TH_FILE_ID_BYTES];
	uint8_t header[TH_BLOCK_HEADER_BYTES];
};

static struct th_slice block_extra(
	const struct th_block *b, const uint8_t *file_id, struct block_extra *room)
{
	struct th_block plain = *b;
	plain.crc = 0;
	memcpy(room->file_id, file_id, sizeof(room->file_id));
	th_block_encode(room->header, file_id, &plain);
	return (struct th_slice){(const uint8_t *)room, sizeof(*room)};
}

static const uint8_t no_nonce[TH_GCM_NONCE_BYTES]; /* of a key that is used once */

int th_key_seal_block(struct th_block *b, const uint8_t *file_id, uint8_t *p, size_t n,
	uint8_t ret_tag[TH_GCM_TAG_BYTES])
{
	struct th_gcm_key key;
	struct block_extra room;
	int r = present ? th_key_salt(b->salt) : -ENOKEY;
	if (r < 0) {
		return r;
	}
	b->flags |= TH_BLOCK_ENCRYPTED;
	b->stored_bytes = (uint32_t)(n + TH_GCM_TAG_BYTES);
	derive(&blocks_key, b->salt, &key);
	th_gcm_seal(&key, no_nonce, block_extra(b, file_id, &room), p, n, ret_tag);
	return 0;
}

int th_key_open_block(const struct th_block *b, const uint8_t *file_id, uint8_t *p)
{
	struct th_gcm_key key;
	struct block_extra room;
	if (!present) {
		return -ENOKEY;
	}
	if (b->stored_bytes < TH_GCM_TAG_BYTES) {
		return -EBADMSG;
	}
	size_t n = b->stored_bytes - TH_GCM_TAG_BYTES;
	derive(&blocks_key, b->salt, &key);
	struct th_slice extra = block_extra(b, file_id, &room);
	return th_gcm_open(&key, no_nonce, extra, p, n, p + n) ? 0 : -EBADMSG;
}

int th_key_peek_block(const struct th_block *b, uint8_t *p, size_t n)
{
	struct th_gcm_key key;
	if (!present) {
		return -ENOKEY;
	}
	derive(&blocks_key, b->salt, &key);
	th_gcm_peek(&key, no_nonce, p, n);
	return 0;
}

/* ---- what is kept of answers ---- */

void th_key_of_answers(const uint8_t user_key[TH_AES_KEY_BYTES], const uint8_t *file_id,
	struct th_gcm_key *ret_key)
{
	struct th_gcm_key master, own;
	th_gcm_init(&master, user_key);
	derive(&master, answers_label, &own);
	derive(&own, file_id, ret_key);
}

int th_key_answers(const uint8_t *file_id, struct th_gcm_key *ret_key)
{
	if (!present) {
		return -ENOKEY;
	}
	derive(&answers_key, file_id, ret_key);
	return 0;
}

/* ---- live files ---- */

int th_key_live(const uint8_t salt[TH_SALT_BYTES], struct th_gcm_key *ret_key)
{
	if (!present) {
		return -ENOKEY;
	}
	derive(&live_key, salt, ret_key);
	return 0;
}

void th_live_key_init(struct th_live_key *k, const uint8_t *file_id, uint64_t writer)
{
	memcpy(k->extra, file_id, TH_FILE_ID_BYTES);
	memcpy(k->extra + TH_FILE_ID_BYTES, &writer, sizeof(writer));
}

#define CLEAR_BYTES 8 /* of a frame: length and checksum */

static void make_nonce(uint64_t number, uint8_t ret_nonce[TH_GCM_NONCE_BYTES])
{
	memset(ret_nonce, 0, TH_GCM_NONCE_BYTES);
	memcpy(ret_nonce, &number, sizeof(number));
}

void th_live_key_seal(const struct th_live_key *k, uint64_t number, uint8_t *p, size_t length)
{
	uint8_t nonce[TH_GCM_NONCE_BYTES];
	const struct th_slice extra = {k->extra, sizeof(k->extra)};
	make_nonce(number, nonce);
	th_gcm_seal(&k->key, nonce, extra, p + CLEAR_BYTES, length - CLEAR_BYTES, p + length);
}

bool th_live_key_open(const struct th_live_key *k, uint64_t number, uint8_t *p, size_t length)
{
	uint8_t nonce[TH_GCM_NONCE_BYTES];
	const struct th_slice extra = {k->extra, sizeof(k->extra)};
	make_nonce(number, nonce);
	return th_gcm_open(
		&k->key, nonce, extra, p + CLEAR_BYTES, length - CLEAR_BYTES, p + length);
}

void th_live_key_peek(
	const struct th_live_key *k, uint64_t number, uint8_t header[TH_FRAME_HEADER_BYTES])
{
	uint8_t nonce[TH_GCM_NONCE_BYTES];
	make_nonce(number, nonce);
	th_gcm_peek(&k->key, nonce, header + CLEAR_BYTES, TH_FRAME_HEADER_BYTES - CLEAR_BYTES);
}

/* The frame at `from`, `length` with header and tag, as a frame of a block at `to`; its room there,
 * or 0 when its tag does not hold. */
static size_t open_one(const struct th_live_key *k, uint64_t number, const uint8_t *from,
	size_t length, uint8_t *to)
{
	memcpy(to, from, length);
	length -= TH_GCM_TAG_BYTES;
	if (!th_live_key_open(k, number, to, length)) {
		return 0;
	}
	uint64_t commit = th_frame_commit(
		(uint32_t)length, th_crc32c(0, to + CLEAR_BYTES, length - CLEAR_BYTES));
	memcpy(to, &commit, sizeof(commit));
	memset(to + length, 0, th_frame_room(length) - length);
	return th_frame_room(length);
}

size_t th_live_key_open_all(const struct th_live_key *k, uint64_t first, struct th_slice area,
	uint8_t *out, uint32_t *ret_count, bool *ret_whole)
{
	struct th_frame_header h;
	uint32_t count = 0;
	size_t n = 0;
	bool ok = false, whole = true;
	while (whole && th_frame_decode(area, &h, &ok) && ok) {
		size_t got = 0;
		if (h.length >= TH_FRAME_HEADER_BYTES + TH_GCM_TAG_BYTES) {
			got = open_one(k, first + count, area.p, h.length, out + n);
		}
		whole = got != 0;
		n += got;
		count += whole;
		area.p += th_frame_room(h.length);
		area.n -= th_frame_room(h.length);
	}
	*ret_count = count;
	*ret_whole = whole;
	return n;
}
