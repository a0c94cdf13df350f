#include "capture/redact.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/scrub_rules.h"
#include "capture/secret.h"

static struct th_redaction how = {.key = "a key of 16 byte"};

#define SECRET "S3cr3tV4lue"

/* Output of a redaction as a string; the caller frees. */
static char *head(const char *in, bool *ret_redacted)
{
	struct th_slice s = th_slice_str(in);
	uint8_t *out = malloc(th_redact_bound(s.n) + 1);
	size_t n = th_redact_h1_head(&how, s, out, ret_redacted);
	cr_assert_leq(n, th_redact_bound(s.n));
	out[n] = '\0';
	return (char *)out;
}

static char *field(const char *name, const char *value, bool *ret_redacted)
{
	struct th_slice s = th_slice_str(value);
	uint8_t *out = malloc(th_redact_bound(s.n) + 1);
	size_t n = th_redact_field(
		&how, TH_REDACT_REQUEST, th_slice_str(name), s, out, ret_redacted);
	out[n] = '\0';
	return (char *)out;
}

static bool is_token(const char *p)
{
	if (strncmp(p, "th-redacted:", 12) != 0) {
		return false;
	}
	for (int i = 12; i < 28; i++) {
		if (!isxdigit((unsigned char)p[i])) {
			return false;
		}
	}
	return p[28] == ':' && isdigit((unsigned char)p[29]) && isdigit((unsigned char)p[30]);
}

/* The input with every SECRET replaced by a token must be the output. */
static void expect_secrets_gone(const char *in)
{
	bool redacted = false;
	char *out = head(in, &redacted);
	const char *o = out;
	for (const char *i = in; *i;) {
		if (strncmp(i, SECRET, strlen(SECRET)) == 0) {
			cr_assert(is_token(o), "no token at <%s>\nin <%s>", o, out);
			i += strlen(SECRET);
			o += TH_STAND_IN_BYTES;
		} else {
			cr_assert_eq(*i, *o, "changed at <%s>, was <%s>", o, i);
			i++;
			o++;
		}
	}
	cr_assert_eq(*o, '\0');
	cr_assert_eq(redacted, strstr(in, SECRET) != NULL);
	free(out);
}

Test(redact, heads_lose_only_their_secrets)
{
	static const char *const heads[] = {
		"GET / HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\n\r\n",
		"POST /v1 HTTP/1.1\r\nAuthorization: S3cr3tV4lue\r\nHost: a\r\n\r\n",
		"POST /v1 HTTP/1.1\r\nAUTHORIZATION:S3cr3tV4lue\r\nX-Api-Key:\tS3cr3tV4lue "
		"\r\n\r\n",
		"POST /v1 HTTP/1.1\nCookie: S3cr3tV4lue\nHost: a\n\n",
		"\r\n\r\nGET /?key=S3cr3tV4lue HTTP/1.1\r\n\r\n",
		"GET /a?b=1&api_key=S3cr3tV4lue&c=&token=S3cr3tV4lue#sig=S3cr3tV4lue "
		"HTTP/1.1\r\n\r\n",
		"GET /a?ap%69%5Fkey=S3cr3tV4lue HTTP/1.1\r\n\r\n",
		"GET /a;jsessionid=S3cr3tV4lue?x=y HTTP/1.1\r\n\r\n",
		"GET /o?X-Amz-Credential=S3cr3tV4lue&X-Amz-Signature=S3cr3tV4lue&X-Amz-Date=2 "
		"HTTP/1.1\r\n\r\n",
		"GET http://S3cr3tV4lue@a.example/x?y=@ HTTP/1.1\r\nHost: a.example\r\n\r\n",
		"GET /cb?u=http://b/?access_token=S3cr3tV4lue HTTP/1.1\r\n\r\n",
		"GET /cb?u=https%3A%2F%2FS3cr3tV4lue%40b%2F%3Fa%3D1%26access_token%3DS3cr3tV4lue"
		"%26b%3D2&c=3 HTTP/1.1\r\n\r\n",
		"GET /cb?u=https%3a//S3cr3tV4lue%40b/?key%3dS3cr3tV4lue&b=me%40b HTTP/1.1\r\n\r\n",
		"GET /cb?u=http://S3cr3tV4lue%40b/c@d?key%3DS3cr3tV4lue HTTP/1.1\r\n\r\n",
		"GET /cb?u=https%253A%252F%252FS3cr3tV4lue%2540b%252F%253Fkey%253DS3cr3tV4lue"
		"%2526b HTTP/1.1\r\n\r\n",
		"GET /cb?at=12%3A30%25&who=me%40b%3Ac&%26=%2 HTTP/1.1\r\n\r\n",
		"GET //S3cr3tV4lue@b/c@d HTTP/1.1\r\n\r\n",
		"GET http:/S3cr3tV4lue@b/c HTTP/1.1\r\n\r\n",
		"GET http:///S3cr3tV4lue@b/c HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nReferer: //S3cr3tV4lue@b/c\r\n\r\n",
		"CONNECT S3cr3tV4lue@proxy:443 HTTP/1.1\r\n\r\n",
		"CONNECT proxy:443 HTTP/1.1\r\nProxy-Authorization: S3cr3tV4lue\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nReferer: "
		"https://S3cr3tV4lue@h/p?sig=S3cr3tV4lue&z=1\r\n\r\n",
		"GET /mail/me@example.org?to=you@example.org HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nX-Custom-Api-Key: S3cr3tV4lue\r\nMcp-Session-Id: "
		"S3cr3tV4lue\r\n\r\n",
		"GET / HTTP/1.1\r\nAuthorization : S3cr3tV4lue\r\n\r\n",
		"GET / HTTP/1.1\r\nAuthorization:\r\n\r\n",
		"GET /?token=S3cr3tV4lue",
		"",
	};
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		expect_secrets_gone(heads[i]);
	}
}

/* Nothing of the secret may be left, whatever the damage around it. */
Test(redact, malformed_heads_lose_their_secrets_too)
{
	static const char *const heads[] = {
		"GET / HTTP/1.1\r\nAuthorization: Bearer\r\n S3cr3tV4lue\r\n\tS3cr3tV4lue\r\n\r\n",
		"GET / HTTP/1.1\r\nAuthorization Bearer S3cr3tV4lue\r\n\r\n",
		"GET / HTTP/1.1\r\nX: a\rAuthorization: S3cr3tV4lue\r\n\r\n",
		"GET / HTTP/1.1\r\nX\rAuthorization: S3cr3tV4lue\r\n\r\n",
		"GET / HTTP/1.1\r\nAuthorization: a\rb: S3cr3tV4lue\r\n\r\n",
		"GET /x?token=a b S3cr3tV4lue HTTP/1.1\r\n\r\n",
		"GET  /x?token=S3cr3tV4lue\r\n\r\n",
		"?token=S3cr3tV4lue\r\n\r\n",
		"GET / HTTP/1.1\r\nS3cr3tV4lue",
		"GET /?a=b\rX HTTP/1.1\rCookie: S3cr3tV4lue HTTP/1.1\r\n\r\n",
	};
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		bool redacted = false;
		char *out = head(heads[i], &redacted);
		cr_assert_null(strstr(out, SECRET), "case %zu: %s", i, out);
		cr_assert(redacted);
		free(out);
	}
}

Test(redact, equal_secrets_have_equal_tokens_under_one_key_only)
{
	bool redacted = false;
	char *a = field("authorization", "Bearer sk-1", &redacted);
	char *b = field("Authorization", "Bearer sk-1", &redacted);
	char *c = field("authorization", "Bearer sk-2", &redacted);
	cr_assert_str_eq(a, b);
	cr_assert_str_neq(a, c);
	cr_assert_eq(strlen(a), strlen("Bearer ") + TH_STAND_IN_BYTES);
	cr_assert_str_eq(a + 7 + 28, ":02", "4 bytes: up to 2^2");
	struct th_redaction other = {.key = "another key 16 b"};
	uint8_t out[8192];
	size_t n = th_redact_field(&other, TH_REDACT_REQUEST, TH_SLICE_LIT("authorization"),
		TH_SLICE_LIT("Bearer sk-1"), out, &redacted);
	cr_assert_eq(n, strlen("Bearer ") + TH_STAND_IN_BYTES);
	cr_assert_neq(memcmp(out, a, n), 0);
	free(a);
	free(b);
	free(c);
}

Test(redact, http2_fields)
{
	bool redacted = false;
	char *plain = field("content-type", "application/json", &redacted);
	cr_assert_str_eq(plain, "application/json");
	char *path = field(":path", "/v1?q=1", &redacted);
	cr_assert_str_eq(path, "/v1?q=1");
	char *empty = field("cookie", "", &redacted);
	cr_assert_str_eq(empty, "");
	cr_assert_not(redacted);
	char *secret = field(":path", "/v1?q=1&key=abc", &redacted);
	cr_assert(is_token(secret + strlen("/v1?q=1&key=")));
	cr_assert(redacted);
	char *authority = field(":authority", "me:pw@host:8080", &redacted);
	cr_assert_str_eq(authority + TH_STAND_IN_BYTES, "@host:8080");
	free(plain);
	free(path);
	free(empty);
	free(secret);
	free(authority);
}

/* `unit` over and over makes the most tokens per byte; the bound must hold, and no secret stay. */
static void expect_bound(const char *prefix, const char *unit, size_t n)
{
	char *in = malloc(n + 256);
	size_t len = (size_t)sprintf(in, "%s", prefix);
	while (len + strlen(unit) < n) {
		len += (size_t)sprintf(in + len, "%s", unit);
	}
	bool redacted = false;
	char *out = head(in, &redacted);
	cr_assert(redacted);
	cr_assert_null(strstr(out, "zq"), "a secret is left");
	free(out);
	free(in);
}

Test(redact, bound_holds_for_the_worst_inputs)
{
	for (size_t n = 64; n <= 64 << 10; n *= 4) {
		expect_bound("GET / HTTP/1.1\r\n", "zq\n", n);
		expect_bound("GET / HTTP/1.1\r\n", "zq\r\n\r\n", n);
		expect_bound("GET / HTTP/1.1\r\n", "cookie:zq\n", n);
		expect_bound("GET / HTTP/1.1\r\n", ":\rzq\n", n);
		expect_bound("GET /?", "key=zq&", n);
		expect_bound("GET /?x HTTP/1.1\nreferer: x?", "key=zq;", n);
		expect_bound("GET /", "?sig=zq", n);
		expect_bound(
			"GET / HTTP/1.1\r\n", "referer: http://zq@h/?sig=zq&sig=zq&sig=zq\r\n", n);
	}
}

/* ---- what the agent is given ---- */

static char *lines(enum th_redact_side side, const char *in, bool *ret_redacted)
{
	struct th_slice s = th_slice_str(in);
	uint8_t *out = malloc(th_redact_bound(s.n) + 1);
	size_t n = th_redact_h1_lines(&how, side, s, out, ret_redacted);
	cr_assert_leq(n, th_redact_bound(s.n));
	out[n] = '\0';
	return (char *)out;
}

/* `in` with every SECRET as a token. */
static char *with_tokens(const char *in)
{
	char *out = malloc(strlen(in) * 4 + 1), *o = out;
	uint8_t token[TH_STAND_IN_BYTES];
	th_stand_in(how.key, TH_SLICE_LIT(SECRET), token);
	while (*in) {
		bool secret = strncmp(in, SECRET, strlen(SECRET)) == 0;
		memcpy(o, secret ? (const char *)token : in, secret ? sizeof(token) : 1);
		o += secret ? sizeof(token) : 1;
		in += secret ? strlen(SECRET) : 1;
	}
	*o = '\0';
	return out;
}

static void expect_response(const char *in)
{
	bool redacted = false, again = false;
	char *out = lines(TH_REDACT_RESPONSE, in, &redacted);
	char *wanted = with_tokens(in);
	cr_assert_str_eq(out, wanted, "<%s>\nnot\n<%s>", out, wanted);
	cr_assert_eq(redacted, strstr(in, SECRET) != NULL);
	char *twice = lines(TH_REDACT_RESPONSE, out, &again);
	cr_assert_str_eq(twice, out, "stand-ins have changed");
	free(twice);
	free(wanted);
	free(out);
}

Test(redact, responses_lose_what_the_agent_would_hand_back)
{
	static const char *const heads[] = {
		"HTTP/1.1 200 token=ok\r\nContent-Type: text/html; charset=utf-8\r\n\r\n",
		"X-Auth-Token: S3cr3tV4lue\r\n",
		"Location: https://a/cb?code=S3cr3tV4lue&state=1#access_token=S3cr3tV4lue\r\n",
		"Location: /cb?token[]=S3cr3tV4lue&user%5Bpassword%5D=S3cr3tV4lue\r\n",
		"Link: <https://S3cr3tV4lue@h/x?a=1&sig=S3cr3tV4lue>; rel=\"next\", "
		"<https://h/?token=S3cr3tV4lue>; rel=prev\r\n",
		"X-Unlisted: see https://S3cr3tV4lue@h/?api_key=S3cr3tV4lue, or "
		"//h?key=S3cr3tV4lue \"x\"\r\n",
		"Content-Location: /o?X-Amz-Signature=S3cr3tV4lue&X-Amz-Security-Token="
		"S3cr3tV4lue\r\n",
		"Sec-WebSocket-Protocol: S3cr3tV4lue\r\n",
		"Location: //S3cr3tV4lue@h/x@y\r\n",
		"Location: "
		"/login?next=https%3A%2F%2FS3cr3tV4lue%40h%2F%3Fcode%3DS3cr3tV4lue%26a&b\r\n",
		"Set-Coo",
		"WWW-Authenticate: Bearer realm=\"x\", scope=\"a b\"\r\nETag: \"a?b=c\"\r\n",
		"Date: Wed, 21 Oct 2026 07:28:00 GMT\r\nServer: x\r\n\r\n",
	};
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		expect_response(heads[i]);
	}
}

static const char *const given[] = {
	("Set-Cookie: sid=S3cr3tV4lue; Path=/a; Expires=Wed, 21 Oct 2026 07:28:00 GMT; "
	 "Secure; HttpOnly; SameSite=Lax\r\n"),
	"SET-COOKIE:sid = S3cr3tV4lue\r\nset-cookie: S3cr3tV4lue; S3cr3tV4lue\r\n",
	"Set-Cookie: sid=; Max-Age=0\r\n",
	"Mcp-Session-Id: S3cr3tV4lue\r\n",
	"Set-Cookie: a=S3cr3tV4lue;next=S3cr3tV4lue;domain=x.example\r\n",
	("Set-Cookie: a=S3cr3tV4lue; Expires=Wed, 21 Oct 2026 07:28:00 GMT, b=S3cr3tV4lue; "
	 "Path=/a=b, "
	 "c=S3cr3tV4lue; Path=/,d = S3cr3tV4lue\r\n"),
};

Test(redact, what_servers_give)
{
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		expect_response(given[i]);
	}
}

/* ---- what is kept of answers ---- */

static int told;

static void keep(const uint8_t token[TH_STAND_IN_BYTES], struct th_slice value)
{
	uint8_t own[TH_STAND_IN_BYTES];
	cr_assert(th_slice_eq(value, TH_SLICE_LIT(SECRET)), "%.*s", (int)value.n, value.p);
	th_stand_in(how.key, value, own);
	cr_assert_arr_eq(token, own, sizeof(own));
	told++;
}

static int count_told(const char *in)
{
	bool redacted = false;
	how.keep = keep;
	told = 0;
	free(lines(TH_REDACT_RESPONSE, in, &redacted));
	return told;
}

static void use_rules(const char *text)
{
	static struct th_scrub_rules rules;
	char why[TH_SCRUB_RULES_WHY_MAX];
	rules = (struct th_scrub_rules){0};
	cr_assert(th_scrub_rules_parse(th_slice_str(text), &rules, why), "%s", why);
	how.rules = &rules;
}

Test(redact, what_is_replaced_in_an_answer_can_be_kept)
{
	static const int values[] = {1, 3, 0, 1, 2, 4};
	bool redacted = false;
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		cr_assert_eq(count_told(given[i]), values[i], "%s: %d", given[i], told);
	}
	cr_assert_eq(count_told("Location: https://S3cr3tV4lue@h/?code=S3cr3tV4lue\r\n"), 2);
	told = 0;
	free(head("GET /?key=S3cr3tV4lue HTTP/1.1\r\nCookie: a=S3cr3tV4lue\r\n\r\n", &redacted));
	cr_assert_eq(told, 0, "nothing of a request");
	cr_assert_eq(count_told("Set-Cookie: a=th-redacted:00112233445566aa:05\r\n"), 0,
		"no stand-in of another recording");
}

/* Gone means gone: what a rule of one's own names is not kept, wherever it stands. */
Test(redact, what_a_rule_names_is_not_kept)
{
	use_rules("{\"rules\": [{\"header\": [\"set-cookie\", \"mcp-session-id\"]}, "
		  "{\"query\": [\"code\", \"mine\"]}]}");
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		expect_response(given[i]);
		cr_assert_eq(count_told(given[i]), 0, "%s", given[i]);
	}
	cr_assert_eq(count_told("Location: /?code=S3cr3tV4lue&mine=S3cr3tV4lue\r\n"), 0);
	cr_assert_eq(count_told("Location: /?token=S3cr3tV4lue\r\n"), 1, "and only that");
	use_rules("{\"rules\": [{\"pattern\": \"S3cr[0-9]t\"}]}");
	cr_assert_eq(count_told(given[0]), 0, "a pattern finds something in it");
	use_rules("{\"rules\": [{\"pattern\": \"S3cr[0-9]t\", \"in\": \"request\"}]}");
	cr_assert_eq(count_told(given[0]), 1, "not in answers");
}

/* Programs name a parameter, their libraries encode the name. */
Test(redact, rules_know_a_parameter_however_its_name_is_encoded)
{
	use_rules("{\"rules\": [{\"query\": [\"user[name]\", \"full name\"]}]}");
	expect_secrets_gone("GET /?user[name]=S3cr3tV4lue&user%5Bname%5D=S3cr3tV4lue"
			    "&full+name=S3cr3tV4lue&full%20nam%65=S3cr3tV4lue HTTP/1.1\r\n\r\n");
}

/* What a URL's encoding stands for is looked into, as libraries encode what they are given. */
Test(redact, patterns_are_found_in_encoded_urls)
{
	static const char *const targets[] = {"/?q=see%20me%40x.org%20ok", "/a/me%40x.org/b",
		"/?q=%2B49+171+1234567", "/?q=%2B49%20171%201234567", "/?q=+491711234567",
		"/?c=4111+1111+1111+1111+12", "/?c=4111%201111%201111%201111",
		"/?c=4111111111111111", "/?i=DE89+3704+0044+0532+0130+00+BIC",
		"/?k=use%3Ask-abcdefghijklmnop1234", "/?k=a%0Ask-abcdefghijklmnop1234",
		"/bot1234567890:AAabcdefghijklmnopqrstuvwxyz-012345/x"};
	static const char *const gone[] = {
		"me", "x.org", "1234567", "711234567", "1111", "3704", "0130", "abcdefgh"};
	use_rules(
		"{\"rules\": [{\"detect\": [\"email\", \"phone\", \"card\", \"iban\", \"key\"]}]}");
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		bool redacted = false;
		char *path = field(":path", targets[i], &redacted);
		char *other = field("x-note", targets[i], &redacted);
		for (size_t k = 0; k < sizeof(gone) / sizeof(gone[0]); k++) {
			cr_expect_null(strstr(path, gone[k]), "%s: %s", targets[i], path);
			cr_expect_null(strstr(other, gone[k]), "%s: %s", targets[i], other);
		}
		bool again = false;
		char *twice = field(":path", path, &again);
		cr_expect_str_eq(twice, path);
		free(twice);
		free(other);
		free(path);
	}
}

Test(redact, a_plus_is_a_plus_where_nothing_is_encoded)
{
	bool redacted = false;
	use_rules("{\"rules\": [{\"detect\": \"email\"}]}");
	char *out = field("x-note", "to me+tag@x.org, ok", &redacted);
	cr_expect(strncmp(out, "to th-redacted:", 15) == 0, "%s", out);
	free(out);
}

Test(redact, what_takes_too_long_goes_whole)
{
	static char value[16385];
	bool redacted = false;
	memset(value, 'a', sizeof(value) - 1);
	use_rules("{\"rules\": [{\"pattern\": \"a(.*z)?\"}]}");
	char *out = field("x-note", value, &redacted);
	cr_expect_leq(strlen(out), (TH_REDACT_VALUE_TOKENS + 1) * TH_STAND_IN_BYTES);
	cr_expect_null(strstr(out, "aaaa"));
	free(out);
}

/* Past the most that a head may have, one stand-in stands for all the rest and its end. */
Test(redact, the_rest_of_a_head_is_not_kept)
{
	char text[8192] = "";
	for (int i = 0; i < 120; i++) {
		strcat(text, "X-Auth-Token: S3cr3tV4lue\r\n");
	}
	cr_assert_eq(count_told(text), TH_REDACT_HEAD_TOKENS);
}

/* A cookie's stand-in comes back, and is then what stands for the cookie that came back when it was
 * recorded; the same with one key in several places. */
Test(redact, one_secret_has_one_stand_in_wherever_it_stands)
{
	static const char *const heads[] = {
		"GET / HTTP/1.1\r\nCookie: a=S3cr3tV4lue; sid=S3cr3tV4lue;b=S3cr3tV4lue\r\n\r\n",
		"GET / HTTP/1.1\r\nAuthorization: Bearer S3cr3tV4lue\r\n\r\n",
		"GET / HTTP/1.1\r\nauthorization: basic  S3cr3tV4lue\r\n\r\n",
		"GET /?key=S3cr3tV4lue HTTP/1.1\r\nX-Api-Key: S3cr3tV4lue\r\n\r\n",
		"GET / HTTP/1.1\r\nSec-WebSocket-Protocol: S3cr3tV4lue,\tS3cr3tV4lue\r\n\r\n",
		("GET / HTTP/1.1\r\nBaggage: api_key=S3cr3tV4lue;p=1,user=1\r\n"
		 "tracestate: vendor=a, token=S3cr3tV4lue\r\n\r\n"),
		"GET /?user[password]=S3cr3tV4lue&token%5B0%5D=S3cr3tV4lue HTTP/1.1\r\n\r\n",
		"GET /?u=https://S3cr3tV4lue@h/ HTTP/1.1\r\n\r\n",
	};
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		bool redacted = false;
		char *out = head(heads[i], &redacted), *wanted = with_tokens(heads[i]);
		char *twice = head(out, &redacted);
		cr_assert_str_eq(out, wanted, "<%s>\nnot\n<%s>", out, wanted);
		cr_assert_str_eq(twice, out);
		free(twice);
		free(wanted);
		free(out);
	}
}

Test(redact, a_cookie_without_a_name_goes_whole)
{
	bool redacted = false;
	static const char *const values[] = {"c2VjcmV0==", "c2VjcmV0=", "secret"};
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char *out = field("cookie", values[i], &redacted);
		cr_assert(is_token(out) && strlen(out) == TH_STAND_IN_BYTES, "%s", out);
		free(out);
	}
}

Test(redact, stand_ins_are_known_with_dots_behind_them)
{
	uint8_t token[TH_STAND_IN_BYTES], padded[40], again[TH_STAND_IN_BYTES];
	th_stand_in(how.key, TH_SLICE_LIT(SECRET), token);
	memset(padded, '.', sizeof(padded));
	memcpy(padded, token, sizeof(token));
	th_stand_in(how.key, (struct th_slice){padded, sizeof(padded)}, again);
	cr_assert_eq(memcmp(token, again, sizeof(token)), 0);
	for (size_t i = 0; i < sizeof(padded); i++) { /* any change makes it no token */
		uint8_t was = padded[i];
		padded[i] = 'Z';
		cr_assert_not(th_stand_in_is((struct th_slice){padded, sizeof(padded)}));
		padded[i] = was;
		cr_assert_eq(th_stand_in_is((struct th_slice){padded, i}), i >= sizeof(token));
	}
}

Test(redact, off_leaves_everything)
{
	const struct th_redaction off = {.off = true};
	static const char in[] = "GET /?key=a HTTP/1.1\r\nCookie: a=b\r\n\r\n";
	uint8_t out[8192];
	bool redacted = false;
	size_t n = th_redact_h1_head(&off, TH_SLICE_LIT(in), out, &redacted);
	cr_assert_eq(n, sizeof(in) - 1);
	cr_assert(memcmp(in, out, n) == 0 && !redacted);
}

/* Any bytes: no crash, no overrun (ASan), and what has no secret in it stays as it is. */
Test(redact, survives_noise)
{
	static const char alphabet[] = "aA:/?#&;=@ \t\r\nkey%00cookie:%3A%25%2F%3f%40%3d\0H";
	unsigned seed = 1;
	for (int round = 0; round < 20000; round++) {
		uint8_t in[64];
		size_t n = (size_t)rand_r(&seed) % sizeof(in);
		for (size_t i = 0; i < n; i++) {
			in[i] = (uint8_t)alphabet[(size_t)rand_r(&seed) % (sizeof(alphabet) - 1)];
		}
		uint8_t *exact = malloc(n + !n); /* so that ASan sees one byte too many */
		uint8_t *out = malloc(th_redact_bound(n));
		bool redacted = false;
		memcpy(exact, in, n);
		size_t m = th_redact_h1_head(&how, (struct th_slice){exact, n}, out, &redacted);
		cr_assert_leq(m, th_redact_bound(n));
		cr_assert(redacted || (m == n && memcmp(in, out, n) == 0));
		free(exact);
		free(out);
	}
}

Test(redact, tables)
{
	cr_assert(th_secret_is_field(TH_SLICE_LIT("X-Goog-Api-Key")));
	cr_assert(th_secret_is_field(TH_SLICE_LIT("X-Acme-Token")));
	cr_assert(th_secret_is_field(TH_SLICE_LIT("Token")));
	cr_assert(th_secret_is_field(TH_SLICE_LIT("PASSWORD")));
	cr_assert(th_secret_is_field(TH_SLICE_LIT("X-OpenAI-Key")));
	cr_assert(th_secret_is_field(TH_SLICE_LIT("Cf-Access-Jwt-Assertion")));
	cr_assert(th_secret_is_field(TH_SLICE_LIT("Sec-WebSocket-Protocol")));
	cr_assert(th_secret_is_field(TH_SLICE_LIT("Cookie")));
	cr_assert_not(th_secret_is_field(TH_SLICE_LIT("Location")));
	cr_assert(th_secret_is_param(TH_SLICE_LIT("code")));
	cr_assert(th_secret_is_param(TH_SLICE_LIT("token[0][]")));
	cr_assert_not(th_secret_is_param(TH_SLICE_LIT("codec[]")));
	cr_assert(th_secret_is_param(TH_SLICE_LIT("refreshToken")));
	cr_assert_not(th_secret_is_param(TH_SLICE_LIT("pageToken")));
	cr_assert_not(th_secret_is_field(TH_SLICE_LIT("content-type")));
	cr_assert_not(th_secret_is_field(TH_SLICE_LIT("")));
	cr_assert(th_secret_is_param(TH_SLICE_LIT("X-Amz-Security-Token")));
	cr_assert(th_secret_is_param(TH_SLICE_LIT("%6bey")));
	cr_assert_not(th_secret_is_param(TH_SLICE_LIT("keyword")));
	cr_assert_not(th_secret_is_param(TH_SLICE_LIT("max_tokens")));
}

/* Each name that is promised, looked up as whole; and nothing that is nearly one. */
Test(redact, every_name_is_found)
{
	static const char *const names[] = {"access-key", "accesstoken", "api-key", "apikey",
		"api_key", "apitoken", "auth", "authentication", "authorization", "authtoken",
		"circle-token", "dd-api-key", "dd-application-key", "dpop", "fastly-key",
		"helicone-auth", "job-token", "jwt", "mcp-session-id", "ocp-apim-subscription-key",
		"passwd", "password", "private-token", "proxy-authorization", "secret", "session",
		"session-id", "token", "x-amz-security-token", "x-api-key", "x-auth", "x-auth-key",
		"x-auth-token", "x-csrftoken", "x-functions-key", "x-goog-api-key",
		"x-goog-iap-jwt-assertion", "x-honeycomb-team", "x-jwt", "x-key",
		"x-ms-authorization-auxiliary", "x-rapidapi-key", "x-registry-auth",
		"x-registry-config", "x-sentry-auth", "x-session-id", "x-session-token",
		"x-subscription-token", "x-vault-token", "xi-api-key", "x-access-key", "x-api-key",
		"x-apikey", "x-auth-key", "x-auth-token", "x-authorization", "x-credential",
		"x-jwt", "x-jwt-assertion", "x-openai-key", "x-passwd", "x-password", "x-secret",
		"x-secret-key", "x-session-key", "x-token", "x_api_key", "x_token"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct th_slice name = th_slice_str(names[i]);
		cr_assert_eq(th_secret_field(name), TH_SECRET_WHOLE, "%s", names[i]);
	}
	static const char *const not [] = {"tokens", "x-keys", "dates", "authors", "-", "y", "n",
		"content-type", "connection", "x-ratelimit-remaining-tokens", "x-request-id",
		"openai-organization", "keep-alive", "etag", "vary", "x-idempotency-key"};
	for (size_t i = 0; i < sizeof(not ) / sizeof(not [0]); i++) {
		cr_assert_eq(th_secret_field(th_slice_str(not [i])), TH_SECRET_NOT, "%s", not [i]);
	}
}

Test(redact, every_name_of_which_parts_are_secret_is_found)
{
	static const struct {
		const char *name;
		enum th_secret_field what;
	} parts[] = {{":authority", TH_SECRET_URL}, {":path", TH_SECRET_URL},
		{"baggage", TH_SECRET_LIST}, {"content-location", TH_SECRET_URL},
		{"cookie", TH_SECRET_COOKIE}, {"cookie2", TH_SECRET_COOKIE},
		{"destination", TH_SECRET_URL}, {"forwarded", TH_SECRET_URL},
		{"host", TH_SECRET_URL}, {"location", TH_SECRET_URL}, {"origin", TH_SECRET_URL},
		{"referer", TH_SECRET_URL}, {"referrer", TH_SECRET_URL},
		{"sec-websocket-protocol", TH_SECRET_ELEMENTS},
		{"set-cookie", TH_SECRET_SET_COOKIE}, {"set-cookie2", TH_SECRET_SET_COOKIE},
		{"tracestate", TH_SECRET_LIST}, {"x-forwarded-uri", TH_SECRET_URL},
		{"x-original-url", TH_SECRET_URL}, {"x-rewrite-url", TH_SECRET_URL}};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		cr_assert_eq(th_secret_field(th_slice_str(parts[i].name)), parts[i].what, "%s",
			parts[i].name);
	}
}
