/* Which names are secret: the tables, in alphabetical order within each part. Sources: the
 * providers' API references, RFC 6750 (tokens in queries), AWS Signature Version 4. */
#include "capture/secret.h"

#include "base/text.h"

/* A name, and what of its value is secret. */
struct field {
	const char *name;
	enum th_secret_field what;
};

#define WHOLE(text) \
	{ \
		text, TH_SECRET_WHOLE \
	}
#define FIELDS(...) ((const struct field[]){__VA_ARGS__, {NULL, TH_SECRET_NOT}})

/* Fields by the length of their names, as each field of each head is looked up. Browsers can hand a
 * key to a WebSocket only as the name of a protocol, and OpenAI's realtime interface takes it
 * there. A host may wrongly hold userinfo. */
static const struct field *const fields[] = {
	[3] = FIELDS(WHOLE("jwt")),
	[4] = FIELDS(WHOLE("auth"), WHOLE("dpop"), {"host", TH_SECRET_URL}),
	[5] = FIELDS({":path", TH_SECRET_URL}, WHOLE("token"), WHOLE("x-jwt"), WHOLE("x-key")),
	[6] = FIELDS(WHOLE("apikey"), {"cookie", TH_SECRET_COOKIE}, {"origin", TH_SECRET_URL},
		WHOLE("passwd"), WHOLE("secret"), WHOLE("x-auth")),
	[7] = FIELDS(WHOLE("api-key"), {"baggage", TH_SECRET_LIST}, {"cookie2", TH_SECRET_COOKIE},
		{"referer", TH_SECRET_URL}, WHOLE("session")),
	[8] = FIELDS(WHOLE("apitoken"), {"location", TH_SECRET_URL}, WHOLE("password"),
		{"referrer", TH_SECRET_URL}),
	[9] = FIELDS(WHOLE("authtoken"), {"forwarded", TH_SECRET_URL}, WHOLE("job-token"),
		WHOLE("x-api-key")),
	[10] = FIELDS({":authority", TH_SECRET_URL}, WHOLE("access-key"), WHOLE("dd-api-key"),
		WHOLE("session-id"), {"set-cookie", TH_SECRET_SET_COOKIE},
		{"tracestate", TH_SECRET_LIST}, WHOLE("x-auth-key"), WHOLE("xi-api-key")),
	[11] = FIELDS(WHOLE("accesstoken"), {"destination", TH_SECRET_URL},
		{"set-cookie2", TH_SECRET_SET_COOKIE}, WHOLE("x-csrftoken")),
	[12] = FIELDS(WHOLE("circle-token"), WHOLE("x-auth-token"), WHOLE("x-session-id")),
	[13] = FIELDS(WHOLE("authorization"), WHOLE("helicone-auth"), WHOLE("private-token"),
		{"x-rewrite-url", TH_SECRET_URL}, WHOLE("x-vault-token")),
	[14] = FIELDS(WHOLE("authentication"), WHOLE("mcp-session-id"), WHOLE("x-goog-api-key"),
		{"x-original-url", TH_SECRET_URL}, WHOLE("x-rapidapi-key")),
	[15] = FIELDS({"x-forwarded-uri", TH_SECRET_URL}, WHOLE("x-functions-key"),
		WHOLE("x-session-token")),
	[16] = FIELDS({"content-location", TH_SECRET_URL}, WHOLE("x-honeycomb-team")),
	[18] = FIELDS(WHOLE("dd-application-key")),
	[19] = FIELDS(WHOLE("proxy-authorization")),
	[20] = FIELDS(WHOLE("x-amz-security-token"), WHOLE("x-subscription-token")),
	[22] = FIELDS({"sec-websocket-protocol", TH_SECRET_ELEMENTS}),
	[24] = FIELDS(WHOLE("x-goog-iap-jwt-assertion")),
	[25] = FIELDS(WHOLE("ocp-apim-subscription-key")),
	[28] = FIELDS(WHOLE("x-ms-authorization-auxiliary")),
};

#define END(text) \
	{ \
		(const uint8_t *)(text), sizeof(text) - 1 \
	}

/* Ends of field names, by their last letter: services name their own fields alike. */
static const struct th_slice ends_d[] = {END("-passwd"), END("-password")};
static const struct th_slice ends_l[] = {END("-credential")};
static const struct th_slice ends_n[] = {
	END("-authorization"), END("-jwt-assertion"), END("-token"), END("_token")};
static const struct th_slice ends_t[] = {END("-jwt"), END("-secret")};
static const struct th_slice ends_y[] = {END("-access-key"), END("-api-key"), END("-apikey"),
	END("-auth-key"), END("-openai-key"), END("-secret-key"), END("-session-key"),
	END("_api_key")};

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

/* Does it end in `end`? Looked at from behind, where most names differ first. */
static bool has_end(struct th_slice name, struct th_slice end)
{
	if (name.n < end.n) {
		return false;
	}
	for (size_t i = 1; i <= end.n; i++) {
		if (th_lower(name.p[name.n - i]) != end.p[end.n - i]) {
			return false;
		}
	}
	return true;
}

static bool ends_in_table(const struct th_slice *table, size_t n, struct th_slice name)
{
	for (size_t i = 0; i < n; i++) {
		if (has_end(name, table[i])) {
			return true;
		}
	}
	return false;
}

static bool has_secret_end(struct th_slice name)
{
	switch (th_lower(name.p[name.n - 1])) {
	case 'd':
		return ends_in_table(ends_d, COUNT(ends_d), name);
	case 'l':
		return ends_in_table(ends_l, COUNT(ends_l), name);
	case 'n':
		return ends_in_table(ends_n, COUNT(ends_n), name);
	case 't':
		return ends_in_table(ends_t, COUNT(ends_t), name);
	case 'y':
		return ends_in_table(ends_y, COUNT(ends_y), name);
	default:
		return false;
	}
}

enum th_secret_field th_secret_field(struct th_slice name)
{
	const struct field *f = name.n < COUNT(fields) ? fields[name.n] : NULL;
	for (; f && f->name; f++) {
		if ((uint8_t)f->name[0] == th_lower(name.p[0]) && is_name(f->name, name)) {
			return f->what;
		}
	}
	return name.n && has_secret_end(name) ? TH_SECRET_WHOLE : TH_SECRET_NOT;
}

bool th_secret_is_field(struct th_slice name)
{
	enum th_secret_field what = th_secret_field(name);
	return what == TH_SECRET_WHOLE || what == TH_SECRET_COOKIE || what == TH_SECRET_ELEMENTS;
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
