/* A player for tests of the shim alone: a hand-made world, and streams that echo.
 *
 *     fake_player DIRECTORY             serves there until killed; prints "ready" when it does
 *     fake_player player … --directory DIRECTORY … --ready-fd N …
 *                                       the same, as the shim starts its player
 *
 * What it was told stands in DIRECTORY/log, one line per hello. A stream that is sent "reset" ends
 * and, when asked how, was reset; "bye" ends it in good order. The file DIRECTORY/started tells
 * what the process was given to live with. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "player/protocol.h"
#include "player/world.h"
#include "player/world_build.h"

static _Atomic uint64_t reset_stream;
static FILE *log_file;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- the world ---- */

#define ADDRESS(f, ...) \
	{ \
		f, 0, 0, 0, __VA_ARGS__ \
	}

static const uint8_t both[2][20] = {ADDRESS(4, 192, 0, 2, 7), ADDRESS(6, 0x20, 1, 0xd, 0xb8)};
static const uint8_t two[2][20] = {ADDRESS(4, 192, 0, 2, 9), ADDRESS(4, 192, 0, 2, 8)};

static struct th_name names[] = {
	{.name = {(const uint8_t *)"both.test", 9}, .n_addresses = 2, .addresses = both[0]},
	{.name = {(const uint8_t *)"two.test", 8}, .n_addresses = 2, .addresses = two[0]},
	{.name = {(const uint8_t *)"gone.test", 9}, .result = EAI_AGAIN},
};

static struct th_connection connections[] = {
	{.family = 4, .address = {192, 0, 2, 7}, .port = 443, .speaks = TH_SPEAKS_HTTP2},
	{.family = 6, .address = {0x20, 1, 0xd, 0xb8}, .port = 443, .speaks = TH_SPEAKS_HTTP1},
	{.family = 4, .address = {127, 0, 0, 1}, .port = 8080, .speaks = TH_SPEAKS_HTTP1},
	{.family = 4, .address = {192, 0, 2, 7}, .port = 81, .error = ECONNREFUSED},
	{.family = 4, .address = {192, 0, 2, 7}, .port = 82, .error = ENETUNREACH},
	{.family = 4, .address = {127, 0, 0, 1}, .port = 0, .speaks = TH_SPEAKS_OTHER},
};

static int write_world(const char *directory)
{
	struct th_name *n[3];
	struct th_connection *c[6];
	struct th_run run = {.names = n, .n_names = 3, .connections = c, .n_connections = 6};
	for (size_t i = 0; i < run.n_names; i++) {
		n[i] = &names[i];
	}
	const char *passed = getenv("FAKE_PASSED_PORT");
	connections[5].port = (uint16_t)atoi(passed ? passed : "9");
	for (size_t i = 0; i < run.n_connections; i++) {
		c[i] = &connections[i];
	}
	uint8_t *bytes;
	size_t size;
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", directory, TH_PLAYER_WORLD);
	int r = th_world_build(&run, TH_SLICE_LIT("no certificate"), &bytes, &size);
	return r < 0 ? r : th_world_save(path, bytes, size);
}

/* ---- streams ---- */

static void note(const struct th_hello *h)
{
	char address[64] = "-";
	if (h->family) {
		inet_ntop(
			h->family == 4 ? AF_INET : AF_INET6, h->address, address, sizeof(address));
	}
	pthread_mutex_lock(&log_lock);
	fprintf(log_file, "%d %s %u %s pid=%u process=%016lx parent=%016lx connection=%u\n",
		h->kind, address, h->port, h->name[0] ? h->name : "-", h->pid,
		*(uint64_t *)h->process, *(uint64_t *)h->parent, h->connection);
	fflush(log_file);
	pthread_mutex_unlock(&log_lock);
}

static void echo(int fd, uint64_t id)
{
	char buf[4096];
	ssize_t n;
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		if (n == 5 && memcmp(buf, "reset", 5) == 0) {
			atomic_store(&reset_stream, id);
			return;
		}
		if (n == 3 && memcmp(buf, "bye", 3) == 0) {
			return;
		}
		if (write(fd, buf, (size_t)n) != n) {
			return;
		}
	}
}

static void *serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	struct th_hello h;
	uint8_t answer = 0;
	if (recv(fd, &h, sizeof(h), MSG_WAITALL) == sizeof(h) && h.magic == TH_HELLO_MAGIC) {
		note(&h);
		if (h.kind == TH_HELLO_STREAM) {
			echo(fd, h.stream_id);
		} else {
			answer = h.kind == TH_HELLO_ENDED &&
					h.stream_id == atomic_load(&reset_stream)
				? ECONNRESET
				: 0;
			(void)!write(fd, &answer, 1);
		}
	}
	close(fd);
	return NULL;
}

static int listen_in(const char *directory)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s", directory, TH_PLAYER_SOCKET);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 64) < 0 ? -1 : fd;
}

/* ---- what a started player was given ---- */

static void describe(const char *directory, int argc, char **argv)
{
	extern char **environ;
	char path[256];
	snprintf(path, sizeof(path), "%s/started", directory);
	FILE *f = fopen(path, "w");
	fprintf(f, "pid %d\nsession %d\n", getpid(), getsid(0));
	for (int i = 0; i < argc; i++) {
		fprintf(f, "argument %s\n", argv[i]);
	}
	for (char **e = environ; *e; e++) {
		fprintf(f, "variable %s\n", *e);
	}
	for (int s = 1; s < 32; s++) {
		struct sigaction old;
		sigaction(s, NULL, &old);
		if (old.sa_handler != SIG_DFL) {
			fprintf(f, "signal %d is not at its default\n", s);
		}
	}
	fclose(f);
	char fds[512] = "", link[256];
	for (int fd = 0; fd < 256; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		ssize_t n = readlink(path, link, sizeof(link) - 1);
		if (n > 0) {
			link[n] = 0;
			size_t at = strlen(fds);
			snprintf(fds + at, sizeof(fds) - at, "fd %d %s\n", fd, link);
		}
	}
	snprintf(path, sizeof(path), "%s/descriptors", directory);
	f = fopen(path, "w");
	fputs(fds, f);
	fclose(f);
}

static const char *option(int argc, char **argv, const char *name)
{
	for (int i = 0; i + 1 < argc; i++) {
		if (strcmp(argv[i], name) == 0) {
			return argv[i + 1];
		}
	}
	return NULL;
}

static int play(const char *directory, int ready)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/log", directory);
	log_file = fopen(path, "a");
	int fd = listen_in(directory);
	if (fd < 0 || !log_file || write_world(directory) < 0) {
		dprintf(ready, "error: the fake player failed\n");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	dprintf(ready, "ready\n");
	close(ready);
	for (;;) {
		pthread_t t;
		int client = accept(fd, NULL, NULL);
		if (client >= 0 && pthread_create(&t, NULL, serve, (void *)(intptr_t)client) == 0) {
			pthread_detach(t);
		}
	}
}

int main(int argc, char **argv)
{
	if (argc == 2) {
		return play(argv[1], STDOUT_FILENO);
	}
	const char *directory = option(argc, argv, "--directory");
	const char *ready = option(argc, argv, "--ready-fd");
	if (argc < 2 || strcmp(argv[1], "player") != 0 || !directory || !ready) {
		return 64;
	}
	const char *capture = option(argc, argv, "--capture");
	if (!capture || access(capture, R_OK) < 0) {
		dprintf(atoi(ready), "error: %s: no such capture\n", capture ? capture : "?");
		return 66;
	}
	describe(directory, argc, argv);
	return play(directory, atoi(ready));
}
