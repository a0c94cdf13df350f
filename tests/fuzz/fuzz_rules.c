/* Rules of any kind over a body of any kind: what is masked is masked the same again, differs from
 * itself in nothing, and stays JSON where it was. The input is a rules file without its first line,
 * an empty line, and a body. */
#include "player/rules.h"

#include "fuzz.h"
#include "player/canon_json.h"
#include "player/volatile.h"

static void make_request(struct th_slice body, struct th_canon *c)
{
	static const char head[] = "POST\0http\0a\0/p\0q=1&r=2\0x-a: b\n";
	th_buf_add(&c->text, head, sizeof(head)); /* with its NUL */
	c->path_at = 12;
	c->query_at = 15;
	c->fields_at = 23;
	c->body_at = sizeof(head);
	c->kind = th_canon_body(TH_SLICE_LIT("application/json"), body, &c->text);
}

static void check(const struct th_rules *rules, struct th_slice body)
{
	struct th_canon c = {0}, once = {0};
	struct th_masks masks = {0};
	struct th_buf difference = {0};
	struct th_json json;
	size_t n;
	make_request(body, &c);
	FUZZ_CHECK(th_volatile_mask(rules, &c, &once, &masks) == 0);
	th_volatile_difference(rules, &c, &c, &difference);
	FUZZ_CHECK(difference.n == 0);
	FUZZ_CHECK(th_volatile_passed(rules, &c, &c, &n) == NULL && n == 0);
	if (once.kind == TH_CANON_JSON && once.text.n > once.body_at) {
		struct th_slice text = {once.text.p + once.body_at, once.text.n - once.body_at};
		FUZZ_CHECK(th_json_parse(text, &json) == 0);
		th_json_finish(&json);
	}
	th_masks_finish(&masks);
	th_buf_finish(&difference);
	th_canon_finish(&c);
	th_canon_finish(&once);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char first[] = "tracehook-rules 1\n";
	struct th_buf text = {0};
	struct th_rules *rules = NULL;
	char why[TH_RULES_WHY_BYTES];
	const uint8_t *gap = n ? memmem(p, n, "\n\n", 2) : NULL;
	size_t rules_n = gap ? (size_t)(gap - p) + 1 : n;
	size_t body_at = gap ? rules_n + 1 : n;
	th_buf_str(&text, first);
	th_buf_add(&text, p, rules_n);
	if (th_rules_parse(th_buf_view(&text), &rules, why) == 0) {
		check(rules, (struct th_slice){p + body_at, n - body_at});
		th_rules_destroy(rules);
	}
	th_buf_finish(&text);
	return 0;
}
