#include "capture/scrub.h"

#include <criterion/criterion.h>
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
	*ret_replaced = th_scrub_content(&s, exact, n, scratch);
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

/* Where `wanted` has '#', anything but what `text` has there. */
static void expect(const char *type, const char *text, const char *wanted)
{
	char *got = scrub(type, text);
	cr_assert_eq(strlen(text), strlen(wanted), "the test itself: %s", wanted);
	for (size_t i = 0; wanted[i]; i++) {
		bool fits = wanted[i] == '#' ? got[i] != '"' && got[i] != '\\'
					     : got[i] == wanted[i];
		cr_assert(fits, "at %zu of\n%s\nnot\n%s", i, got, wanted);
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
		"{\"rules\": [{\"header\": \"a\\q\"}]}"};
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
