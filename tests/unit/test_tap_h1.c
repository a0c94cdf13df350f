#include "recorder/tap_h1.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/pool.h"
#include "capture/scrub_rules.h"
#include "tests/unit/conn_script.h"
#include "tests/unit/fake_writer.h"

#define CONN "conn 1 port=80 error=0\n"

Test(tap_h1, keep_alive)
{
	script_expect(SCRIPT(">GET /1 HTTP/1.1\r\nHost: a\r\n\r\n",
			      "<HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
			      ">POST /2 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
			      "<HTTP/1.0 404 No\r\nContent-Length: 0\r\n\r\n"),
		CONN "#1 req-head c1 v11 LB GET /1 HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\n"
		     "#1 res-head v11 L HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n\n"
		     "#1 res-data L hi\n"
		     "#2 req-head c1 v11 L POST /2 HTTP/1.1\\r\\nContent-Length: 3\\r\\n\\r\\n\n"
		     "#2 req-data L abc\n"
		     "#2 res-head v10 LB HTTP/1.0 404 No\\r\\nContent-Length: 0\\r\\n\\r\\n\n"
		     "conn-end 1 LOCAL 0 HTTP1\n");
}

Test(tap_h1, pipelined_requests_are_answered_in_order)
{
	script_expect(
		SCRIPT(">GET /1 HTTP/1.1\r\n\r\nHEAD /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n",
			"<HTTP/1.1 204 N\r\n\r\nHTTP/1.1 200 K\r\nContent-Length: 9\r\n\r\n"
			"HTTP/1.1 200 K\r\nContent-Length: 1\r\n\r\nx"),
		CONN "#1 req-head c1 v11 LB GET /1 HTTP/1.1\\r\\n\\r\\n\n"
		     "#2 req-head c1 v11 LB HEAD /2 HTTP/1.1\\r\\n\\r\\n\n"
		     "#3 req-head c1 v11 LB GET /3 HTTP/1.1\\r\\n\\r\\n\n"
		     "#1 res-head v11 LB HTTP/1.1 204 N\\r\\n\\r\\n\n"
		     "#2 res-head v11 LB HTTP/1.1 200 K\\r\\nContent-Length: 9\\r\\n\\r\\n\n"
		     "#3 res-head v11 L HTTP/1.1 200 K\\r\\nContent-Length: 1\\r\\n\\r\\n\n"
		     "#3 res-data L x\n"
		     "conn-end 1 LOCAL 0 HTTP1\n");
}

Test(tap_h1, chunked_both_ways_stays_as_on_the_wire)
{
	script_expect(SCRIPT(">POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
			     "3\r\nabc\r\n0\r\n\r\n",
			      "<HTTP/1.1 200 K\r\nTransfer-Encoding: chunked\r\n\r\n"
			      "2;x\r\nhi\r\n0\r\nT: 1\r\n\r\n"),
		CONN
		"#1 req-head c1 v11 L POST / HTTP/1.1\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n\n"
		"#1 req-data L 3\\r\\nabc\\r\\n0\\r\\n\\r\\n\n"
		"#1 res-head v11 L HTTP/1.1 200 K\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n\n"
		"#1 res-data L 2;x\\r\\nhi\\r\\n0\\r\\nT: 1\\r\\n\\r\\n\n"
		"conn-end 1 LOCAL 0 HTTP1\n");
}

/* The token of "s3cret" under the fake writer's key of zeros. */
#define TOKEN "th-redacted:2a3912837331134d:03"

Test(tap_h1, secrets_in_responses_and_trailers_are_redacted)
{
	script_expect(SCRIPT(">POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
			     "3\r\nabc\r\n0\r\nX-Api-Key: s3cret\r\nB: 1\r\n\r\n",
			      "<HTTP/1.1 200 K\r\nX-Auth-Token: s3cret\r\n"
			      "X-Api-Key:\r\n s3cret\r\nTransfer-Encoding: chunked\r\n\r\n"
			      "0\r\nX-Auth-Token: s3cret\r\n\r\n"),
		CONN "#1 req-head c1 v11 L POST / HTTP/1.1\\r\\nTransfer-Encoding: chunked"
		     "\\r\\n\\r\\n\n"
		     "#1 req-data LR 3\\r\\nabc\\r\\n0\\r\\nX-Api-Key: " TOKEN
		     "\\r\\nB: 1\\r\\n\\r\\n\n"
		     "#1 res-head v11 LR HTTP/1.1 200 K\\r\\nX-Auth-Token: " TOKEN "\\r\\n"
		     "X-Api-Key:\\r\\n " TOKEN "\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n\n"
		     "#1 res-data LR 0\\r\\nX-Auth-Token: " TOKEN "\\r\\n\\r\\n\n"
		     "conn-end 1 LOCAL 0 HTTP1\n");
}

/* Cut anywhere, what is written of a secret line is never its secret. */
Test(tap_h1, a_cut_head_or_trailer_keeps_its_secret_to_itself)
{
	static const char request[] = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
				      "0\r\nX-Api-Key: 5ecre7\r\n\r\n";
	static const char response[] =
		"HTTP/1.1 200 K\r\nX-Auth-Token: 5ecre7\r\nTransfer-Encoding: chunked\r\n\r\n"
		"0\r\nX-Auth-Token: 5ecre7\r\n\r\n";
	for (size_t cut = 1; cut < sizeof(request) + sizeof(response) - 2; cut++) {
		struct th_conn_ref c = script_open();
		size_t n = cut < sizeof(request) ? cut : sizeof(request) - 1;
		th_conn_sent(c, request, n);
		th_conn_received(c, response, cut - n);
		th_conn_close(c);
		cr_assert_null(strstr(fake_text(), "5e"), "cut at %zu: %s", cut, fake_text());
	}
}

/* ---- rules for bodies ---- */

#define GET ">GET / HTTP/1.1\r\n\r\n"
#define GET_TEXT CONN "#1 req-head c1 v11 LB GET / HTTP/1.1\\r\\n\\r\\n\n"

static struct th_scrub_rules rules;

/* Until th_recorder_start() is called without them. */
static void record_by(const char *file)
{
	char why[TH_SCRUB_RULES_WHY_MAX];
	const struct th_process_conf conf = {.capture = "/x", .root = true, .rules = &rules};
	memset(&rules, 0, sizeof(rules));
	cr_assert(th_scrub_rules_parse(th_slice_str(file), &rules, why), "%s", why);
	cr_assert_eq(th_recorder_start(&conf), 0);
	fake_forget();
}

Test(tap_h1, bodies_are_scrubbed_wherever_they_are_cut)
{
	record_by("{\"rules\": [{\"json\": \"/k\", \"action\": \"mask\"}]}");
	script_expect(SCRIPT(">POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
			     "5\r\n{\"k\":\r\n4;x=y\r\n\"abc\r\n2\r\n\"}\r\n0\r\nX-Api-Key: "
			     "s3cret\r\n\r\n",
			      "<HTTP/1.1 200 K\r\nContent-Type: text/event-stream\r\n\r\n"
			      "data: {\"k\":\"abc\"}\n\ndata: {\"k\":\"de",
			      "!FIN"),
		CONN "#1 req-head c1 v11 L POST / HTTP/1.1\\r\\nTransfer-Encoding: chunked"
		     "\\r\\n\\r\\n\n"
		     "#1 req-data LR 5\\r\\n{\"k\":\\r\\n4;***\\r\\n\"***\\r\\n2\\r\\n\"}\\r\\n"
		     "0\\r\\nX-Api-Key: " TOKEN "\\r\\n\\r\\n\n"
		     "#1 res-head v11 L HTTP/1.1 200 K\\r\\nContent-Type: text/event-stream"
		     "\\r\\n\\r\\n\n"
		     "#1 res-data R data: {\"k\":\"***\"}\\n\\ndata: {\"k\":\"**\n"
		     "#1 res-end COMPLETE 0\n"
		     "conn-end 1 FIN 0 HTTP1\n");
}

Test(tap_h1, what_cannot_be_scrubbed_is_withheld)
{
	record_by("{\"rules\": [{\"json\": \"/k\"}]}");
	script_expect(SCRIPT(GET,
			      "<HTTP/1.1 200 K\r\nContent-Encoding: gzip\r\n"
			      "Content-Length: 3\r\n\r\nabc"),
		GET_TEXT "#1 res-head v11 L HTTP/1.1 200 K\\r\\nContent-Encoding: gzip\\r\\n"
			 "Content-Length: 3\\r\\n\\r\\n\n"
			 "lost 1 3 redaction rules cannot look into a coded body\n"
			 "#1 res-end WITHHELD 0\n"
			 "conn-end 1 LOCAL 0 HTTP1\n");
}

Test(tap_h1, an_event_is_written_when_it_has_come)
{
	record_by("{\"rules\": [{\"json\": \"/k\"}]}");
	struct th_conn_ref c = script_open();
	script_step(c, GET, 100);
	script_step(c, "<HTTP/1.1 200 K\r\nContent-Type: text/event-stream\r\n\r\n", 100);
	size_t before = fake_count;
	script_step(c, "<data: 1\n", 100);
	cr_assert_eq(fake_count, before, "it may go on");
	script_step(c, "<\n", 100);
	cr_assert_eq(fake_count, before + 2, "in the two pieces in which it came");
	th_conn_close(c);
}

Test(tap_h1, interim_responses)
{
	script_expect(SCRIPT(">PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
			      "<HTTP/1.1 100 Continue\r\n\r\n", ">x",
			      "<HTTP/1.1 103 E\r\nLink: y\r\n\r\nHTTP/1.1 204 N\r\n\r\n"),
		CONN "#1 req-head c1 v11 L PUT / HTTP/1.1\\r\\nExpect: 100-continue\\r\\n"
		     "Content-Length: 1\\r\\n\\r\\n\n"
		     "#1 res-info v11 L HTTP/1.1 100 Continue\\r\\n\\r\\n\n"
		     "#1 req-data L x\n"
		     "#1 res-info v11 L HTTP/1.1 103 E\\r\\nLink: y\\r\\n\\r\\n\n"
		     "#1 res-head v11 LB HTTP/1.1 204 N\\r\\n\\r\\n\n"
		     "conn-end 1 LOCAL 0 HTTP1\n");
}

#define EXPECTING ">PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 40\r\n\r\n"
#define EXPECTING_TEXT \
	"#1 req-head c1 v11 L PUT / HTTP/1.1\\r\\nExpect: 100-continue\\r\\n" \
	"Content-Length: 40\\r\\n\\r\\n\n" \
	"#1 res-head v11 LB HTTP/1.1 417 No\\r\\nContent-Length: 0\\r\\n\\r\\n\n"

Test(tap_h1, refused_body_and_the_next_request)
{
	script_expect(SCRIPT(EXPECTING, "<HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n",
			      ">GET /2 HTTP/1.1\r\n\r\n", "<HTTP/1.1 204 N\r\n\r\n"),
		CONN EXPECTING_TEXT "#1 req-end LOCAL 0\n"
				    "#2 req-head c1 v11 LB GET /2 HTTP/1.1\\r\\n\\r\\n\n"
				    "#2 res-head v11 LB HTTP/1.1 204 N\\r\\n\\r\\n\n"
				    "conn-end 1 LOCAL 0 HTTP1\n");
}

Test(tap_h1, refused_body_is_sent_all_the_same)
{
	script_expect(
		SCRIPT(EXPECTING, "<HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n",
			">GET a rather long body of forty bytes :)", ">GET / HTTP/1.1\r\n\r\n"),
		CONN EXPECTING_TEXT "#1 req-data L GET a rather long body of forty bytes :)\n"
				    "#2 req-head c1 v11 LB GET / HTTP/1.1\\r\\n\\r\\n\n"
				    "#2 res-end LOCAL 0\n"
				    "conn-end 1 LOCAL 0 HTTP1\n");
}

Test(tap_h1, refused_body_never_sent)
{
	script_expect(SCRIPT(EXPECTING, "<HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n", ">GE"),
		CONN EXPECTING_TEXT "#1 req-data GE\n"
				    "#1 req-end LOCAL 0\n"
				    "conn-end 1 LOCAL 0 HTTP1\n");
}

Test(tap_h1, early_answer)
{
	script_expect(SCRIPT(">POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nab",
			      "<HTTP/1.1 413 Big\r\nContent-Length: 1\r\n\r\n!", ">cd",
			      ">GET /2 HTTP/1.1\r\n\r\n", "<HTTP/1.1 304 N\r\n\r\n"),
		CONN "#1 req-head c1 v11 L POST / HTTP/1.1\\r\\nContent-Length: 4\\r\\n\\r\\n\n"
		     "#1 req-data ab\n"
		     "#1 res-head v11 L HTTP/1.1 413 Big\\r\\nContent-Length: 1\\r\\n\\r\\n\n"
		     "#1 res-data L !\n"
		     "#1 req-data L cd\n"
		     "#2 req-head c1 v11 LB GET /2 HTTP/1.1\\r\\n\\r\\n\n"
		     "#2 res-head v11 LB HTTP/1.1 304 N\\r\\n\\r\\n\n"
		     "conn-end 1 LOCAL 0 HTTP1\n");
}

Test(tap_h1, until_close_is_complete_when_the_peer_ends)
{
	script_expect(SCRIPT(GET, "<HTTP/1.0 200 K\r\n\r\nabc", "!FIN"),
		GET_TEXT "#1 res-head v10 L HTTP/1.0 200 K\\r\\n\\r\\n\n"
			 "#1 res-data abc\n"
			 "#1 res-end COMPLETE 0\n"
			 "conn-end 1 FIN 0 HTTP1\n");
	script_expect(SCRIPT(GET, "<HTTP/1.0 200 K\r\n\r\n", "!NOTIFY"),
		GET_TEXT "#1 res-head v10 L HTTP/1.0 200 K\\r\\n\\r\\n\n"
			 "#1 res-end COMPLETE 0\n"
			 "conn-end 1 NOTIFY 0 HTTP1\n");
}

Test(tap_h1, until_close_cut)
{
	script_expect(SCRIPT(GET, "<HTTP/1.0 200 K\r\n\r\nabc", "!RESET"),
		GET_TEXT "#1 res-head v10 L HTTP/1.0 200 K\\r\\n\\r\\n\n"
			 "#1 res-data abc\n"
			 "#1 res-end RESET 104\n"
			 "conn-end 1 RESET 104 HTTP1\n");
	script_expect(SCRIPT(GET, "<HTTP/1.0 200 K\r\n\r\nabc"),
		GET_TEXT "#1 res-head v10 L HTTP/1.0 200 K\\r\\n\\r\\n\n"
			 "#1 res-data abc\n"
			 "#1 res-end LOCAL 0\n"
			 "conn-end 1 LOCAL 0 HTTP1\n");
}

Test(tap_h1, length_cut_short)
{
	script_expect(SCRIPT(GET, "<HTTP/1.1 200 K\r\nContent-Length: 9\r\n\r\nabc", "!FIN"),
		GET_TEXT "#1 res-head v11 L HTTP/1.1 200 K\\r\\nContent-Length: 9\\r\\n\\r\\n\n"
			 "#1 res-data abc\n"
			 "#1 res-end FIN 0\n"
			 "conn-end 1 FIN 0 HTTP1\n");
}

Test(tap_h1, answers_that_never_came)
{
	script_expect(SCRIPT(GET, "!FIN"),
		GET_TEXT "#1 res-end FIN 0\n"
			 "conn-end 1 FIN 0 HTTP1\n");
	script_expect(SCRIPT(">POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nab", "!RESET"),
		CONN "#1 req-head c1 v11 L POST / HTTP/1.1\\r\\nContent-Length: 4\\r\\n\\r\\n\n"
		     "#1 req-data ab\n"
		     "#1 req-end RESET 104\n"
		     "#1 res-end RESET 104\n"
		     "conn-end 1 RESET 104 HTTP1\n");
}

Test(tap_h1, heads_cut_short_are_in_the_capture)
{
	script_expect(SCRIPT(GET, "<HTTP/1.1 20", "!FIN"),
		GET_TEXT "#1 res-head v11 HTTP/1.1 20\n"
			 "#1 res-end FIN 0\n"
			 "conn-end 1 FIN 0 HTTP1\n");
	script_expect(SCRIPT(GET, "<HTTP/1.1 200 OK\r\nServ", "!FIN"),
		GET_TEXT "#1 res-head v11 HTTP/1.1 200 OK\\r\\nServ\n"
			 "#1 res-end FIN 0\n"
			 "conn-end 1 FIN 0 HTTP1\n");
	script_expect(SCRIPT(GET, "<HTTP/1.1 100 OK\r\nServ", "!FIN"),
		GET_TEXT "#1 res-info v11 HTTP/1.1 100 OK\\r\\nServ\n"
			 "#1 res-end FIN 0\n"
			 "conn-end 1 FIN 0 HTTP1\n");
	script_expect(SCRIPT(GET, "<HTTP/1.0 200 K\r\n", "!FIN"),
		GET_TEXT "#1 res-head v10 HTTP/1.0 200 K\\r\\n\n"
			 "#1 res-end FIN 0\n"
			 "conn-end 1 FIN 0 HTTP1\n");
}

Test(tap_h1, what_was_received_is_written_at_once)
{
	struct th_conn_ref c = script_open();
	script_step(c, GET, 100);
	size_t before = fake_count;
	script_step(c, "<HTTP/1.1 20", 100);
	cr_assert_eq(fake_count, before, "not yet known to be final");
	script_step(c, "<0 OK\r", 100);
	cr_assert_eq(fake_count, before, "not a whole line");
	script_step(c, "<\n", 100);
	cr_assert_eq(fake_count, before + 1);
	script_step(c, "<X: y\r\n", 100);
	cr_assert_eq(fake_count, before + 1, "the field may go on");
	script_step(c, "<Y: z\r", 100);
	cr_assert_eq(fake_count, before + 2);
	cr_assert_eq(fake_frames[before + 1].flags, 0);
	script_step(c, "<\n\r\nbo", 100);
	cr_assert_eq(fake_count, before + 4, "a piece of head and one of body");
	cr_assert_eq(fake_frames[before + 2].flags, TH_FRAME_LAST);
	cr_assert_eq(fake_frames[before + 3].type, TH_FRAME_RES_DATA);
	th_conn_close(c);
}

Test(tap_h1, one_frame_per_call_and_part)
{
	struct th_conn_ref c = script_open();
	script_step(c, GET, 100);
	size_t before = fake_count;
	script_step(c,
		"<HTTP/1.1 200 K\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n1\r\n",
		200);
	cr_assert_eq(fake_count, before + 2);
	script_step(c, "<c\r\n0\r\n\r\n", 200);
	cr_assert_eq(fake_count, before + 3);
	th_conn_close(c);
}

Test(tap_h1, credentials_never_reach_a_frame)
{
	struct th_conn_ref c = script_open();
	script_step(c, ">GET /?key=hunter2 HTTP/1.1\r\nAuthorization: Bearer hunter2\r\n\r\n", 3);
	cr_assert_null(strstr(fake_text(), "hunter2"));
	cr_assert_not_null(strstr(fake_text(), "#1 req-head c1 v11 LRB GET /?key=th-redacted:"));
	th_conn_close(c);
}

Test(tap_h1, websocket)
{
	script_expect(SCRIPT(">GET /s HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
			      "<HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n\x81\x02hi",
			      ">\x81\x82yo", "<\x88", "!FIN"),
		CONN "#1 req-head c1 v11 LB GET /s HTTP/1.1\\r\\nUpgrade: websocket\\r\\n\\r\\n\n"
		     "#1 res-head v11 L HTTP/1.1 101 S\\r\\nUpgrade: websocket\\r\\n\\r\\n\n"
		     "#1 res-data \\x81\\x02hi\n"
		     "#1 req-data \\x81\\x82yo\n"
		     "#1 res-data \\x88\n"
		     "#1 res-end COMPLETE 0\n"
		     "conn-end 1 FIN 0 HTTP1\n");
}

Test(tap_h1, connect_tunnel)
{
	script_expect(SCRIPT(">CONNECT a:1 HTTP/1.1\r\n\r\n",
			      "<HTTP/1.1 200 K\r\nContent-Length: 5\r\n\r\n", ">GET tunnelled",
			      "<220 hello"),
		CONN "#1 req-head c1 v11 LB CONNECT a:1 HTTP/1.1\\r\\n\\r\\n\n"
		     "#1 res-head v11 L HTTP/1.1 200 K\\r\\nContent-Length: 5\\r\\n\\r\\n\n"
		     "#1 req-data GET tunnelled\n"
		     "#1 res-data 220 hello\n"
		     "#1 res-end LOCAL 0\n"
		     "conn-end 1 LOCAL 0 HTTP1\n");
}

Test(tap_h1, tunnelled_tls_is_only_counted)
{
	script_expect(SCRIPT(">CONNECT a:1 HTTP/1.1\r\n\r\n", "<HTTP/1.1 200 K\r\n\r\n",
			      ">\x16\x03\x01 hello", "<\x16\x03\x03 hello", "!FIN"),
		CONN "#1 req-head c1 v11 LB CONNECT a:1 HTTP/1.1\\r\\n\\r\\n\n"
		     "#1 res-head v11 L HTTP/1.1 200 K\\r\\n\\r\\n\n"
		     "#1 res-end COMPLETE 0\n"
		     "conn-end 1 FIN 0 HTTP1\n");
}

Test(tap_h1, refused_connect_is_an_answer)
{
	script_expect(SCRIPT(">CONNECT a:1 HTTP/1.1\r\n\r\n",
			      "<HTTP/1.1 407 P\r\nContent-Length: 1\r\n\r\nx",
			      ">CONNECT a:1 HTTP/1.1\r\n\r\n"),
		CONN "#1 req-head c1 v11 LB CONNECT a:1 HTTP/1.1\\r\\n\\r\\n\n"
		     "#1 res-head v11 L HTTP/1.1 407 P\\r\\nContent-Length: 1\\r\\n\\r\\n\n"
		     "#1 res-data L x\n"
		     "#2 req-head c1 v11 LB CONNECT a:1 HTTP/1.1\\r\\n\\r\\n\n"
		     "#2 res-end LOCAL 0\n"
		     "conn-end 1 LOCAL 0 HTTP1\n");
}

Test(tap_h1, odd_but_legal)
{
	script_expect(SCRIPT(">\r\nGET / HTTP/1.0\nHost: a\n\n", "<\r\nHTTP/1.1 204\n\n\r\n",
			      ">\r\nGET / HTTP/1.1\n\n"),
		CONN "#1 req-head c1 v10 LB GET / HTTP/1.0\\nHost: a\\n\\n\n"
		     "#1 res-head v11 LB HTTP/1.1 204\\n\\n\n"
		     "#2 req-head c1 v11 LB GET / HTTP/1.1\\n\\n\n"
		     "#2 res-end LOCAL 0\n"
		     "conn-end 1 LOCAL 0 HTTP1\n");
}

/* The rest of the connection is not decoded, but what the agent was given of it is there. */
Test(tap_h1, bad_chunks)
{
	struct th_conn_ref c = script_open();
	script_step(c, GET, 100);
	script_step(c, "<HTTP/1.1 200 K\r\nTransfer-Encoding: chunked\r\n\r\n1\r\naXYZ", 200);
	script_step(c, "<more", 200);
	th_conn_close(c);
	cr_assert_str_eq(fake_text(),
		GET_TEXT
		"#1 res-head v11 L HTTP/1.1 200 K\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n\n"
		"#1 res-data 1\\r\\naXYZ\n"
		"#1 res-end UNPARSED 0\n"
		"lost 1 4 not what its protocol allows\n"
		"conn-end 1 LOCAL 0 HTTP1\n");
}

Test(tap_h1, bad_lengths)
{
	struct th_conn_ref c = script_open();
	script_step(c, GET, 100);
	script_step(c, "<HTTP/1.1 200 K\r\nContent-Length: x\r\n\r\nabc", 200);
	th_conn_close(c);
	cr_assert_str_eq(fake_text(),
		GET_TEXT "#1 res-head v11 L HTTP/1.1 200 K\\r\\nContent-Length: x\\r\\n\\r\\n\n"
			 "#1 res-data abc\n"
			 "#1 res-end UNPARSED 0\n"
			 "conn-end 1 LOCAL 0 HTTP1\n");
	c = script_open();
	script_step(c, ">GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nabc", 200);
	th_conn_close(c);
	cr_assert_str_eq(fake_text(),
		CONN
		"#1 req-head c1 v11 L GET / HTTP/1.1\\r\\nTransfer-Encoding: gzip\\r\\n\\r\\n\n"
		"#1 req-end UNPARSED 0\n"
		"#1 res-end UNPARSED 0\n"
		"conn-end 1 LOCAL 0 HTTP1\n");
}

Test(tap_h1, answers_that_are_no_http)
{
	static const struct {
		const char *in, *frames;
	} cases[] = {
		{"<ICY 200 OK\r\n\r\nmusic", "#1 res-head v11 ICY 200 OK\\r\\n\\r\\nmusic\n"},
		{"<HTTP/1.1 2x0 OK\r\n\r\nmusic",
			"#1 res-head v11 HTTP/1.1 2x0 OK\\r\\n\\r\\nmusic\n"},
		{"<HTTP/2.0 200 OK\r\n\r\nmusic",
			"#1 res-head v10 HTTP/2.0 200 OK\\r\\n\\r\\nmusic\n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct th_conn_ref c = script_open();
		char wanted[512];
		script_step(c, GET, 100);
		script_step(c, cases[i].in, 100);
		snprintf(wanted, sizeof(wanted), GET_TEXT "%s#1 res-end UNPARSED 0\n",
			cases[i].frames);
		cr_assert_str_eq(fake_text(), wanted);
		th_conn_close(c);
	}
}

Test(tap_h1, response_that_overtook_its_request)
{
	const char wanted[] = GET_TEXT
		"#1 res-head v11 L HTTP/1.1 200 K\\r\\nContent-Length: 2\\r\\n\\r\\n\n"
		"#1 res-data L ab\n"
		"#2 req-head c1 v11 LB GET /2 HTTP/1.1\\r\\n\\r\\n\n"
		"#2 res-head v11 LB HTTP/1.1 204 N\\r\\n\\r\\n\n"
		"conn-end 1 LOCAL 0 HTTP1\n";
	script_expect(SCRIPT("<HTTP/1.1 200 K\r\nContent-Length: 2\r\n\r\nab", GET,
			      "<HTTP/1.1 204 N\r\n\r\n", ">GET /2 HTTP/1.1\r\n\r\n"),
		wanted);
	script_expect(SCRIPT("<HTTP/1.1 200 K\r\nContent-Length: 2\r\n\r\n", GET, "<abHTTP/1.1 204",
			      ">GET /2 HTTP/1.1\r\n\r\n", "< N\r\n\r\n"),
		wanted);
}

Test(tap_h1, response_without_any_request_is_counted)
{
	script_expect(SCRIPT(GET, "<HTTP/1.1 204 N\r\n\r\n", "<HTTP/1.1 408 T\r\n\r\n", "!FIN"),
		GET_TEXT "#1 res-head v11 LB HTTP/1.1 204 N\\r\\n\\r\\n\n"
			 "lost 1 18 a response that nothing had asked for\n"
			 "conn-end 1 FIN 0 HTTP1\n");
}

Test(tap_h1, unfinished_request_head_is_counted)
{
	script_expect(SCRIPT(GET, "<HTTP/1.1 204 N\r\n\r\n", ">GET /secret?key="),
		GET_TEXT "#1 res-head v11 LB HTTP/1.1 204 N\\r\\n\\r\\n\n"
			 "lost 1 16 a request head that was not finished\n"
			 "conn-end 1 LOCAL 0 HTTP1\n");
}

/* Far more than the pool has: what was gathered is given back. */
Test(tap_h1, memory_is_given_back)
{
	static char head[100000];
	memset(head, 'x', sizeof(head) - 1);
	for (int i = 0; i < 2000; i++) {
		struct th_conn_ref c = script_open();
		script_step(c, ">GET / HTTP/1.1\r\nA: ", 100);
		th_conn_sent(c, head, sizeof(head) - 1);
		if (i % 2) {
			script_step(c, ">\r\n\r\n", 100);
			script_step(c, "<HTTP/1.1 200 K\r\nA: ", 100);
			th_conn_received(c, head, sizeof(head) - 1);
		}
		th_conn_close(c);
	}
	struct th_conn_ref c = script_open();
	script_step(c, ">GET / HTTP/1.1\r\nA: ", 100);
	th_conn_sent(c, head, sizeof(head) - 1);
	script_step(c, ">\r\n\r\n", 100);
	cr_assert_eq(fake_count, 2);
	cr_assert_eq(fake_frames[1].type, TH_FRAME_REQ_HEAD);
	th_conn_close(c);
}

Test(tap_h1, too_many_requests_at_once)
{
	struct th_conn_ref c = script_open();
	for (int i = 0; i <= TH_H1_PIPELINE_MAX; i++) {
		script_step(c, GET, 100);
	}
	script_step(c, GET, 100);
	th_conn_close(c);
	const struct fake_frame *last = &fake_frames[fake_count - 2];
	cr_assert_eq(last->type, TH_FRAME_LOST);
	size_t ends = 0;
	for (size_t i = 0; i < fake_count; i++) {
		ends += fake_frames[i].type == TH_FRAME_RES_END;
	}
	cr_assert_eq(ends, TH_H1_PIPELINE_MAX);
}

Test(tap_h1, long_bodies_are_split_into_frames)
{
	enum {
		BODY = 3 * TH_FRAME_PAYLOAD_MAX / 2
	};
	static uint8_t body[BODY];
	struct th_conn_ref c = script_open();
	char head[100];
	snprintf(head, sizeof(head), "<HTTP/1.1 200 K\r\nContent-Length: %d\r\n\r\n", BODY);
	script_step(c, GET, 100);
	script_step(c, head, 100);
	size_t before = fake_count;
	th_conn_received(c, body, BODY);
	cr_assert_eq(fake_count, before + 2);
	cr_assert_eq(fake_frames[before].n, TH_FRAME_PAYLOAD_MAX);
	cr_assert_eq(fake_frames[before].flags, 0);
	cr_assert_eq(fake_frames[before + 1].n, BODY - TH_FRAME_PAYLOAD_MAX);
	cr_assert_eq(fake_frames[before + 1].flags, TH_FRAME_LAST);
	th_conn_close(c);
}

/* Whatever is said, in whatever order: no crash, and every exchange that began has an end. */
Test(tap_h1, noise)
{
	static const char *const words[] = {">GET / HTTP/1.1\r\n", ">\r\n", "<HTTP/1.1 200 OK\r\n",
		"<\r\n", "<HTTP/1.1 100 C\r\n\r\n", "<HTTP/1.1 101 U\r\nUpgrade: h2c\r\n\r\n",
		">POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n", ">ab", "<ab",
		">PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
		"<HTTP/1.1 417 N\r\nContent-Length: 0\r\n\r\n", "<Transfer-Encoding: chunked\r\n",
		"<3\r\nabc\r\n", "<0\r\n\r\n", ">CONNECT a:1 HTTP/1.1\r\n\r\n", "!FIN",
		">HEAD / HTTP/1.0\r\n\r\n", ">PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"};
	srand(1);
	for (int round = 0; round < 3000; round++) {
		struct th_conn_ref c = script_open();
		for (int i = 0; i < 12; i++) {
			size_t word = (size_t)rand() % (sizeof(words) / sizeof(words[0]));
			script_step(c, words[word], 1 + (size_t)rand() % 30);
		}
		th_conn_close(c);
		unsigned open = 0;
		for (size_t i = 0; i < fake_count; i++) {
			const struct fake_frame *f = &fake_frames[i];
			bool ends_here = f->type == TH_FRAME_RES_END ||
				((f->type == TH_FRAME_RES_DATA ||
					 (f->type == TH_FRAME_RES_HEAD &&
						 f->flags & TH_FRAME_BODILESS)) &&
					f->flags & TH_FRAME_LAST);
			open += f->type == TH_FRAME_REQ_HEAD;
			open -= ends_here;
		}
		cr_assert_eq(open, 0, "round %d:\n%s", round, fake_text());
	}
}
