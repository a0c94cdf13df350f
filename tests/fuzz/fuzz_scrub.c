/* Rules: any file is refused or taken, and what is taken runs over any text, in its bounds. The
 * input is a rules file, a zero byte, and a body. */
#include "capture/scrub_wire.h"

#include "base/cleanup.h"
#include "fuzz.h"

static const char *const types[] = {"application/json", "text/event-stream",
	"multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain"};

static void run(const struct th_scrub_rules *rules, const uint8_t *p, size_t n)
{
	const struct th_redaction how = {.key = {1}, .rules = rules};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		th_auto_free uint8_t *body = malloc(n + !n);
		th_auto_free uint8_t *room = malloc(2 * n + !n);
		const struct th_scrub s = {&how, TH_REDACT_RESPONSE, th_slice_str(types[i])};
		const struct th_wire_place place = {.chunked = i == 0};
		memcpy(body, p, n);
		FUZZ_CHECK(th_scrub_wire(&s, &place, body, n, room) || memcmp(body, p, n) == 0);
	}
	th_auto_free uint8_t *head = malloc(th_redact_bound(n));
	bool redacted = false;
	FUZZ_CHECK(th_redact_h1_head(&how, (struct th_slice){p, n}, head, &redacted) <=
		th_redact_bound(n));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct th_scrub_rules rules;
	char why[TH_SCRUB_RULES_WHY_MAX] = "";
	const uint8_t *zero = n ? memchr(p, 0, n) : NULL;
	size_t file_n = zero ? (size_t)(zero - p) : n;
	memset(&rules, 0, sizeof(rules));
	bool ok = th_scrub_rules_parse((struct th_slice){p, file_n}, &rules, why);
	FUZZ_CHECK(ok || why[0]);
	if (ok && zero && n - file_n < 4096) {
		run(&rules, zero + 1, n - file_n - 1);
	}
	return 0;
}
