#include "tools/base64.h"

#define GROUPS_AT_ONCE 1024

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode_group(char out[4], uint32_t bits)
{
	out[0] = alphabet[bits >> 18];
	out[1] = alphabet[bits >> 12 & 63];
	out[2] = alphabet[bits >> 6 & 63];
	out[3] = alphabet[bits & 63];
}

static void print_rest(FILE *out, struct th_slice s)
{
	char group[4];
	uint32_t bits = (uint32_t)s.p[0] << 16 | (s.n > 1 ? (uint32_t)s.p[1] << 8 : 0);
	encode_group(group, bits);
	group[3] = '=';
	if (s.n == 1) {
		group[2] = '=';
	}
	fwrite(group, 1, sizeof(group), out);
}

void th_base64_print(FILE *out, struct th_slice s)
{
	char buffer[GROUPS_AT_ONCE * 4];
	while (s.n >= 3) {
		size_t groups = 0;
		for (; groups < GROUPS_AT_ONCE && s.n >= 3; groups++) {
			const uint8_t *p = s.p;
			encode_group(buffer + groups * 4,
				(uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2]);
			s.p += 3;
			s.n -= 3;
		}
		fwrite(buffer, 4, groups, out);
	}
	if (s.n) {
		print_rest(out, s);
	}
}
