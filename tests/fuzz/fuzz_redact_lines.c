/* Heads that come one after the other on a connection, a byte 0xff between them: what is made of a
 * plain one by its lines, with what is remembered of those before it, is what is made of it alone
 * by walking over it. And its lines are those that everybody else sees. */
#include "recorder/h1_memory.h"

#include "base/cleanup.h"
#include "fuzz.h"
#include "wire/head.h"
#include "wire/http1.h"

static struct fuzz_digest kept;

static void keep(const uint8_t token[TH_STAND_IN_BYTES], struct th_slice value)
{
	fuzz_note(&kept, token, TH_STAND_IN_BYTES);
	fuzz_note(&kept, value.p, value.n);
}

static const struct th_redaction how = {.key = {1}, .keep = keep};

static void check_lines(struct th_slice head, const struct th_lines *lines)
{
	const struct th_head walked = {head, false, NULL}, indexed = {head, false, lines};
	struct th_h1_parser parser = {0};
	struct th_h1_event ev;
	struct th_field a, b;
	size_t at_a = 0, at_b = 0;
	FUZZ_CHECK(th_h1_next(&parser, head, &ev) == head.n && ev.last);
	while (th_head_next(&walked, &at_a, &a)) {
		FUZZ_CHECK(th_head_next(&indexed, &at_b, &b));
		FUZZ_CHECK(th_slice_eq(a.name, b.name) && th_slice_eq(a.value, b.value));
	}
	FUZZ_CHECK(!th_head_next(&indexed, &at_b, &b));
	uint64_t n_a = 0, n_b = 0;
	FUZZ_CHECK(th_h1_request_framing(&walked, &n_a) == th_h1_request_framing(&indexed, &n_b));
	FUZZ_CHECK(n_a == n_b);
	const struct th_slice get = TH_SLICE_LIT("GET");
	FUZZ_CHECK(th_h1_response_framing(&walked, get, &n_a) ==
		th_h1_response_framing(&indexed, get, &n_b));
	FUZZ_CHECK(n_a == n_b);
	if (!lines->named[TH_LINES_EXPECT]) {
		FUZZ_CHECK(!th_head_has_token(&walked, "expect", "100-continue"));
	}
	FUZZ_CHECK(th_head_has_token(&walked, "expect", "100-continue") ==
		th_head_has_token(&indexed, "expect", "100-continue"));
}

static void check_redacted(enum th_redact_side side, struct th_slice head,
	const struct th_lines *lines, struct th_redact_memory *memory)
{
	th_auto_free uint8_t *out = malloc(th_redact_bound(head.n));
	struct th_redact_parts parts;
	bool redacted = false;
	kept = (struct fuzz_digest){0};
	if (!th_redact_lines(&how, side, head, lines, memory, &parts)) {
		return;
	}
	const struct fuzz_digest by_lines = kept;
	kept = (struct fuzz_digest){0};
	size_t n = side == TH_REDACT_REQUEST ? th_redact_h1_head(&how, head, out, &redacted)
					     : th_redact_h1_lines(&how, side, head, out, &redacted);
	size_t at = 0;
	FUZZ_CHECK(redacted == parts.redacted && fuzz_same(&by_lines, &kept));
	for (int i = 1; i < parts.n; at += parts.part[i++].iov_len) {
		FUZZ_CHECK(parts.part[i].iov_len <= n - at);
		FUZZ_CHECK(memcmp(out + at, parts.part[i].iov_base, parts.part[i].iov_len) == 0);
	}
	FUZZ_CHECK(at == n);
}

/* A connection, as the tap has it: the lines of a head are made beside those of others. */
static void check_head(struct th_lines_model *model, struct th_slice head,
	const struct th_lines *alone, bool plain)
{
	const struct th_lines *lines = &model->lines;
	FUZZ_CHECK(th_lines_beside(model, head) == plain);
	if (!plain) {
		return;
	}
	head.n = alone->bytes;
	FUZZ_CHECK(lines->bytes == alone->bytes && lines->start == alone->start);
	FUZZ_CHECK(lines->n == alone->n && !(alone->tags & ~lines->tags));
	for (size_t i = 0; i < alone->n; i++) {
		const struct th_line a = th_lines_line(lines, i), b = th_lines_line(alone, i);
		FUZZ_CHECK(a.at == b.at && a.colon == b.colon && a.end == b.end);
	}
	FUZZ_CHECK(memcmp(lines->tag, alone->tag, alone->n) == 0);
	FUZZ_CHECK(memcmp(lines->named, alone->named, sizeof(alone->named)) == 0);
	FUZZ_CHECK(lines->marked == alone->marked);
	check_lines(head, lines);
}

/* Both sides see all heads: what is remembered of the one is of no use to the other. */
static void check_both(struct th_h1_memory *m, struct th_slice head)
{
	static struct th_lines alone;
	bool plain = th_lines_of(head, &alone);
	check_head(&m->asked, head, &alone, plain);
	check_head(m->answered, head, &alone, plain);
	head.n = alone.bytes;
	if (plain) {
		check_redacted(
			TH_REDACT_REQUEST, head, &m->asked.lines, &m->side[TH_REDACT_REQUEST]);
		check_redacted(TH_REDACT_RESPONSE, head, &m->answered->lines,
			&m->side[TH_REDACT_RESPONSE]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct th_h1_memory *m = th_h1_memory_create();
	FUZZ_CHECK(m && m->answered);
	while (n) {
		const uint8_t *end = memchr(p, 0xff, n);
		struct th_slice head = {p, end ? (size_t)(end - p) : n};
		check_both(m, head);
		size_t taken = end ? (size_t)(end - p) + 1 : n;
		p += taken;
		n -= taken;
	}
	th_h1_memory_destroy(m);
	return 0;
}
