#include "tools/export/otlp_send.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tools/export/late_curl.h"
#include "tools/export/otlp_answer.h"
#include "tools/tools.h"

#define TRIES 5
#define PAUSE_MAX_S 30
#define ANSWER_MAX (4u << 20)
#define URL_DEFAULT "http://localhost:4318"

struct th_otlp_target {
	const struct th_late_curl *lib;
	CURL *curl;
	struct curl_slist *headers;
	char *url;
	bool json, gzip;
	struct th_otlp_answer answer;
};

/* ---- the environment ---- */

/* The variable for this signal, else the general one; NULL: neither is set. */
static const char *setting(const char *signal, const char *name, bool *ret_own)
{
	char key[96];
	const char *prefix = signal[0] == 't' ? "TRACES_" : "METRICS_";
	snprintf(key, sizeof(key), "OTEL_EXPORTER_OTLP_%s%s", prefix, name);
	const char *value = getenv(key);
	bool own = value && *value;
	if (!own) {
		snprintf(key, sizeof(key), "OTEL_EXPORTER_OTLP_%s", name);
		value = getenv(key);
	}
	if (ret_own) {
		*ret_own = own;
	}
	return value && *value ? value : NULL;
}

/* The signal's own endpoint is used as it is; to a base the path is added. */
static char *find_url(const char *signal, const char *given)
{
	bool own = false;
	const char *base = *given ? given : setting(signal, "ENDPOINT", &own);
	base = base ? base : URL_DEFAULT;
	if (own) {
		return th_tool_format("%s", base);
	}
	if (*given && strstr(base, "/v1/")) {
		return th_tool_format("%s", base);
	}
	return th_tool_format("%s%sv1/%s", base, base[strlen(base) - 1] == '/' ? "" : "/", signal);
}

static int hex_digit(char c)
{
	const char *at = c ? strchr("0123456789abcdef", th_lower((uint8_t)c)) : NULL;
	return at ? (int)(at - "0123456789abcdef") : -1;
}

static void percent_decode(char *s)
{
	char *to = s;
	for (; *s; s++) {
		int high = *s == '%' ? hex_digit(s[1]) : -1, low = high < 0 ? -1 : hex_digit(s[2]);
		if (low >= 0) {
			*to++ = (char)(high << 4 | low);
			s += 2;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

static void add_header(struct th_otlp_target *t, const char *line)
{
	struct curl_slist *grown = t->lib->append(t->headers, line);
	if (!grown) {
		th_tool_no_memory();
	}
	t->headers = grown;
}

/* "k=v,k2=v2", values percent-encoded. */
static void add_headers(struct th_otlp_target *t, const char *list)
{
	th_auto_free char *copy = th_tool_format("%s", list ? list : "");
	for (char *rest = copy, *pair; (pair = strsep(&rest, ",")) != NULL;) {
		char *equals = strchr(pair, '=');
		if (equals) {
			*equals = '\0';
			percent_decode(equals + 1);
			th_auto_free char *line = th_tool_format("%s: %s", pair, equals + 1);
			add_header(t, line);
		}
	}
}

static size_t take_answer(char *p, size_t size, size_t n, void *context)
{
	struct th_otlp_target *t = context;
	return t->answer.n + n > ANSWER_MAX ? 0 : th_otlp_answer_add(&t->answer, p, n);
}

static void set_tls(struct th_otlp_target *t, const char *signal)
{
	const struct {
		const char *name;
		CURLoption option;
	} files[] = {{"CERTIFICATE", CURLOPT_CAINFO}, {"CLIENT_CERTIFICATE", CURLOPT_SSLCERT},
		{"CLIENT_KEY", CURLOPT_SSLKEY}};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const char *file = setting(signal, files[i].name, NULL);
		if (file) {
			t->lib->setopt(t->curl, files[i].option, file);
		}
	}
}

static int take_protocol(struct th_otlp_target *t, const char *signal)
{
	const char *protocol = setting(signal, "PROTOCOL", NULL);
	if (!protocol || strcmp(protocol, "http/protobuf") == 0) {
		t->json = false;
	} else if (strcmp(protocol, "http/json") == 0) {
		t->json = true;
	} else {
		th_tool_error("OTEL_EXPORTER_OTLP_PROTOCOL=%s: tracehook sends http/protobuf or "
			      "http/json",
			protocol);
		return TH_EXIT_USAGE;
	}
	return TH_EXIT_OK;
}

static void set_up(struct th_otlp_target *t, const char *signal)
{
	const char *compression = setting(signal, "COMPRESSION", NULL);
	const char *timeout = setting(signal, "TIMEOUT", NULL);
	uint64_t ms = 10000;
	if (timeout) {
		th_parse_u64(th_slice_str(timeout), &ms);
	}
	t->gzip = compression && strcasecmp(compression, "gzip") == 0;
	add_headers(t, setting(signal, "HEADERS", NULL));
	add_header(t,
		t->json ? "Content-Type: application/json"
			: "Content-Type: application/x-protobuf");
	add_header(t, "Expect:");
	if (t->gzip) {
		add_header(t, "Content-Encoding: gzip");
	}
	t->lib->setopt(t->curl, CURLOPT_URL, t->url);
	t->lib->setopt(t->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	t->lib->setopt(t->curl, CURLOPT_HTTPHEADER, t->headers);
	t->lib->setopt(t->curl, CURLOPT_USERAGENT, "OTel-OTLP-Exporter-tracehook/" TH_VERSION);
	t->lib->setopt(t->curl, CURLOPT_TIMEOUT_MS, (long)(ms < 3600000 ? ms : 3600000));
	t->lib->setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
	t->lib->setopt(t->curl, CURLOPT_WRITEFUNCTION, take_answer);
	t->lib->setopt(t->curl, CURLOPT_WRITEDATA, t);
	set_tls(t, signal);
}

int th_otlp_target_open(const char *signal, const char *url, struct th_otlp_target **ret_target)
{
	struct th_otlp_target *t = th_tool_alloc(sizeof(*t));
	*t = (struct th_otlp_target){.lib = th_late_curl(), .url = find_url(signal, url)};
	if (!t->lib) {
		th_tool_error("sending needs libcurl, which is not on this machine (libcurl4 in "
			      "Debian)");
		free(t->url);
		free(t);
		return TH_EXIT_TOOL_FAILED;
	}
	int code = take_protocol(t, signal);
	if (code != TH_EXIT_OK) {
		th_otlp_target_close(t);
		return code;
	}
	t->curl = t->lib->init();
	if (!t->curl) {
		th_tool_no_memory();
	}
	set_up(t, signal);
	*ret_target = t;
	return TH_EXIT_OK;
}

struct th_otlp_target *th_otlp_target_close(struct th_otlp_target *t)
{
	if (t) {
		t->lib->cleanup(t->curl);
		t->lib->free_list(t->headers);
		th_otlp_answer_finish(&t->answer);
		free(t->url);
		free(t);
	}
	return NULL;
}

bool th_otlp_target_json(const struct th_otlp_target *t)
{
	return t->json;
}

/* ---- sending ---- */

static char *gzip(const char *bytes, size_t n, size_t *ret_n)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)n};
	if (n > UINT32_MAX ||
		deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		th_tool_no_memory();
	}
	size_t cap = deflateBound(&z, (uLong)n);
	char *packed = th_tool_alloc(cap);
	z.next_out = (Bytef *)packed;
	z.avail_out = (uInt)cap;
	deflate(&z, Z_FINISH);
	*ret_n = cap - z.avail_out;
	deflateEnd(&z);
	return packed;
}

/* A status of 0: the connection failed. */
static bool is_worth_another(long status)
{
	return status == 0 || status == 429 || (status >= 502 && status <= 504);
}

/* As long as the collector says, else twice as long each time, not all clients at once. */
static void wait_before(unsigned attempt, curl_off_t retry_after)
{
	struct timespec now, pause;
	clock_gettime(CLOCK_REALTIME, &now);
	uint64_t ns = retry_after > 0 ? (uint64_t)retry_after * 1000000000u
				      : (500000000u << attempt) + (uint64_t)now.tv_nsec / 4;
	uint64_t most = (uint64_t)PAUSE_MAX_S * 1000000000u;
	ns = ns < most ? ns : most;
	pause.tv_sec = (time_t)(ns / 1000000000u);
	pause.tv_nsec = (long)(ns % 1000000000u);
	nanosleep(&pause, NULL);
}

static int post(struct th_otlp_target *t, const char *bytes, size_t n)
{
	char why[CURL_ERROR_SIZE] = "";
	long status = 0;
	t->lib->setopt(t->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
	t->lib->setopt(t->curl, CURLOPT_POSTFIELDS, bytes);
	t->lib->setopt(t->curl, CURLOPT_ERRORBUFFER, why);
	for (unsigned attempt = 0;; attempt++) {
		curl_off_t retry_after = 0;
		th_otlp_answer_finish(&t->answer);
		CURLcode r = t->lib->perform(t->curl);
		status = 0;
		if (r == CURLE_OK) {
			t->lib->getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
			t->lib->getinfo(t->curl, CURLINFO_RETRY_AFTER, &retry_after);
		}
		if (status >= 200 && status < 300) {
			return th_otlp_answer_say(&t->answer, t->url);
		}
		if (!is_worth_another(status) || attempt + 1 == TRIES) {
			break;
		}
		wait_before(attempt, retry_after);
	}
	if (status) {
		th_tool_error(
			"%s answered %ld; a batch of %zu bytes was not taken", t->url, status, n);
	} else {
		th_tool_error("%s: %s; a batch of %zu bytes was not sent", t->url,
			*why ? why : "no answer", n);
	}
	return TH_EXIT_NO;
}

int th_otlp_send(struct th_otlp_target *t, const char *bytes, size_t n)
{
	if (!t->gzip) {
		return post(t, bytes, n);
	}
	th_auto_free char *packed = gzip(bytes, n, &n);
	return post(t, packed, n);
}
