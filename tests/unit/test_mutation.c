/* The matcher's promise, tried on every byte: a request in which one character that means something
 * is another one is another request; one in which a block-listed field is another one is not. The
 * requests are those of tests/genai/cases, one of each dialect at least, and forms, multipart, and
 * plain ones. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "made_run.h"
#include "player/canon_request.h"

struct request {
	char method[16], target[512], host[128], fields[512];
	char *body; /* NULL: none */
};

static struct th_fingerprint fingerprint(const struct request *r)
{
	char head[2048];
	struct made *m = made_new();
	struct th_canon canon = {0};
	snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", r->method, r->target,
		r->host, r->fields);
	struct th_exchange *x = made_exchange(
		m, made_connection(m, made_process(m, "0"), 1), 1, head, r->body, NULL, NULL);
	cr_assert_eq(th_canon_request(x, &canon), 0);
	struct th_fingerprint fp = canon.full;
	th_canon_finish(&canon);
	free(m);
	return fp;
}

static bool same(const struct th_fingerprint *a, const struct th_fingerprint *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Another letter for a letter, another digit for a digit: what else there is may be syntax. */
static char another(char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
		return (c | 32) == 'z' ? (char)(c - 1) : (char)(c + 1);
	}
	return c >= '0' && c <= '9' ? (c == '9' ? '8' : (char)(c + 1)) : c;
}

/* Every character of `part`, which is the request's own memory, counts. */
static size_t every_character_counts(const struct request *r, char *part, size_t n)
{
	struct th_fingerprint before = fingerprint(r);
	size_t tried = 0;
	for (size_t i = 0; i < n; i++) {
		char was = part[i];
		part[i] = another(was);
		if (part[i] != was) {
			struct th_fingerprint after = fingerprint(r);
			cr_expect_not(same(&before, &after), "%s %s: character %zu of \"%.60s\"",
				r->method, r->target, i, part);
			tried++;
		}
		part[i] = was;
	}
	return tried;
}

static size_t all_of_it_counts(struct request *r)
{
	size_t n = every_character_counts(r, r->method, strlen(r->method));
	n += every_character_counts(r, r->target, strcspn(r->target, "?"));
	n += every_character_counts(r, r->host, strlen(r->host));
	return n + (r->body ? every_character_counts(r, r->body, strlen(r->body)) : 0);
}

static const char *const blocked[] = {"Authorization", "Proxy-Authorization", "X-Api-Key",
	"api-key", "x-goog-api-key", "X-Amz-Date", "Date", "x-amz-security-token", "traceparent",
	"tracestate", "baggage", "sentry-trace", "x-b3-traceid", "X-Request-Id", "request-id",
	"x-client-request-id", "x-correlation-id", "Idempotency-Key", "User-Agent",
	"x-goog-api-client", "x-stainless-lang", "x-stainless-retry-count",
	"x-stainless-anything-new", "amz-sdk-invocation-id", "amz-sdk-request", "Connection",
	"Keep-Alive", "TE", "Expect", "X-Auth-Token", "X-Ms-Date", "x-amz-content-sha256",
	"Content-MD5", "Content-Digest", "Digest", "X-Amzn-Trace-Id", "X-Cloud-Trace-Context",
	"x-datadog-trace-id", "x-b3-spanid", "x-ms-client-request-id", "X-Idempotency-Key",
	"x-amz-user-agent", "Proxy-Connection", "Trailer", "Upgrade", "HTTP2-Settings",
	"Sec-WebSocket-Key"};

static void no_blocked_field_counts(struct request *r)
{
	char kept[sizeof(r->fields)];
	struct th_fingerprint before = fingerprint(r);
	memcpy(kept, r->fields, sizeof(kept));
	for (size_t i = 0; i < sizeof(blocked) / sizeof(*blocked); i++) {
		for (int value = 1; value <= 2; value++) {
			snprintf(r->fields, sizeof(r->fields), "%s%s: %d\r\n", kept, blocked[i],
				value);
			struct th_fingerprint after = fingerprint(r);
			cr_expect(same(&before, &after), "%s of %s", blocked[i], r->target);
		}
	}
	memcpy(r->fields, kept, sizeof(kept));
}

/* The question of a case; false: it has none. */
static bool read_case(const char *path, struct request *ret)
{
	char line[1024];
	size_t cap = 0;
	th_auto_fclose FILE *f = fopen(path, "re");
	*ret = (struct request){.fields = "Content-Type: application/json\r\n"};
	if (!f || !fgets(line, sizeof(line), f) ||
		sscanf(line, "> %15s %511s %127s", ret->method, ret->target, ret->host) != 3) {
		return false;
	}
	if (getline(&ret->body, &cap, f) <= 0 || ret->body[0] == '<') {
		free(ret->body);
		ret->body = NULL;
	}
	return true;
}

Test(mutation, in_each_dialect)
{
	const char *directory = TH_SOURCE_ROOT "/tests/genai/cases";
	DIR *d = opendir(directory);
	size_t cases = 0, tried = 0;
	cr_assert_not_null(d);
	for (struct dirent *e; (e = readdir(d));) {
		struct request r;
		char path[512];
		snprintf(path, sizeof(path), "%s/%s", directory, e->d_name);
		if (!strstr(e->d_name, ".case") || !read_case(path, &r)) {
			continue;
		}
		cases++;
		tried += all_of_it_counts(&r);
		no_blocked_field_counts(&r);
		free(r.body);
	}
	closedir(d);
	cr_expect_geq(cases, 30);
	cr_expect_geq(tried, 3000);
}

static void counts(const char *target, const char *type, const char *body)
{
	struct request r = {.method = "POST", .host = "a.example"};
	snprintf(r.target, sizeof(r.target), "%s", target);
	snprintf(r.fields, sizeof(r.fields), "Content-Type: %s\r\n", type);
	r.body = strdup(body);
	cr_expect_geq(all_of_it_counts(&r), 10);
	no_blocked_field_counts(&r);
	free(r.body);
}

Test(mutation, in_bodies_of_other_kinds)
{
	counts("/f", "application/x-www-form-urlencoded", "a=1&b=two+words&c=%41%2Fx&&d");
	counts("/m", "multipart/form-data; boundary=XX1",
		"--XX1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n"
		"Content-Type: text/plain\r\n\r\nsome text\r\n--XX1 x\r\n");
	counts("/t", "text/plain", "some text, 12 words");
	counts("/j", "application/vnd.x+json",
		"{\"n\":1.50e10,\"t\":true,\"z\":null,\"u\":\"\\u00e9\\n\",\"a\":[1,[2,{\"k\":3}]]"
		"}");
	counts("/broken", "application/json", "{\"cut\": \"of");
}

Test(mutation, in_the_query_and_in_fields_that_say_what_is_meant)
{
	struct request r = {.method = "GET",
		.target = "/v1/list?limit=10&after=item42&page_token=abc",
		.host = "a.example"};
	char *query = strchr(r.target, '?') + 1;
	cr_expect_geq(every_character_counts(&r, query, strlen(query)), 20);
	static const char *const fields[] = {"Accept: text/html\r\n", "Cookie: session=abc\r\n",
		"anthropic-version: 2023-06-01\r\n", "anthropic-beta: tools\r\n",
		"OpenAI-Organization: org1\r\n", "X-Custom: value\r\n", "Mcp-Session-Id: s1\r\n"};
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		strcpy(r.fields, fields[i]);
		cr_expect_geq(every_character_counts(&r, r.fields, strlen(r.fields)), 5);
	}
}
