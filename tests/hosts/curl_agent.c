/* A client on libcurl for the end-to-end tests, linked with a libcurl whose TLS library is not
 * tapped (and with Debian's own).
 *
 *     curl_agent FORM VERSION CA URL…
 *
 * FORM is a word with any of these in it: "multi" (all at once), "quiet" (no bodies, only
 * results), "verbose" (libcurl's own words on stderr), "debug" (a callback of ours, which is set
 * and taken away in the middle, too), "raw" (CONNECT_ONLY, then curl_easy_send and recv), "pin" (a
 * public key that no server has). VERSION is 1 or 2. What has "post" in its URL is posted. */
#include <curl/curl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define URLS_MAX 32

struct ask {
	CURL *easy;
	char *body;
	size_t n;
};

static const char *form, *ca;
static long version;

static bool has(const char *word)
{
	return strstr(form, word) != NULL;
}

static size_t keep(char *p, size_t size, size_t n, void *ctx)
{
	struct ask *a = ctx;
	a->body = realloc(a->body, a->n + size * n + 1);
	memcpy(a->body + a->n, p, size * n);
	a->n += size * n;
	return size * n;
}

/* What it is told, but for words of libcurl's that name addresses and times. */
static int tell(CURL *easy, curl_infotype what, char *data, size_t n, void *ctx)
{
	if (what >= CURLINFO_HEADER_IN && what <= CURLINFO_DATA_OUT) {
		fprintf(stderr, "%s %d %zu %.*s\n", (const char *)ctx, (int)what, n,
			what <= CURLINFO_HEADER_OUT ? (int)(n < 20 ? n : 20) : 0, data);
	}
	if (what == CURLINFO_HEADER_OUT && strstr(data, "/quiet")) {
		curl_easy_setopt(easy, CURLOPT_VERBOSE, 0L);
	}
	return 0;
}

static void prepare(struct ask *a, const char *url)
{
	curl_easy_setopt(a->easy, CURLOPT_URL, url);
	curl_easy_setopt(a->easy, CURLOPT_CAINFO, ca);
	curl_easy_setopt(a->easy, CURLOPT_HTTP_VERSION,
		version == 2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(a->easy, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(a->easy, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(a->easy, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(a->easy, CURLOPT_WRITEDATA, a);
	curl_easy_setopt(a->easy, CURLOPT_HTTPGET, 1L);
	if (strstr(url, "post")) {
		curl_easy_setopt(a->easy, CURLOPT_POSTFIELDS, "{\"posted\":true}");
	}
	if (has("verbose") || has("debug")) {
		curl_easy_setopt(a->easy, CURLOPT_VERBOSE, 1L);
	}
	if (has("debug")) {
		curl_easy_setopt(a->easy, CURLOPT_DEBUGFUNCTION, tell);
		curl_easy_setopt(a->easy, CURLOPT_DEBUGDATA, "told");
	}
	if (has("pin")) {
		curl_easy_setopt(a->easy, CURLOPT_PINNEDPUBLICKEY,
			"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	}
}

static void show(struct ask *a, int result)
{
	long status = 0;
	curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &status);
	printf("result %d status %ld bytes %zu\n", result, status, has("quiet") ? 0 : a->n);
	if (!has("quiet")) {
		fwrite(a->body ? a->body : "", 1, a->n, stdout);
	}
	free(a->body);
	a->body = NULL;
	a->n = 0;
}

static void one_by_one(char **urls)
{
	struct ask a = {.easy = curl_easy_init()};
	for (; *urls; urls++) {
		prepare(&a, *urls);
		show(&a, curl_easy_perform(a.easy));
	}
	CURL *copy = curl_easy_duphandle(a.easy);
	curl_easy_reset(a.easy);
	curl_easy_cleanup(a.easy);
	curl_easy_cleanup(copy);
}

static void all_at_once(char **urls)
{
	struct ask asks[URLS_MAX] = {{NULL}};
	int results[URLS_MAX], n = 0, running = 1, queued;
	CURLM *multi = curl_multi_init();
	curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, 2L);
	for (; urls[n] && n < URLS_MAX; n++) {
		asks[n].easy = curl_easy_init();
		prepare(&asks[n], urls[n]);
		curl_multi_add_handle(multi, asks[n].easy);
	}
	while (running) {
		curl_multi_perform(multi, &running);
		curl_multi_poll(multi, NULL, 0, running ? 1000 : 0, NULL);
	}
	for (CURLMsg *m; (m = curl_multi_info_read(multi, &queued));) {
		for (int i = 0; i < n; i++) {
			results[i] = m->easy_handle == asks[i].easy ? (int)m->data.result
								    : results[i];
		}
	}
	for (int i = 0; i < n; i++) {
		show(&asks[i], results[i]);
		curl_multi_remove_handle(multi, asks[i].easy);
		curl_easy_cleanup(asks[i].easy);
	}
	curl_multi_cleanup(multi);
}

/* Sends a request by hand and reads until the peer closes. */
static void raw(const char *url)
{
	static const char request[] = "GET /v1/models HTTP/1.1\r\nHost: localhost\r\n"
				      "Connection: close\r\n\r\n";
	struct ask a = {.easy = curl_easy_init()};
	curl_socket_t fd = -1;
	char buffer[4096];
	size_t n = 0;
	prepare(&a, url);
	curl_easy_setopt(a.easy, CURLOPT_CONNECT_ONLY, 1L);
	int r = curl_easy_perform(a.easy);
	curl_easy_getinfo(a.easy, CURLINFO_ACTIVESOCKET, &fd);
	r = r ? r : (int)curl_easy_send(a.easy, request, sizeof(request) - 1, &n);
	while (r == CURLE_OK || r == CURLE_AGAIN) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		r = curl_easy_recv(a.easy, buffer, sizeof(buffer), &n);
		if (r == CURLE_AGAIN) {
			poll(&p, 1, 1000);
		} else if (n == 0) {
			break;
		} else {
			keep(buffer, 1, n, &a);
		}
	}
	show(&a, r);
	curl_easy_cleanup(a.easy);
}

int main(int argc, char **argv)
{
	if (argc < 5) {
		return 64;
	}
	form = argv[1];
	version = strtol(argv[2], NULL, 10);
	ca = argv[3];
	curl_global_init(CURL_GLOBAL_DEFAULT);
	if (has("raw")) {
		raw(argv[4]);
	} else if (has("multi")) {
		all_at_once(argv + 4);
	} else {
		one_by_one(argv + 4);
	}
	curl_global_cleanup();
	return 0;
}
