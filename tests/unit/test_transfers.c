#include "trace/transfers.h"

#include "tests/unit/scratch.h"

#include "tests/unit/fake_run.h"

TestSuite(transfers, .init = scratch_setup, .fini = scratch_teardown);

#define NO_BODY (TH_FRAME_LAST | TH_FRAME_BODILESS)
#define EASY TH_TRANSFER_EASY
#define MULTI TH_TRANSFER_MULTI

static struct fake a;
static struct th_trace *t;

static void begin(void)
{
	fake_open(&a, 1000000);
	fake_run(&a, 7, "");
	fake_process(&a, 7, 1, 0, 1);
	fake_conn(&a, 1, TH_TRANSPORT_PLAIN, 80, "h", "");
	fake_conn(&a, 2, TH_TRANSPORT_OPENSSL, 443, "h", "h");
}

static void ask(uint32_t id, uint32_t conn, const char *start)
{
	char head[256];
	snprintf(head, sizeof(head), "%s HTTP/1.1\r\nHost: h\r\n\r\n", start);
	fake_req_head(&a, id, conn, NO_BODY, head);
}

static void answer(uint32_t id, unsigned status, const char *location)
{
	char head[256];
	snprintf(head, sizeof(head), "HTTP/1.1 %u X\r\n%s%s%s\r\n", status,
		location ? "Location: " : "", location ? location : "", location ? "\r\n" : "");
	fake_head(&a, TH_FRAME_RES_HEAD, id, NO_BODY, head);
}

struct said {
	uint8_t api;
	uint32_t handle, thread, connection;
	uint64_t began;
	int result;
	uint16_t status;
	uint32_t redirects;
	const char *asked, *effective;
};

static void transfer(const struct said *s)
{
	struct th_out *out = fake_begin(&a);
	th_out_u32(out, s->handle);
	th_out_u32(out, s->thread);
	th_out_u32(out, s->connection);
	th_out_u32(out, (uint32_t)s->result);
	th_out_u16(out, s->status);
	th_out_u8(out, s->api);
	th_out_u8(out, 11);
	th_out_u32(out, s->redirects);
	th_out_u32(out, 1);
	th_out_u16(out, 0);
	th_out_u16(out, 0);
	th_out_u64(out, s->began);
	for (uint64_t i = 1; i <= TH_TRANSFER_TIMES; i++) {
		th_out_u64(out, i * 100);
	}
	th_out_str16(out, th_slice_str(s->asked));
	th_out_str16(out, th_slice_str(s->effective));
	th_out_str16(out, TH_SLICE_LIT("proxy:1"));
	th_out_str16(out, TH_SLICE_LIT("why"));
	th_out_str16(out, TH_SLICE_LIT("8.0 TLS/1"));
	fake_put(&a, TH_FRAME_TRANSFER, 0, 0);
}

static const struct th_run *load(void)
{
	fake_close(&a);
	cr_assert_eq(th_trace_load(scratch_path, &t, NULL), 0);
	return t->runs[0];
}

/* One clause per exchange in order: "2<1r" says that exchange 2 follows 1 by a redirect. */
static const char *links(const struct th_run *run)
{
	static char text[256];
	size_t n = 0;
	text[0] = '\0';
	for (size_t i = 0; i < run->n_exchanges; i++) {
		const struct th_exchange *x = run->exchanges[i];
		if (!x->transfer) {
			continue;
		}
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u@%u", n ? " " : "", x->id,
			x->transfer->handle);
		if (x->follows) {
			n += (size_t)snprintf(text + n, sizeof(text) - n, "<%u%c", x->follows->id,
				" rctR"[x->why_follows]);
		}
	}
	return text;
}

static void expect(const char *wanted)
{
	const struct th_run *run = load();
	cr_assert_str_eq(links(run), wanted);
	th_trace_free(t);
}

Test(transfers, what_was_said)
{
	begin();
	uint64_t from = a.time;
	ask(1, 1, "GET /a");
	answer(1, 200, NULL);
	transfer(&(struct said){EASY, 4, 3, 1, from, 28, 200, 0, "http://h/a", "http://h/a"});
	const struct th_run *run = load();
	cr_assert_eq(run->n_transfers, 1);
	const struct th_transfer *said = run->transfers[0];
	cr_assert_eq(said->handle, 4);
	cr_assert_eq(said->thread, 3);
	cr_assert_eq(said->result, 28);
	cr_assert_eq(said->version, 11);
	cr_assert_eq(said->connects, 1);
	cr_assert_eq(said->began, from);
	cr_assert_eq(said->times[TH_TRANSFER_NAMELOOKUP], 100);
	cr_assert_eq(said->times[TH_TRANSFER_TOTAL], 700);
	cr_assert(th_slice_eq(said->asked, TH_SLICE_LIT("http://h/a")));
	cr_assert(th_slice_eq(said->proxy, TH_SLICE_LIT("proxy:1")));
	cr_assert(th_slice_eq(said->error, TH_SLICE_LIT("why")));
	cr_assert(th_slice_eq(said->library, TH_SLICE_LIT("8.0 TLS/1")));
	cr_assert_eq(said->last, run->exchanges[0]);
	cr_assert_eq(said->attempt, 1);
	th_trace_free(t);
}

Test(transfers, redirects)
{
	begin();
	uint64_t from = a.time;
	ask(1, 1, "GET /a?k=1");
	answer(1, 301, "https://h/b");
	ask(2, 2, "GET /b");
	answer(2, 302, "/c/d");
	ask(3, 2, "GET /c/d");
	answer(3, 303, "../e");
	ask(4, 2, "GET /e");
	answer(4, 200, NULL);
	transfer(&(struct said){
		EASY, 1, 3, 2, from, 0, 200, 3, "HTTP://u:p@H:80/a?k=1#part", "https://h/e"});
	expect("1@1 2@1<1r 3@1<2r 4@1<3r");
}

Test(transfers, what_else_happened_meanwhile_is_no_part)
{
	begin();
	ask(1, 1, "GET /a"); /* before it */
	answer(1, 200, NULL);
	uint64_t from = a.time;
	ask(2, 1, "GET /other"); /* of a callback's */
	answer(2, 200, NULL);
	ask(3, 1, "GET /a");
	answer(3, 200, NULL);
	transfer(&(struct said){EASY, 1, 3, 0, from, 0, 200, 0, "h/a", "http://h/a"});
	transfer(&(struct said){EASY, 2, 4, 0, from, 0, 200, 0, "http://h/a", "http://h/a"});
	transfer(&(struct said){EASY, 3, 3, 0, from, 0, 404, 0, "http://h/a", "http://h/a"});
	transfer(&(struct said){EASY, 4, 3, 0, from, 7, 0, 0, "http://x/a", "http://x/a"});
	expect("3@1");
}

Test(transfers, a_challenge_a_tunnel_a_lost_connection)
{
	begin();
	uint64_t from = a.time;
	ask(1, 1, "CONNECT h:443");
	answer(1, 200, NULL);
	ask(2, 2, "GET /a");
	answer(2, 401, NULL);
	ask(3, 2, "GET /a");
	fake_end(&a, TH_FRAME_RES_END, 3, TH_END_RESET, 104);
	ask(4, 2, "GET /a");
	answer(4, 200, NULL);
	transfer(&(struct said){EASY, 1, 3, 2, from, 0, 200, 0, "https://h/a", "https://h/a"});
	expect("1@1 2@1<1t 3@1<2c 4@1<3R");
}

Test(transfers, the_agent_tries_again)
{
	begin();
	for (uint32_t i = 1; i <= 4; i++) {
		uint64_t from = a.time;
		ask(i, 1, "GET /a");
		answer(i, i == 1 ? 503 : 200, NULL);
		transfer(&(struct said){EASY, 1, 3, 1, from, i == 2 ? 56 : 0, i == 1 ? 503 : 200, 0,
			"http://h/a", "http://h/a"});
	}
	const struct th_run *run = load();
	cr_assert_str_eq(links(run), "1@1 2@1<1R 3@1<2R 4@1");
	cr_assert_eq(run->transfers[2]->attempt, 3);
	cr_assert_eq(run->transfers[3]->attempt, 1);
	th_trace_free(t);
}

/* Those that ask for the very same take the answers in the order in which they ended. */
Test(transfers, side_by_side)
{
	begin();
	uint64_t from = a.time;
	ask(1, 1, "GET /a");
	ask(2, 2, "GET /a");
	ask(3, 2, "GET /b?token=th-redacted:0123456789abcdef:05");
	answer(2, 200, NULL);
	transfer(&(struct said){MULTI, 1, 9, 2, from, 0, 200, 0, "https://h/a", "https://h/a"});
	answer(3, 200, NULL);
	answer(1, 200, NULL);
	transfer(&(struct said){MULTI, 2, 9, 0, from, 0, 200, 0, "http://h/a", "http://h/a"});
	transfer(&(struct said){MULTI, 3, 9, 2, from, 0, 200, 0, "https://h/b?token=x", ""});
	transfer(&(struct said){MULTI, 4, 9, 2, from, 0, 200, 0, "", "https://h/b?token=x"});
	expect("1@2 2@1 3@4");
}

Test(transfers, failures_are_told_once)
{
	begin();
	struct th_out *out = fake_begin(&a);
	uint64_t before = a.time;
	th_out_u32(out, (uint32_t)-2);
	fake_id(out, 0, 4);
	th_out_str16(out, TH_SLICE_LIT("nope"));
	fake_put(&a, TH_FRAME_NAME, 0, 0);
	transfer(&(struct said){EASY, 1, 1, 0, before + 1, 6, 0, 0, "http://nope/late", ""});
	transfer(&(struct said){EASY, 2, 1, 0, before, 6, 0, 0, "ftp://u@NOPE:21/x", ""});
	transfer(&(struct said){EASY, 3, 1, 0, before, 6, 0, 0, "http://nope/taken", ""});
	transfer(&(struct said){EASY, 4, 1, 0, before, 60, 0, 0, "http://h/", ""});
	transfer(&(struct said){EASY, 5, 1, 0, before, 0, 0, 0, "file:///x", ""});
	transfer(&(struct said){MULTI, 6, 1, 0, before, -1, 0, 0, "http://h/", ""});
	const struct th_run *run = load();
	char alone[16] = "";
	for (size_t i = 0; i < run->n_transfers; i++) {
		const struct th_transfer *s = run->transfers[i];
		alone[s->handle - 1] = th_transfer_stands_alone(s) ? 'y' : 'n';
	}
	cr_assert_str_eq(alone, "ynyyny");
	cr_assert_eq(run->names[0]->transfer->handle, 2);
	th_trace_free(t);
}

Test(transfers, a_torn_one_is_passed_over)
{
	begin();
	th_out_u32(fake_begin(&a), 1);
	fake_put(&a, TH_FRAME_TRANSFER, 0, 0);
	cr_assert_eq(load()->n_transfers, 0);
	th_trace_free(t);
}
