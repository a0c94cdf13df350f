/* Runs made by hand: exchanges asked at 10, 20, 30 ms …, each on a connection of its own. */
#include "player/order.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define MS 1000000ull
#define N 4

static struct th_connection connections[N];
static struct th_exchange exchanges[N];
static struct th_exchange *in_order[N];
static struct th_run run;
static struct th_order *order;

/* The answer of exchange i comes at `began` and ends at `ended`, both in ms. */
static void answered(size_t i, uint64_t began, uint64_t ended)
{
	exchanges[i].response.present = true;
	exchanges[i].response.began = began * MS;
	exchanges[i].response.ended = ended * MS;
}

static void setup(void)
{
	run = (struct th_run){.exchanges = in_order, .n_exchanges = N};
	for (size_t i = 0; i < N; i++) {
		in_order[i] = &exchanges[i];
		exchanges[i] = (struct th_exchange){.connection = &connections[i], .order = i};
		exchanges[i].request.head_done = true;
		exchanges[i].request.began = exchanges[i].request.ended = 10 * (i + 1) * MS;
		exchanges[i].request.version = 11;
		answered(i, 10 * (i + 1) + 2, 10 * (i + 1) + 4);
	}
}

static void teardown(void)
{
	cr_assert_null(th_order_destroy(order));
	order = NULL;
}

TestSuite(order, .init = setup, .fini = teardown);

static bool ready_since(size_t i, uint64_t since)
{
	return th_order_ready(order, &exchanges[i], NULL, &since);
}

static bool ready(size_t i)
{
	return ready_since(i, 0);
}

Test(order, one_thing_at_a_time_never_waits)
{
	order = th_order_create(&run);
	for (size_t i = 0; i < N; i++) {
		th_order_asked(order, &exchanges[i]);
		cr_expect(ready(i));
		th_order_answered(order, &exchanges[i]);
	}
}

Test(order, what_was_asked_before_the_answer_is_waited_for)
{
	answered(0, 35, 36);
	answered(1, 37, 38);
	answered(2, 39, 39);
	order = th_order_create(&run);
	th_order_asked(order, &exchanges[0]);
	cr_expect_not(ready(0));
	th_order_asked(order, &exchanges[2]);
	cr_expect_not(ready(0));
	th_order_asked(order, &exchanges[1]);
	cr_expect(ready(0), "the fourth came after the answer");
}

Test(order, what_was_answered_before_is_waited_for)
{
	answered(0, 60, 70);
	answered(1, 50, 55);
	order = th_order_create(&run);
	for (size_t i = 0; i < N; i++) {
		th_order_asked(order, &exchanges[i]);
	}
	th_order_answered(order, &exchanges[2]);
	th_order_answered(order, &exchanges[3]);
	cr_expect_not(ready(0));
	cr_expect(ready(1));
	th_order_answered(order, &exchanges[1]);
	cr_expect(ready(0));
}

Test(order, answers_that_overlapped_do_not_wait_for_each_other)
{
	answered(0, 50, 90);
	answered(1, 60, 80);
	order = th_order_create(&run);
	for (size_t i = 0; i < N; i++) {
		th_order_asked(order, &exchanges[i]);
	}
	th_order_answered(order, &exchanges[2]);
	th_order_answered(order, &exchanges[3]);
	cr_expect(ready(0));
	cr_expect(ready(1));
}

Test(order, pipelined_questions_are_not_waited_for_but_multiplexed_ones_are)
{
	exchanges[1].connection = exchanges[0].connection;
	answered(0, 25, 26);
	answered(1, 27, 28);
	order = th_order_create(&run);
	th_order_asked(order, &exchanges[0]);
	cr_expect(ready(0));
	th_order_destroy(order);
	exchanges[0].request.version = exchanges[1].request.version = 20;
	order = th_order_create(&run);
	th_order_asked(order, &exchanges[0]);
	cr_expect_not(ready(0));
}

Test(order, what_never_comes_is_waited_for_once)
{
	answered(0, 45, 46);
	answered(3, 47, 48);
	order = th_order_create(&run);
	th_order_asked(order, &exchanges[0]);
	uint64_t began = th_clock_mono();
	th_order_wait(order, &exchanges[0]);
	uint64_t waited = th_clock_mono() - began;
	cr_expect_geq(waited, TH_ORDER_LEAST_NS);
	cr_expect_lt(waited, 20 * TH_ORDER_LEAST_NS);
	cr_expect(ready(0));
	th_order_answered(order, &exchanges[0]);
	th_order_asked(order, &exchanges[3]);
	cr_expect(ready(3), "nobody waits for the same again");
}

Test(order, a_cut_that_never_began_waits_for_nobody)
{
	exchanges[0].response.present = false;
	order = th_order_create(&run);
	th_order_asked(order, &exchanges[0]);
	cr_expect(ready(0));
	th_order_asked(order, &exchanges[1]);
	cr_expect(ready(1), "and is not waited for");
}

Test(order, patience_has_bounds)
{
	cr_expect_eq(th_order_patience(0), TH_ORDER_LEAST_NS);
	cr_expect_eq(th_order_patience(200 * MS), 200 * MS);
	cr_expect_eq(th_order_patience(3600000 * MS), TH_ORDER_PATIENCE_NS);
}

Test(order, an_empty_run_is_fine)
{
	struct th_run none = {0};
	cr_assert_null(th_order_destroy(th_order_create(&none)));
	cr_assert_null(th_order_destroy(NULL));
}

/* The first answer begins before the second, and ends behind it. */
Test(order, ends_stay_in_their_order)
{
	answered(0, 30, 40);
	answered(1, 32, 36);
	order = th_order_create(&run);
	th_order_asked(order, &exchanges[0]);
	th_order_asked(order, &exchanges[1]);
	cr_expect(ready(0));
	th_order_wait_part(order, &exchanges[0], 34 * MS);
	uint64_t began = th_clock_mono();
	th_order_wait_part(order, &exchanges[0], 40 * MS);
	cr_expect_geq(th_clock_mono() - began, TH_ORDER_LEAST_NS, "it was not given");
	began = th_clock_mono();
	th_order_answered(order, &exchanges[1]);
	th_order_wait_part(order, &exchanges[0], 40 * MS);
}

/* Of answers 0 to 2 is the first one sent to `fd`, and the others were given. */
static void send_first(int fd, struct th_given *g)
{
	order = th_order_create(&run);
	for (size_t i = 0; i < N; i++) {
		th_order_asked(order, &exchanges[i]);
	}
	cr_assert_eq(write(fd, "answer", 6), 6);
	*g = (struct th_given){.fd = fd};
	th_order_given(order, &exchanges[0], g);
}

Test(order, what_was_sent_is_answered_once_it_is_read)
{
	int fd[2];
	char text[6];
	struct th_given g;
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	send_first(fd[0], &g);
	cr_expect_not(ready(1));
	cr_expect_not(th_order_is_taken(order, &g));
	cr_assert_eq(read(fd[1], text, 3), 3);
	cr_expect_not(ready(1), "half of it is not all");
	cr_assert_eq(read(fd[1], text, 3), 3);
	cr_expect(ready(1));
	cr_expect(th_order_is_taken(order, &g));
	th_order_answered(order, &exchanges[0]);
	close(fd[0]);
	close(fd[1]);
}

Test(order, whoever_waits_sees_it_read)
{
	int fd[2];
	struct th_given g;
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	answered(0, 12, 13);
	answered(1, 1022, 1024); /* is waited for up to a second */
	send_first(fd[0], &g);
	pid_t reader = fork();
	if (reader == 0) {
		char text[6];
		_exit(read(fd[1], text, sizeof(text)) == sizeof(text) ? 0 : 1);
	}
	th_order_wait(order, &exchanges[1]);
	cr_expect(th_order_is_taken(order, &g));
	cr_assert_eq(waitpid(reader, NULL, 0), reader);
	th_order_answered(order, &exchanges[0]);
	close(fd[0]);
	close(fd[1]);
}

static void *wait_for_second(void *arg)
{
	atomic_store((_Atomic pid_t *)arg, gettid());
	th_order_wait(order, &exchanges[1]);
	return NULL;
}

static bool sleeps(pid_t thread)
{
	char path[64], state = 0;
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", thread);
	FILE *f = thread ? fopen(path, "re") : NULL;
	bool known = f && fscanf(f, "%*d %*s %c", &state) == 1;
	if (f) {
		fclose(f);
	}
	return known && state == 'S';
}

Test(order, whoever_sleeps_is_woken_to_look)
{
	int fd[2];
	pthread_t sleeper;
	_Atomic pid_t thread = 0;
	struct th_given g = {0};
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	answered(0, 42, 43);
	for (size_t i = 1; i < N; i++) {
		answered(i, 2000 * i, 2000 * i + 1); /* is waited for up to a second */
	}
	order = th_order_create(&run);
	for (size_t i = 0; i < N; i++) {
		th_order_asked(order, &exchanges[i]);
	}
	uint64_t began = th_clock_mono();
	cr_assert_eq(pthread_create(&sleeper, NULL, wait_for_second, &thread), 0);
	while (!sleeps(thread)) {
		sched_yield();
	}
	g.fd = fd[0];
	th_order_given(order, &exchanges[0], &g);
	pthread_join(sleeper, NULL);
	cr_expect_lt(th_clock_mono() - began, TH_ORDER_PATIENCE_NS);
	th_order_answered(order, &exchanges[0]);
	close(fd[0]);
	close(fd[1]);
}

/* With `since` long ago, only what happened since then lets the third wait. */
Test(order, nobody_gives_up_while_answers_go_out)
{
	int fd[2];
	struct th_given g = {0};
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	answered(2, 2032, 2034);
	for (size_t i = 0; i < N; i++) {
		exchanges[i].request.began = 0; /* none is waited for */
	}
	order = th_order_create(&run);
	cr_assert_eq(write(fd[0], "answer", 6), 6);
	g.fd = fd[0];
	th_order_given(order, &exchanges[0], &g);
	cr_expect_not(ready_since(2, 1));
	th_order_answered(order, &exchanges[0]);
	cr_expect_not(ready_since(2, 1), "the second's is missing");
	close(fd[0]);
	close(fd[1]);
}

Test(order, an_answer_is_forgotten_before_its_socket_is_closed)
{
	int fd[2];
	struct th_given g;
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	send_first(fd[0], &g);
	th_order_answered(order, &exchanges[0]);
	memset(&g, 0xff, sizeof(g));
	cr_expect(ready(1), "it is in no list");
	close(fd[0]);
	close(fd[1]);
}

/* What goes with it is there at once. */
Test(order, what_was_sent_is_awaited_by_what_does_not_go_with_it)
{
	uint64_t since = 0;
	int here, there;
	const struct th_order_event second = {&exchanges[1], false};
	answered(0, 30, 40);
	answered(1, 32, 36);
	answered(2, 50, 60);
	order = th_order_create(&run);
	th_order_asked(order, &exchanges[0]);
	th_order_asked(order, &exchanges[1]);
	cr_expect_not(th_order_ready_part(order, &exchanges[0], 40 * MS, &here, &since));
	cr_expect_neq(since, 0);
	th_order_sent(order, second, &here);
	cr_expect(th_order_is_awaited(order, &second, 1));
	cr_expect_not(th_order_ready_part(order, &exchanges[0], 40 * MS, &there, &since));
	cr_expect(th_order_ready_part(order, &exchanges[0], 40 * MS, &here, &since));
	cr_expect_eq(since, 0);
	th_order_taken(order, second);
	cr_expect_not(th_order_is_awaited(order, &second, 1));
	cr_expect(th_order_ready_part(order, &exchanges[0], 40 * MS, &there, &since));
}

Test(order, who_comes_again_is_ready_when_patience_is_over)
{
	uint64_t since = 0;
	answered(0, 30, 40);
	answered(1, 32, 36);
	order = th_order_create(&run);
	while (!th_order_ready_part(order, &exchanges[0], 40 * MS, NULL, &since)) {
		cr_assert_neq(since, 0);
	}
	cr_expect(th_order_ready_part(order, &exchanges[0], 40 * MS, NULL, &since));
}

/* Of two answers the first's stream ends behind the second's body, though it was whole before. */
Test(order, a_body_of_known_length_is_whole_before_its_stream_ends)
{
	uint64_t since = 0;
	uint8_t head[32];
	struct th_out out = {.p = head, .cap = sizeof(head)};
	struct th_piece piece = {20 * MS, {(const uint8_t *)"ok", 2}};
	struct th_message *m = &exchanges[0].response;
	th_out_u16(&out, 14);
	th_out_u32(&out, 1);
	th_out_bytes(&out, "content-length2", 15);
	answered(0, 15, 50);
	answered(1, 22, 40);
	answered(2, 60, 70);
	answered(3, 60, 70);
	m->head_done = true;
	m->head = (struct th_head){.bytes = {head, out.n}, .list = true};
	m->pieces = &piece;
	m->n_pieces = 1;
	m->body_bytes = 2;
	order = th_order_create(&run);
	th_order_asked(order, &exchanges[0]);
	th_order_asked(order, &exchanges[1]);
	cr_assert(th_order_has_whole(order, &exchanges[0]));
	cr_expect_not(th_order_has_whole(order, &exchanges[1]));
	cr_expect_not(th_order_ready_part(order, &exchanges[1], 22 * MS, NULL, &since));
	th_order_taken(order, (struct th_order_event){&exchanges[0], true});
	cr_expect(th_order_ready_part(order, &exchanges[1], 22 * MS, NULL, &since));
	cr_expect_not(th_order_ready_part(order, &exchanges[0], 50 * MS, NULL, &since));
	th_order_answered(order, &exchanges[1]);
	cr_expect(th_order_ready_part(order, &exchanges[0], 50 * MS, NULL, &since));
}
