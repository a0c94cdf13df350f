/* The bench's client: makes the calls of a workload and says, as JSON, what they cost.
 *
 *     bench_client WORKLOAD CALLS PORT|PATH [ca=FILE|insecure] [plain] [fresh] [late] [threads=N]
 *
 * PATH: a Unix socket without TLS. fresh: a connection for each call. late: also how late the
 * events of paced answers come (bench_net.h), with one thread. Times are of each call from before
 * its first byte to behind its last. Without ca or insecure it speaks no TLS. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench_net.h"

#define THREADS_MAX 64

static struct bench_workload work;
static SSL_CTX *tls;
static const char *server;
static size_t calls;
static bool fresh;
static struct bench_late *late;
static uint64_t *times; /* of each call, ns */

struct part {
	pthread_t thread;
	size_t first, end;
	size_t failed;
};

static uint64_t cpu_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int dial(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)atoi(server))};
	struct sockaddr_un u = {.sun_family = AF_UNIX};
	bool local = server[0] == '/';
	int fd = socket(local ? AF_UNIX : AF_INET, SOCK_STREAM, 0);
	strncpy(u.sun_path, server, sizeof(u.sun_path) - 1);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	int r = local ? connect(fd, (struct sockaddr *)&u, sizeof(u))
		      : connect(fd, (struct sockaddr *)&a, sizeof(a));
	if (r < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool open_stream(struct bench_stream *s)
{
	s->n = 0;
	s->ssl = NULL;
	s->late = late;
	s->fd = dial();
	if (s->fd < 0 || !tls) {
		return s->fd >= 0;
	}
	s->ssl = SSL_new(tls);
	SSL_set_fd(s->ssl, s->fd);
	SSL_set_tlsext_host_name(s->ssl, "localhost");
	return SSL_connect(s->ssl) == 1;
}

static void close_stream(struct bench_stream *s)
{
	if (s->ssl) {
		SSL_shutdown(s->ssl);
		SSL_free(s->ssl);
	}
	if (s->fd >= 0) {
		close(s->fd);
	}
}

static bool call(struct bench_stream *s, struct th_slice request)
{
	return bench_write(s, request.p, request.n) && bench_read_message(s);
}

static void *run_part(void *arg)
{
	struct part *p = arg;
	struct bench_stream *s = calloc(1, sizeof(*s));
	bool good = fresh || open_stream(s);
	for (size_t i = p->first; i < p->end; i++) {
		uint64_t began = bench_now();
		good = (!fresh || open_stream(s)) && good &&
			call(s, work.messages[2 * (i % work.n)]);
		times[i] = bench_now() - began;
		p->failed += !good;
		if (fresh) {
			close_stream(s);
			good = true;
		}
	}
	if (!fresh) {
		close_stream(s);
	}
	free(s);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

/* Of this process, from VmHWM: ru_maxrss inherits the parent's. */
static long peak_kb(void)
{
	char line[256];
	long kb = 0;
	FILE *f = fopen("/proc/self/status", "re");
	while (f && fgets(line, sizeof(line), f)) {
		(void)sscanf(line, "VmHWM: %ld", &kb);
	}
	if (f) {
		fclose(f);
	}
	return kb;
}

static size_t run_all(size_t threads)
{
	struct part parts[THREADS_MAX];
	size_t failed = 0;
	for (size_t i = 0; i < threads; i++) {
		parts[i] = (struct part){
			.first = calls * i / threads, .end = calls * (i + 1) / threads};
	}
	for (size_t i = 1; i < threads; i++) {
		pthread_create(&parts[i].thread, NULL, run_part, &parts[i]);
	}
	run_part(&parts[0]);
	for (size_t i = 0; i < threads; i++) {
		if (i > 0) {
			pthread_join(parts[i].thread, NULL);
		}
		failed += parts[i].failed;
	}
	return failed;
}

static size_t read_options(int n, char **options)
{
	size_t threads = 1;
	for (int i = 0; i < n; i++) {
		bool ca = strncmp(options[i], "ca=", 3) == 0;
		bool trusted = strcmp(options[i], "trusted") == 0; /* by SSL_CERT_FILE */
		if (ca || trusted || strcmp(options[i], "insecure") == 0) {
			tls = SSL_CTX_new(TLS_client_method());
		}
		if (trusted) {
			SSL_CTX_set_default_verify_paths(tls);
			SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
		}
		if (ca) {
			SSL_CTX_load_verify_locations(tls, options[i] + 3, NULL);
			SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
		}
		fresh |= strcmp(options[i], "fresh") == 0;
		if (strcmp(options[i], "late") == 0) {
			late = calloc(1, sizeof(*late));
		}
		if (strncmp(options[i], "threads=", 8) == 0) {
			threads = strtoul(options[i] + 8, NULL, 10);
		}
	}
	return threads >= 1 && threads <= THREADS_MAX ? threads : 1;
}

static void say_late(void)
{
	if (late && late->n) {
		qsort(late->ns, late->n, sizeof(*late->ns), compare);
		printf(",\"events\":%zu,\"late_p50\":%llu,\"late_p99\":%llu,\"late_max\":%llu",
			late->n, (unsigned long long)late->ns[late->n / 2],
			(unsigned long long)late->ns[late->n * 99 / 100],
			(unsigned long long)late->ns[late->n - 1]);
	}
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		return 64;
	}
	bench_workload_open(argv[1], &work);
	calls = strtoul(argv[2], NULL, 10);
	server = argv[3];
	times = calloc(calls + 1, sizeof(*times));
	size_t threads = read_options(argc - 4, argv + 4);
	uint64_t began = bench_now(), cpu = cpu_now();
	size_t failed = run_all(threads);
	cpu = cpu_now() - cpu;
	uint64_t took = bench_now() - began;
	qsort(times, calls, sizeof(*times), compare);
	printf("{\"calls\":%zu,\"failed\":%zu,\"ns\":%llu,\"cpu_ns\":%llu,\"p50\":%llu,"
	       "\"p99\":%llu,\"peak_kb\":%ld",
		calls, failed, (unsigned long long)took, (unsigned long long)cpu,
		(unsigned long long)times[calls / 2], (unsigned long long)times[calls * 99 / 100],
		peak_kb());
	say_late();
	puts("}");
	return failed ? 1 : 0;
}
