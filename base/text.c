#include "base/text.h"

#define U64_DIGITS_SURE 19 /* so many always fit */

bool th_slice_ieq(struct th_slice a, struct th_slice b)
{
	size_t same = 0;
	if (a.n != b.n) {
		return false;
	}
	while (a.n - same >= 8 && th_le64(a.p + same) == th_le64(b.p + same)) {
		same += 8;
	}
	if (same && th_le64(a.p + a.n - 8) == th_le64(b.p + a.n - 8) && a.n - same < 8) {
		return true;
	}
	for (size_t i = same; i < a.n; i++) {
		if (th_lower(a.p[i]) != th_lower(b.p[i])) {
			return false;
		}
	}
	return true;
}

void th_hex_encode(char *ret_hex, const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = p;
	for (size_t i = 0; i < n; i++) {
		ret_hex[2 * i] = digits[b[i] >> 4];
		ret_hex[2 * i + 1] = digits[b[i] & 15];
	}
}

static int hex_value(char c)
{
	uint8_t l = th_lower((uint8_t)c);
	if (l >= '0' && l <= '9') {
		return l - '0';
	}
	return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

bool th_hex_decode(uint8_t *ret_bytes, const char *hex, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int hi = hex_value(hex[2 * i]);
		int lo = hi < 0 ? -1 : hex_value(hex[2 * i + 1]);
		if (lo < 0) {
			return false;
		}
		ret_bytes[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

bool th_parse_u64(struct th_slice s, uint64_t *ret_value)
{
	uint64_t v = 0;
	size_t few = s.n < U64_DIGITS_SURE ? s.n : U64_DIGITS_SURE;
	for (size_t i = 0; i < few; i++) {
		unsigned digit = s.p[i] - (unsigned)'0';
		if (digit > 9) {
			return false;
		}
		v = v * 10 + digit;
	}
	for (size_t i = few; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || __builtin_mul_overflow(v, 10u, &v) ||
			__builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v)) {
			return false;
		}
	}
	if (s.n == 0) {
		return false;
	}
	*ret_value = v;
	return true;
}

size_t th_put_decimal(char *p, uint32_t v)
{
	char digits[10];
	size_t n = 0;
	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	for (size_t i = 0; i < n; i++) {
		p[i] = digits[n - 1 - i];
	}
	p[n] = '\0';
	return n;
}
