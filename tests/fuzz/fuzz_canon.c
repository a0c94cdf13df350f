/* The canonical form of a body is its own canonical form, and differs from itself in nothing. The
 * input is a Content-Type, a line feed, and a body. */
#include "player/canon_body.h"

#include "fuzz.h"
#include "player/canon_json.h"
#include "player/explain_json.h"

static void check_json(struct th_slice canonical)
{
	struct th_json json;
	struct th_buf difference = {0};
	FUZZ_CHECK(th_json_parse(canonical, &json) == 0);
	FUZZ_CHECK(!th_explain_json(&json, &json, &difference) && difference.n == 0);
	th_json_finish(&json);
	th_buf_finish(&difference);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const uint8_t *lf = n ? memchr(p, '\n', n) : NULL;
	struct th_slice type = {p, lf ? (size_t)(lf - p) : 0};
	struct th_slice body = {lf ? lf + 1 : p, lf ? n - type.n - 1 : n};
	struct th_buf once = {0}, twice = {0}, neutral = {0};
	enum th_canon_kind kind = th_canon_body(type, body, &once);
	FUZZ_CHECK((kind == TH_CANON_EMPTY) == (body.n == 0));
	th_canon_content_type(type, &neutral);
	struct th_slice type_then = kind == TH_CANON_MULTIPART ? th_buf_view(&neutral) : type;
	FUZZ_CHECK(th_canon_body(type_then, th_buf_view(&once), &twice) == kind);
	FUZZ_CHECK(th_slice_eq(th_buf_view(&once), th_buf_view(&twice)));
	if (kind == TH_CANON_JSON) {
		check_json(th_buf_view(&once));
	}
	th_buf_finish(&once);
	th_buf_finish(&twice);
	th_buf_finish(&neutral);
	return 0;
}
