#include <criterion/criterion.h>

#include "player/canon_body.h"

static char *canon(const char *type, const char *body, size_t n, enum th_canon_kind *ret_kind)
{
	struct th_buf out = {0};
	*ret_kind = th_canon_body(
		th_slice_str(type), (struct th_slice){(const uint8_t *)body, n}, &out);
	return th_buf_take(&out);
}

#define EXPECT(type, body, want_kind, want) \
	do { \
		enum th_canon_kind kind; \
		char *got = canon(type, body, sizeof(body) - 1, &kind); \
		cr_expect_eq(kind, want_kind, "kind %c", kind); \
		cr_expect_str_eq(got, want); \
		free(got); \
	} while (0)

Test(canon_body, json_by_type_and_by_looks)
{
	EXPECT("application/json; charset=utf-8", "{\"b\":1,\"a\":2}", TH_CANON_JSON,
		"{\"a\":2,\"b\":1}");
	EXPECT("application/vnd.api+json", "\"x\"", TH_CANON_JSON, "\"x\"");
	EXPECT("application/x-www-form-urlencoded", " {\"b\":1,\"a\":2}", TH_CANON_JSON,
		"{\"a\":2,\"b\":1}");
	EXPECT("", "[1, 2]", TH_CANON_JSON, "[1,2]");
}

Test(canon_body, what_is_not_as_its_type_says_is_raw)
{
	EXPECT("application/json", "{\"b\":1,", TH_CANON_RAW, "{\"b\":1,");
	EXPECT("application/json", "{\"a\":1}\n{\"a\":2}\n", TH_CANON_RAW,
		"{\"a\":1}\n{\"a\":2}\n");
	EXPECT("multipart/form-data; boundary=AB", "--XY\r\n", TH_CANON_RAW, "--XY\r\n");
	EXPECT("text/plain", "hello", TH_CANON_RAW, "hello");
	EXPECT("text/plain", "", TH_CANON_EMPTY, "");
}

Test(canon_body, multipart_boundaries_are_neutral)
{
	EXPECT("multipart/form-data; boundary=AB", "--AB\r\nx: --AB\r\n\r\n--ABC\r\n--AB--\r\n",
		TH_CANON_MULTIPART, "--th-boundary\r\nx: --AB\r\n\r\n--ABC\r\n--th-boundary--\r\n");
	EXPECT("multipart/form-data; boundary=\"a b\"; x=y", "pre\r\n--a b\r\n\r\n--a b--",
		TH_CANON_MULTIPART, "pre\r\n--th-boundary\r\n\r\n--th-boundary--");
}

Test(canon_body, multipart_types_lose_their_boundary)
{
	static const char *const types[][2] = {
		{"multipart/form-data; boundary=x1", "multipart/form-data; boundary=th-boundary"},
		{"multipart/form-data; boundary=\"x 1\"; a=b",
			"multipart/form-data; boundary=th-boundary; a=b"},
		{"multipart/mixed; Boundary=q;a=b", "multipart/mixed; Boundary=th-boundary;a=b"},
		{"multipart/mixed", "multipart/mixed"},
		{"multipart/mixed; boundary=", "multipart/mixed; boundary="},
		{"multipart/mixed; boundary=\"", "multipart/mixed; boundary=\""},
		{"application/json; boundary=x", "application/json; boundary=x"},
		{"", ""},
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		struct th_buf out = {0};
		th_canon_content_type(th_slice_str(types[i][0]), &out);
		char *got = th_buf_take(&out);
		cr_expect_str_eq(got, types[i][1]);
		free(got);
	}
}

Test(canon_body, forms_have_one_spelling)
{
	EXPECT("application/x-www-form-urlencoded", "b=x+y&a=%7e%2D%2d&c", TH_CANON_FORM,
		"b=x%20y&a=%7E--&c");
	EXPECT("application/x-www-form-urlencoded", "a=1=2&=&%zz=%4", TH_CANON_FORM,
		"a=1%3D2&=&%25zz=%254");
}

Test(canon_body, reads_not_beyond_the_body)
{
	static const char body[] = "--AB\r\nx\r\n--AB--";
	for (size_t n = 1; n < sizeof(body); n++) {
		struct th_buf out = {0};
		uint8_t *copy = malloc(n);
		memcpy(copy, body, n);
		th_canon_body(TH_SLICE_LIT("multipart/form-data; boundary=AB"),
			(struct th_slice){copy, n}, &out);
		cr_expect_gt(out.n, 0);
		th_buf_finish(&out);
		free(copy);
	}
}
