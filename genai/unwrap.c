#include "genai/unwrap.h"

#include <stdlib.h>

#include "genai/dig.h"

static int value_of(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

cJSON *th_unwrap_base64(const char *text)
{
	size_t length = text ? strlen(text) : 0, n = 0;
	uint8_t *bytes = length ? malloc(length) : NULL;
	uint32_t bits = 0;
	bool cut;
	if (!bytes) {
		return NULL;
	}
	for (size_t i = 0; i < length && text[i] != '='; i++) {
		int v = value_of(text[i]);
		if (v < 0) {
			free(bytes);
			return NULL;
		}
		bits = bits << 6 | (uint32_t)v;
		if (i % 4) {
			bytes[n++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
		}
	}
	cJSON *inner = th_dig_parse((struct th_slice){bytes, n}, &cut);
	free(bytes);
	return inner;
}
