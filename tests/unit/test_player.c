#include "player/player.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "player/protocol.h"
#include "player/world.h"
#include "scratch.h"

#include "fake_run.h"

#define ASK "GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n"
#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"

static char directory[64], report[64], why[TH_PLAYER_WHY_BYTES];
static struct th_player_conf conf;

static void setup(void)
{
	scratch_setup();
	snprintf(directory, sizeof(directory), "%s/player", scratch_dir);
	snprintf(report, sizeof(report), "%s/report.json", scratch_dir);
	conf = (struct th_player_conf){
		.capture = scratch_path, .directory = directory, .report = report, .ready_fd = -1};
	signal(SIGPIPE, SIG_IGN);
}

TestSuite(player, .init = setup, .fini = scratch_teardown, .timeout = 60);

/* One run, with one exchange. */
static void record(uint8_t trace)
{
	struct fake f;
	fake_open(&f, 1000000ull * trace);
	fake_run(&f, trace, "");
	fake_process(&f, trace, 1, 0, 1);
	fake_conn(&f, 1, TH_TRANSPORT_PLAIN, 80, "a.example", "");
	fake_req_head(&f, 1, 1, TH_FRAME_LAST | TH_FRAME_BODILESS, ASK);
	fake_head(&f, TH_FRAME_RES_HEAD, 1, TH_FRAME_LAST, ANSWER);
	fake_data(&f, TH_FRAME_RES_DATA, 1, TH_FRAME_LAST, "ok");
	fake_process_end(&f);
	fake_close(&f);
}

static void write_capture(const void *p, size_t n)
{
	FILE *f = fopen(scratch_path, "w");
	fwrite(p, 1, n, f);
	fclose(f);
}

static int dial(struct th_hello h)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%.60s/%s", directory, TH_PLAYER_SOCKET);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	cr_assert_eq(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	h.magic = TH_HELLO_MAGIC;
	h.process[0] = 1;
	cr_assert_eq(send(fd, &h, sizeof(h), 0), sizeof(h));
	return fd;
}

static int answer_of(int fd)
{
	uint8_t byte;
	int r = recv(fd, &byte, 1, 0) == 1 ? byte : -1;
	close(fd);
	return r;
}

static void ask(const char *request, const char *expected)
{
	char got[4096] = "";
	int fd = dial((struct th_hello){.kind = TH_HELLO_STREAM,
		.family = 4,
		.port = 80,
		.address = {192, 0, 2, 7},
		.thread = 3,
		.connection = 1});
	send(fd, request, strlen(request), 0);
	size_t n = 0;
	while (!strstr(got, expected)) {
		ssize_t r = recv(fd, got + n, sizeof(got) - 1 - n, 0);
		cr_assert_gt(r, 0, "got only %s", got);
		n += (size_t)r;
	}
	close(fd);
}

Test(player, serves_counts_and_cleans_up)
{
	struct th_player *p = NULL;
	struct th_player_stats s;
	struct th_world world;
	char path[96];
	record(7);
	cr_assert_eq(th_player_start(&conf, &p, why), 0, "%s", why);
	snprintf(path, sizeof(path), "%s/%s", directory, TH_PLAYER_WORLD);
	cr_assert_eq(th_world_open(&world, path), 0);
	cr_expect_not_null(th_world_find_peer(&world, 4, (const uint8_t[16]){192, 0, 2, 7}, 80));
	th_world_close(&world);
	cr_expect_eq(answer_of(dial((struct th_hello){.kind = TH_HELLO_PROCESS})), 0);
	ask(ASK, ANSWER "ok");
	ask(ASK, "its one recorded answer was used");
	struct th_hello fenced = {.kind = TH_HELLO_FENCED_CONNECT, .family = 4, .port = 81};
	close(dial(fenced));
	fenced = (struct th_hello){.kind = TH_HELLO_FENCED_LOOKUP, .name = "b.example"};
	close(dial(fenced));
	cr_expect_eq(answer_of(dial((struct th_hello){.kind = TH_HELLO_ENDED, .stream_id = 5})), 0);
	do {
		usleep(1000);
		th_player_stats(p, &s);
	} while (!s.fenced_lookups || !s.fenced_connects);
	th_player_stop(p);
	th_player_stats(p, &s);
	cr_expect_str_eq(s.trace_id, "07070707070707070707070707070707");
	cr_expect_eq(s.spans, 1);
	cr_expect_eq(s.matched, 1);
	cr_expect_eq(s.crossed, 0);
	cr_expect_eq(s.missed, 1);
	cr_expect_eq(s.unused, 0);
	cr_expect_eq(s.processes, 1);
	cr_expect_eq(s.streams, 2);
	cr_expect_eq(s.n_fenced, 2);
	cr_expect_eq(th_player_report(p, report), 0);
	cr_expect_null(th_player_destroy(p));
	cr_expect_eq(access(directory, F_OK), -1);
	char text[4096] = "";
	FILE *f = fopen(report, "r");
	cr_expect_gt(fread(text, 1, sizeof(text) - 1, f), 0);
	fclose(f);
	cr_expect_not_null(strstr(text, "\"missed\":\t1,"));
	cr_expect_not_null(strstr(text, "GET http://a.example/x"));
	cr_expect_not_null(strstr(text, "connect 0.0.0.0:81"));
	cr_expect_not_null(strstr(text, "b.example"));
}

Test(player, a_second_player_of_one_capture_knows_nothing_of_the_first)
{
	struct th_player *a = NULL, *b = NULL;
	record(7);
	cr_assert_eq(th_player_start(&conf, &a, why), 0);
	ask(ASK, ANSWER "ok");
	char other[64];
	snprintf(other, sizeof(other), "%s/other", scratch_dir);
	conf.directory = other;
	cr_assert_eq(th_player_start(&conf, &b, why), 0);
	strcpy(directory, other);
	ask(ASK, ANSWER "ok");
	th_player_destroy(a);
	th_player_destroy(b);
}

Test(player, strangers_at_the_socket_do_no_harm)
{
	struct th_player *p = NULL;
	record(7);
	cr_assert_eq(th_player_start(&conf, &p, why), 0);
	struct th_hello h = {.kind = 99};
	int odd = dial(h), silent;
	cr_expect_eq(answer_of(odd), -1);
	h = (struct th_hello){.kind = TH_HELLO_FENCED_LOOKUP};
	memset(h.name, 'x', sizeof(h.name));
	cr_expect_eq(answer_of(dial(h)), -1);
	silent = dial((struct th_hello){.kind = TH_HELLO_STREAM});
	ask(ASK, ANSWER "ok");
	th_player_destroy(p); /* does not wait for those who say nothing */
	close(silent);
}

#define EXPECT_FAILURE(error, said) \
	do { \
		struct th_player *p_ = NULL; \
		cr_expect_eq(th_player_start(&conf, &p_, why), error); \
		cr_expect_null(p_); \
		cr_expect_not_null(strstr(why, said), "said: %s", why); \
		cr_expect_null(strchr(why, '\n')); \
		cr_expect_eq(access(directory, F_OK), -1); \
	} while (0)

Test(player, says_what_is_wrong_with_a_capture)
{
	EXPECT_FAILURE(-ENOENT, scratch_path);
	write_capture("", 0);
	EXPECT_FAILURE(-EINVAL, scratch_path);
	uint8_t noise[5000];
	for (size_t i = 0; i < sizeof(noise); i++) {
		noise[i] = (uint8_t)(i * 2654435761u >> 13);
	}
	write_capture(noise, sizeof(noise));
	EXPECT_FAILURE(-EINVAL, scratch_path);
	conf.capture = scratch_dir;
	struct th_player *p = NULL;
	cr_expect_lt(th_player_start(&conf, &p, why), 0);
}

Test(player, says_which_runs_there_are_not)
{
	record(0x11);
	record(0x12);
	conf.trace_prefix = "1";
	EXPECT_FAILURE(-ENOTUNIQ, "more than one run");
	conf.trace_prefix = "33";
	EXPECT_FAILURE(-ENOENT, "no run 33");
	conf.trace_prefix = "11";
	struct th_player *p = NULL;
	struct th_player_stats s;
	cr_assert_eq(th_player_start(&conf, &p, why), 0);
	th_player_stats(p, &s);
	cr_expect_eq(strncmp(s.trace_id, "1111", 4), 0);
	th_player_destroy(p);
}

Test(player, a_capture_cut_anywhere_is_served_or_explained)
{
	record(7);
	static uint8_t whole[1 << 16];
	FILE *f = fopen(scratch_path, "r");
	size_t n = fread(whole, 1, sizeof(whole), f);
	fclose(f);
	cr_assert_gt(n, 0);
	for (size_t cut = 0; cut < n; cut += 13) {
		struct th_player *p = NULL;
		write_capture(whole, cut);
		*why = 0;
		int r = th_player_start(&conf, &p, why);
		cr_expect(r == 0 || *why, "cut at %zu: %d", cut, r);
		th_player_destroy(p);
	}
}

/* ---- the life of a player process ---- */

static pid_t run_player(char line[TH_PLAYER_WHY_BYTES])
{
	int ends[2];
	cr_assert_eq(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		close(ends[0]);
		conf.ready_fd = ends[1];
		_exit(th_player_run(&conf));
	}
	close(ends[1]);
	size_t n = 0;
	ssize_t r;
	while ((r = read(ends[0], line + n, TH_PLAYER_WHY_BYTES - 1 - n)) > 0) {
		n += (size_t)r;
	}
	line[n] = 0;
	close(ends[0]);
	return child;
}

static int exit_of(pid_t child)
{
	int status;
	cr_assert_eq(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(player, ends_after_its_tree_and_not_before)
{
	char line[TH_PLAYER_WHY_BYTES];
	record(7);
	pid_t agent = fork();
	if (agent == 0) {
		pause();
		_exit(0);
	}
	conf.tree = agent;
	pid_t player = run_player(line);
	cr_assert_str_eq(line, "ready\n");
	sleep(4); /* longer than the grace */
	cr_expect_eq(waitpid(player, NULL, WNOHANG), 0);
	kill(agent, SIGKILL);
	waitpid(agent, NULL, 0);
	for (int i = 0; i < 200 && access(report, F_OK) < 0; i++) {
		usleep(10000);
	}
	cr_expect_eq(access(report, F_OK), 0, "the report comes soon");
	cr_expect_eq(exit_of(player), 0);
	cr_expect_eq(access(directory, F_OK), -1);
}

Test(player, stays_for_a_process_that_holds_the_world)
{
	char line[TH_PLAYER_WHY_BYTES], path[96];
	record(7);
	pid_t player = run_player(line); /* nobody has registered */
	cr_assert_str_eq(line, "ready\n");
	struct th_world world;
	snprintf(path, sizeof(path), "%s/%s", directory, TH_PLAYER_WORLD);
	cr_assert_eq(th_world_open(&world, path), 0);
	sleep(5);
	cr_expect_eq(waitpid(player, NULL, WNOHANG), 0);
	th_world_close(&world);
	cr_expect_eq(exit_of(player), 0);
}

Test(player, says_why_it_did_not_begin)
{
	char line[TH_PLAYER_WHY_BYTES];
	cr_expect_eq(exit_of(run_player(line)), 66);
	cr_expect_eq(strncmp(line, "error: there is no capture /tmp/", 32), 0, "%s", line);
	cr_expect_eq(line[strlen(line) - 1], '\n');
}

Test(player, ends_when_told_to)
{
	char line[TH_PLAYER_WHY_BYTES];
	record(7);
	conf.tree = getpid();
	pid_t player = run_player(line);
	kill(player, SIGTERM);
	cr_expect_eq(exit_of(player), 0);
	cr_expect_eq(access(directory, F_OK), -1);
	cr_expect_eq(access(report, F_OK), 0);
}
