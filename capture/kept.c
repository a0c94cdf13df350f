#include "capture/kept.h"

#include "base/sys.h"
#include "capture/key.h"

#define FIXED_BYTES 16 /* state, 3 reserved, nonce */
#define INNER_BYTES 40 /* token, 1 reserved, u32 length, 4 reserved */
#define LENGTH_AT 32   /* in them */

static void init_extra(struct th_kept_key *k, const uint8_t *file_id, uint64_t writer)
{
	memcpy(k->extra, file_id, TH_FILE_ID_BYTES);
	memcpy(k->extra + TH_FILE_ID_BYTES, &writer, sizeof(writer));
}

void th_kept_key_init(struct th_kept_key *k, const uint8_t user_key[TH_AES_KEY_BYTES],
	const uint8_t *file_id, uint64_t writer)
{
	th_key_of_answers(user_key, file_id, &k->key);
	init_extra(k, file_id, writer);
}

bool th_kept_key_init_encrypted(struct th_kept_key *k, const uint8_t *file_id, uint64_t writer)
{
	init_extra(k, file_id, writer);
	return th_key_answers(file_id, &k->key) == 0;
}

/* 2 to the length class that its stand-in tells. */
static size_t padded(size_t n)
{
	return n <= 1 ? 1 : (size_t)1 << (64 - __builtin_clzll(n - 1));
}

size_t th_kept_bound(size_t n)
{
	return FIXED_BYTES + INNER_BYTES + padded(n) + TH_GCM_TAG_BYTES;
}

size_t th_kept_seal(const struct th_kept_key *k, const uint8_t token[TH_STAND_IN_BYTES],
	struct th_slice value, uint8_t *out)
{
	const struct th_slice extra = {k->extra, sizeof(k->extra)};
	const size_t n = INNER_BYTES + padded(value.n);
	const uint32_t length = (uint32_t)value.n;
	uint8_t *nonce = out + FIXED_BYTES - TH_GCM_NONCE_BYTES, *inner = out + FIXED_BYTES;
	memset(out, 0, FIXED_BYTES + n);
	if (th_sys_random(nonce, TH_GCM_NONCE_BYTES) < 0) {
		return 0;
	}
	memcpy(inner, token, TH_STAND_IN_BYTES);
	memcpy(inner + LENGTH_AT, &length, sizeof(length));
	memcpy(inner + INNER_BYTES, value.p, value.n);
	th_gcm_seal(&k->key, nonce, extra, inner, n, inner + n);
	return FIXED_BYTES + n + TH_GCM_TAG_BYTES;
}

size_t th_kept_say(enum th_kept why, uint8_t ret_payload[FIXED_BYTES])
{
	memset(ret_payload, 0, FIXED_BYTES);
	ret_payload[0] = (uint8_t)why;
	return FIXED_BYTES;
}

enum th_kept th_kept_state(struct th_slice payload)
{
	return payload.n ? payload.p[0] : TH_KEPT_NO_KEY;
}

const char *th_kept_why(enum th_kept state)
{
	switch (state) {
	case TH_KEPT_VALUE:
		return NULL;
	case TH_KEPT_NOT_OWN:
		return "it was not kept, as the place of its key is not that user's alone";
	default:
		return "it was not kept, as its key could be neither read nor made";
	}
}

bool th_kept_open(const struct th_kept_key *k, struct th_slice payload, uint8_t *room,
	struct th_slice *ret_token, struct th_slice *ret_value)
{
	const struct th_slice extra = {k->extra, sizeof(k->extra)};
	if (payload.n < FIXED_BYTES + INNER_BYTES + TH_GCM_TAG_BYTES ||
		th_kept_state(payload) != TH_KEPT_VALUE) {
		return false;
	}
	memcpy(room, payload.p, payload.n);
	uint8_t *inner = room + FIXED_BYTES;
	const size_t n = payload.n - FIXED_BYTES - TH_GCM_TAG_BYTES;
	if (!th_gcm_open(&k->key, inner - TH_GCM_NONCE_BYTES, extra, inner, n, inner + n)) {
		return false;
	}
	const uint32_t length = th_le32(inner + LENGTH_AT);
	if (length > n - INNER_BYTES) {
		return false;
	}
	*ret_token = (struct th_slice){inner, TH_STAND_IN_BYTES};
	*ret_value = (struct th_slice){inner + INNER_BYTES, length};
	return true;
}
