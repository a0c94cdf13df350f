#include "recorder/conn.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/conn_script.h"
#include "tests/unit/fake_writer.h"

#define CONN "conn 1 port=80 error=0\n"
#define GET ">GET / HTTP/1.1\r\n\r\n"
#define GET_TEXT "#1 req-head c1 v11 LB GET / HTTP/1.1\\r\\n\\r\\n\n"
#define EMPTY "<HTTP/1.1 204 N\r\n\r\n"
#define EMPTY_TEXT "#1 res-head v11 LB HTTP/1.1 204 N\\r\\n\\r\\n\n"

Test(conn, unused_connections_are_in_the_ledger)
{
	script_expect(SCRIPT(NULL), CONN "conn-end 1 LOCAL 0 NOTHING\n");
	script_expect(SCRIPT("!RESET"), CONN "conn-end 1 RESET 104 NOTHING\n");
}

Test(conn, strangers_are_only_counted)
{
	script_expect(
		SCRIPT(">*1\r\n$4\r\nPING\r\n", "<+PONG\r\n"), CONN "conn-end 1 LOCAL 0 OTHER\n");
	script_expect(SCRIPT(">get key\r\n", "<END\r\n"), CONN "conn-end 1 LOCAL 0 OTHER\n");
	script_expect(SCRIPT("<220 mail.example\r\n", ">EHLO me\r\n", "<250 hi\r\n"),
		CONN "conn-end 1 LOCAL 0 OTHER\n");
	script_expect(SCRIPT("<220 mail.example\r\n", ">HELO host\r\n", "<250 hi\r\n", "!FIN"),
		CONN "conn-end 1 FIN 0 OTHER\n");
	script_expect(SCRIPT("<only the peer speaks"), CONN "conn-end 1 LOCAL 0 OTHER\n");
	script_expect(SCRIPT(">GE"), CONN "conn-end 1 LOCAL 0 OTHER\n");
	script_expect(SCRIPT(">AMETHODNAMETHATNOBODYHASEVERSEEN / HTTP/1.1\r\n\r\n"),
		CONN "conn-end 1 LOCAL 0 OTHER\n");
}

Test(conn, tls_records_are_only_counted)
{
	script_expect(SCRIPT(">\x16\x03\x01\x02", "<\x16\x03\x03", "!FIN"),
		CONN "conn-end 1 FIN 0 TLS\n");
}

Test(conn, what_only_looks_like_http_is_a_stranger)
{
	script_expect(SCRIPT(">GET /x NOTHTTP\r\n\r\n", "<bye"), CONN "conn-end 1 LOCAL 0 OTHER\n");
	script_expect(SCRIPT("<220 hello\r\n", GET, EMPTY), CONN "conn-end 1 LOCAL 0 OTHER\n");
}

Test(conn, http2_by_its_preface)
{
	struct th_conn_ref c = script_open();
	script_step(c, ">PRI * HTTP/2.0\r\n\r\nSM\r\n\r", 5);
	cr_assert_not(th_conn_is_http(c), "not decided yet");
	script_step(c, ">\n", 1);
	cr_assert(th_conn_is_http(c));
	th_conn_close(c);
	cr_assert_str_eq(fake_text(), CONN "conn-end 1 LOCAL 0 HTTP2\n");
	c = script_open();
	script_step(c, ">PRI * HTTP/3.0\r\n\r\n", 5);
	cr_assert_not(th_conn_is_http(c));
	th_conn_close(c);
	cr_assert_str_eq(fake_text(), CONN "conn-end 1 LOCAL 0 OTHER\n");
}

/* RFC 9113 3.4: SETTINGS (empty), and as an answer HEADERS on stream 1 with :status 204, at its
 * end. */
Test(conn, upgrade_to_http2_goes_on_as_stream_1)
{
	static const uint8_t answer[] = {
		0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 1, 5, 0, 0, 0, 1, 0x89};
	struct th_conn_ref c = script_open();
	uint8_t received[200];
	size_t n = (size_t)snprintf((char *)received, sizeof(received),
		"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
	memcpy(received + n, answer, sizeof(answer));
	script_step(c, ">GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n", 100);
	th_conn_received(c, received, n + sizeof(answer));
	script_step(c, ">PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 100);
	th_conn_close(c);
	const char *text = fake_text();
	cr_assert_not_null(strstr(text, "#1 res-info v11 L HTTP/1.1 101 S"));
	cr_assert_not_null(strstr(text, "#1 res-head v20 LB "));
	cr_assert_not_null(strstr(text, ":status204"));
	cr_assert_null(strstr(text, "-end UNPARSED"));
	cr_assert_null(strstr(text, "res-data"));
	cr_assert_not_null(strstr(text, "conn-end 1 LOCAL 0 HTTP2\n"));
}

static struct th_conn_conf conf_of(uint16_t port)
{
	return (struct th_conn_conf){.transport = TH_TRANSPORT_OPENSSL,
		.peer = {.family = 4, .port = port, .bytes = {192, 0, 2, 7}},
		.connect_began = 11,
		.connected = 0};
}

Test(conn, frame_says_what_is_known)
{
	struct th_conn_conf conf = conf_of(443);
	th_recorder_name("api.example", 0, 0, &conf.peer, 1);
	struct th_conn_ref c = th_conn_open(&conf);
	th_conn_tls(c, TH_SLICE_LIT("sni.example"), TH_SLICE_LIT("http/1.1"));
	th_conn_connected(c);
	fake_forget();
	script_step(c, GET, 100);
	cr_assert_str_eq(fake_text(),
		"conn 1 port=443 error=0 name=api.example sni=sni.example "
		"alpn=http/1.1\n" GET_TEXT);
	const struct fake_frame *f = &fake_frames[0];
	static const uint8_t start[] = {TH_TRANSPORT_OPENSSL, 4, 0xbb, 1, 1, 0, 0, 0, 192, 0, 2, 7};
	cr_assert_eq(memcmp(f->p, start, sizeof(start)), 0);
	cr_assert_eq(th_le64(f->p + 32), 11);
	cr_assert_gt(th_le64(f->p + 40), 0);
	th_conn_close(c);
}

/* The server's greeting was read, but the agent did not like the certificate: it said nothing. */
Test(conn, greeting_of_http2_alone_is_no_stranger)
{
	struct th_conn_conf conf = conf_of(443);
	struct th_conn_ref c = th_conn_open(&conf);
	th_conn_tls(c, TH_SLICE_LIT("sni.example"), TH_SLICE_LIT("h2"));
	script_step(c, "<settings", 100);
	fake_forget();
	th_conn_close(c);
	cr_assert_not_null(strstr(fake_text(), "LOCAL 0 NOTHING"), "%s", fake_text());
}

/* A replay gives at once what was given at once (player/h1_out.h). */
Test(conn, frames_of_one_call_are_told_by_their_times)
{
	struct th_conn_conf conf = conf_of(80);
	struct th_conn_ref c = th_conn_open(&conf);
	script_step(c, GET, 100);
	for (int i = 0; i < 2; i++) {
		fake_forget();
		th_conn_received(c, "HTTP/1.1 103 E\r\n\r\nHTTP/1.1 102 P\r\n\r\n", 36);
		cr_assert_eq(fake_count, 2);
		cr_expect_eq(fake_frames[1].time, fake_frames[0].time + 1);
	}
	uint64_t time = fake_frames[1].time;
	fake_forget();
	th_conn_received(c, "HTTP/1.1 204 N\r\n\r\n", 18);
	cr_expect_geq(fake_frames[0].time, time + TH_FRAME_ONE_READ_NS);
	th_conn_close(c);
}

static uint32_t certificates_of(size_t i)
{
	cr_assert_eq(fake_frames[i].type, TH_FRAME_CONN);
	return th_le32(fake_frames[i].p + 28);
}

static const struct fake_frame *ended(struct th_conn_ref c)
{
	fake_forget();
	th_conn_close(c);
	return &fake_frames[fake_count - 1];
}

static uint16_t met_by(void (*tell)(struct th_conn_ref c))
{
	struct th_conn_conf conf = conf_of(443);
	struct th_conn_ref c = th_conn_open(&conf);
	th_conn_sent(c, "abc", 3);
	tell(c);
	const uint8_t *p = ended(c)->p;
	return (uint16_t)(p[2] | p[3] << 8);
}

static void nothing(struct th_conn_ref c)
{
}

static void left_unread(struct th_conn_ref c)
{
	th_conn_met(c, TH_MET_UNREAD);
}

static void read_the_end(struct th_conn_ref c)
{
	th_conn_peer_end(c, TH_END_FIN, 0);
	th_conn_met(c, TH_MET_UNREAD | TH_MET_LOOKED);
}

static void could_not_send(struct th_conn_ref c)
{
	th_conn_send_failed(c, TH_END_RESET, EPIPE);
	th_conn_met(c, TH_MET_UNREAD);
}

/* An end that was read stays to be read. */
Test(conn, how_the_agent_came_upon_the_end_is_told)
{
	cr_expect_eq(met_by(nothing), TH_MET_TOLD);
	cr_expect_eq(met_by(left_unread), TH_MET_TOLD | TH_MET_UNREAD);
	cr_expect_eq(met_by(read_the_end), TH_MET_TOLD | TH_MET_LOOKED);
	cr_expect_eq(met_by(could_not_send), TH_MET_TOLD | TH_MET_SEND_FAILED);
}

/* What the kernel counts beyond what was told stands in CONN_END, and only then. */
Test(conn, what_went_unseen_is_told)
{
	struct th_conn_conf conf = conf_of(443);
	struct th_conn_ref c = th_conn_open(&conf);
	th_conn_sent(c, "abc", 3);
	th_conn_received(c, "de", 2);
	th_conn_account(c, 3, 2);
	cr_assert_eq(ended(c)->n, 24);
	c = th_conn_open(&conf);
	th_conn_sent(c, "abc", 3);
	th_conn_account(c, 2, 9);
	const struct fake_frame *f = ended(c);
	cr_assert_eq(f->n, 40);
	cr_assert_eq(th_le64(f->p + 8), 3);
	cr_assert_eq(th_le64(f->p + 24), 0);
	cr_assert_eq(th_le64(f->p + 32), 9);
}

/* Without the lock, once it is known that nobody looks at them. */
Test(conn, what_is_only_counted_is_told)
{
	struct th_conn_conf conf = conf_of(443);
	struct th_conn_ref c = th_conn_open(&conf), stale = c;
	cr_assert_not(th_conn_count(c, 5, false), "it may be HTTP");
	th_conn_sent(c, "\x16\x03\x01\x02", 4);
	cr_assert(th_conn_count(c, 5, false) && th_conn_count(c, 7, true));
	cr_assert(th_conn_count(c, 1, true));
	th_conn_received(c, "de", 2);
	th_conn_account(c, 9, 11);
	const struct fake_frame *f = ended(c);
	cr_assert_eq(f->n, 40);
	cr_assert_eq(th_le64(f->p + 8), 9);
	cr_assert_eq(th_le64(f->p + 16), 10);
	cr_assert_eq(th_le64(f->p + 24), 0);
	cr_assert_eq(th_le64(f->p + 32), 1);
	cr_assert_not(th_conn_count(stale, 5, false), "it is closed");
	c = script_open();
	cr_assert_not(th_conn_count(stale, 5, false), "and used anew");
	script_step(c, ">GET / HTTP/1.1\r\n\r\n", 100);
	cr_assert_not(th_conn_count(c, 5, true), "it is HTTP");
	th_conn_close(c);
}

/* What a process inherits it shares with another one, which has to be told. */
Test(conn, what_is_inherited_is_not_only_counted)
{
	struct th_conn_conf conf = conf_of(443);
	struct th_conn_ref c = th_conn_open(&conf);
	th_conn_sent(c, "\x16\x03\x01\x02", 4);
	pid_t child = fork();
	if (child == 0) {
		th_conns_forked();
		bool counted = th_conn_count(c, 5, false);
		th_conn_sent(c, "\x16\x03\x01\x02", 4);
		_exit(counted || th_conn_count(c, 5, false));
	}
	int status = 1;
	waitpid(child, &status, 0);
	cr_assert_eq(status, 0);
	cr_assert(th_conn_count(c, 5, false));
}

static size_t frames_of_handing_on(struct th_conn_ref c)
{
	fake_forget();
	th_conn_hand_on(c, true);
	return fake_count;
}

/* It is told of what is unfinished, and changes nothing. */
Test(conn, what_another_program_goes_on_with_is_told)
{
	struct th_conn_conf conf = conf_of(80);
	struct th_conn_ref c = th_conn_open(&conf);
	cr_assert_eq(frames_of_handing_on(c), 2, "CONN and CONN_END: nothing was said yet");
	th_conn_sent(c, "GET / HTTP/1.1\r\n", 16);
	cr_assert_eq(frames_of_handing_on(c), 1, "half a head");
	th_conn_sent(c, "Host: x\r\n\r\n", 11);
	cr_assert_eq(frames_of_handing_on(c), 1);
	cr_assert_eq(fake_frames[0].p[2], TH_MET_TOLD | TH_MET_HANDED_ON);
	th_conn_received(c, "HTTP/1.1 200 K\r\nContent-Length: 1\r\n\r\n", 37);
	cr_assert_eq(frames_of_handing_on(c), 1);
	th_conn_received(c, "x", 1);
	cr_assert_eq(frames_of_handing_on(c), 0, "all was answered");
	fake_forget();
	th_conn_account(c, 27, 39);
	th_conn_hand_on(c, false);
	cr_assert_eq(fake_count, 1, "a byte went unseen");
	cr_assert_eq(fake_frames[0].p[2], TH_MET_TOLD);
	cr_assert_eq(ended(c)->p[2], TH_MET_TOLD);
}

/* Nobody knows how much of a connection's bytes a forked child has moved. */
Test(conn, what_a_child_moved_is_not_unseen)
{
	struct th_conn_conf conf = conf_of(443);
	struct th_conn_ref c = th_conn_open(&conf), d = th_conn_open(&conf);
	pid_t child = fork();
	if (child == 0) {
		th_conns_forked();
		th_conn_sent(c, "abc", 3);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	th_conn_account(c, 3, 0);
	th_conn_account(d, 3, 0);
	cr_assert_eq(ended(c)->n, 24);
	cr_assert_eq(ended(d)->n, 40, "but only on that one");
}

#define ANSWER(text) "HTTP/1.1 200 K\r\nContent-Length: 1\r\n\r\n" text

/* It would be taken for the answer to the parent's older question. */
Test(conn, what_a_child_has_read_is_not_awaited_any_more)
{
	struct th_conn_ref c = script_open();
	script_step(c, ">GET /1 HTTP/1.1\r\n\r\n", 100);
	pid_t child = fork();
	if (child == 0) {
		th_conns_forked();
		th_conn_received(c, ANSWER("1"), sizeof(ANSWER("1")) - 1);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	script_step(c, ">GET /2 HTTP/1.1\r\n\r\n", 100);
	script_step(c, "<" ANSWER("2"), 100);
	th_conn_close(c);
	const char *text = fake_text();
	cr_expect_not_null(strstr(text, "#1 res-end LOCAL"), "%s", text);
	cr_expect_not_null(strstr(text, "#2 res-data L 2"), "%s", text);
}

Test(conn, what_a_child_reads_first_answers_its_parent)
{
	struct th_conn_ref c = script_open();
	script_step(c, ">GET /1 HTTP/1.1\r\n\r\n", 100);
	fake_forget();
	th_conns_forked();
	script_step(c, "<" ANSWER("1"), 100);
	script_step(c, ">GET /2 HTTP/1.1\r\n\r\n", 100);
	script_step(c, "<" ANSWER("2"), 100);
	th_conn_close(c);
	const char *text = fake_text();
	cr_expect_not_null(strstr(text, "res-data L 2"), "%s", text);
	cr_expect_null(strstr(text, "res-data L 1"), "%s", text);
	cr_expect_not_null(strstr(text, "lost"), "%s", text);
}

/* A chain is written once, before the connections that refer to it. */
Test(conn, certificates_are_written_once)
{
	static const char *const chains[] = {"\3\0\0\0one", "\3\0\0\0two", "\3\0\0\0one", ""};
	struct th_conn_conf conf = conf_of(443);
	fake_forget();
	for (int i = 0; i < 4; i++) {
		struct th_conn_ref c = th_conn_open(&conf);
		th_conn_certificates(
			c, (struct th_slice){(const uint8_t *)chains[i], *chains[i] ? 7 : 0});
		th_conn_close(c); /* CONN, CONN_END */
	}
	cr_assert_eq(fake_count, 4 * 2 + 2);
	cr_assert_eq(fake_frames[0].type, TH_FRAME_CERTIFICATES);
	uint32_t one = fake_frames[0].id, two = fake_frames[3].id;
	cr_expect_eq(memcmp(fake_frames[0].p, chains[0], 7), 0);
	cr_expect_eq(certificates_of(1), one);
	cr_assert_eq(fake_frames[3].type, TH_FRAME_CERTIFICATES);
	cr_expect_neq(one, two);
	cr_expect_eq(certificates_of(4), two);
	cr_expect_eq(certificates_of(6), one, "nothing was written again");
	cr_expect_eq(certificates_of(8), 0);
}

Test(conn, too_many_certificates_are_not_kept)
{
	static uint8_t big[(64 << 10) + 1];
	struct th_conn_conf conf = conf_of(443);
	fake_forget();
	struct th_conn_ref c = th_conn_open(&conf);
	th_conn_certificates(c, (struct th_slice){big, sizeof(big)});
	th_conn_close(c);
	cr_expect_eq(certificates_of(0), 0);
}

Test(conn, long_tls_names_are_cut)
{
	static uint8_t big[1000];
	struct th_conn_conf conf = conf_of(443);
	struct th_conn_ref c = th_conn_open(&conf);
	memset(big, 'x', sizeof(big));
	th_conn_tls(c, (struct th_slice){big, sizeof(big)}, (struct th_slice){big, sizeof(big)});
	th_conn_close(c);
	cr_assert_eq(fake_frames[0].n, 48 + 2 + 2 + 255 + 2 + 15);
}

Test(conn, failed_connect)
{
	struct th_conn_conf conf = conf_of(443);
	th_conn_failed(&conf, ECONNREFUSED);
	cr_assert_str_eq(fake_text(), "conn 1 port=443 error=111\n");
}

Test(conn, stale_handles_do_nothing)
{
	struct th_conn_ref first = script_open();
	th_conn_close(first);
	struct th_conn_ref second = script_open();
	cr_assert_eq(first.conn, second.conn, "memory is used again");
	script_step(first, GET, 100);
	th_conn_peer_end(first, TH_END_FIN, 0);
	th_conn_tls(first, TH_SLICE_LIT("x"), TH_SLICE_LIT("y"));
	th_conn_close(first);
	cr_assert_not(th_conn_is_http(first));
	cr_assert_eq(fake_count, 0);
	script_step(second, GET, 100);
	cr_assert(th_conn_is_http(second));
	th_conn_close(second);
	th_conn_close(second);
	cr_assert_str_eq(
		fake_text(), CONN GET_TEXT "#1 res-end LOCAL 0\nconn-end 1 LOCAL 0 HTTP1\n");
	const struct th_conn_ref none = {NULL, 0};
	th_conn_sent(none, "x", 1);
	th_conn_close(none);
}

Test(conn, end_of_the_peer_comes_once)
{
	script_expect(SCRIPT(GET, "!FIN", "!RESET", ">GET /late HTTP/1.1\r\n\r\n", "<late"),
		CONN GET_TEXT "#1 res-end FIN 0\nconn-end 1 FIN 0 HTTP1\n");
}

Test(conn, answers_can_be_read_after_a_send_failed)
{
	script_expect(SCRIPT(">POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab", "!SENDING",
			      "<HTTP/1.0 413 Big\r\n\r\nx", "!SENDING", "!FIN"),
		CONN "#1 req-head c1 v11 L POST / HTTP/1.1\\r\\nContent-Length: 5\\r\\n\\r\\n\n"
		     "#1 req-data ab\n"
		     "#1 res-head v10 L HTTP/1.0 413 Big\\r\\n\\r\\n\n"
		     "#1 res-data x\n"
		     "#1 req-end FIN 0\n"
		     "#1 res-end COMPLETE 0\n"
		     "conn-end 1 FIN 0 HTTP1\n");
	script_expect(SCRIPT(GET, "!SENDING"),
		CONN GET_TEXT "#1 res-end RESET 32\nconn-end 1 RESET 32 HTTP1\n");
}

Test(conn, vectors)
{
	struct th_conn_ref c = script_open();
	char a[] = "GET / HT", b[] = "TP/1.1\r\n\r\nGET /never-sent HTTP/1.1\r\n\r\n";
	const struct iovec v[] = {{a, 8}, {NULL, 0}, {b, sizeof(b) - 1}, {a, 8}};
	th_conn_sent_v(c, v, 4, 18);
	th_conn_close(c);
	cr_assert_str_eq(
		fake_text(), CONN GET_TEXT "#1 res-end LOCAL 0\nconn-end 1 LOCAL 0 HTTP1\n");
	cr_assert_eq(th_le64(fake_frames[fake_count - 1].p + 8), 18);
}

Test(conn, numbers_do_not_repeat)
{
	struct th_conn_ref c = script_open();
	struct th_conn_conf conf = conf_of(81);
	struct th_conn_ref d = th_conn_open(&conf);
	script_step(d, GET, 100);
	script_step(c, GET, 100);
	cr_assert_str_eq(fake_text(),
		"conn 1 port=81 error=0\n" GET_TEXT "conn 2 port=80 error=0\n"
		"#2 req-head c2 v11 LB GET / HTTP/1.1\\r\\n\\r\\n\n");
	th_conn_close(c);
	th_conn_close(d);
}

Test(conn, too_many)
{
	static struct th_conn_ref refs[TH_CONN_OPEN_MAX];
	struct th_conn_conf conf = conf_of(80);
	script_open();
	size_t n = 1;
	while (n < TH_CONN_OPEN_MAX && (refs[n] = th_conn_open(&conf)).conn) {
		n++;
	}
	cr_assert_eq(n, TH_CONN_OPEN_MAX, "the pool has room for all");
	cr_assert_eq(fake_count, 0);
	cr_assert_null(th_conn_open(&conf).conn);
	cr_assert_str_eq(fake_text(), "lost 1 0 too many connections\n");
	th_conn_close(refs[7]);
	cr_assert_not_null(th_conn_open(&conf).conn);
}

/* The process ends while a connection is open, and code that runs even later goes on using it. */
Test(conn, finish_ends_all_and_leaves_them_usable)
{
	const struct th_process_conf process = {.capture = "/tmp/x.thc", .root = true};
	cr_assert_eq(th_recorder_start(&process), 0);
	struct th_conn_ref c = script_open();
	script_step(c, GET, 100);
	th_recorder_finish();
	cr_assert_str_eq(fake_text(),
		CONN GET_TEXT "#1 res-end LOCAL 0\nconn-end 1 LOCAL 0 HTTP1\nframe 3\n");
	fake_forget();
	th_conn_close(c);
	cr_assert_eq(fake_count, 0, "nothing new to tell");
	c = script_open();
	th_recorder_finish();
	fake_forget();
	script_step(c, GET, 100);
	script_step(c, EMPTY, 100);
	th_conn_close(c);
	cr_assert_str_eq(fake_text(),
		"conn 2 port=80 error=0\n"
		"#1 req-head c2 v11 LB GET / HTTP/1.1\\r\\n\\r\\n\n" EMPTY_TEXT
		"conn-end 2 LOCAL 0 HTTP1\n");
}

/* In the child of a fork: an inherited connection is new there, an unused one is never told. */
static int child_result(struct th_conn_ref used, struct th_conn_ref unused)
{
	th_recorder_forked();
	fake_forget();
	script_step(used, GET, 100);
	script_step(used, EMPTY, 100);
	th_conn_close(used);
	th_conn_close(unused);
	return strcmp(fake_text(), CONN GET_TEXT EMPTY_TEXT "conn-end 1 LOCAL 0 HTTP1\n") != 0;
}

Test(conn, inherited_by_a_fork)
{
	struct th_conn_conf conf = conf_of(81);
	struct th_conn_ref used = script_open(), unused = th_conn_open(&conf);
	script_step(used, GET, 100);
	script_step(unused, ">POST / HTTP/1.1\r\nContent-Le", 100);
	pid_t pid = fork();
	if (pid == 0) {
		_exit(child_result(used, unused));
	}
	int status;
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	script_step(used, EMPTY, 100);
	cr_assert_not_null(strstr(fake_text(), EMPTY_TEXT));
}

/* A thread of the parent's held every lock at the fork. */
Test(conn, locks_held_at_the_fork)
{
	struct th_conn_ref c = script_open();
	script_step(c, GET, 100);
	cr_assert(th_lock(&c.conn->lock));
	pid_t pid = fork();
	if (pid == 0) {
		alarm(5);
		_exit(child_result(c, (struct th_conn_ref){NULL, 0}));
	}
	int status;
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	th_unlock(&c.conn->lock);
	th_conn_close(c);
}

static void *use_connections(void *arg)
{
	struct th_conn_conf conf = conf_of(80);
	struct th_conn_ref *shared = arg;
	for (int i = 0; i < 300; i++) {
		struct th_conn_ref c = th_conn_open(&conf);
		th_conn_tls(c, TH_SLICE_LIT("x"), TH_SLICE_LIT("y"));
		script_step(c, GET, 100);
		th_conn_connected(*shared);
		th_conn_is_http(*shared);
		script_step(c, EMPTY, 100);
		th_conn_close(i == 200 ? *shared : (struct th_conn_ref){NULL, 0});
		th_conn_close(c);
	}
	return NULL;
}

Test(conn, threads)
{
	enum {
		THREADS = 4,
		CONNS = THREADS * 300 + 1 /* the shared one */
	};
	static uint8_t begun[CONNS + 1], ended[CONNS + 1];
	struct th_conn_ref shared = script_open();
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++) {
		pthread_create(&threads[i], NULL, use_connections, &shared);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
	}
	cr_assert_eq(fake_count, 4 * (CONNS - 1) + 2);
	for (size_t i = 0; i < fake_count; i++) {
		const struct fake_frame *f = &fake_frames[i];
		cr_assert(f->id >= 1 && f->id <= CONNS);
		begun[f->id] += f->type == TH_FRAME_CONN;
		ended[f->id] += f->type == TH_FRAME_CONN_END;
	}
	for (size_t i = 1; i <= CONNS; i++) {
		cr_assert(begun[i] == 1 && ended[i] == 1, "connection %zu", i);
	}
}
