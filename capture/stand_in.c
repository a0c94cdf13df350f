#include "capture/stand_in.h"

#include "base/text.h"

#define PREFIX "th-redacted:"
#define PREFIX_BYTES (sizeof(PREFIX) - 1)
#define HASH_HEX 16

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

bool th_stand_in_is(struct th_slice value)
{
	if (value.n < TH_STAND_IN_BYTES || memcmp(value.p, PREFIX, PREFIX_BYTES) != 0) {
		return false;
	}
	const uint8_t *p = value.p + PREFIX_BYTES;
	for (int i = 0; i < HASH_HEX; i++) {
		if (!is_hex(p[i])) {
			return false;
		}
	}
	p += HASH_HEX;
	if (p[0] != ':' || !is_digit(p[1]) || !is_digit(p[2])) {
		return false;
	}
	for (size_t i = TH_STAND_IN_BYTES; i < value.n; i++) {
		if (value.p[i] != '.') {
			return false;
		}
	}
	return true;
}

static unsigned length_class(size_t n)
{
	return n <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(n - 1);
}

void th_stand_in(const uint8_t key[TH_SIPHASH_KEY_BYTES], struct th_slice value,
	uint8_t ret_token[TH_STAND_IN_BYTES])
{
	if (th_stand_in_is(value)) {
		memmove(ret_token, value.p, TH_STAND_IN_BYTES);
		return;
	}
	uint64_t hash = __builtin_bswap64(th_siphash(key, value.p, value.n));
	unsigned class = length_class(value.n);
	memcpy(ret_token, PREFIX, PREFIX_BYTES);
	th_hex_encode((char *)ret_token + PREFIX_BYTES, &hash, sizeof(hash));
	ret_token[PREFIX_BYTES + HASH_HEX] = ':';
	ret_token[PREFIX_BYTES + HASH_HEX + 1] = (uint8_t)('0' + class / 10);
	ret_token[PREFIX_BYTES + HASH_HEX + 2] = (uint8_t)('0' + class % 10);
}
