/* Which names are secret: the tables, in alphabetical order within each part. Sources: the
 * providers' API references, RFC 6750 (tokens in queries), AWS Signature Version 4. */
#include "capture/secret.h"

#include <stdatomic.h>

#include "base/text.h"

#define LONGEST_FIELD 28

/* A name, and what of its value is secret. The text stands within, as everywhere in what the agent
 * carries: pointers to texts would be relocated in every program that starts. */
struct field {
	uint8_t n, what; /* of the name's bytes; enum th_secret_field */
	char name[LONGEST_FIELD + 1];
};

#define FIELD(name, what) \
	{ \
		sizeof(name) - 1, what, name \
	}
#define WHOLE(name) FIELD(name, TH_SECRET_WHOLE)

/* In the order of the names' lengths, as each field of each head is looked up. Browsers can hand a
 * key to a WebSocket only as the name of a protocol, and OpenAI's realtime interface takes it
 * there. A host may wrongly hold userinfo. */
static const struct field fields[] = {
	WHOLE("jwt"),
	WHOLE("auth"),
	WHOLE("dpop"),
	FIELD("host", TH_SECRET_URL),
	FIELD(":path", TH_SECRET_URL),
	WHOLE("token"),
	WHOLE("x-jwt"),
	WHOLE("x-key"),
	WHOLE("apikey"),
	FIELD("cookie", TH_SECRET_COOKIE),
	FIELD("origin", TH_SECRET_URL),
	WHOLE("passwd"),
	WHOLE("secret"),
	WHOLE("x-auth"),
	WHOLE("api-key"),
	WHOLE("api_key"),
	FIELD("baggage", TH_SECRET_LIST),
	FIELD("cookie2", TH_SECRET_COOKIE),
	FIELD("referer", TH_SECRET_URL),
	WHOLE("session"),
	WHOLE("apitoken"),
	FIELD("location", TH_SECRET_URL),
	WHOLE("password"),
	FIELD("referrer", TH_SECRET_URL),
	WHOLE("authtoken"),
	FIELD("forwarded", TH_SECRET_URL),
	WHOLE("job-token"),
	WHOLE("x-api-key"),
	FIELD(":authority", TH_SECRET_URL),
	WHOLE("access-key"),
	WHOLE("dd-api-key"),
	WHOLE("fastly-key"),
	WHOLE("session-id"),
	FIELD("set-cookie", TH_SECRET_SET_COOKIE),
	FIELD("tracestate", TH_SECRET_LIST),
	WHOLE("x-auth-key"),
	WHOLE("xi-api-key"),
	WHOLE("accesstoken"),
	FIELD("destination", TH_SECRET_URL),
	FIELD("set-cookie2", TH_SECRET_SET_COOKIE),
	WHOLE("x-csrftoken"),
	WHOLE("circle-token"),
	WHOLE("x-auth-token"),
	WHOLE("x-session-id"),
	WHOLE("authorization"),
	WHOLE("private-token"),
	FIELD("x-rewrite-url", TH_SECRET_URL),
	WHOLE("x-vault-token"),
	WHOLE("authentication"),
	WHOLE("mcp-session-id"),
	WHOLE("x-goog-api-key"),
	FIELD("x-original-url", TH_SECRET_URL),
	WHOLE("x-rapidapi-key"),
	FIELD("x-forwarded-uri", TH_SECRET_URL),
	WHOLE("x-functions-key"),
	WHOLE("x-session-token"),
	FIELD("content-location", TH_SECRET_URL),
	WHOLE("x-clickhouse-key"),
	WHOLE("x-honeycomb-team"),
	WHOLE("authorization-bin"),
	WHOLE("x-registry-config"),
	WHOLE("dd-application-key"),
	WHOLE("proxy-authorization"),
	WHOLE("x-amz-security-token"),
	WHOLE("x-subscription-token"),
	FIELD("sec-websocket-protocol", TH_SECRET_ELEMENTS),
	WHOLE("x-goog-iap-jwt-assertion"),
	WHOLE("ocp-apim-subscription-key"),
	WHOLE("x-ms-authorization-auxiliary"),
};

struct end {
	uint8_t n;
	char text[19];
};

#define END(text) \
	{ \
		sizeof(text) - 1, text \
	}

/* Ends of field names, by their last letter: services name their own fields alike. */
static const struct end ends_d[] = {END("-passwd"), END("-password")};
static const struct end ends_h[] = {END("-auth")};
static const struct end ends_l[] = {END("-credential")};
static const struct end ends_n[] = {END("-authorization"), END("-authorization-bin"),
	END("-jwt-assertion"), END("-token"), END("-token-bin"), END("_token")};
static const struct end ends_t[] = {END("-jwt"), END("-secret")};
static const struct end ends_y[] = {END("-access-key"), END("-api-key"), END("-apikey"),
	END("-auth-key"), END("-customer-key"), END("-encryption-key"), END("-master-key"),
	END("-openai-key"), END("-secret-key"), END("-session-key"), END("_api_key")};

/* Parameters whose value is a secret. */
static const char secret_params[][20] = {
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
	"authkey",
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
	"id_token_hint",
	"jsessionid",
	"jwt",
	"key",
	"key-pair-id",
	"oauth_verifier",
	"otp",
	"pass",
	"passphrase",
	"passwd",
	"password",
	"private_key",
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
	"subscription_key",
	"ticket",
	"token",
	"user_code",
	"x-api-key",
};

/* Ends of parameter names. */
static const struct end secret_param_ends[] = {
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

static bool in_table(const char (*table)[20], size_t n, struct th_slice name)
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
static bool has_end(struct th_slice name, const struct end *end)
{
	if (name.n < end->n) {
		return false;
	}
	for (size_t i = 1; i <= end->n; i++) {
		if (th_lower(name.p[name.n - i]) != (uint8_t)end->text[end->n - i]) {
			return false;
		}
	}
	return true;
}

static bool ends_in_table(const struct end *table, size_t n, struct th_slice name)
{
	for (size_t i = 0; i < n; i++) {
		if (has_end(name, &table[i])) {
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
	case 'h':
		return ends_in_table(ends_h, COUNT(ends_h), name);
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

/* What most names fail at, since each field of each head is looked up: filled from the tables at
 * the first question. Two threads may both fill it, with the same. */
static struct {
	_Atomic bool filled;
	struct th_secret_ends ends;
	struct {
		uint8_t first;	  /* of the names of that length, in the table */
		uint32_t letters; /* they begin with */
	} of_length[LONGEST_FIELD + 2];
} quick;

/* Of a lower-case letter; other bytes share one bit. */
static uint32_t letter_bit(uint8_t c)
{
	unsigned i = (unsigned)c - 'a';
	return i < 26 ? 1u << i : 1u << 26;
}

static void note_ending(const char *text, size_t n)
{
	uint8_t behind[1 + 32] = {0}; /* a byte before the shortest */
	memcpy(behind + 1, text, n);
	unsigned at = th_secret_ending(behind + 1 + n);
	quick.ends.bits[at / 64] |= 1ull << at % 64;
}

static void note_ends(const struct end *table, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		note_ending(table[i].text, table[i].n);
	}
}

static void fill_quick(void)
{
	for (size_t i = COUNT(fields); i-- > 0;) {
		const struct field *f = &fields[i];
		quick.of_length[f->n].first = (uint8_t)i;
		quick.of_length[f->n].letters |= letter_bit((uint8_t)f->name[0]);
		note_ending(f->name, f->n);
	}
	note_ends(ends_d, COUNT(ends_d));
	note_ends(ends_h, COUNT(ends_h));
	note_ends(ends_l, COUNT(ends_l));
	note_ends(ends_n, COUNT(ends_n));
	note_ends(ends_t, COUNT(ends_t));
	note_ends(ends_y, COUNT(ends_y));
	atomic_store_explicit(&quick.filled, true, memory_order_release);
}

const struct th_secret_ends *th_secret_ends(void)
{
	if (!atomic_load_explicit(&quick.filled, memory_order_acquire)) {
		fill_quick();
	}
	return &quick.ends;
}

/* Three letters at least, as all have. */
static bool may_be_secret(struct th_slice name)
{
	uint8_t end[4];
	if (name.n < sizeof(end) - 1) {
		return false;
	}
	memcpy(end + 1, name.p + name.n - 3, 3);
	return th_secret_may_be(th_secret_ends(), end + sizeof(end));
}

static enum th_secret_field in_fields(struct th_slice name)
{
	const uint8_t first = th_lower(name.p[0]);
	if (!(quick.of_length[name.n].letters & letter_bit(first))) {
		return TH_SECRET_NOT;
	}
	for (const struct field *f = &fields[quick.of_length[name.n].first];
		f < fields + COUNT(fields) && f->n == name.n; f++) {
		if ((uint8_t)f->name[0] == first && is_name(f->name, name)) {
			return f->what;
		}
	}
	return TH_SECRET_NOT;
}

enum th_secret_field th_secret_field(struct th_slice name)
{
	if (!may_be_secret(name)) {
		return TH_SECRET_NOT;
	}
	enum th_secret_field what = name.n <= LONGEST_FIELD ? in_fields(name) : TH_SECRET_NOT;
	return what == TH_SECRET_NOT && has_secret_end(name) ? TH_SECRET_WHOLE : what;
}

bool th_secret_is_field(struct th_slice name)
{
	enum th_secret_field what = th_secret_field(name);
	return what == TH_SECRET_WHOLE || what == TH_SECRET_COOKIE || what == TH_SECRET_ELEMENTS;
}

size_t th_secret_param_name(struct th_slice in, uint8_t *out, size_t cap)
{
	size_t n = 0;
	for (size_t i = 0; i < in.n && n < cap; n++) {
		uint8_t c = in.p[i] == '+' ? ' ' : in.p[i];
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
	size_t from = 0, n = th_secret_param_name(name, plain, sizeof(plain));
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
