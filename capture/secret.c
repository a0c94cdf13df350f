/* Which names are secret: the tables, in alphabetical order. Sources: the providers' API
 * references, RFC 6750 (tokens in queries), AWS Signature Version 4. */
#include "capture/secret.h"

#include "base/text.h"

/* Fields whose whole value is a secret. */
static const char *const secret_fields[] = {
	"access-key",
	"accesstoken",
	"api-key",
	"apikey",
	"apitoken",
	"auth",
	"authentication",
	"authorization",
	"authtoken",
	"circle-token",
	"dd-api-key",
	"dd-application-key",
	"dpop",
	"helicone-auth",
	"job-token",
	"jwt",
	"mcp-session-id",
	"ocp-apim-subscription-key",
	"passwd",
	"password",
	"private-token",
	"proxy-authorization",
	"secret",
	"session",
	"session-id",
	"token",
	"x-amz-security-token",
	"x-api-key",
	"x-auth",
	"x-auth-key",
	"x-auth-token",
	"x-csrftoken",
	"x-functions-key",
	"x-goog-api-key",
	"x-goog-iap-jwt-assertion",
	"x-honeycomb-team",
	"x-jwt",
	"x-key",
	"x-ms-authorization-auxiliary",
	"x-rapidapi-key",
	"x-session-id",
	"x-session-token",
	"x-subscription-token",
	"x-vault-token",
	"xi-api-key",
};

#define END(text) \
	{ \
		(const uint8_t *)(text), sizeof(text) - 1 \
	}

/* Ends of field names: services name their own fields alike. */
static const struct th_slice secret_field_ends[] = {
	END("-access-key"),
	END("-api-key"),
	END("-apikey"),
	END("-auth-key"),
	END("-auth-token"),
	END("-authorization"),
	END("-credential"),
	END("-jwt"),
	END("-jwt-assertion"),
	END("-openai-key"),
	END("-passwd"),
	END("-password"),
	END("-secret"),
	END("-secret-key"),
	END("-session-key"),
	END("-token"),
	END("_api_key"),
	END("_token"),
};

/* Parameters whose value is a secret. */
static const char *const secret_params[] = {
	"access_key",
	"access_token",
	"accesskey",
	"accesstoken",
	"api-key",
	"api_key",
	"apikey",
	"app_key",
	"appid",
	"appkey",
	"assertion",
	"auth",
	"authorization",
	"auth_key",
	"authtoken",
	"awsaccesskeyid",
	"bearer",
	"client_assertion",
	"code",
	"code_verifier",
	"credential",
	"device_code",
	"googleaccessid",
	"hapikey",
	"hmac",
	"jsessionid",
	"jwt",
	"key",
	"key-pair-id",
	"otp",
	"pass",
	"passphrase",
	"passwd",
	"password",
	"pwd",
	"samlresponse",
	"secret",
	"secret_key",
	"secretkey",
	"session_id",
	"sessionid",
	"sig",
	"signature",
	"sign",
	"subscription-key",
	"ticket",
	"token",
	"user_code",
	"x-api-key",
};

/* Ends of parameter names. */
static const struct th_slice secret_param_ends[] = {
	END("-api-key"),
	END("-credential"),
	END("-password"),
	END("-secret"),
	END("-signature"),
	END("-token"),
	END(".token"),
	END("_api_key"),
	END("_apikey"),
	END("_password"),
	END("_secret"),
	END("_signature"),
	END("_token"),
	END("apikey"),
	END("apitoken"),
	END("bearertoken"),
	END("clientsecret"),
	END("idtoken"),
	END("refreshtoken"),
	END("securitytoken"),
	END("sessiontoken"),
};

/* Fields of which parts are secret. Browsers can hand a key to a WebSocket only as the name of a
 * protocol, and OpenAI's realtime interface takes it there. A host may wrongly hold userinfo. */
static const struct {
	const char *name;
	enum th_secret_field what;
} partly[] = {
	{":authority", TH_SECRET_URL},
	{":path", TH_SECRET_URL},
	{"baggage", TH_SECRET_LIST},
	{"content-location", TH_SECRET_URL},
	{"cookie", TH_SECRET_COOKIE},
	{"cookie2", TH_SECRET_COOKIE},
	{"destination", TH_SECRET_URL},
	{"forwarded", TH_SECRET_URL},
	{"host", TH_SECRET_URL},
	{"location", TH_SECRET_URL},
	{"origin", TH_SECRET_URL},
	{"referer", TH_SECRET_URL},
	{"referrer", TH_SECRET_URL},
	{"sec-websocket-protocol", TH_SECRET_ELEMENTS},
	{"set-cookie", TH_SECRET_SET_COOKIE},
	{"set-cookie2", TH_SECRET_SET_COOKIE},
	{"tracestate", TH_SECRET_LIST},
	{"x-forwarded-uri", TH_SECRET_URL},
	{"x-original-url", TH_SECRET_URL},
	{"x-rewrite-url", TH_SECRET_URL},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PARAM_NAME_MAX 192 /* of a longer name only the end is looked at */

/* Is it the name `entry`, which is in lower case? Most names differ in the first bytes. */
static bool is_name(const char *entry, struct th_slice name)
{
	for (size_t i = 0; i < name.n; i++) {
		if ((uint8_t)entry[i] != th_lower(name.p[i]) || !entry[i]) {
			return false;
		}
	}
	return !entry[name.n];
}

static bool in_table(const char *const *table, size_t n, struct th_slice name)
{
	const char first = name.n ? (char)th_lower(name.p[0]) : 0;
	for (size_t i = 0; i < n && table[i][0] <= first; i++) { /* in order of first letters */
		if (table[i][0] == first && is_name(table[i], name)) {
			return true;
		}
	}
	return false;
}

static bool ends_in_table(const struct th_slice *table, size_t n, struct th_slice name)
{
	const uint8_t last = name.n ? th_lower(name.p[name.n - 1]) : 0;
	for (size_t i = 0; i < n; i++) {
		struct th_slice end = table[i];
		if (last == end.p[end.n - 1] && name.n >= end.n &&
			th_slice_ieq((struct th_slice){name.p + name.n - end.n, end.n}, end)) {
			return true;
		}
	}
	return false;
}

enum th_secret_field th_secret_field(struct th_slice name)
{
	const char first = name.n ? (char)th_lower(name.p[0]) : 0;
	for (size_t i = 0; i < COUNT(partly); i++) {
		if (partly[i].name[0] == first && is_name(partly[i].name, name)) {
			return partly[i].what;
		}
	}
	bool whole = in_table(secret_fields, COUNT(secret_fields), name) ||
		ends_in_table(secret_field_ends, COUNT(secret_field_ends), name);
	return whole ? TH_SECRET_WHOLE : TH_SECRET_NOT;
}

bool th_secret_is_field(struct th_slice name)
{
	enum th_secret_field what = th_secret_field(name);
	return what == TH_SECRET_WHOLE || what == TH_SECRET_COOKIE ||
		what == TH_SECRET_SET_COOKIE || what == TH_SECRET_ELEMENTS;
}

/* Undoes percent-encoding into `out`, at most cap bytes; the length. */
static size_t percent_decode(struct th_slice in, uint8_t *out, size_t cap)
{
	size_t n = 0;
	for (size_t i = 0; i < in.n && n < cap; n++) {
		uint8_t c = in.p[i];
		if (c == '%' && in.n - i >= 3 && th_hex_decode(&c, (const char *)in.p + i + 1, 1)) {
			i += 3;
		} else {
			i++;
		}
		out[n] = c;
	}
	return n;
}

static bool is_param(struct th_slice name)
{
	return in_table(secret_params, COUNT(secret_params), name) ||
		ends_in_table(secret_param_ends, COUNT(secret_param_ends), name);
}

bool th_secret_is_param(struct th_slice name)
{
	uint8_t plain[PARAM_NAME_MAX];
	if (name.n > sizeof(plain)) {
		name.p += name.n - sizeof(plain);
		name.n = sizeof(plain);
	}
	size_t from = 0, n = percent_decode(name, plain, sizeof(plain));
	for (size_t i = 0; i <= n; i++) { /* "a[b]": a, and what is in brackets */
		if (i == n || plain[i] == '[' || plain[i] == ']') {
			if (is_param((struct th_slice){plain + from, i - from})) {
				return true;
			}
			from = i + 1;
		}
	}
	return false;
}
