/* See curl.h.
 *
 * The bytes of a transfer are recorded where they pass a TLS library or a socket. What is added
 * here is what only libcurl knows, asked of it by curl_easy_getinfo() when the transfer is over,
 * of the very library that the agent called (P2). The URL as the agent gave it is kept from
 * curl_easy_setopt(): a handle that was redirected tells only where it ended.
 *
 * Left out: a URL given as a CURLU object (the effective one is known all the same), a proxy that
 * libcurl took from the environment. */
#include "shim/curl.h"

#include "base/clock.h"
#include "recorder/transfer.h"
#include "shim/curl_handles.h"
#include "shim/curl_tap.h"
#include "shim/fd_table.h"
#include "shim/sock.h"
#include "shim/tls.h"

#define NS_PER_US 1000u
#define LIBRARY_MAX 64

struct functions {
	int (*getinfo)(void *easy, int what, ...);
	const struct th_curl_version *(*version_info)(int age);
	const char *(*strerror)(int result);
};

/* In the order of struct functions. */
static const char names[][TH_FUNCTION_NAME_MAX] = {
	"curl_easy_getinfo", "curl_version_info", "curl_easy_strerror", ""};
TH_FUNCTIONS(per_library, struct functions, names);

/* ---- options ---- */

bool th_curl_wants(int option)
{
	switch (option) {
	case TH_CURLOPT_URL:
	case TH_CURLOPT_CURLU:
	case TH_CURLOPT_PROXY:
	case TH_CURLOPT_SHARE:
	case TH_CURLOPT_VERBOSE:
	case TH_CURLOPT_STDERR:
	case TH_CURLOPT_DEBUGDATA:
	case TH_CURLOPT_DEBUGFUNCTION:
	case TH_CURLOPT_DOH_URL:
		return true;
	default:
		return false;
	}
}

void th_curl_set(const void *easy, int option, void *value)
{
	struct th_curl_handle *h = th_curl_handle_get(easy);
	if (!h) {
		return;
	}
	switch (option) {
	case TH_CURLOPT_URL:
		th_curl_text_set(&h->url, value);
		break;
	case TH_CURLOPT_CURLU: /* it counts instead of the URL */
		th_curl_text_set(&h->url, NULL);
		break;
	case TH_CURLOPT_PROXY:
		th_curl_text_set(&h->proxy, value);
		break;
	case TH_CURLOPT_SHARE:
		h->shares = value != NULL;
		break;
	case TH_CURLOPT_VERBOSE:
		h->verbose = value != NULL;
		break;
	case TH_CURLOPT_STDERR:
		h->errors = value;
		break;
	case TH_CURLOPT_DEBUGDATA:
		h->debug_data = value;
		break;
	case TH_CURLOPT_DEBUGFUNCTION:
		h->debug = (th_curl_debug *)value;
		break;
	case TH_CURLOPT_DOH_URL:
		h->asks_doh = value != NULL;
		break;
	default:
		break;
	}
}

/* ---- a transfer ---- */

void th_curl_began(const struct th_library *lib, const void *easy, enum th_transfer_api api)
{
	struct th_curl_handle *h = th_curl_handle_get(easy);
	if (h && !h->api) {
		h->api = (uint8_t)api;
		h->began = th_clock_now();
		th_curl_tap_begin(lib, h);
	}
}

static uint32_t number_of(const struct functions *f, void *easy, int what)
{
	long value = 0;
	return f->getinfo(easy, what, &value) == TH_CURL_OK && value > 0 ? (uint32_t)value : 0;
}

static struct th_slice text_of(const struct functions *f, void *easy, int what)
{
	const char *text = NULL;
	(void)f->getinfo(easy, what, &text);
	return th_slice_str(text);
}

static uint8_t version_of(const struct functions *f, void *easy)
{
	static const uint8_t versions[] = {0, 10, 11, 20};
	uint32_t v = number_of(f, easy, TH_CURLINFO_HTTP_VERSION);
	return v < sizeof(versions) ? versions[v] : v == 30 ? 30 : 0;
}

static void ask_times(const struct functions *f, void *easy, struct th_transfer_facts *facts)
{
	static const int what[TH_TRANSFER_TIMES] = {
		[TH_TRANSFER_NAMELOOKUP] = TH_CURLINFO_NAMELOOKUP_TIME_T,
		[TH_TRANSFER_CONNECT] = TH_CURLINFO_CONNECT_TIME_T,
		[TH_TRANSFER_TLS] = TH_CURLINFO_APPCONNECT_TIME_T,
		[TH_TRANSFER_REQUEST] = TH_CURLINFO_PRETRANSFER_TIME_T,
		[TH_TRANSFER_FIRST_BYTE] = TH_CURLINFO_STARTTRANSFER_TIME_T,
		[TH_TRANSFER_REDIRECT] = TH_CURLINFO_REDIRECT_TIME_T,
		[TH_TRANSFER_TOTAL] = TH_CURLINFO_TOTAL_TIME_T,
	};
	for (size_t i = 0; i < TH_TRANSFER_TIMES; i++) {
		int64_t us = 0;
		if (f->getinfo(easy, what[i], &us) == TH_CURL_OK && us > 0) {
			facts->times[i] = (uint64_t)us * NS_PER_US;
		}
	}
}

/* The socket that the transfer used last, if libcurl still holds it. Where connections are shared
 * it would look for it under the agent's own locks, which the agent would see; so the thread's last
 * socket is taken there, which of a multi handle may be another's. */
static struct th_fd *socket_of(
	const struct functions *f, const struct th_curl_handle *h, void *easy)
{
	int fd = -1;
	if (h->shares) {
		return h->api == TH_TRANSFER_EASY ? th_sock_last() : NULL;
	}
	(void)f->getinfo(easy, TH_CURLINFO_ACTIVESOCKET, &fd);
	return th_fd_get(fd);
}

static struct th_conn_ref connection_of(
	const struct functions *f, const struct th_curl_handle *h, void *easy)
{
	struct th_fd *socket = socket_of(f, h, easy);
	if (!socket) {
		return (struct th_conn_ref){NULL, 0};
	}
	bool tls = socket->tls && socket->tls->inode == socket->inode;
	return tls ? socket->tls->conn : socket->conn;
}

/* "7.88.1 OpenSSL/3.0.17" */
static struct th_slice library_name(const struct functions *f, char text[LIBRARY_MAX])
{
	const struct th_curl_version *v = f->version_info(0);
	struct th_out out = {(uint8_t *)text, LIBRARY_MAX, 0, false};
	th_out_bytes(&out, v->version, strlen(v->version));
	if (v->ssl_version) {
		th_out_bytes(&out, " ", 1);
		th_out_bytes(&out, v->ssl_version, strlen(v->ssl_version));
	}
	return (struct th_slice){out.p, out.n};
}

static void report(const struct functions *f, const struct th_curl_handle *h, int result)
{
	char library[LIBRARY_MAX];
	void *easy = (void *)(uintptr_t)atomic_load(&h->easy);
	struct th_transfer_facts facts = {.api = h->api,
		.version = version_of(f, easy),
		.status = (uint16_t)number_of(f, easy, TH_CURLINFO_RESPONSE_CODE),
		.proxy_status = (uint16_t)number_of(f, easy, TH_CURLINFO_HTTP_CONNECTCODE),
		.handle = h->number,
		.conn = connection_of(f, h, easy),
		.result = result,
		.redirects = number_of(f, easy, TH_CURLINFO_REDIRECT_COUNT),
		.connects = number_of(f, easy, TH_CURLINFO_NUM_CONNECTS),
		.began = h->began,
		.asked = th_curl_text_slice(&h->url),
		.effective = text_of(f, easy, TH_CURLINFO_EFFECTIVE_URL),
		.proxy = th_curl_text_slice(&h->proxy),
		.library = library_name(f, library)};
	if (result > 0) {
		facts.error = th_slice_str(f->strerror(result));
	}
	ask_times(f, easy, &facts);
	th_recorder_transfer(&facts);
}

void th_curl_ended(const struct th_library *lib, void *easy, int result)
{
	struct th_curl_handle *h = th_curl_handle_find(easy);
	if (!h || !h->api) {
		return;
	}
	const struct functions *f = th_library_functions(&per_library, names, lib);
	if (f) {
		report(f, h, result);
	}
	th_curl_tap_end(lib, h, result);
	h->api = 0;
}

/* ---- the handle ---- */

void th_curl_reset(const struct th_library *lib, const void *easy)
{
	struct th_curl_handle *h = th_curl_handle_find(easy);
	if (h) {
		th_curl_tap_end(lib, h, TH_TRANSFER_LEFT);
		th_curl_handle_reset(h);
	}
}

void th_curl_copied(const struct th_library *lib, const void *easy, void *copy)
{
	struct th_curl_handle *h = th_curl_handle_find(easy);
	struct th_curl_handle *c = h ? th_curl_handle_get(copy) : NULL;
	if (c) {
		th_curl_handle_copy(h, c);
		th_curl_tap_copied(lib, h, copy);
	}
}

/* In a multi handle still: libcurl takes it out. */
void th_curl_gone(const struct th_library *lib, void *easy)
{
	struct th_curl_handle *h = th_curl_handle_find(easy);
	if (h) {
		th_curl_ended(lib, easy, TH_TRANSFER_LEFT);
		th_curl_handle_remove(h);
	}
}
