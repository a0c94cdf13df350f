/* Every way in which libcurl is driven, against a server in a thread of this program: an easy
 * handle with a redirect and a repetition, a multi handle with poll and with socket_action, copies
 * and resets, a handle that is left, a refused connection. What each call gives is checked; what
 * the library was told of it stands in curl_forms.events. */
#include <curl/curl.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

static int listener;
static char base[64];

static const char *answer_to(const char *request)
{
	if (strncmp(request, "GET /from ", 10) == 0) {
		return "HTTP/1.1 302 F\r\nLocation: /to\r\nContent-Length: 0\r\n\r\n";
	}
	if (strncmp(request, "GET /busy ", 10) == 0) {
		return "HTTP/1.1 503 B\r\nContent-Length: 0\r\n\r\n";
	}
	if (strncmp(request, "GET /stall ", 11) == 0) {
		return "HTTP/1.1 200 O\r\nContent-Length: 5\r\n\r\nhe";
	}
	return "HTTP/1.1 200 O\r\nContent-Length: 5\r\n\r\nhello";
}

static void *serve(void *arg)
{
	int fd = (int)(long)arg;
	char request[4096];
	size_t n = 0;
	ssize_t got;
	while ((got = read(fd, request + n, sizeof(request) - 1 - n)) > 0) {
		n += (size_t)got;
		request[n] = '\0';
		if (strstr(request, "\r\n\r\n")) {
			const char *answer = answer_to(request);
			n = 0;
			if (write(fd, answer, strlen(answer)) < 0) {
				break;
			}
		}
	}
	close(fd);
	return NULL;
}

static void *accept_all(void *arg)
{
	int fd;
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		pthread_t t;
		pthread_create(&t, NULL, serve, (void *)(long)fd);
		pthread_detach(t);
	}
	return NULL;
}

static void start_server(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t n = sizeof(a);
	pthread_t t;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(bind(listener, (struct sockaddr *)&a, n) == 0 && listen(listener, 16) == 0);
	getsockname(listener, (struct sockaddr *)&a, &n);
	snprintf(base, sizeof(base), "http://127.0.0.1:%d", ntohs(a.sin_port));
	pthread_create(&t, NULL, accept_all, NULL);
	pthread_detach(t);
}

static size_t count_bytes(char *p, size_t size, size_t n, void *to)
{
	*(size_t *)to += size * n;
	return size * n;
}

static size_t body_bytes;

static void set_url(CURL *easy, const char *path)
{
	char url[128];
	snprintf(url, sizeof(url), "%s%s", base, path);
	CHECK(curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK);
}

/* Options of every type: long, pointer, function, offset, blob. */
static CURL *new_easy(const char *path)
{
	CURL *easy = curl_easy_init();
	set_url(easy, path);
	CHECK(curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L) == CURLE_OK);
	CHECK(curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK);
	CHECK(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, count_bytes) == CURLE_OK);
	CHECK(curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body_bytes) == CURLE_OK);
	CHECK(curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)1 << 40) == CURLE_OK);
	CHECK(curl_easy_setopt(easy, (CURLoption)9999, 1L) == CURLE_UNKNOWN_OPTION);
	return easy;
}

static long status_of(CURL *easy)
{
	long status = -1;
	CHECK(curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK);
	return status;
}

static void easy_forms(void)
{
	CURL *easy = new_easy("/from");
	errno = 0;
	CHECK(curl_easy_perform(easy) == CURLE_OK && status_of(easy) == 200 && body_bytes == 5);
	CHECK(curl_easy_perform(easy) == CURLE_OK && body_bytes == 10); /* as asked at first */
	set_url(easy, "/busy");
	CHECK(curl_easy_perform(easy) == CURLE_OK && status_of(easy) == 503);
	CHECK(curl_easy_perform(easy) == CURLE_OK && status_of(easy) == 503);
	CURL *copy = curl_easy_duphandle(easy);
	CHECK(copy && curl_easy_perform(copy) == CURLE_OK && status_of(copy) == 503);
	curl_easy_reset(easy);
	CHECK(curl_easy_perform(easy) == CURLE_URL_MALFORMAT);
	CHECK(curl_easy_setopt(copy, CURLOPT_URL, "http://127.0.0.1:1/") == CURLE_OK);
	CHECK(curl_easy_perform(copy) == CURLE_COULDNT_CONNECT);
	curl_easy_cleanup(copy);
	curl_easy_cleanup(easy);
	curl_easy_cleanup(NULL);
	CHECK(curl_easy_perform(NULL) == CURLE_BAD_FUNCTION_ARGUMENT);
}

static void read_ends(CURLM *multi, int *left)
{
	int queued;
	CURLMsg *m;
	while ((m = curl_multi_info_read(multi, &queued))) {
		CHECK(m->msg == CURLMSG_DONE && m->data.result == CURLE_OK);
		CURL *easy = m->easy_handle;
		CHECK(status_of(easy) == 200);
		CHECK(curl_multi_remove_handle(multi, easy) == CURLM_OK);
		curl_easy_cleanup(easy);
		--*left;
	}
}

static void multi_poll(void)
{
	CURLM *multi = curl_multi_init();
	int left = 1, running;
	CURL *easy = new_easy("/polled");
	CHECK(curl_multi_add_handle(multi, easy) == CURLM_OK);
	CHECK(curl_multi_add_handle(multi, easy) == CURLM_ADDED_ALREADY);
	while (left > 0) {
		CHECK(curl_multi_perform(multi, &running) == CURLM_OK);
		read_ends(multi, &left);
		CHECK(curl_multi_poll(multi, NULL, 0, left ? 1000 : 0, NULL) == CURLM_OK);
	}
	CHECK(curl_multi_cleanup(multi) == CURLM_OK);
}

/* Gives up a transfer that has not ended. */
static void multi_left(void)
{
	CURLM *multi = curl_multi_init();
	int running;
	CURL *easy = new_easy("/stall");
	size_t before = body_bytes;
	CHECK(curl_multi_add_handle(multi, easy) == CURLM_OK);
	while (body_bytes < before + 2) {
		CHECK(curl_multi_perform(multi, &running) == CURLM_OK && running == 1);
		CHECK(curl_multi_wait(multi, NULL, 0, 1000, NULL) == CURLM_OK);
	}
	CHECK(curl_multi_remove_handle(multi, easy) == CURLM_OK);
	curl_easy_cleanup(easy);
	CHECK(curl_multi_cleanup(multi) == CURLM_OK);
}

static int epfd;

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *of_socket)
{
	struct epoll_event e = {.data.fd = fd};
	e.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
	if (what == CURL_POLL_REMOVE) {
		epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL);
	} else if (epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &e) < 0) {
		epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &e);
	}
	return 0;
}

static void multi_sockets(void)
{
	CURLM *multi = curl_multi_init();
	CURLSH *share = curl_share_init();
	CURL *easy = new_easy("/from");
	int left = 1, running;
	epfd = epoll_create1(EPOLL_CLOEXEC);
	CHECK(curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) == CURLSHE_OK);
	CHECK(curl_easy_setopt(easy, CURLOPT_SHARE, share) == CURLE_OK);
	CHECK(curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK);
	CHECK(curl_multi_add_handle(multi, easy) == CURLM_OK);
	CHECK(curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running) == CURLM_OK);
	while (left > 0) {
		struct epoll_event e;
		int n = epoll_wait(epfd, &e, 1, 20);
		CHECK(curl_multi_socket_action(multi, n > 0 ? e.data.fd : CURL_SOCKET_TIMEOUT, 0,
			      &running) == CURLM_OK);
		read_ends(multi, &left);
	}
	CHECK(curl_multi_cleanup(multi) == CURLM_OK);
	CHECK(curl_share_cleanup(share) == CURLSHE_OK);
	close(epfd);
}

static void lock(CURL *easy, curl_lock_data what, curl_lock_access how, void *count)
{
	++*(int *)count;
}

static void unlock(CURL *easy, curl_lock_data what, void *count)
{
}

/* How often libcurl locks what is shared is as without us: the program may count. */
static void shared(void)
{
	int locks = 0;
	CURLSH *share = curl_share_init();
	CURL *easy = new_easy("/shared");
	curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT);
	curl_share_setopt(share, CURLSHOPT_LOCKFUNC, lock);
	curl_share_setopt(share, CURLSHOPT_UNLOCKFUNC, unlock);
	curl_share_setopt(share, CURLSHOPT_USERDATA, &locks);
	curl_easy_setopt(easy, CURLOPT_SHARE, share);
	CHECK(curl_easy_perform(easy) == CURLE_OK);
	CHECK(curl_easy_perform(easy) == CURLE_OK);
	curl_easy_cleanup(easy);
	CHECK(curl_share_cleanup(share) == CURLSHE_OK);
	printf("locked %d times\n", locks);
}

int main(void)
{
	start_server();
	curl_global_init(CURL_GLOBAL_DEFAULT);
	easy_forms();
	multi_poll();
	multi_left();
	multi_sockets();
	shared();
	curl_global_cleanup();
	return failures != 0;
}
