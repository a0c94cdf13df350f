/* capture/secret.c: every name of its tables is found, and only that. */
#include "capture/secret.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>

struct known {
	const char *name;
	enum th_secret_field what;
};

static const struct known known[] = {
	{":authority", TH_SECRET_URL},
	{":path", TH_SECRET_URL},
	{"access-key", TH_SECRET_WHOLE},
	{"accesstoken", TH_SECRET_WHOLE},
	{"api-key", TH_SECRET_WHOLE},
	{"api_key", TH_SECRET_WHOLE},
	{"apikey", TH_SECRET_WHOLE},
	{"apitoken", TH_SECRET_WHOLE},
	{"auth", TH_SECRET_WHOLE},
	{"authentication", TH_SECRET_WHOLE},
	{"authorization", TH_SECRET_WHOLE},
	{"authtoken", TH_SECRET_WHOLE},
	{"authorization-bin", TH_SECRET_WHOLE},
	{"baggage", TH_SECRET_LIST},
	{"circle-token", TH_SECRET_WHOLE},
	{"content-location", TH_SECRET_URL},
	{"cookie", TH_SECRET_COOKIE},
	{"cookie2", TH_SECRET_COOKIE},
	{"dd-api-key", TH_SECRET_WHOLE},
	{"dd-application-key", TH_SECRET_WHOLE},
	{"destination", TH_SECRET_URL},
	{"dpop", TH_SECRET_WHOLE},
	{"fastly-key", TH_SECRET_WHOLE},
	{"forwarded", TH_SECRET_URL},
	{"helicone-auth", TH_SECRET_WHOLE},
	{"host", TH_SECRET_URL},
	{"job-token", TH_SECRET_WHOLE},
	{"jwt", TH_SECRET_WHOLE},
	{"location", TH_SECRET_URL},
	{"mcp-session-id", TH_SECRET_WHOLE},
	{"ocp-apim-subscription-key", TH_SECRET_WHOLE},
	{"origin", TH_SECRET_URL},
	{"passwd", TH_SECRET_WHOLE},
	{"password", TH_SECRET_WHOLE},
	{"private-token", TH_SECRET_WHOLE},
	{"proxy-authorization", TH_SECRET_WHOLE},
	{"referer", TH_SECRET_URL},
	{"referrer", TH_SECRET_URL},
	{"sec-websocket-protocol", TH_SECRET_ELEMENTS},
	{"secret", TH_SECRET_WHOLE},
	{"session", TH_SECRET_WHOLE},
	{"session-id", TH_SECRET_WHOLE},
	{"set-cookie", TH_SECRET_SET_COOKIE},
	{"set-cookie2", TH_SECRET_SET_COOKIE},
	{"token", TH_SECRET_WHOLE},
	{"tracestate", TH_SECRET_LIST},
	{"x-amz-security-token", TH_SECRET_WHOLE},
	{"x-api-key", TH_SECRET_WHOLE},
	{"x-auth", TH_SECRET_WHOLE},
	{"x-auth-key", TH_SECRET_WHOLE},
	{"x-auth-token", TH_SECRET_WHOLE},
	{"x-clickhouse-key", TH_SECRET_WHOLE},
	{"x-csrftoken", TH_SECRET_WHOLE},
	{"x-forwarded-uri", TH_SECRET_URL},
	{"x-functions-key", TH_SECRET_WHOLE},
	{"x-goog-api-key", TH_SECRET_WHOLE},
	{"x-goog-iap-jwt-assertion", TH_SECRET_WHOLE},
	{"x-honeycomb-team", TH_SECRET_WHOLE},
	{"x-jwt", TH_SECRET_WHOLE},
	{"x-key", TH_SECRET_WHOLE},
	{"x-ms-authorization-auxiliary", TH_SECRET_WHOLE},
	{"x-original-url", TH_SECRET_URL},
	{"x-rapidapi-key", TH_SECRET_WHOLE},
	{"x-rewrite-url", TH_SECRET_URL},
	{"x-registry-config", TH_SECRET_WHOLE},
	{"x-session-id", TH_SECRET_WHOLE},
	{"x-session-token", TH_SECRET_WHOLE},
	{"x-subscription-token", TH_SECRET_WHOLE},
	{"x-vault-token", TH_SECRET_WHOLE},
	{"xi-api-key", TH_SECRET_WHOLE},
};

static enum th_secret_field of(const char *name)
{
	return th_secret_field((struct th_slice){(const uint8_t *)name, strlen(name)});
}

Test(secret, each_field_is_known_in_any_case)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		char shouted[64] = "";
		for (size_t n = 0; known[i].name[n]; n++) {
			shouted[n] = (char)toupper(known[i].name[n]);
		}
		cr_assert_eq(of(known[i].name), known[i].what, "%s", known[i].name);
		cr_assert_eq(of(shouted), known[i].what, "%s", shouted);
	}
}

/* A byte more, a byte less, another byte. The ends of names are a rule of their own. */
Test(secret, what_is_like_a_field_is_not_one)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		char name[64];
		strcpy(name, known[i].name);
		strcat(name, "0");
		cr_assert_eq(of(name), TH_SECRET_NOT, "%s", name);
		name[strlen(name) - 2] = '0';
		name[strlen(name) - 1] = '\0';
		cr_assert_eq(of(name), TH_SECRET_NOT, "%s", name);
	}
	static const char *const harmless[] = {"", "a", "content-length", "content-type", "date",
		"user-agent", "accept", "x-request-id", "anthropic-version", "sec-websocket-key",
		"idempotency-key", "x-amz-server-side-encryption-customer-key-md5",
		"x-a-name-that-is-longer-than-any-that-is-kept-in-the-table"};
	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++) {
		cr_assert_eq(of(harmless[i]), TH_SECRET_NOT, "%s", harmless[i]);
	}
}

Test(secret, ends_of_names_tell)
{
	static const char *const secret[] = {"x-my-token", "MY_TOKEN", "a-secret", "x-login-jwt",
		"foo-api-key", "foo-apikey", "db-password", "service-credential", "x-sentry-auth",
		"x-amz-server-side-encryption-customer-key", "x-goog-encryption-key",
		"x-parse-master-key", "my-token-bin"};
	for (size_t i = 0; i < sizeof(secret) / sizeof(*secret); i++) {
		cr_assert_eq(of(secret[i]), TH_SECRET_WHOLE, "%s", secret[i]);
	}
}

Test(secret, parameters_of_logins)
{
	static const char *const secret[] = {"authkey", "id_token_hint", "oauth_verifier",
		"private_key", "subscription_key", "Subscription%5FKey"};
	for (size_t i = 0; i < sizeof(secret) / sizeof(*secret); i++) {
		cr_assert(th_secret_is_param(th_slice_str(secret[i])), "%s", secret[i]);
	}
	cr_assert_not(th_secret_is_param(TH_SLICE_LIT("primary_key")));
}
