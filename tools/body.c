#include "tools/body.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "player/canon_body.h"
#include "tools/tools.h"
#include "tools/utf8.h"

static const char *trouble_of(int error)
{
	switch (error) {
	case 0:
		return NULL;
	case -EAGAIN:
		return "cut before its end";
	case -EBADMSG:
		return "damaged or cut: decoded as far as possible";
	case -ENOTSUP:
		return "of an unknown content coding: shown as it came";
	case -E2BIG:
		return "too large: decoded in part";
	case -ENOMEM:
		return "too large for the memory there is";
	default:
		return "not decodable";
	}
}

struct th_body th_body_load(const struct th_message *m)
{
	struct th_body b = {0};
	int r = th_http_body(m, true, &b.bytes, &b.n);
	if (r == -ENOTSUP) {
		free(b.bytes);
		b.bytes = NULL;
		b.n = 0;
		th_http_body(m, false, &b.bytes, &b.n);
	}
	th_head_get(&m->head, "content-type", &b.type);
	b.trouble = trouble_of(r);
	b.limited = r == -E2BIG;
	b.partial = b.limited || r == -EBADMSG;
	b.text = th_utf8_valid(th_body_slice(&b));
	return b;
}

void th_body_finish(struct th_body *b)
{
	free(b->bytes);
	*b = (struct th_body){0};
}

void th_body_hash(const struct th_body *b, char ret_hex[TH_BODY_HASH_CHARS])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	th_cleanup(th_buf_finish) struct th_buf canonical = {0};
	(void)th_canon_body(b->type, th_body_slice(b), &canonical);
	struct th_slice s = canonical.failed ? th_body_slice(b) : th_buf_view(&canonical);
	if (EVP_Digest(s.n ? (const void *)s.p : "", s.n, digest, &n, EVP_sha256(), NULL) != 1 ||
		n != 32) {
		th_tool_no_memory();
	}
	th_hex_encode(ret_hex, digest, n);
	ret_hex[2 * n] = '\0';
}

void th_body_hash_text(const char *text, char ret_hex[TH_BODY_HASH_CHARS])
{
	const struct th_body b = {.bytes = (uint8_t *)(uintptr_t)text,
		.n = strlen(text),
		.type = TH_SLICE_LIT("application/json")};
	th_body_hash(&b, ret_hex);
}
