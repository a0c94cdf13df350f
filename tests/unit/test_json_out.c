#include "tools/json_out.h"

#include <criterion/criterion.h>

#include "tests/unit/guard.h"
#include "tests/unit/printed.h"

static void print_sample(FILE *out)
{
	struct th_jout j = {.out = out};
	th_jout_open(&j, '{');
	th_jout_key(&j, "a");
	th_jout_u64(&j, UINT64_MAX);
	th_jout_key(&j, "b");
	th_jout_open(&j, '[');
	th_jout_i64(&j, -5);
	th_jout_bool(&j, true);
	th_jout_open(&j, '{');
	th_jout_close(&j, '}');
	th_jout_null(&j);
	th_jout_text(&j, NULL);
	th_jout_close(&j, ']');
	th_jout_key(&j, "c");
	th_jout_hex(&j, "\x01\xff", 2);
	th_jout_key(&j, "d");
	th_jout_base64(&j, TH_SLICE_LIT("fo"));
	th_jout_close(&j, '}');
}

Test(json_out, puts_commas_where_they_belong)
{
	TH_PRINTED(text, print_sample(out));
	cr_assert_str_eq(text,
		"{\"a\":18446744073709551615,\"b\":[-5,true,{},null,null],"
		"\"c\":\"01ff\",\"d\":\"Zm8=\"}");
	free(text);
}

static void check_string(struct th_slice in, const char *expected)
{
	struct th_jout j = {0};
	TH_PRINTED(text, j.out = out; th_jout_string(&j, th_guard(in)));
	cr_assert_str_eq(text, expected);
	free(text);
}

Test(json_out, escapes_what_must_be)
{
	check_string(TH_SLICE_LIT("a\"b\\c/\b\f\n\r\t"), "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\"");
	check_string(TH_SLICE_LIT("\0\x1f\x7f"), "\"\\u0000\\u001f\\u007f\"");
	check_string(TH_SLICE_LIT("\xc2\x85\xe2\x80\xa8"), "\"\\u0085\\u2028\"");
	check_string(TH_SLICE_LIT("\xc3\xa9 \xf0\x9f\x98\x80"), "\"\xc3\xa9 \xf0\x9f\x98\x80\"");
	check_string((struct th_slice){NULL, 0}, "\"\"");
}

/* Not UTF-8: every byte becomes the character of its number, valid sequences among them too. */
Test(json_out, never_writes_invalid_utf8)
{
	check_string(TH_SLICE_LIT("caf\xe9"), "\"caf\xc3\xa9\"");
	check_string(TH_SLICE_LIT("\xc3\xa9\xff"), "\"\xc3\x83\xc2\xa9\xc3\xbf\"");
	check_string(TH_SLICE_LIT("\xe2\x82"), "\"\xc3\xa2\\u0082\"");
}
