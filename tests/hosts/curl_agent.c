/* A client on libcurl for the end-to-end tests, linked with a libcurl whose TLS library is not
 * tapped (and with Debian's own).
 *
 *     curl_agent FORM VERSION CA URL…
 *
 * FORM is a word with any of these in it: "multi" (all at once), "sockets" (the same, by an epoll
 * of ours and curl_multi_socket_action), "shared" (two handles with common connections and names,
 * each reset and used again), "quiet" (no bodies, only results), "verbose" (libcurl's own words on
 * stderr), "debug" (a callback of ours, which is set and taken away in the middle, too), "raw"
 * (CONNECT_ONLY, then curl_easy_send and recv), "pin" (a public key that no server has). VERSION is
 * 1 or 2. What has "post" in its URL is posted. */
#include <curl/curl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

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

static void drive_by_poll(CURLM *multi)
{
	int running = 1;
	while (running) {
		curl_multi_perform(multi, &running);
		curl_multi_poll(multi, NULL, 0, running ? 1000 : 0, NULL);
	}
}

static int waiter;
static long patience = -1; /* milliseconds that libcurl wants to wait at most */

static int watch(CURL *easy, curl_socket_t fd, int what, void *ctx, void *seen)
{
	(void)easy;
	struct epoll_event e = {.data.fd = fd};
	e.events = (what & CURL_POLL_IN ? EPOLLIN : 0U) | (what & CURL_POLL_OUT ? EPOLLOUT : 0U);
	int how = what == CURL_POLL_REMOVE ? EPOLL_CTL_DEL : seen ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	epoll_ctl(waiter, how, fd, &e);
	curl_multi_assign(ctx, fd, ctx);
	return 0;
}

static int set_patience(CURLM *multi, long ms, void *ctx)
{
	(void)multi, (void)ctx;
	patience = ms;
	return 0;
}

static void drive_by_sockets(CURLM *multi)
{
	int running = 1;
	waiter = epoll_create1(EPOLL_CLOEXEC);
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch);
	curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, multi);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_patience);
	curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
	while (running) {
		struct epoll_event e;
		int n = epoll_wait(waiter, &e, 1, (int)patience);
		int what = n < 1 ? 0
				 : (e.events & EPOLLIN ? CURL_CSELECT_IN : 0) |
				(e.events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
				(e.events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
		curl_multi_socket_action(
			multi, n < 1 ? CURL_SOCKET_TIMEOUT : e.data.fd, what, &running);
	}
}

static void all_at_once(char **urls)
{
	struct ask asks[URLS_MAX] = {{NULL}};
	int results[URLS_MAX], n = 0, queued;
	CURLM *multi = curl_multi_init();
	curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, 2L);
	for (; urls[n] && n < URLS_MAX; n++) {
		asks[n].easy = curl_easy_init();
		prepare(&asks[n], urls[n]);
		curl_multi_add_handle(multi, asks[n].easy);
	}
	if (has("sockets")) {
		drive_by_sockets(multi);
	} else {
		drive_by_poll(multi);
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

/* Each URL by one handle, then by the other: over connections and names that are theirs together.
 */
static void shared(char **urls)
{
	struct ask asks[2] = {{.easy = curl_easy_init()}, {.easy = curl_easy_init()}};
	CURLSH *share = curl_share_init();
	curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT);
	curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
	curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
	for (int i = 0; urls[i / 2]; i++) {
		struct ask *a = &asks[i % 2];
		long fresh = -1;
		curl_easy_reset(a->easy);
		prepare(a, urls[i / 2]);
		curl_easy_setopt(a->easy, CURLOPT_SHARE, share);
		show(a, curl_easy_perform(a->easy));
		curl_easy_getinfo(a->easy, CURLINFO_NUM_CONNECTS, &fresh);
		printf("connections made: %ld\n", fresh);
	}
	curl_easy_cleanup(asks[0].easy);
	curl_easy_cleanup(asks[1].easy);
	curl_share_cleanup(share);
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
	} else if (has("shared")) {
		shared(argv + 4);
	} else if (has("multi") || has("sockets")) {
		all_at_once(argv + 4);
	} else {
		one_by_one(argv + 4);
	}
	curl_global_cleanup();
	return 0;
}
