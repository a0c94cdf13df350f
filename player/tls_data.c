/* See tls_data.h. Each direction has a secret, of which its key and nonces are made (RFC 8446 7.3),
 * and a count of records (5.3). */
#include "player/tls_data.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

#define HEAD 5
#define TAG 16
#define NONCE 12
#define IN_BYTES (96u << 10) /* an agent that resends its history writes many records */
#define SEALED_MAX (TH_TLS_RECORD_MAX + 256)
#define LABEL_MAX 24
#define INFO_MAX (2 + 1 + LABEL_MAX + 1 + 1)

enum type {
	CHANGE_CIPHER = 20,
	ALERT = 21,
	HANDSHAKE = 22,
	DATA = 23,
};

enum {
	KEY_UPDATE = 24,
	KEY_UPDATE_BYTES = 5, /* type, length in 3, whether it is asked for */
};

struct way {
	EVP_CIPHER_CTX *ctx;
	uint8_t secret[EVP_MAX_MD_SIZE];
	uint8_t iv[NONCE];
	uint64_t records;
};

struct th_tls_data {
	const EVP_CIPHER *cipher;
	const EVP_MD *md;
	struct way in, out;
	bool ended, said_last;
	size_t at, n;		  /* of `sealed`: received, and not opened yet */
	size_t plain_at, plain_n; /* of `plain`: opened, and not handed on yet */
	uint8_t plain[SEALED_MAX];
	uint8_t sealed[IN_BYTES];
};

/* ---- keys ---- */

static EVP_MAC *hmac; /* looked up once: that takes as long as to use it */

static void find_hmac(void)
{
	hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
}

/* HMAC by a secret of this session. NULL without memory. */
static EVP_MAC_CTX *keyed(const struct th_tls_data *d, const uint8_t *secret)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, find_hmac);
	EVP_MAC_CTX *mac = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
	char *name = (char *)(uintptr_t)EVP_MD_get0_name(d->md);
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
		OSSL_PARAM_construct_end()};
	if (mac && EVP_MAC_init(mac, secret, (size_t)EVP_MD_get_size(d->md), params) != 1) {
		EVP_MAC_CTX_free(mac);
		mac = NULL;
	}
	return mac;
}

/* HKDF-Expand-Label without a context, of no more than a hash (RFC 8446 7.1, RFC 5869 2.3). */
static bool expand(EVP_MAC_CTX *mac, const char *label, uint8_t *ret_bytes, size_t n)
{
	uint8_t info[INFO_MAX], hash[EVP_MAX_MD_SIZE];
	size_t hash_n;
	struct th_out out = {.p = info, .cap = sizeof(info)};
	th_out_u8(&out, 0);
	th_out_u8(&out, (uint8_t)n);
	th_out_u8(&out, (uint8_t)strlen(label));
	th_out_bytes(&out, label, strlen(label));
	th_out_u8(&out, 0);
	th_out_u8(&out, 1);
	if (out.failed || !mac || EVP_MAC_init(mac, NULL, 0, NULL) != 1 ||
		EVP_MAC_update(mac, info, out.n) != 1 ||
		EVP_MAC_final(mac, hash, &hash_n, sizeof(hash)) != 1 || n > hash_n) {
		return false;
	}
	memcpy(ret_bytes, hash, n);
	return true;
}

static bool take_key(struct th_tls_data *d, struct way *w, bool writes)
{
	uint8_t key[EVP_MAX_KEY_LENGTH];
	EVP_MAC_CTX *mac = keyed(d, w->secret);
	bool made = expand(mac, "tls13 key", key, (size_t)EVP_CIPHER_get_key_length(d->cipher)) &&
		expand(mac, "tls13 iv", w->iv, NONCE);
	EVP_MAC_CTX_free(mac);
	w->records = 0;
	return made && EVP_CipherInit_ex(w->ctx, d->cipher, NULL, key, w->iv, writes) == 1;
}

static bool update_key(struct th_tls_data *d, struct way *w, bool writes)
{
	EVP_MAC_CTX *mac = keyed(d, w->secret);
	size_t n = (size_t)EVP_MD_get_size(d->md);
	bool made = expand(mac, "tls13 traffic upd", w->secret, n);
	EVP_MAC_CTX_free(mac);
	return made && take_key(d, w, writes);
}

static bool begin(struct way *w, const uint8_t *secret, size_t n)
{
	w->ctx = EVP_CIPHER_CTX_new();
	memcpy(w->secret, secret, n);
	return w->ctx;
}

static bool is_aead(const EVP_CIPHER *c)
{
	return c && EVP_CIPHER_get_flags(c) & EVP_CIPH_FLAG_AEAD_CIPHER &&
		EVP_CIPHER_get_mode(c) != EVP_CIPH_CCM_MODE && EVP_CIPHER_get_iv_length(c) == NONCE;
}

static bool begin_all(struct th_tls_data *d, const struct th_tls_made *made)
{
	size_t n = d->md ? (size_t)EVP_MD_get_size(d->md) : 0;
	if (!is_aead(d->cipher) || n == 0 || made->n[0] != n || made->n[1] != n ||
		!begin(&d->in, made->secrets[0], n) || !begin(&d->out, made->secrets[1], n) ||
		!take_key(d, &d->in, false) || !take_key(d, &d->out, true)) {
		return false;
	}
	d->out.records = made->written;
	return true;
}

struct th_tls_data *th_tls_data_by(
	const EVP_CIPHER *cipher, const EVP_MD *md, const struct th_tls_made *made)
{
	struct th_tls_data *d = malloc(sizeof(*d));
	if (!d) {
		return NULL;
	}
	memset(d, 0, offsetof(struct th_tls_data, plain));
	d->cipher = cipher;
	d->md = md;
	return begin_all(d, made) ? d : th_tls_data_destroy(d);
}

struct th_tls_data *th_tls_data_create(SSL *ssl, const struct th_tls_made *made)
{
	const SSL_CIPHER *c = SSL_get_current_cipher(ssl);
	/* A client may want records to be small (RFC 6066 4). */
	bool is_usual = SSL_SESSION_get_max_fragment_length(SSL_get_session(ssl)) ==
		TLSEXT_max_fragment_length_DISABLED;
	if (SSL_version(ssl) != TLS1_3_VERSION || !c || !is_usual || SSL_has_pending(ssl)) {
		return NULL;
	}
	return th_tls_data_by(EVP_get_cipherbynid(SSL_CIPHER_get_cipher_nid(c)),
		SSL_CIPHER_get_handshake_digest(c), made);
}

struct th_tls_data *th_tls_data_destroy(struct th_tls_data *d)
{
	if (d) {
		EVP_CIPHER_CTX_free(d->in.ctx);
		EVP_CIPHER_CTX_free(d->out.ctx);
		free(d);
	}
	return NULL;
}

/* The nonce of the next record (RFC 8446 5.3), put in. */
static bool begin_record(struct way *w, const uint8_t head[HEAD], bool writes)
{
	uint8_t nonce[NONCE];
	int n;
	memcpy(nonce, w->iv, NONCE);
	for (int i = 0; i < 8; i++) {
		nonce[NONCE - 1 - i] ^= (uint8_t)(w->records >> 8 * i);
	}
	w->records++;
	return EVP_CipherInit_ex(w->ctx, NULL, NULL, NULL, nonce, writes) == 1 &&
		EVP_CipherUpdate(w->ctx, NULL, &n, head, HEAD) == 1;
}

/* ---- writing ---- */

static void put_head(uint8_t head[HEAD], size_t n)
{
	head[0] = DATA;
	head[1] = head[2] = 3;
	head[3] = (uint8_t)(n >> 8);
	head[4] = (uint8_t)n;
}

static bool seal(struct way *w, uint8_t type, struct th_slice bytes, uint8_t *to)
{
	int n;
	put_head(to, bytes.n + 1 + TAG);
	uint8_t *at = to + HEAD;
	return begin_record(w, to, true) &&
		EVP_EncryptUpdate(w->ctx, at, &n, bytes.p, (int)bytes.n) == 1 &&
		EVP_EncryptUpdate(w->ctx, at + bytes.n, &n, &type, 1) == 1 &&
		EVP_EncryptFinal_ex(w->ctx, at + bytes.n + 1, &n) == 1 &&
		EVP_CIPHER_CTX_ctrl(w->ctx, EVP_CTRL_AEAD_GET_TAG, TAG, at + bytes.n + 1) == 1;
}

static void put_record(
	struct th_tls_data *d, uint8_t type, struct th_slice bytes, struct th_buf *out)
{
	if (d->said_last || !th_buf_room(out, HEAD + bytes.n + 1 + TAG)) {
		return;
	}
	if (!seal(&d->out, type, bytes, out->p + out->n)) {
		out->failed = true;
		return;
	}
	out->n += HEAD + bytes.n + 1 + TAG;
}

void th_tls_data_write(struct th_tls_data *d, struct th_slice bytes, struct th_buf *out)
{
	while (bytes.n && !out->failed) {
		size_t n = bytes.n < TH_TLS_RECORD_MAX ? bytes.n : TH_TLS_RECORD_MAX;
		put_record(d, DATA, (struct th_slice){bytes.p, n}, out);
		bytes = (struct th_slice){bytes.p + n, bytes.n - n};
	}
}

void th_tls_data_alert(struct th_tls_data *d, uint8_t level, uint8_t number, struct th_buf *out)
{
	const uint8_t alert[] = {level, number};
	put_record(d, ALERT, (struct th_slice){alert, sizeof(alert)}, out);
	d->said_last = true;
}

/* ---- reading ---- */

static size_t record_bytes(const uint8_t head[HEAD])
{
	return HEAD + ((size_t)head[3] << 8 | head[4]);
}

/* A whole record, or 0 when one cannot be. */
static size_t whole_record(const struct th_tls_data *d)
{
	size_t left = d->n - d->at;
	size_t n = left >= HEAD ? record_bytes(d->sealed + d->at) : 0;
	return n && n <= left ? n : 0;
}

/* 1; 0: it is over; or a negative errno. */
static int receive(struct th_tls_data *d, int fd)
{
	if (d->at) {
		memmove(d->sealed, d->sealed + d->at, d->n - d->at);
		d->n -= d->at;
		d->at = 0;
	}
	ssize_t r;
	while ((r = recv(fd, d->sealed + d->n, sizeof(d->sealed) - d->n, 0)) < 0 &&
		errno == EINTR) {
	}
	d->n += r > 0 ? (size_t)r : 0;
	return r > 0 ? 1 : r < 0 && errno == EAGAIN ? -EAGAIN : 0;
}

/* Opens what is not longer than SEALED_MAX. The type, behind which are zeros only; 0: it is none.
 */
static uint8_t open_record(struct way *w, const uint8_t *p, size_t n, uint8_t *to, size_t *ret_n)
{
	int got;
	size_t body = n - HEAD - TAG;
	bool opened = begin_record(w, p, false) &&
		EVP_DecryptUpdate(w->ctx, to, &got, p + HEAD, (int)body) == 1 &&
		EVP_CIPHER_CTX_ctrl(w->ctx, EVP_CTRL_AEAD_SET_TAG, TAG,
			(void *)(uintptr_t)(p + HEAD + body)) == 1 &&
		EVP_DecryptFinal_ex(w->ctx, to + body, &got) == 1;
	while (opened && body && to[body - 1] == 0) {
		body--;
	}
	if (!opened || body == 0) {
		return 0;
	}
	*ret_n = body - 1;
	return to[body - 1];
}

/* Of what OpenSSL would read behind the handshake only this comes from a client. */
static bool take_handshake(struct th_tls_data *d, struct th_slice m, struct th_buf *out)
{
	uint8_t answer[KEY_UPDATE_BYTES] = {KEY_UPDATE, 0, 0, 1, 0};
	if (m.n != KEY_UPDATE_BYTES || memcmp(m.p, answer, 4) != 0 || m.p[4] > 1) {
		return false;
	}
	if (m.p[4]) {
		put_record(d, HANDSHAKE, (struct th_slice){answer, sizeof(answer)}, out);
		if (!update_key(d, &d->out, true)) {
			return false;
		}
	}
	return update_key(d, &d->in, false);
}

/* What was opened to `to`. The bytes of data there; -1: it is over. */
static ssize_t take(struct th_tls_data *d, uint8_t type, struct th_slice m, struct th_buf *out)
{
	switch (type) {
	case DATA:
		return (ssize_t)m.n;
	case HANDSHAKE:
		return take_handshake(d, m, out) ? 0 : -1;
	case ALERT: /* that it is about to go may be said before close_notify */
		return m.n == 2 && m.p[1] == SSL_AD_USER_CANCELLED ? 0 : -1;
	default:
		return -1;
	}
}

/* Opens the record of n bytes that is there, to p if it has room. Bytes for p; -1: it is over. */
static ssize_t open_next(
	struct th_tls_data *d, size_t n, uint8_t *p, size_t room, struct th_buf *out)
{
	const uint8_t *record = d->sealed + d->at;
	size_t got = 0;
	d->at += n;
	if (record[0] == CHANGE_CIPHER) { /* says nothing (RFC 8446 5) */
		return 0;
	}
	if (record[0] != DATA || n < HEAD + TAG + 1 || n - HEAD > SEALED_MAX) {
		return -1;
	}
	bool fits = room >= n - HEAD - TAG;
	uint8_t *to = fits ? p : d->plain;
	uint8_t type = open_record(&d->in, record, n, to, &got);
	ssize_t bytes = take(d, type, (struct th_slice){to, got}, out);
	if (bytes > 0 && !fits) {
		d->plain_at = 0;
		d->plain_n = (size_t)bytes;
		return 0;
	}
	return bytes;
}

static size_t hand_on(struct th_tls_data *d, uint8_t *p, size_t n)
{
	size_t left = d->plain_n - d->plain_at;
	n = n < left ? n : left;
	memcpy(p, d->plain + d->plain_at, n);
	d->plain_at += n;
	return n;
}

ssize_t th_tls_data_read(struct th_tls_data *d, int fd, void *p, size_t n, struct th_buf *out)
{
	while (!d->ended) {
		if (d->plain_at < d->plain_n) {
			return (ssize_t)hand_on(d, p, n);
		}
		size_t record = whole_record(d);
		if (!record) {
			int r = receive(d, fd);
			d->ended = r == 0;
			if (r < 0) {
				return r;
			}
			continue;
		}
		ssize_t got = open_next(d, record, p, n, out);
		if (got > 0) {
			return got;
		}
		d->ended = got < 0;
	}
	return 0;
}

bool th_tls_data_has_input(const struct th_tls_data *d)
{
	return d->plain_at < d->plain_n || (!d->ended && d->at < d->n);
}
