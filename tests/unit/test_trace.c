#include "trace/trace.h"

#include "tests/unit/scratch.h"

#include <errno.h>

#include "tests/unit/fake_run.h"

TestSuite(trace, .init = scratch_setup, .fini = scratch_teardown);

static struct fake a, b, c, d;

static struct th_trace *load(void)
{
	struct th_trace *t = NULL;
	const char *why = "";
	int r = th_trace_load(scratch_path, &t, &why);
	cr_assert_eq(r, 0, "%d %s", r, why);
	return t;
}

static bool is_text(struct th_slice s, const char *text)
{
	return th_slice_eq(s, th_slice_str(text));
}

#define LAST TH_FRAME_LAST
#define NO_BODY (TH_FRAME_LAST | TH_FRAME_BODILESS)
#define GET "GET /x HTTP/1.1\r\nHost: h\r\n\r\n"

static void write_one_exchange(void)
{
	fake_open(&a, 1000000);
	fake_run(&a, 7, "commit=abc");
	fake_process(&a, 7, 1, 0, 1);
	struct th_out *out = fake_begin(&a);
	th_out_u32(out, 0);
	th_out_u8(out, 4);
	th_out_u8(out, 2);
	th_out_u16(out, 0);
	th_out_str16(out, TH_SLICE_LIT("api.example"));
	fake_id(out, 4, 20);
	fake_id(out, 5, 20);
	fake_put(&a, TH_FRAME_NAME, 0, 0);
	fake_conn(&a, 1, TH_TRANSPORT_OPENSSL, 443, "api.example", "api.example");
	fake_req_head(&a, 1, 1, LAST, "POST /v1 HTTP/1.1\r\nHost: api.example\r\n\r\n");
	fake_data(&a, TH_FRAME_REQ_DATA, 1, 0, "hello ");
	fake_data(&a, TH_FRAME_REQ_DATA, 1, LAST, "world");
	fake_head(&a, TH_FRAME_RES_INFO, 1, 0, "HTTP/1.1 100 Cont");
	fake_head(&a, TH_FRAME_RES_INFO, 1, LAST, "inue\r\n\r\n");
	fake_head(&a, TH_FRAME_RES_INFO, 1, LAST, "HTTP/1.1 103 Early\r\n\r\n");
	fake_head(&a, TH_FRAME_RES_HEAD, 1, 0, "HTTP/1.1 200 OK\r\n");
	fake_head(&a, TH_FRAME_RES_HEAD, 1, 0, "A: b\r\n");
	fake_head(&a, TH_FRAME_RES_HEAD, 1, LAST, "C: d\r\n\r\n");
	fake_data(&a, TH_FRAME_RES_DATA, 1, 0, "part");
	fake_end(&a, TH_FRAME_RES_END, 1, TH_END_RESET, 104);
	out = fake_begin(&a);
	th_out_u8(out, TH_END_RESET);
	th_out_u8(out, TH_SPEAKS_HTTP1);
	th_out_u16(out, 0);
	th_out_u32(out, 104);
	th_out_u64(out, 11);
	th_out_u64(out, 22);
	fake_put(&a, TH_FRAME_CONN_END, 0, 1);
	fake_process_end(&a);
	fake_close(&a);
}

static void check_process_and_connection(const struct th_run *run)
{
	cr_assert_eq(run->end, TH_RUN_ENDED);
	cr_assert_eq(run->trace_id[0], 7);
	cr_assert(is_text(run->meta, "commit=abc"));
	cr_assert(is_text(run->tracestate, "ts=1"));
	cr_assert(is_text(run->tracehook_version, "0.1.0"));
	cr_assert_eq(run->n_processes, 1);
	struct th_process *p = run->processes[0];
	cr_assert_eq(p->pid, 101);
	cr_assert_str_eq(p->lane, "0");
	cr_assert(is_text(p->exe, "/usr/bin/agent"));
	cr_assert(is_text(p->cwd, "/home/agent"));
	cr_assert(p->ended_well);
	cr_assert_eq(run->n_names, 1);
	cr_assert(is_text(run->names[0]->name, "api.example"));
	cr_assert_eq(run->names[0]->n_addresses, 2);
	cr_assert_eq(run->names[0]->addresses[20], 5);
	cr_assert_eq(run->n_connections, 1);
	struct th_connection *k = run->connections[0];
	cr_assert_eq(k->port, 443);
	cr_assert(is_text(k->sni, "api.example"));
	cr_assert_eq(k->end, TH_END_RESET);
	cr_assert_eq(k->bytes_received, 22);
}

Test(trace, a_run_with_one_exchange)
{
	write_one_exchange();
	struct th_trace *t = load();
	cr_assert_eq(t->n_runs, 1);
	struct th_run *run = t->runs[0];
	check_process_and_connection(run);
	cr_assert_eq(run->n_exchanges, 1);
	struct th_exchange *x = run->exchanges[0];
	cr_assert_eq(x->connection, run->connections[0]);
	cr_assert_eq(x->thread, 3);
	cr_assert_eq(x->request.n_pieces, 2);
	cr_assert_eq(x->request.body_bytes, 11);
	cr_assert(x->request.finished);
	cr_assert_eq(x->request.end, TH_END_COMPLETE);
	cr_assert_eq(x->n_interim, 2);
	cr_assert(is_text(x->interim[0].head.bytes, "HTTP/1.1 100 Continue\r\n\r\n"));
	cr_assert(is_text(x->interim[1].head.bytes, "HTTP/1.1 103 Early\r\n\r\n"));
	cr_assert(x->response.head_done);
	cr_assert(is_text(x->response.head.bytes, "HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n"));
	cr_assert_eq(x->response.end, TH_END_RESET);
	cr_assert_eq(x->response.end_code, 104);
	cr_assert_lt(x->request.ended, x->response.began);
	cr_assert_eq(t->n_damage, 0);
	cr_assert_null(th_trace_free(t));
	cr_assert_null(th_trace_free(NULL));
}

/* What the agent left once it had all that the head announces is whole; anything else is not. */
Test(trace, left_before_the_end_of_the_stream)
{
	static const char *const five[] = {":status", "200", "content-length", "5", NULL};
	static const char *const unsaid[] = {":status", "200", NULL};
	static const struct {
		const char *const *head;
		const char *body;
		enum th_end end, wanted;
	} cases[] = {
		{five, "hello", TH_END_LOCAL, TH_END_COMPLETE},
		{five, "hello", TH_END_LOCAL_RESET, TH_END_COMPLETE},
		{five, "hell", TH_END_LOCAL, TH_END_LOCAL},
		{five, "hello", TH_END_STREAM_RESET, TH_END_STREAM_RESET},
		{five, "hello", TH_END_FIN, TH_END_FIN},
		{unsaid, "hello", TH_END_LOCAL, TH_END_LOCAL},
	};
	const uint32_t n = sizeof(cases) / sizeof(cases[0]);
	fake_open(&a, 1000000);
	fake_run(&a, 7, "");
	fake_process(&a, 7, 1, 0, 1);
	for (uint32_t i = 0; i < n; i++) {
		fake_req_head(&a, i + 1, 0, NO_BODY, GET);
		fake_head_list(&a, i + 1, LAST, cases[i].head);
		fake_data(&a, TH_FRAME_RES_DATA, i + 1, 0, cases[i].body);
		fake_end(&a, TH_FRAME_RES_END, i + 1, (uint8_t)cases[i].end, 9);
	}
	fake_close(&a);
	struct th_trace *t = load();
	cr_assert_eq(t->runs[0]->n_exchanges, n);
	for (uint32_t i = 0; i < n; i++) {
		const struct th_message *m = &t->runs[0]->exchanges[i]->response;
		cr_assert(m->finished && m->end == cases[i].wanted, "case %u", i);
		cr_assert_eq(m->end_code, cases[i].wanted == TH_END_COMPLETE ? 0 : 9);
	}
	th_trace_free(t);
}

/* Root 1 with children 2 and 3, and 4 under 3; exchanges interleave. */
Test(trace, a_tree_of_processes)
{
	fake_open(&d, 40000);
	fake_process(&d, 9, 4, 3, 2);
	fake_req_head(&d, 1, 0, NO_BODY, GET);
	fake_open(&c, 30000);
	fake_process(&c, 9, 3, 1, 3);
	c.time = 60000;
	fake_req_head(&c, 1, 0, NO_BODY, GET);
	fake_open(&b, 20000);
	fake_process(&b, 9, 2, 1, 2);
	b.time = 50000;
	fake_req_head(&b, 2, 0, NO_BODY, GET);
	b.time = 45000;
	fake_req_head(&b, 1, 0, NO_BODY, GET);
	fake_open(&a, 10000);
	fake_run(&a, 9, "");
	fake_process(&a, 9, 1, 0, 1);
	fake_close(&d);
	fake_close(&a);
	fake_close(&c);

	struct th_trace *t = load();
	cr_assert_eq(t->n_runs, 1);
	struct th_run *run = t->runs[0];
	cr_assert_eq(
		run->end, TH_RUN_CUT, "exchanges without an answer or an end of their process");
	cr_assert_eq(run->n_processes, 4);
	static const char *const lanes[] = {"0", "0.0", "0.1", "0.1.0"};
	for (size_t i = 0; i < 4; i++) {
		cr_assert_str_eq(run->processes[i]->lane, lanes[i]);
		cr_assert_eq(run->processes[i]->span_id[0], i + 1);
		cr_assert_eq(run->processes[i]->run, run);
	}
	cr_assert_eq(run->processes[3]->parent, run->processes[2]);
	cr_assert_eq(run->n_exchanges, 4);
	static const uint64_t asked[] = {41000, 45000, 50000, 60000};
	for (size_t i = 0; i < 4; i++) {
		cr_assert_eq(run->exchanges[i]->request.began, asked[i]);
		cr_assert_eq(run->exchanges[i]->order, i);
	}
	th_trace_free(t);
}

/* Process 1 and its relay, which is recorded under its span id; 2 has a relay, and is itself lost.
 */
Test(trace, what_a_relay_wrote_is_its_owners)
{
	fake_open(&b, 20000);
	fake_process(&b, 9, 1, 0, TH_BEGAN_RELAY);
	fake_conn(&b, TH_RELAY_NUMBERS + 1, TH_TRANSPORT_RELAY, 443, "", "api.example");
	fake_req_head(&b, TH_RELAY_NUMBERS + 1, TH_RELAY_NUMBERS + 1, NO_BODY, GET);
	fake_open(&c, 30000);
	fake_process(&c, 9, 2, 1, TH_BEGAN_RELAY);
	fake_req_head(&c, TH_RELAY_NUMBERS + 1, 0, NO_BODY, GET);
	fake_open(&a, 10000);
	fake_run(&a, 9, "");
	fake_process(&a, 9, 1, 0, 1);
	fake_req_head(&a, 1, 0, NO_BODY, GET);
	fake_close(&a);
	fake_close(&b);
	fake_close(&c);

	struct th_trace *t = load();
	cr_assert_eq(t->n_runs, 1);
	struct th_run *run = t->runs[0];
	cr_assert_eq(run->n_processes, 2, "the relay whose process is lost stands for it");
	cr_assert_eq(run->n_relays, 1);
	cr_assert_eq(th_run_writers(run), 3);
	cr_assert_eq(run->relays[0]->parent, run->processes[0]);
	cr_assert_eq(run->n_exchanges, 3);
	cr_assert_eq(run->exchanges[0]->process, run->processes[0]);
	cr_assert_eq(run->exchanges[1]->process, run->processes[0]);
	cr_assert_eq(run->exchanges[1]->connection->process, run->processes[0]);
	cr_assert_neq(
		memcmp(run->exchanges[0]->span_id, run->exchanges[1]->span_id, TH_SPAN_ID_BYTES), 0,
		"two exchanges of one process have two ids");
	cr_assert_str_eq(run->processes[1]->lane, "0.0");
	th_trace_free(t);
}

Test(trace, runs_of_one_trace_id_stay_apart)
{
	fake_open(&a, 1000);
	fake_run(&a, 5, "first");
	fake_process(&a, 5, 1, 0, 1);
	fake_process_end(&a);
	fake_open(&b, 50000);
	fake_run(&b, 5, "second");
	fake_process(&b, 5, 2, 0, 1);
	fake_req_head(&b, 1, 0, NO_BODY, GET); /* killed here */
	fake_open(&c, 60000);
	fake_process(&c, 5, 3, 2, 2);
	fake_open(&d, 70000);
	fake_process(&d, 5, 4, 77, 2); /* its parent was not recorded */
	struct th_trace *t = load();
	cr_assert_eq(t->n_runs, 2);
	cr_assert(is_text(t->runs[0]->meta, "first"));
	cr_assert_eq(t->runs[0]->n_processes, 1);
	cr_assert_eq(t->runs[1]->n_processes, 3);
	cr_assert_str_eq(t->runs[1]->processes[2]->lane, "1");
	cr_assert_null(t->runs[1]->processes[2]->parent);
	bool ambiguous = true;
	cr_assert_eq(
		th_trace_find_run(t, "0505", &ambiguous), t->runs[0], "the one that was not cut");
	cr_assert_not(ambiguous);
	th_trace_free(t);
}

/* A shell leaves by _exit: its run has no recorded end, and is as good as any. */
Test(trace, a_root_that_just_went_is_no_cut)
{
	fake_open(&a, 1000);
	fake_run(&a, 0x51, "");
	fake_process(&a, 0x51, 1, 0, 1);
	fake_process_end(&a);
	fake_open(&b, 50000);
	fake_run(&b, 0x52, "");
	fake_process(&b, 0x52, 2, 0, 1);
	struct th_trace *t = load();
	bool ambiguous = true;
	cr_assert_eq(t->runs[1]->end, TH_RUN_END_UNSEEN);
	cr_assert_eq(th_trace_find_run(t, NULL, &ambiguous), t->runs[1], "the newest");
	th_trace_free(t);
}

/* sh -c "exec agent": what goes on under its pid ends the run. A child's end does not. */
Test(trace, a_root_that_became_another_program)
{
	fake_open(&a, 1000);
	fake_run(&a, 0x51, "");
	fake_process(&a, 0x51, 1, 0, 1);
	fake_open(&b, 2000);
	fake_process_as(&b, 0x51, 2, 1, 2, 101);
	fake_open(&c, 3000);
	fake_process(&c, 0x51, 3, 1, 2);
	fake_process_end(&c);
	struct th_trace *t = load();
	cr_assert_eq(t->runs[0]->end, TH_RUN_END_UNSEEN);
	th_trace_free(t);
	fake_process_end(&b);
	t = load();
	cr_assert_eq(t->runs[0]->end, TH_RUN_ENDED);
	th_trace_free(t);
}

Test(trace, finds_runs_by_prefix)
{
	fake_open(&a, 1000);
	fake_run(&a, 0x51, "");
	fake_process(&a, 0x51, 1, 0, 1);
	fake_process_end(&a);
	fake_open(&b, 50000);
	fake_run(&b, 0x52, "");
	fake_process(&b, 0x52, 2, 0, 1);
	fake_req_head(&b, 1, 0, NO_BODY, GET);
	struct th_trace *t = load();
	bool ambiguous = true;
	cr_assert_eq(th_trace_find_run(t, "51", &ambiguous), t->runs[0]);
	cr_assert_eq(th_trace_find_run(t, "5252525252525252", &ambiguous), t->runs[1]);
	cr_assert_null(th_trace_find_run(t, "6", &ambiguous));
	cr_assert_not(ambiguous);
	cr_assert_null(th_trace_find_run(t, "5", &ambiguous));
	cr_assert(ambiguous);
	cr_assert_eq(
		th_trace_find_run(t, "", &ambiguous), t->runs[0], "a run that was cut comes last");
	cr_assert_eq(th_trace_find_run(t, NULL, &ambiguous), t->runs[0]);
	char longer[] = "51515151515151515151515151515151f";
	cr_assert_null(th_trace_find_run(t, longer, &ambiguous));
	th_trace_free(t);
}

/* Three exchanges: one over before the frames that are missing, one around them, one behind. */
Test(trace, what_is_lost_within_a_message_ends_it)
{
	fake_open(&a, 1000);
	for (uint32_t id = 1; id <= 3; id++) {
		fake_req_head(&a, id, 0, NO_BODY, GET);
		fake_head(&a, TH_FRAME_RES_HEAD, id, LAST, "HTTP/1.1 200 OK\r\n\r\n");
		fake_data(&a, TH_FRAME_RES_DATA, id, 0, "one ");
		a.w.lost_events = id == 2;
		fake_data(&a, TH_FRAME_RES_DATA, id, LAST, "three");
	}
	fake_close(&a);
	struct th_trace *t = load();
	cr_assert_eq(t->runs[0]->n_exchanges, 3);
	for (int i = 0; i < 3; i++) {
		const struct th_exchange *x = t->runs[0]->exchanges[i];
		cr_expect_eq(x->response.gap, i == 1);
		cr_expect_eq(x->response.finished, i != 1);
		cr_expect_eq(x->response.body_bytes, i == 1 ? 4 : 9, "nothing joins over a gap");
		cr_expect_not(x->request.gap);
	}
	th_trace_free(t);
}

static void flip_a_byte_in_the_middle(void)
{
	FILE *file = fopen(scratch_path, "r+");
	cr_assert(file);
	fseek(file, 0, SEEK_END);
	fseek(file, ftell(file) / 2, SEEK_SET);
	int byte = fgetc(file);
	fseek(file, -1, SEEK_CUR);
	fputc(byte ^ 1, file);
	fclose(file);
}

Test(trace, a_damaged_block_ends_the_messages_that_were_open)
{
	char noise[3001] = {0};
	uint32_t random = 1;
	const uint32_t n = 200;
	fake_open(&a, 1000);
	fake_req_head(&a, 1, 0, NO_BODY, GET);
	fake_head(&a, TH_FRAME_RES_HEAD, 1, LAST, "HTTP/1.1 200 OK\r\n\r\n");
	for (uint32_t i = 0; i < n; i++) {
		for (size_t k = 0; k + 1 < sizeof(noise); k++) {
			random = random * 1664525 + 1013904223;
			noise[k] = (char)(random >> 25 | 1);
		}
		fake_data(&a, TH_FRAME_RES_DATA, 1, i + 1 == n ? LAST : 0, noise);
	}
	fake_close(&a);
	flip_a_byte_in_the_middle();
	struct th_trace *t = load();
	cr_assert_eq(t->n_damage, 1);
	const struct th_message *m = &t->runs[0]->exchanges[0]->response;
	cr_expect(m->gap);
	cr_expect_not(m->finished);
	cr_expect_gt(m->n_pieces, 0);
	cr_expect_lt(m->n_pieces, n);
	th_trace_free(t);
}

Test(trace, a_loss_that_is_no_gap_ends_nothing)
{
	fake_open(&a, 1000);
	fake_req_head(&a, 1, 0, 0, GET);
	struct th_out *out = fake_begin(&a);
	th_out_u64(out, 1);
	th_out_u64(out, 9);
	th_out_str16(out, TH_SLICE_LIT("too many connections"));
	fake_put(&a, TH_FRAME_LOST, 0, 0);
	fake_data(&a, TH_FRAME_REQ_DATA, 1, LAST, "body");
	fake_close(&a);
	struct th_trace *t = load();
	cr_assert(t->runs[0]->exchanges[0]->request.finished);
	cr_assert_eq(t->runs[0]->processes[0]->lost_events, 1);
	th_trace_free(t);
}

static void fake_left(struct fake *f, uint8_t reason, uint8_t replaced, const char *path)
{
	struct th_out *out = fake_begin(f);
	const uint8_t fixed[8] = {reason, replaced};
	th_out_bytes(out, fixed, sizeof(fixed));
	th_out_str16(out, th_slice_str(path));
	fake_put(f, TH_FRAME_LEFT, 0, 0);
}

Test(trace, programs_without_the_library_in_order_of_time)
{
	fake_open(&b, 20000);
	fake_process(&b, 9, 2, 1, 2);
	fake_left(&b, TH_LEFT_ENVIRONMENT, 1, "/bin/later");
	fake_open(&a, 1000);
	fake_run(&a, 9, "");
	fake_process(&a, 9, 1, 0, 1);
	fake_left(&a, TH_LEFT_STATIC, 0, "/bin/earlier");
	fake_close(&a);
	fake_close(&b);
	struct th_trace *t = load();
	const struct th_run *run = t->runs[0];
	cr_assert_eq(run->n_departures, 2);
	cr_assert(is_text(run->departures[0]->path, "/bin/earlier"));
	cr_assert_eq(run->departures[0]->reason, TH_LEFT_STATIC);
	cr_assert_not(run->departures[0]->replaced);
	cr_assert_eq(run->departures[0]->process, run->processes[0]);
	cr_assert(is_text(run->departures[1]->path, "/bin/later"));
	cr_assert(run->departures[1]->replaced);
	cr_assert_eq(run->departures[1]->process, run->processes[1]);
	th_trace_free(t);
}

Test(trace, keeps_what_has_lost_its_frame)
{
	fake_open(&a, 1000);
	fake_data(&a, TH_FRAME_RES_DATA, 3, 0, "a body whose head is gone");
	fake_end(&a, TH_FRAME_REQ_END, 4, TH_END_LOCAL, 0);
	fake_req_head(&a, 5, 99, NO_BODY, GET);
	fake_put(&a, 222, 0, 0);
	struct th_trace *t = load();
	cr_assert_eq(t->n_runs, 1, "made up for the process that has none");
	cr_assert_eq(t->runs[0]->n_exchanges, 3);
	struct th_exchange *x = t->runs[0]->exchanges[0];
	cr_assert_not(x->request.present);
	cr_assert(x->response.present);
	cr_assert_eq(x->response.n_pieces, 1);
	cr_assert_null(t->runs[0]->exchanges[2]->connection);
	cr_assert_eq(t->runs[0]->processes[0]->writer, a.w.id);
	th_trace_free(t);
}

Test(trace, parents_in_a_circle)
{
	fake_open(&a, 1000);
	fake_process(&a, 5, 1, 2, 2);
	fake_open(&b, 1000);
	fake_process(&b, 5, 2, 1, 2);
	fake_open(&c, 1000);
	fake_process(&c, 5, 3, 3, 2);
	struct th_trace *t = load();
	size_t n = 0;
	for (size_t i = 0; i < t->n_runs; i++) {
		n += t->runs[i]->n_processes;
	}
	cr_assert_eq(n, 3);
	th_trace_free(t);
}

/* Every frame type with a payload cut at every length, and with noise: no crash, no overrun. */
Test(trace, survives_garbage_payloads)
{
	unsigned seed = 3;
	fake_open(&a, 1000);
	for (uint8_t type = 1; type < 24; type++) {
		for (size_t n = 0; n < 90; n++) {
			fake_begin(&a)->n = n;
			for (size_t i = 0; i < n; i++) {
				a.buffer[i] = n % 2 ? 0xff : (uint8_t)rand_r(&seed);
			}
			fake_put(&a, type, (uint8_t)n, (uint32_t)n % 5 ? (uint32_t)n : UINT32_MAX);
		}
	}
	struct th_trace *t = load();
	cr_assert_eq(t->n_runs, 1);
	cr_assert_gt(t->runs[0]->n_exchanges, 50);
	th_trace_free(t);
}

Test(trace, many_exchanges_keep_their_ids)
{
	fake_open(&a, 1000);
	for (uint32_t i = 1; i <= 3000; i++) {
		fake_req_head(&a, i, 0, NO_BODY, GET);
	}
	for (uint32_t i = 1; i <= 3000; i++) {
		fake_head(&a, TH_FRAME_RES_HEAD, i, NO_BODY, "HTTP/1.1 204 No\r\n\r\n");
	}
	struct th_trace *t = load();
	cr_assert_eq(t->runs[0]->n_exchanges, 3000);
	for (size_t i = 0; i < 3000; i++) {
		struct th_exchange *x = t->runs[0]->exchanges[i];
		cr_assert_eq(x->id, i + 1);
		cr_assert(x->request.finished && x->response.finished);
	}
	th_trace_free(t);
}

Test(trace, span_ids_differ_and_repeat)
{
	const uint8_t p[8] = {1}, q[8] = {2};
	uint8_t x[8], y[8];
	th_trace_span_id(p, 1, x);
	th_trace_span_id(p, 1, y);
	cr_assert_eq(memcmp(x, y, 8), 0);
	th_trace_span_id(p, 2, y);
	cr_assert_neq(memcmp(x, y, 8), 0);
	th_trace_span_id(q, 1, y);
	cr_assert_neq(memcmp(x, y, 8), 0);
}

Test(trace, reports_why_it_cannot_load)
{
	struct th_trace *t = NULL;
	const char *why = "";
	cr_assert_eq(th_trace_load(scratch_path, &t, &why), -ENOENT);
	scratch_write(scratch_path, "", 0);
	cr_assert_eq(th_trace_load(scratch_path, &t, &why), -EINVAL);
	cr_assert_str_eq(why, "is empty");
	cr_assert_null(t);
}
