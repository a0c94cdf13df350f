#include "capture/scrub_wire.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static struct th_scrub_rules rules;
static const struct th_redaction how = {.key = "a key of 16 byte", .rules = &rules};

static void use(const char *file)
{
	char why[TH_SCRUB_RULES_WHY_MAX] = "";
	memset(&rules, 0, sizeof(rules));
	cr_assert(th_scrub_rules_parse(th_slice_str(file), &rules, why), "%s: %s", file, why);
}

/* The scrubbed text, in memory of its exact size; the caller frees. */
static char *scrub_cut(const char *type, const char *text, size_t n, size_t *ret_replaced)
{
	const struct th_scrub s = {&how, TH_REDACT_RESPONSE, th_slice_str(type)};
	uint8_t *content = malloc(n + 1), *scratch = malloc(n + !n);
	uint8_t *exact = malloc(n + !n);
	memcpy(exact, text, n);
	*ret_replaced = (size_t)th_scrub_content(&s, exact, n, scratch);
	memcpy(content, exact, n);
	content[n] = 0;
	free(exact);
	free(scratch);
	return (char *)content;
}

static char *scrub(const char *type, const char *text)
{
	size_t replaced;
	return scrub_cut(type, text, strlen(text), &replaced);
}

/* Where `wanted` has '#', anything but what `text` has there, of which no four are left, nor all.
 */
static void expect(const char *type, const char *text, const char *wanted)
{
	char *got = scrub(type, text);
	cr_assert_eq(strlen(text), strlen(wanted), "the test itself: %s", wanted);
	for (size_t i = 0; wanted[i]; i++) {
		bool fits = wanted[i] == '#' ? got[i] != '"' && got[i] != '\\'
					     : got[i] == wanted[i];
		cr_assert(fits, "at %zu of\n%s\nnot\n%s", i, got, wanted);
		bool begins = wanted[i] == '#' && (i == 0 || wanted[i - 1] != '#');
		bool left = strncmp(got + i, text + i, strspn(wanted + i, "#")) == 0;
		cr_assert(!begins || !left, "left at %zu of\n%s", i, got);
		cr_assert(strncmp(wanted + i, "####", 4) != 0 || strncmp(got + i, text + i, 4) != 0,
			"left at %zu of\n%s", i, got);
	}
	cr_assert(
		!strchr(wanted, '#') || strcmp(got, text) != 0, "nothing was replaced in %s", text);
	free(got);
}

#define JSON "application/json"

Test(scrub, pointers)
{
	use("{\"rules\": [{\"json\": [\"/user/email\", \"/list/*/k\", \"/all\", \"/a~1b/0\"]}]}");
	expect(JSON, "{\"user\": {\"email\": \"me@x.org\", \"name\": \"me\"}}",
		"{\"user\": {\"email\": \"########\", \"name\": \"me\"}}");
	expect(JSON, "{\"list\":[{\"k\":\"v1\"},{\"k\":12,\"j\":1},{\"k\":true}]}",
		"{\"list\":[{\"k\":\"##\"},{\"k\":##,\"j\":1},{\"k\":null}]}");
	expect(JSON, "{\"all\":{\"x\":[\"ab\",{\"y\":\"c\\\"d\"}]},\"b\":1}",
		"{\"all\":{\"#\":[\"##\",{\"#\":\"####\"}]},\"b\":1}");
	expect(JSON, "{\"a/b\":[\"xy\",\"z\"]}", "{\"a/b\":[\"##\",\"z\"]}");
	expect(JSON, "{\"\\u0075ser\":{\"ema\\u0069l\":\"ab\"}}",
		"{\"\\u0075ser\":{\"ema\\u0069l\":\"##\"}}");
	expect(JSON, "{\"email\":\"me\"}", "{\"email\":\"me\"}");
	expect("text/event-stream",
		"event: x\ndata: {\"user\":{\"email\":\"ab\"}}\n\ndata: [DONE]\n\n",
		"event: x\ndata: {\"user\":{\"email\":\"##\"}}\n\ndata: [DONE]\n\n");
	expect("application/x-ndjson", "{\"all\":\"a\"}\n{\"all\":\"b\"}\n",
		"{\"all\":\"#\"}\n{\"all\":\"#\"}\n");
}

Test(scrub, actions)
{
	use("{\"rules\": [{\"json\": \"/m\", \"action\": \"mask\"}, {\"json\": \"/d\", \"action\": "
	    "\"drop\"}, {\"pattern\": \"E-[0-9]+\", \"action\": \"mask\"}]}");
	expect(JSON, "{\"m\":\"abc\",\"d\":\"abc\",\"x\":\"an E-12.\"}",
		"{\"m\":\"***\",\"d\":\"\"   ,\"x\":\"an ****.\"}");
	expect(JSON, "{\"m\":123,\"d\":-4}", "{\"m\":0  ,\"d\":0 }");
}

Test(scrub, patterns_see_what_escapes_stand_for)
{
	use("{\"rules\": [{\"detect\": [\"email\", \"key\"]}, {\"pattern\": \"a/b.c\"}]}");
	expect(JSON, "{\"x\":\"to me\\u0040x.org, you\"}", "{\"x\":\"to #############, you\"}");
	expect(JSON, "[\"a\\/b\\nd a\\/b\\\"c\"]", "[\"a\\/b\\nd #######\"]");
	expect("application/x-www-form-urlencoded", "q=me%40x.org&b=1", "q=##########&b=1");
	expect("text/plain", "key sk-abcdefghijklmnop1234.", "key #######################.");
	expect(JSON, "{\"sk-abcdefghijklmnop1234\":[\"sk-\",\"abcdefghijklmnopqrst\"]}",
		"{\"#######################\":[\"sk-\",\"abcdefghijklmnopqrst\"]}");
}

Test(scrub, detectors)
{
	static const char *const hits[] = {"4111 1111 1111 1111", "5500-0000-0000-0004",
		"GB82 WEST 1234 5698 7654 32", "DE89370400440532013000", "+49 30 901820",
		"212-555-0187", "(212) 555-0187", "AKIAIOSFODNN7EXAMPLE",
		"sk-ant-api03-abcdefghijklmnopqrstuvwx", "AIzaSyA-1234567890abcdefghijklmnopqrstu",
		"ghp_abcdefghijklmnopqrstuvwxyz0123456789", "xoxb-123456789012-abcdef",
		"first.last+tag@sub.example.co.uk"};
	static const char *const misses[] = {"4111 1111 1111 1112", "GB82 WEST 1234 5698 7654 33",
		"1712345678901", "sk-short", "a@b", "2026-11-22", "AKIAlowercase0000000"};
	use("{\"rules\": [{\"detect\": [\"email\", \"phone\", \"card\", \"iban\", \"key\"]}]}");
	for (size_t i = 0; i < sizeof(hits) / sizeof(*hits); i++) {
		char text[128], *got;
		snprintf(text, sizeof(text), "{\"t\":\"x %s y\"}", hits[i]);
		got = scrub(JSON, text);
		cr_expect_null(strstr(got, hits[i]), "%s", got);
		cr_expect(strncmp(got, "{\"t\":\"x ", 8) == 0 &&
				strcmp(got + strlen(got) - 4, " y\"}") == 0,
			"%s", got);
		free(got);
	}
	for (size_t i = 0; i < sizeof(misses) / sizeof(*misses); i++) {
		char *got = scrub("text/plain", misses[i]);
		cr_expect_str_eq(got, misses[i]);
		free(got);
	}
}

/* One shape of key of each of those who give them to agents and to what agents use. */
static const char *const keys[] = {"sk-abcdefghijklmnop12345678", "sk-proj-abc_DEF-ghijklmnop1234",
	"sk-ant-api03-abcdefghijklmnopqrstuvwx-AA", "sk-or-v1-0123456789abcdef0123456789abcdef",
	"csk-abcdefghijklmnopqrstuvwx", "sk_live_abcdefghijklmnopqrstuvwx",
	"rk_test_abcdefghijklmnopqrstuvwx", "whsec_abcdefghijklmnopqrstuvwxyz012345",
	"AIzaSyA-1234567890abcdefghijklmnopqrstu", "ya29.a0AfH6SMBabcdefghijklmnop-QRS_tuv",
	"GOCSPX-abcdefghijklmnopqrstuvwxyz01", "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE",
	"ABSKQmVkcm9ja0FQSUtleS1hYmNkZWZnaGlqa2w=", "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
	"github_pat_11ABCDEFG0abcdefghij_KLMNOPQRSTUVWXYZ", "glpat-abcdefghij-klmnop_QRS",
	"xoxb-123456789012-abcdef", "xapp-1-A0B1C2D3E-1234567890123-abcdef0123456789",
	"xoxe.xoxp-1-abcdefghijklmnop", "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH",
	"gsk_abcdefghijklmnopqrstuvwxyz0123456789", "xai-abcdefghijklmnopqrstuvwxyz0123456789",
	"pplx-abcdefghijklmnopqrstuvwxyz012345", "r8_abcdefghijklmnopqrstuvwxyz0123456789",
	"nvapi-abcdefghijklmnopqrstuvwxyz-012345", "tvly-abcdefghijklmnopqrstuvwxyz0123",
	"npm_abcdefghijklmnopqrstuvwxyz0123456789", "pypi-AgEIcHlwaS5vcmcCJGFiY2RlZmdoaWo",
	"SG.abcdefghijklmnopqrstuv.abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
	"dop_v1_0123456789abcdef0123456789abcdef", "dapi0123456789abcdef0123456789abcdef",
	"lsv2_pt_0123456789abcdef0123456789abcdef_0123456789",
	"1234567890:AAabcdefghijklmnopqrstuvwxyz-012345", "hvs.abcdefghijklmnopqrstuvwxyz012345",
	"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.abcdefghijkl-_mnop"};

Test(scrub, keys_are_known_by_their_shapes)
{
	use("{\"rules\": [{\"detect\": \"key\"}]}");
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		static const char *const around[] = {"{\"t\":\"use %s now\"}",
			"{\"t\":\"{\\\"t\\\":\\\"a\\\\n%s\\\"}\"}", "{\"t\":\"MY_KEY_%s, ok\"}"};
		for (size_t k = 0; k < sizeof(around) / sizeof(*around); k++) {
			char text[256];
			snprintf(text, sizeof(text), around[k], keys[i]); // NOLINT
			char *got = scrub(JSON, text);
			for (size_t at = 8; at + 8 <= strlen(keys[i]); at++) {
				char piece[9] = "";
				memcpy(piece, keys[i] + at, 8);
				cr_expect_null(strstr(got, piece), "%s: %s", keys[i], got);
			}
			free(got);
		}
	}
}

static void expect_plain(const char *text, const char *wanted)
{
	expect("text/plain", text, wanted);
}

/* What stands before a number and behind it is none of it, whatever it looks like. */
Test(scrub, numbers_among_other_numbers)
{
	use("{\"rules\": [{\"detect\": [\"phone\", \"card\", \"iban\"]}]}");
	expect_plain("4111 1111 1111 1111 12/29 123", "################### 12/29 123");
	expect_plain("x 4111111111111111 737 ", "x ################ 737 ");
	expect_plain("no. 12 4111-1111-1111-1111.", "no. 12 ###################.");
	expect_plain("cc4111111111111111, 4111.1111.1111.1111",
		"cc################, ###################");
	expect_plain("DE89 3704 0044 0532 0130 00 BIC COBADEFF 12",
		"########################### BIC COBADEFF 12");
	expect_plain("gb82west12345698765432, DE89-3704-0044-0532-0130-00",
		"######################, ###########################");
	expect_plain("+44 (0)20 7946 0018; 0049 30 901820; +49 (171) 123/45678",
		"###################; ##############; ###################");
	expect(JSON, "[\"{\\\"a\\\":\\\"b\\\\n4111 1111 1111 1111\\\"}\"]",
		"[\"{\\\"a\\\":\\\"b\\\\n###################\\\"}\"]");
}

/* A part of one may look like another: the number in a key like a card's, one in an IBAN, too. */
Test(scrub, what_has_a_shape_of_its_own_goes_first)
{
	use("{\"rules\": [{\"detect\": [\"card\", \"phone\", \"iban\", \"key\"]}]}");
	expect_plain("xapp-1-A0B1C2D3E4-4000000000006-0123456789abcdef!",
		"################################################!");
	expect_plain("GB71 4111 1111 1111 1111 11", "###########################");
}

/* Digits in front, with which what is there passes its check, too: the number's end goes as well.
 */
Test(scrub, a_number_that_overlaps_with_another_that_passes)
{
	use("{\"rules\": [{\"detect\": \"card\"}]}");
	for (unsigned front = 0; front < 100; front++) {
		char text[64];
		snprintf(text, sizeof(text), "%02u 5500 0000 0000 0004", front);
		char *got = scrub("text/plain", text);
		cr_expect_null(strstr(got, "0004"), "%s: %s", text, got);
		free(got);
	}
}

Test(scrub, addresses_of_all_kinds)
{
	use("{\"rules\": [{\"detect\": \"email\"}]}");
	expect_plain("to _me@x.org, a_b@x.co.uk", "to #########, ###########");
	expect_plain("J\xc3\xb6rg@b\xc3\xbc"
		     "cher.example o'neil@x.org",
		"##################### ############");
	expect(JSON,
		"{\"a\":\"b\\u00fc@b\\u00fc"
		"cher.de x\"}",
		"{\"a\":\"###################### x\"}");
}

/* A private key is as long as it is, and its lines end as they do where it stands. */
Test(scrub, private_keys_go_whole)
{
	static const char *const ends[] = {"\\n", "\\\\n", "\\r\\n", " "};
	use("{\"rules\": [{\"detect\": \"key\"}]}");
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		static char text[20000];
		size_t n = (size_t)sprintf(text,
			"{\"k\":\"-----BEGIN RSA PRIVATE KEY-----%sProc-Type: "
			"4,ENCRYPTED%s%s",
			ends[i], ends[i], ends[i]);
		for (int line = 0; line < 180; line++) {
			n += (size_t)sprintf(text + n,
				"MIIEsecretsecretsecretsecretsecretsecretsecretsecret"
				"secret/+secret%s",
				ends[i]);
		}
		sprintf(text + n, "-----END RSA PRIVATE KEY-----%sbehind\"}", ends[i]);
		char *got = scrub(JSON, text);
		cr_expect_null(strstr(got, "secret"), "%s", strstr(got, "secret"));
		cr_expect_not_null(strstr(got, "behind\"}"));
		free(got);
	}
}

/* No expression, on no text, takes for ever: it gives up, and what was to be scrubbed is not
 * written. */
Test(scrub, what_takes_too_long_is_given_up)
{
	static char text[16384];
	size_t replaced;
	memset(text, 'a', sizeof(text));
	use("{\"rules\": [{\"pattern\": \"a(.*z)?\"}]}");
	free(scrub_cut("text/plain", text, sizeof(text), &replaced));
	cr_assert_eq((ssize_t)replaced, -E2BIG);
	use("{\"rules\": [{\"pattern\": \"a+.?z\"}]}");
	free(scrub_cut("text/plain", text, sizeof(text), &replaced));
	cr_assert_eq(replaced, 0);
}

Test(scrub, many_rules)
{
	char file[8192] =
		"{\"rules\": [{\"detect\": [\"email\", \"phone\", \"card\", \"iban\", \"key\"]}";
	for (int i = 0; i < 64; i++) {
		sprintf(file + strlen(file), ", {\"json\": \"/k%d\"}", i);
	}
	strcat(file, "]}");
	use(file);
	expect(JSON, "{\"k0\":\"ab\",\"k63\":\"cd\",\"k64\":\"e\"}",
		"{\"k0\":\"##\",\"k63\":\"##\",\"k64\":\"e\"}");
}

/* Chunks' framing stays where it is; what their extensions say goes. */
Test(scrub, extensions_of_chunks)
{
	use("{\"rules\": [{\"pattern\": \"s[e3]cret\"}]}");
	const struct th_scrub s = {&how, TH_REDACT_RESPONSE, TH_SLICE_LIT("text/plain")};
	const struct th_wire_place start = {.chunked = true};
	uint8_t body[] = "6 ;a=\"s3cret\"; token=s3cret\r\nsecret\r\n2\r\nok\r\n0;s3cret\r\n";
	uint8_t room[2 * sizeof(body)];
	cr_assert_eq(th_scrub_wire(&s, &start, body, sizeof(body) - 1, room), 1);
	cr_assert_null(strstr((char *)body, "cret"), "%s", body);
	cr_assert_not_null(strstr((char *)body, "\r\n2\r\nok\r\n0;******\r\n"), "%s", body);
	cr_assert_eq(memcmp(body, "6 ;", 3), 0);
}

/* What no pointer can be followed in, as it is not what it says it is, is not written. */
Test(scrub, what_says_it_is_json_and_is_not)
{
	use("{\"rules\": [{\"json\": \"/a\"}]}");
	expect(JSON, "\xef\xbb\xbf{\"a\":\"secret\",\"b\":1}",
		"\xef\xbb\xbf{\"a\":\"######\",\"b\":1}");
	expect(JSON, ")]}',\n{\"a\":\"secret\"}", "********************");
	expect("text/json; charset=x", "{'a':'secret'}", "{*************");
	expect("application/problem+json", "{\"b\":1, /* */ \"a\":\"secret\"}",
		"{\"b\":1, *******************");
	expect(JSON, "{\"a\":[1 // \"one\"\n,\"two\"]}", "{\"a\":[# *****************");
	expect(JSON, "42", "42");
	expect(JSON, " {\"b\":[],\"c\":{ },\"d\":[{},[-1e5,true]],\"a\":null} ",
		" {\"b\":[],\"c\":{ },\"d\":[{},[-1e5,true]],\"a\":null} ");
	expect(JSON, "{\"b\":1} \n", "{\"b\":1} \n");
	expect(JSON, "{\"b\":\"cut", "{\"b\":\"cut");
	expect("text/plain", "[info] no (JSON)", "[info] no (JSON)");
	use("{\"rules\": [{\"pattern\": \"x+\"}]}");
	expect(JSON, "{'a':'xx'}", "{'a':'##'}");
}

Test(scrub, events_however_their_lines_end)
{
	use("{\"rules\": [{\"json\": \"/a\"}]}");
	static const char *const ends[] = {"\n", "\r", "\r\n"};
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		char text[128], wanted[128];
		const char *e = ends[i];
		sprintf(text,
			"\xef\xbb\xbf"
			"data: {\"a\":\"b\"}%s%sdata:{\"a\":\"cdef\"}%s%s",
			e, e, e, e);
		sprintf(wanted,
			"\xef\xbb\xbf"
			"data: {\"a\":\"#\"}%s%sdata:{\"a\":\"####\"}%s%s",
			e, e, e, e);
		expect("text/event-stream", text, wanted);
	}
}

Test(scrub, forms_and_multipart)
{
	use("{\"rules\": [{\"query\": \"who\"}]}");
	expect("application/x-www-form-urlencoded", "who=ab&client_secret=cd%20e&x=1&wh%6F=q",
		"who=##&client_secret=######&x=1&wh%6F=#");
	expect("multipart/form-data; boundary=B",
		"--B\r\nContent-Disposition: form-data; name=\"who\"\r\n\r\nabc\r\n--B\r\n"
		"Content-Disposition: form-data; name=x\r\n\r\n--b\r\n--B--\r\n",
		"--B\r\nContent-Disposition: form-data; name=\"who\"\r\n\r\n###\r\n--B\r\n"
		"Content-Disposition: form-data; name=x\r\n\r\n--b\r\n--B--\r\n");
	expect("multipart/form-data",
		"--B\r\nContent-Disposition: form-data; "
		"filename=\"x\";name=who\r\n\r\nabc\r\n--B--",
		"--B\r\nContent-Disposition: form-data; "
		"filename=\"x\";name=who\r\n\r\n###\r\n--B--");
}

Test(scrub, equal_values_have_equal_stand_ins_that_stand_for_themselves)
{
	use("{\"rules\": [{\"json\": [\"/a\", \"/b\"]}, {\"header\": \"x-who\"}]}");
	static const char text[] = "{\"a\":\"a-value-of-more-than-thirty-one-bytes\","
				   "\"b\":\"a-value-of-more-than-thirty-one-bytes\",\"c\":1}";
	char *once = scrub(JSON, text), *twice = scrub(JSON, once);
	uint8_t token[TH_STAND_IN_BYTES];
	th_stand_in(how.key, TH_SLICE_LIT("a-value-of-more-than-thirty-one-bytes"), token);
	cr_assert_eq(memcmp(once + 6, token, sizeof(token)), 0);
	cr_assert_eq(memcmp(once + 50, token, sizeof(token)), 0, "%s", once);
	cr_assert_str_eq(once, twice);
	free(once);
	free(twice);
}

/* Cut anywhere, a secret's part is not left; and no byte outside is touched (ASan). */
Test(scrub, cut_anywhere)
{
	static const char *const types[] = {JSON, "text/event-stream", "multipart/form-data",
		"application/x-www-form-urlencoded", "text/plain"};
	static const char text[] = "{\"k\":\"QQQQ\\u0051QQ\",\"l\":{\"m\":\"QQQQQQQ\"}}";
	use("{\"rules\": [{\"json\": [\"/k\", \"/l\"]}, {\"pattern\": \"Q+\"}]}");
	for (size_t t = 0; t < sizeof(types) / sizeof(*types); t++) {
		for (size_t n = 0; n < sizeof(text); n++) {
			size_t replaced;
			char *got = scrub_cut(types[t], text, n, &replaced);
			cr_assert_null(strchr(got, 'Q'), "%s", got);
			free(got);
		}
	}
}

Test(scrub, bad_files)
{
	static const char *const bad[] = {"", "{", "[]", "{\"rules\": [{}]}", "{\"rule\": []}",
		"{\"rules\": [{\"header\": 1}]}", "{\"rules\": [{\"header\": \"\"}]}",
		"{\"rules\": [{\"header\": \"a\", \"query\": \"b\"}]}",
		"{\"rules\": [{\"json\": \"a\"}]}", "{\"rules\": [{\"pattern\": \"(\"}]}",
		"{\"rules\": [{\"pattern\": \"hunter2\"}]}", "{\"rules\": [{\"detect\": \"ssn\"}]}",
		"{\"rules\": [{\"header\": \"a\", \"action\": \"kill\"}]}",
		"{\"rules\": [{\"header\": \"a\", \"in\": \"body\"}]}", "{\"rules\": []} x",
		"{\"rules\": [{\"header\": \"a\"},]}", "{\"compressed\": \"yes\"}",
		"{\"rules\": [{\"header\": \"a\\q\"}]}",
		"{\"rules\": [{\"header\": \"a\", \"action\": \"drop\", \"action\": \"hash\"}]}",
		"{\"rules\": [{\"in\": \"both\", \"header\": \"a\", \"in\": \"request\"}]}",
		"{\"rules\": [], \"rules\": [{\"header\": \"a\"}]}",
		"{\"compressed\": \"withhold\", \"compressed\": \"keep\"}"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char why[TH_SCRUB_RULES_WHY_MAX] = "";
		memset(&rules, 0, sizeof(rules));
		cr_expect_not(
			th_scrub_rules_parse(th_slice_str(bad[i]), &rules, why), "%s", bad[i]);
		cr_expect(strncmp(why, "line 1: ", 8) == 0, "%s: %s", bad[i], why);
	}
	use("{\"rules\": [], \"compressed\": \"keep\"}");
	use(" { \"rules\" : [ { \"in\":\"request\", \"header\" : [\"a\",\"b\\u00e9\"] } ] } ");
}
