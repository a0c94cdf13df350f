/* See canon_fields.h. Cookies and session ids are credentials too, but say which conversation is
 * meant: the capture keeps them as keyed hashes, and so does the matcher (capture/redact.h). */
#include "player/canon_fields.h"

#include <stdatomic.h>

#include "base/text.h"
#include "capture/secret.h"

static const char credential[] = "a credential: replay needs no keys";
static const char tracing[] = "names one call of one run";
static const char program[] = "says which program asks, not what for";
static const char hop[] = "belongs to the connection (RFC 9110 7.6.1)";
static const char framing[] = "framing: the body itself is compared";
static const char digest[] = "follows from the body, which is compared itself";
static const char time_of_day[] = "the time of day";

/* A name that ends in '*' stands for every name that begins so. */
static const struct {
	const char *name, *why;
} ignored[] = {
	{"authorization", credential},
	{"proxy-authorization", credential},
	{"x-api-key", credential},
	{"api-key", credential},
	{"x-goog-api-key", credential},
	{"x-auth-token", credential},
	{"x-amz-security-token", credential},
	{"x-amz-date", time_of_day},
	{"x-ms-date", time_of_day},
	{"date", time_of_day},
	{"x-amz-content-sha256", digest},
	{"content-md5", digest},
	{"content-digest", digest},
	{"digest", digest},
	{"amz-sdk-invocation-id", tracing},
	{"amz-sdk-request", tracing},
	{"x-amzn-trace-id", tracing},
	{"x-cloud-trace-context", tracing},
	{"traceparent", tracing},
	{"tracestate", tracing},
	{"baggage", tracing},
	{"sentry-trace", tracing},
	{"x-b3-*", tracing},
	{"x-datadog-*", tracing},
	{"x-request-id", tracing},
	{"request-id", tracing},
	{"x-client-request-id", tracing},
	{"x-ms-client-request-id", tracing},
	{"x-correlation-id", tracing},
	{"idempotency-key", tracing},
	{"x-idempotency-key", tracing},
	{"user-agent", program},
	{"x-amz-user-agent", program},
	{"x-goog-api-client", program},
	{"x-stainless-*", program},
	{"host", "the authority, which is compared itself"},
	{"content-length", framing},
	{"transfer-encoding", framing},
	{"trailer", framing},
	{"expect", framing},
	{"connection", hop},
	{"keep-alive", hop},
	{"proxy-connection", hop},
	{"te", hop},
	{"upgrade", hop},
	{"http2-settings", hop},
	{"sec-websocket-key", "a random number: the answer to it is made anew (dialog.h)"},
};

/* Secret, and compared (see above). */
static const char *const selecting[] = {
	"cookie",
	"mcp-session-id",
	"session",
	"session-id",
	"x-session-id",
};

/* Rows of the table, as bits, by the first letters of their names: this is asked of each field of
 * each request. Filled at the first question; two threads may both fill it, with the same. */
static uint64_t rows_of(uint8_t first)
{
	static _Atomic uint64_t rows[32];
	static _Atomic bool filled;
	_Static_assert(sizeof(ignored) / sizeof(*ignored) <= 64, "a row has no bit");
	if (!atomic_load_explicit(&filled, memory_order_acquire)) {
		for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++) {
			atomic_fetch_or(&rows[ignored[i].name[0] & 31], 1ull << i);
		}
		atomic_store_explicit(&filled, true, memory_order_release);
	}
	return atomic_load_explicit(&rows[first & 31], memory_order_relaxed);
}

/* Byte by byte, since most differ soon. */
static bool name_is(struct th_slice name, const char *entry)
{
	for (size_t i = 0; i < name.n; i++) {
		if (entry[i] == '*') {
			return true;
		}
		if (th_lower(name.p[i]) != (uint8_t)entry[i]) {
			return false;
		}
	}
	return entry[name.n] == '\0' || entry[name.n] == '*';
}

const char *th_canon_field_ignored(struct th_slice name)
{
	for (uint64_t rows = name.n ? rows_of(name.p[0]) : 0; rows; rows &= rows - 1) {
		size_t i = (size_t)__builtin_ctzll(rows);
		if (name_is(name, ignored[i].name)) {
			return ignored[i].why;
		}
	}
	for (size_t i = 0; i < sizeof(selecting) / sizeof(*selecting); i++) {
		if (name.n && name_is(name, selecting[i])) {
			return NULL;
		}
	}
	return th_secret_is_field(name) ? credential : NULL;
}

/* Pages of a list (Google's page_token, AWS's next_token, …), session ids, and names that mean
 * something else as often as a credential ("code" may be a country's). */
static const char *const selecting_params[] = {
	"code",
	"device_code",
	"otp",
	"ticket",
	"user_code",
	"jsessionid",
	"session_id",
	"sessionid",
	"continuation_token",
	"cursor_token",
	"delta_token",
	"next_token",
	"page_token",
	"next_page_token",
	"continuation-token",
	"next-token",
	"page-token",
	"pagination_token",
	"prev_token",
	"previous_token",
	"resume_token",
	"skip_token",
	"start_token",
	"starting_token",
	"sync_token",
	"next_sync_token",
};

bool th_canon_param_ignored(struct th_slice name)
{
	for (size_t i = 0; i < sizeof(selecting_params) / sizeof(*selecting_params); i++) {
		if (th_slice_ieq(name, th_slice_str(selecting_params[i]))) {
			return false;
		}
	}
	/* "filter[key]" is no key. */
	bool indexed = name.n && (memchr(name.p, '[', name.n) || memmem(name.p, name.n, "%5", 2));
	return !indexed && th_secret_is_param(name);
}
