/* Where a request went, as dialects ask about it. */
#include <stdlib.h>

#include "base/siphash.h"
#include "base/text.h"
#include "genai/dialect.h"

bool th_path_ends(const struct th_reading *r, const char *suffix)
{
	size_t n = strlen(suffix);
	struct th_slice p = r->path;
	p.n -= p.n > 1 && p.p[p.n - 1] == '/'; /* a stray slash at the end */
	return p.n >= n && memcmp(p.p + p.n - n, suffix, n) == 0;
}

bool th_path_has(const struct th_reading *r, const char *part)
{
	return memmem(r->path.p, r->path.n, part, strlen(part)) != NULL;
}

bool th_method_is(const struct th_reading *r, const char *method)
{
	return th_slice_eq(r->method, th_slice_str(method));
}

char *th_path_segment(struct th_slice s)
{
	char *text = malloc(s.n + 1);
	size_t n = 0;
	for (size_t i = 0; text && i < s.n; i++) {
		uint8_t byte = s.p[i];
		if (byte == '%' && s.n - i > 2 &&
			th_hex_decode(&byte, (const char *)s.p + i + 1, 1)) {
			i += 2;
		}
		text[n++] = (char)(byte ? byte : '?');
	}
	if (text) {
		text[n] = '\0';
	}
	return text;
}

void th_path_model(struct th_reading *r)
{
	static const char mark[] = "/models/";
	const uint8_t *at = memmem(r->path.p, r->path.n, mark, sizeof(mark) - 1);
	if (!at) {
		return;
	}
	at += sizeof(mark) - 1;
	size_t left = r->path.n - (size_t)(at - r->path.p);
	const uint8_t *colon = memchr(at, ':', left);
	char *name = th_path_segment((struct th_slice){at, colon ? (size_t)(colon - at) : left});
	th_say_text(r, &r->call->model_asked, name);
	free(name);
}

uint64_t th_reading_fingerprint(const struct th_reading *r, struct th_slice body)
{
	static const uint8_t key[TH_SIPHASH_KEY_BYTES];
	uint64_t parts[] = {th_siphash(key, r->method.p, r->method.n),
		th_siphash(key, r->host, strlen(r->host)), th_siphash(key, r->path.p, r->path.n),
		th_siphash(key, body.p, body.n)};
	return th_siphash(key, parts, sizeof(parts));
}
