#include "tools/coverage.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "trace/succession.h"

/* Runs are put together by hand: the function looks at connections and processes only. */
static struct th_process root, other;

static struct th_connection tls(uint8_t last, uint64_t began)
{
	struct th_connection c = {.process = &root,
		.transport = TH_TRANSPORT_PLAIN,
		.family = 4,
		.port = 443,
		.speaks = TH_SPEAKS_TLS,
		.began = began};
	c.address[3] = last;
	return c;
}

static struct th_connection tap(uint8_t last)
{
	struct th_connection c = {.process = &root,
		.transport = TH_TRANSPORT_OPENSSL,
		.family = last ? 4 : 0,
		.port = 443,
		.speaks = TH_SPEAKS_HTTP1};
	c.address[3] = last;
	return c;
}

static size_t opaque(struct th_connection *list, size_t n, const struct th_connection **ret_first)
{
	struct th_connection *pointers[8];
	struct th_run run = {.connections = pointers, .n_connections = n};
	const struct th_connection **found;
	size_t count;
	for (size_t i = 0; i < n; i++) {
		pointers[i] = &list[i];
	}
	th_coverage_opaque(&run, &found, &count);
	if (ret_first) {
		*ret_first = count ? found[0] : NULL;
	}
	free(found);
	cr_assert_eq(th_coverage_of(&run).opaque, count);
	return count;
}

Test(coverage, records_with_a_tap_are_covered)
{
	struct th_connection list[] = {tls(1, 10), tap(1), tls(2, 11), tap(2)};
	cr_assert_eq(opaque(list, 4, NULL), 0);
}

Test(coverage, records_without_a_tap_are_opaque_the_later_ones)
{
	const struct th_connection *first;
	struct th_connection list[] = {tls(1, 30), tls(1, 20), tap(1)};
	cr_assert_eq(opaque(list, 3, &first), 1);
	cr_assert_eq(first, &list[0]);
}

Test(coverage, taps_of_another_peer_or_process_do_not_count)
{
	struct th_connection list[] = {tls(1, 10), tap(2)};
	cr_assert_eq(opaque(list, 2, NULL), 1);
	list[1] = tap(1);
	list[1].process = &other;
	cr_assert_eq(opaque(list, 2, NULL), 1);
	list[1] = tap(1);
	list[1].port = 444;
	cr_assert_eq(opaque(list, 2, NULL), 1);
}

/* Memory BIOs: the tap has no address; it answers for one connection, not for all. */
Test(coverage, a_tap_without_a_peer_answers_for_any_one)
{
	struct th_connection list[] = {tls(1, 10), tls(2, 11), tap(0)};
	cr_assert_eq(opaque(list, 3, NULL), 1);
	cr_assert_eq(opaque(list, 2, NULL), 2);
}

Test(coverage, other_protocols_and_failures)
{
	struct th_connection list[] = {tls(1, 10), tls(2, 11), tap(1)};
	list[0].speaks = TH_SPEAKS_OTHER;
	list[1].speaks = TH_SPEAKS_NOTHING;
	list[2].error = 111;
	cr_assert_eq(opaque(list, 3, NULL), 1);
	cr_assert_eq(opaque(list, 0, NULL), 0);
}

/* With what the trace tells of which process became another one. */
static struct th_coverage coverage_of(struct th_run *run)
{
	struct th_arena arena = {0};
	th_succession_find(&arena, run);
	th_arena_finish(&arena);
	return th_coverage_of(run);
}

Test(coverage, programs_without_the_library_are_a_gap)
{
	struct th_process a = {.pid = 1, .began = 10}, b = {.pid = 2, .began = 11};
	struct th_process *list[] = {&a, &b};
	struct th_departure beside = {.process = &a, .reason = TH_LEFT_STATIC};
	struct th_departure instead = {
		.process = &b, .reason = TH_LEFT_ENVIRONMENT, .replaced = true};
	struct th_departure *departures[] = {&beside, &instead};
	struct th_run run = {
		.processes = list, .n_processes = 2, .departures = departures, .n_departures = 2};
	struct th_coverage seen = coverage_of(&run);
	cr_assert_eq(seen.left, 2);
	cr_assert_not(th_coverage_whole(&seen));
	cr_assert_eq(seen.cut_short, 1, "b became another program, a was cut short");
}

Test(coverage, processes_cut_short_are_told_from_those_replaced_by_exec)
{
	struct th_process a = {.pid = 1, .began = 10}, b = {.pid = 1, .how_began = 2, .began = 20};
	struct th_process c = {.pid = 2, .began = 10, .ended_well = true, .lost_events = 3};
	struct th_process *list[] = {&a, &b, &c};
	struct th_run run = {.processes = list, .n_processes = 3};
	struct th_coverage seen = coverage_of(&run);
	cr_assert_eq(seen.cut_short, 1, "b was cut short, a became b");
	cr_assert_eq(seen.lost_events, 3);
	cr_assert_not(th_coverage_whole(&seen), "lost events are a gap");
	c.lost_events = 0;
	seen = coverage_of(&run);
	cr_assert(th_coverage_whole(&seen), "a killed process is none");
}

/* Bytes that the kernel counted and no hook saw: told whatever the connection spoke, and once. */
Test(coverage, bytes_that_went_past_are_a_gap)
{
	struct th_connection list[] = {tls(1, 10), tap(1), tls(2, 11)};
	cr_assert_eq(opaque(list, 3, NULL), 1);
	list[0].unseen_sent = 1;
	list[2].unseen_received = 1;
	cr_assert_eq(opaque(list, 3, NULL), 2);
	cr_assert_not_null(strstr(th_coverage_why(&list[0]), "past the library"));
	struct th_connection http = tls(3, 12);
	http.speaks = TH_SPEAKS_HTTP1;
	cr_assert_eq(opaque(&http, 1, NULL), 0);
	http.unseen_received = 7;
	cr_assert_eq(opaque(&http, 1, NULL), 1);
	http.unseen_received = 0;
	http.met = TH_MET_TOLD | TH_MET_HANDED_ON;
	cr_assert_eq(opaque(&http, 1, NULL), 1);
	cr_assert_not_null(strstr(th_coverage_why(&http), "left open"));
}

Test(coverage, talk_on_unix_sockets_is_no_gap)
{
	struct th_connection c = tls(1, 10);
	c.family = 1;
	c.speaks = TH_SPEAKS_OTHER;
	struct th_connection *one = &c;
	const struct th_run run = {.connections = &one, .n_connections = 1};
	cr_assert_eq(opaque(&c, 1, NULL), 0);
	cr_assert_eq(th_coverage_local(&run), 1);
	c.speaks = TH_SPEAKS_TLS;
	cr_assert_eq(opaque(&c, 1, NULL), 1, "it may hide anything");
	cr_assert_eq(th_coverage_local(&run), 0);
}

Test(coverage, datagrams_are_no_tap_and_a_gap)
{
	struct th_connection list[] = {tls(1, 10), tls(1, 11)};
	list[1].transport = TH_TRANSPORT_DATAGRAMS;
	list[1].speaks = TH_SPEAKS_OTHER;
	cr_assert_eq(opaque(list, 2, NULL), 2);
	cr_assert(strstr(th_coverage_why(&list[1]), "HTTP/3"));
}
