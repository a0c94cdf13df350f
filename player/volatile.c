#include "player/volatile.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "player/explain.h"
#include "player/masking.h"

static void put_body(struct th_masking *m, enum th_canon_kind kind, struct th_slice body)
{
	unsigned patterns = th_mask_patterns_at(m, TH_RULE_ANYWHERE) |
		th_mask_patterns_at(m, TH_RULE_BODY);
	if (kind == TH_CANON_JSON && th_mask_json(m, body, patterns)) {
		return;
	}
	if (kind == TH_CANON_FORM) {
		th_mask_pairs(m, TH_RULE_FORM, patterns, body);
	} else if (kind == TH_CANON_MULTIPART) {
		th_mask_multipart(m, patterns, body);
	} else {
		th_mask_text(m, (struct th_spot){.place = "body"}, patterns, body);
	}
}

static struct th_slice section(const struct th_canon *c, size_t from, size_t end)
{
	return (struct th_slice){c->text.p + from, end - from};
}

static void begin(struct th_masking *m, const struct th_canon *c)
{
	const char *method = (const char *)c->text.p, *scheme = method + strlen(method) + 1;
	const char *authority = scheme + strlen(scheme) + 1;
	m->method = th_slice_str(method);
	th_buf_str(&m->scope, scheme);
	th_buf_str(&m->scope, "://");
	th_buf_str(&m->scope, authority);
	th_buf_slice(&m->scope, section(c, c->path_at, c->query_at - 1));
	m->url = th_buf_view(&m->scope);
}

/* Method, scheme and authority stay as they are: to whom is asked is never relaxed. */
static void mask(struct th_masking *m, const struct th_canon *c, struct th_canon *ret)
{
	unsigned anywhere = th_mask_patterns_at(m, TH_RULE_ANYWHERE);
	th_buf_add(m->out, c->text.p, c->path_at);
	ret->path_at = m->out->n;
	th_mask_text(m, (struct th_spot){.place = "path"},
		anywhere | th_mask_patterns_at(m, TH_RULE_PATH),
		section(c, c->path_at, c->query_at - 1));
	th_buf_u8(m->out, 0);
	ret->query_at = m->out->n;
	th_mask_pairs(m, TH_RULE_QUERY, anywhere, section(c, c->query_at, c->fields_at - 1));
	th_buf_u8(m->out, 0);
	ret->fields_at = m->out->n;
	th_mask_fields(m, anywhere, section(c, c->fields_at, c->body_at - 1));
	th_buf_u8(m->out, 0);
	ret->body_at = m->out->n;
	put_body(m, c->kind, section(c, c->body_at, c->text.n));
	ret->kind = c->kind;
}

int th_volatile_mask(const struct th_rules *rules, const struct th_canon *c, struct th_canon *ret,
	struct th_masks *list)
{
	struct th_masking *m = calloc(1, sizeof(*m));
	if (!m) {
		return -ENOMEM;
	}
	m->rules = rules;
	m->out = &ret->text;
	m->list = list;
	ret->text.n = 0;
	ret->text.failed = false;
	begin(m, c);
	mask(m, c, ret);
	th_buf_finish(&m->scope);
	free(m);
	return ret->text.failed || (list && list->failed) ? -ENOMEM : 0;
}

int th_volatile_take(const struct th_rules *rules, struct th_canon *c)
{
	if (!rules) {
		return 0;
	}
	struct th_canon masked = {0};
	int r = th_volatile_mask(rules, c, &masked, NULL);
	th_buf_u8(&masked.text, (uint8_t)c->kind);
	c->has_masked = r == 0 && !masked.text.failed &&
		EVP_Digest(masked.text.p, masked.text.n, c->masked.bytes, NULL, EVP_sha256(), NULL);
	th_canon_finish(&masked);
	return c->has_masked ? 0 : -ENOMEM;
}

/* ---- what was not let pass ---- */

/* Masks within a line for people: "\x01uuid\x02" as "‹uuid›". */
static void show_masks(struct th_slice line, struct th_buf *out)
{
	for (size_t i = 0; i < line.n; i++) {
		bool here = line.n - i >= 4 && memcmp(line.p + i, "\\x0", 3) == 0;
		uint8_t c = here ? line.p[i + 3] : 0;
		if (c == '0' + TH_MASK_OPEN || c == '0' + TH_MASK_CLOSE) {
			th_buf_str(out, c == '0' + TH_MASK_OPEN ? "‹" : "›");
			i += 3;
		} else {
			th_buf_u8(out, line.p[i]);
		}
	}
}

void th_volatile_difference(const struct th_rules *rules, const struct th_canon *asked,
	const struct th_canon *recorded, struct th_buf *out)
{
	struct th_canon a = {0}, r = {0};
	struct th_buf line = {0};
	if (!rules || th_volatile_mask(rules, asked, &a, NULL) < 0 ||
		th_volatile_mask(rules, recorded, &r, NULL) < 0) {
		th_explain_difference(asked, recorded, out);
	} else {
		th_explain_difference(&a, &r, &line);
		show_masks(th_buf_view(&line), out);
	}
	th_buf_finish(&line);
	th_canon_finish(&a);
	th_canon_finish(&r);
}
