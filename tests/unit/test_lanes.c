#include "player/lanes.h"

#include <criterion/criterion.h>
#include <pthread.h>

#include "made_run.h"

static struct th_lanes *lanes;

static void setup(void)
{
	lanes = th_lanes_create(NULL);
}

static void teardown(void)
{
	cr_expect_null(th_lanes_destroy(lanes));
}

TestSuite(lanes, .init = setup, .fini = teardown);

static bool add(uint8_t process, uint8_t parent)
{
	return th_lanes_add(lanes, (uint8_t[8]){process}, (uint8_t[8]){parent}, process);
}

#define EXPECT(process, want) \
	do { \
		char lane[TH_LANE_BYTES]; \
		cr_expect_eq(th_lanes_get(lanes, (uint8_t[8]){process}, lane), *(want) != '?'); \
		cr_expect_str_eq(lane, want); \
	} while (0)

Test(lanes, count_children_by_order_of_their_first_connection)
{
	cr_expect(add(1, 0));
	cr_expect(add(2, 1));
	cr_expect(add(3, 1));
	cr_expect(add(4, 2));
	EXPECT(3, "0.0");
	EXPECT(4, "0.1.0");
	EXPECT(2, "0.1");
	EXPECT(1, "0");
	EXPECT(3, "0.0");
}

/* curl | sed: which of them starts first is chance. */
Test(lanes, processes_without_a_connection_are_not_counted)
{
	add(1, 0);
	add(2, 1); /* sed */
	add(3, 1); /* curl */
	EXPECT(3, "0.0");
	add(4, 1); /* curl */
	add(5, 1); /* sed */
	EXPECT(4, "0.1");
}

Test(lanes, registering_again_changes_nothing)
{
	add(1, 0);
	add(2, 1);
	cr_expect_not(add(2, 1));
	add(3, 1);
	EXPECT(2, "0.0");
	EXPECT(3, "0.1");
}

Test(lanes, an_unknown_parent_makes_a_root)
{
	add(1, 0);
	add(2, 77);
	EXPECT(1, "0");
	EXPECT(2, "1");
	EXPECT(9, "?");
	add(3, 3);
	EXPECT(3, "2");
}

Test(lanes, deep_trees_keep_their_beginning)
{
	for (uint8_t i = 1; i < 100; i++) {
		cr_expect(add(i, i - 1));
	}
	char lane[TH_LANE_BYTES];
	cr_expect(th_lanes_get(lanes, (uint8_t[8]){99}, lane));
	cr_expect_lt(strlen(lane), TH_LANE_BYTES);
	cr_expect_eq(strncmp(lane, "0.0.0.", 6), 0);
}

/* ---- crowds ---- */

static struct made *m;

/* A recorded child of process 0 (lane "0") with this pid, that connects and is answered then. */
static void record_child(uint32_t pid, uint64_t opened, uint64_t answered)
{
	struct th_process *p = made_process(m, "0.x");
	struct th_connection *c = made_connection(m, p, 1);
	p->pid = pid;
	c->connect_began = opened;
	made_exchange(
		m, c, 1, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", NULL, "HTTP/1.1 200 OK\r\n\r\n", NULL)
		->response.began = answered;
}

static void expect_recorded(size_t process, const char *lane)
{
	char(*all)[TH_LANE_BYTES] = th_lanes_of_run(&m->run);
	cr_assert_not_null(all);
	cr_expect_str_eq(all[process], lane);
	free(all);
}

#define SECOND 1000000000ull

Test(lanes, of_a_crowd_go_by_pid_and_others_by_opening)
{
	m = made_new();
	made_process(m, "0")->pid = 100;
	record_child(103, 10, 40); /* three at once, in any order */
	record_child(101, 20, 50);
	record_child(102, 30, 60);
	record_child(108, 70, 80); /* after answers, one by one */
	record_child(109, 90, 95);
	record_child(107, 96, 99);		   /* was overtaken by the two before it */
	record_child(104, 5 * SECOND, 6 * SECOND); /* long after: it waited for something */
	expect_recorded(1, "0.2");
	expect_recorded(2, "0.0");
	expect_recorded(3, "0.1");
	expect_recorded(4, "0.4");
	expect_recorded(5, "0.5");
	expect_recorded(6, "0.3");
	expect_recorded(7, "0.6");
	free(m);
}

/* Whoever asked all ancestors of each, or all processes for each one's children, would need
 * minutes. The deepest connects first, so each of its ancestors comes before the root's other
 * child. */
Test(lanes, of_a_recording_may_be_very_many)
{
	enum {
		N = 30000,
		OTHER = N
	};
	struct th_process *p = calloc(2 * N, sizeof(*p)), **processes = calloc(2 * N, sizeof(*p));
	struct th_connection *c = calloc(2 * N, sizeof(*c)), **list = calloc(2 * N, sizeof(*c));
	struct th_run run = {.processes = processes, .connections = list};
	for (size_t i = 0; i < 2 * N; i++) {
		p[i].parent = i == 0 ? NULL : i < N ? &p[i - 1] : i == OTHER ? p : &p[OTHER];
		c[i] = (struct th_connection){.process = &p[i], .began = i < N ? N - i : 3 * N};
		processes[run.n_processes++] = &p[i];
		list[run.n_connections++] = &c[i];
	}
	c[OTHER].began = 2; /* behind the deepest, before those above it */
	char(*all)[TH_LANE_BYTES] = th_lanes_of_run(&run);
	cr_assert_not_null(all);
	cr_expect_str_eq(all[0], "0");
	cr_expect_str_eq(all[1], "0.0");
	cr_expect_str_eq(all[OTHER], "0.1");
	cr_expect_eq(strncmp(all[OTHER + 1], "0.1.", 4), 0, "%s", all[OTHER + 1]);
	free(all);
	free(list);
	free(c);
	free(processes);
	free(p);
}

static void *get_lane(void *arg)
{
	static char lanes_got[8][TH_LANE_BYTES];
	uint8_t id = *(uint8_t *)arg;
	th_lanes_get(lanes, (uint8_t[8]){id}, lanes_got[id]);
	return lanes_got[id];
}

Test(lanes, a_crowd_is_numbered_when_all_of_it_is_there)
{
	uint8_t ids[] = {4, 3, 2};
	pthread_t threads[3];
	void *lane;
	m = made_new();
	made_process(m, "0")->pid = 100;
	record_child(101, 10, 40);
	record_child(102, 20, 50);
	record_child(103, 30, 60);
	th_lanes_destroy(lanes);
	lanes = th_lanes_create(&m->run);
	th_lanes_add(lanes, (uint8_t[8]){1}, (uint8_t[8]){0}, 4000001);
	for (int i = 0; i < 3; i++) { /* the youngest first; pids that are nobody's */
		th_lanes_add(lanes, (uint8_t[8]){ids[i]}, (uint8_t[8]){1}, 4000001u + ids[i]);
		pthread_create(&threads[i], NULL, get_lane, &ids[i]);
	}
	static const char *const want[] = {"0.2", "0.1", "0.0"};
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], &lane);
		cr_expect_str_eq(lane, want[i]);
	}
	free(m);
}
