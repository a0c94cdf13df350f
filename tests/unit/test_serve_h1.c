#include <criterion/criterion.h>
#include <errno.h>

#include "base/clock.h"
#include "stage.h"

#define ASK(method, path) method " " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define HEAD_OF(n) "HTTP/1.1 200 OK\r\nX-Odd:  kept \r\nContent-Length: " n "\r\n\r\n"
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static struct stage *s;

static void setup(void)
{
	s = stage_new();
}

static void teardown(void)
{
	s = stage_free(s);
}

TestSuite(serve_h1, .init = setup, .fini = teardown, .timeout = 30);

static struct th_exchange *record(const char *head, const char *response, const char *body)
{
	return made_exchange(s->m, s->connection, 1, head, NULL, response, body);
}

Test(serve_h1, keeps_the_connection_and_the_bytes)
{
	record(ASK("GET", "/1"), HEAD_OF("3"), "one");
	record(ASK("GET", "/2"), HEAD_OF("3"), "two");
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s, ASK("GET", "/2"));
	cr_expect_str_eq(stage_read(s, "two"), HEAD_OF("3") "two");
	stage_forget(s);
	stage_send(s, ASK("GET", "/1"));
	cr_expect_str_eq(stage_read(s, "one"), HEAD_OF("3") "one");
	stage_disconnect(s);
	cr_expect_eq(s->tally.stats.matched, 2);
	cr_expect_eq(s->tally.stats.crossed, 0);
	cr_expect_eq(s->tally.stats.bytes_served, 2 * strlen(HEAD_OF("3") "one"));
	cr_expect_eq(th_index_unused(s->serving.index), 0);
}

Test(serve_h1, takes_pipelined_requests_and_requests_in_pieces)
{
	record(ASK("GET", "/1"), HEAD_OF("3"), "one");
	record(ASK("GET", "/2"), HEAD_OF("3"), "two");
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	static const char text[] = ASK("GET", "/1") ASK("GET", "/2");
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		stage_send(s, (const char[]){text[i], 0});
	}
	cr_expect_str_eq(stage_read(s, "two"), HEAD_OF("3") "one" HEAD_OF("3") "two");
	stage_disconnect(s);
}

Test(serve_h1, compares_bodies_and_gives_chunks_as_they_were)
{
	struct th_exchange *x = made_exchange(s->m, s->connection, 1,
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 13\r\n\r\n", "{\"a\":1,\"b\":2}",
		CHUNKED, "3;x=y\r\none\r\n");
	made_piece(x, "0\r\nT: u\r\n\r\n", 5);
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s,
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		"7\r\n{\"b\":2,\r\n6\r\n\"a\":1}\r\n0\r\n\r\n");
	cr_expect_str_eq(stage_read(s, "u\r\n\r\n"), CHUNKED "3;x=y\r\none\r\n0\r\nT: u\r\n\r\n");
	stage_disconnect(s);
}

Test(serve_h1, head_requests_get_heads)
{
	record(ASK("HEAD", "/"), HEAD_OF("5"), NULL);
	record(ASK("GET", "/"), HEAD_OF("5"), "12345");
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s, ASK("HEAD", "/"));
	cr_expect_str_eq(stage_read(s, "\r\n\r\n"), HEAD_OF("5"));
	stage_forget(s);
	stage_send(s, ASK("GET", "/"));
	cr_expect_str_eq(stage_read(s, "12345"), HEAD_OF("5") "12345");
	stage_disconnect(s);
}

/* What is known of the head before is true of the next one only if that is the same, but for its
 * length. */
#define SIZED(host, n) "POST / HTTP/1.1\r\nHost: " host "\r\nContent-Length: " n "\r\n\r\n"

static void record_post(const char *head, const char *body, const char *answer)
{
	made_exchange(s->m, s->connection, 1, head, body, HEAD_OF("3"), answer);
}

Test(serve_h1, heads_that_differ_in_their_length_alone_are_told_apart)
{
	record_post(SIZED("a", "5"), "first", "one");
	record_post(SIZED("a", "11"), "second body", "two");
	record_post(SIZED("a", "0"), NULL, "nil");
	record_post(SIZED("b", "5"), "first", "thr");
	record(ASK("GET", "/"), HEAD_OF("3"), "get");
	record(ASK("GET", "/"), HEAD_OF("3"), "was");
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s, SIZED("a", "5") "first" SIZED("a", "11") "second");
	cr_expect_str_eq(stage_read(s, "one"), HEAD_OF("3") "one");
	stage_forget(s);
	stage_send(s, " body" SIZED("a", "0") SIZED("b", "5") "fir");
	cr_expect_str_eq(stage_read(s, "nil"), HEAD_OF("3") "two" HEAD_OF("3") "nil");
	stage_forget(s);
	stage_send(s, "st" ASK("GET", "/") ASK("GET", "/"));
	cr_expect_str_eq(
		stage_read(s, "was"), HEAD_OF("3") "thr" HEAD_OF("3") "get" HEAD_OF("3") "was");
	stage_disconnect(s);
	cr_expect_eq(s->tally.stats.matched, 6);
	cr_expect_eq(s->tally.stats.missed, 0);
}

#define CHUNKS "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

Test(serve_h1, chunked_bodies_are_read_one_after_the_other)
{
	record_post(CHUNKS, "3\r\nabc\r\n0\r\n\r\n", "one");
	record_post(CHUNKS, "4\r\nabcd\r\n0\r\n\r\n", "two");
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s, CHUNKS "3\r\nabc\r\n0\r\n\r\n" CHUNKS "4\r\nabcd\r\n0\r\n\r\n");
	cr_expect_str_eq(stage_read(s, "two"), HEAD_OF("3") "one" HEAD_OF("3") "two");
	stage_disconnect(s);
}

Test(serve_h1, a_miss_is_a_424_that_says_why_and_the_connection_goes_on)
{
	record(ASK("GET", "/x?a=1"), HEAD_OF("2"), "ok");
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s, ASK("GET", "/x?a=2&key=secret"));
	const char *got = stage_read(s, "}}");
	cr_expect(strncmp(got, "HTTP/1.1 424 Failed Dependency\r\n", 32) == 0);
	cr_expect_not_null(strstr(got, "\r\ntracehook-miss: 1\r\n"));
	cr_expect_not_null(strstr(got,
		"{\"error\":{\"type\":\"tracehook_no_match\",\"code\":"
		"\"tracehook_no_match\",\"message\":\""));
	cr_expect_not_null(strstr(got,
		"GET http://a/x?a=2: nearest is #1 (span 00000000): "
		"parameter a: asked \\\"2\\\", recorded \\\"1\\\""));
	cr_expect_null(strstr(got, "secret"));
	stage_forget(s);
	stage_send(s, ASK("HEAD", "/y"));
	cr_expect_null(strchr(stage_read(s, "\r\n\r\n"), '{'));
	stage_forget(s);
	stage_send(s, ASK("GET", "/x?a=1"));
	stage_read(s, "ok");
	stage_disconnect(s);
	cr_expect_eq(s->tally.stats.missed, 2);
	cr_expect_eq(s->tally.stats.n_misses, 2);
	cr_expect_str_eq(s->tally.stats.misses[0].request, "GET http://a/x?a=2");
	cr_expect_str_eq(s->tally.stats.misses[0].process, "0100000000000000");
}

Test(serve_h1, a_miss_may_reset_instead)
{
	stage_begin(s, TH_ON_MISS_ABORT, 0);
	stage_send(s, ASK("GET", "/"));
	cr_expect(stage_ends(s, 5000));
	cr_expect_eq(th_resets_get(s->serving.resets, 77), ECONNRESET);
	stage_disconnect(s);
	cr_expect_eq(s->tally.stats.missed, 1);
}

#define EXPECTING "PUT /u HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"
#define REFUSED "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n"

Test(serve_h1, says_continue_before_the_body_when_the_peer_did)
{
	struct th_exchange *x = made_exchange(
		s->m, s->connection, 1, EXPECTING, "abc", HEAD_OF("2"), "ok");
	made_interim(x, CONTINUE);
	made_interim(x, "HTTP/1.1 103 Early Hints\r\n\r\n");
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s, EXPECTING);
	cr_expect_str_eq(stage_read(s, CONTINUE), CONTINUE);
	stage_send(s, "abc");
	cr_expect_str_eq(
		stage_read(s, "ok"), CONTINUE "HTTP/1.1 103 Early Hints\r\n\r\n" HEAD_OF("2") "ok");
	stage_disconnect(s);
}

Test(serve_h1, answers_a_head_whose_body_was_never_sent)
{
	struct th_exchange *x = made_exchange(
		s->m, s->connection, 1, EXPECTING, NULL, REFUSED, NULL);
	x->request.bodiless = false;
	x->request.end = TH_END_LOCAL;
	record(ASK("GET", "/"), HEAD_OF("2"), "ok");
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s, EXPECTING);
	cr_expect_str_eq(stage_read(s, "\r\n\r\n"), REFUSED);
	stage_forget(s);
	stage_send(s, ASK("GET", "/"));
	cr_expect_str_eq(stage_read(s, "ok"), HEAD_OF("2") "ok");
	stage_disconnect(s);
	cr_expect_eq(s->tally.stats.matched, 2);
}

Test(serve_h1, a_cut_answer_is_cut_at_the_same_byte)
{
	made_end(record(ASK("GET", "/fin"), HEAD_OF("9"), "four"), TH_END_FIN, 0);
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s, ASK("GET", "/fin"));
	cr_expect_str_eq(stage_read(s, "never"), HEAD_OF("9") "four");
	cr_expect_eq(th_resets_get(s->serving.resets, 77), 0);
	stage_send(s, "what is sent now meets no broken pipe");
	stage_disconnect(s);
}

Test(serve_h1, a_reset_answer_is_known_to_be_one)
{
	made_end(record(ASK("GET", "/rst"), HEAD_OF("9"), "four"), TH_END_RESET, ECONNRESET);
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s, ASK("GET", "/rst"));
	cr_expect_str_eq(stage_read(s, "never"), HEAD_OF("9") "four");
	cr_expect_eq(th_resets_get(s->serving.resets, 77), ECONNRESET);
	cr_expect_eq(th_resets_get(s->serving.resets, 78), 0);
	stage_disconnect(s);
}

Test(serve_h1, no_answer_at_all_is_no_answer_at_all)
{
	made_end(record(ASK("GET", "/"), NULL, NULL), TH_END_FIN, 0);
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s, ASK("GET", "/"));
	cr_expect(stage_ends(s, 5000));
	stage_disconnect(s);
	cr_expect_eq(s->tally.stats.matched, 1);
}

Test(serve_h1, a_stall_stays_a_stall)
{
	made_end(record(ASK("GET", "/"), HEAD_OF("9"), "four"), TH_END_LOCAL, 0);
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s, ASK("GET", "/"));
	stage_read(s, "four");
	cr_expect_not(stage_ends(s, 200));
	stage_disconnect(s);
}

/* Some wait for the end of what is no HTTP: it is the connection's. */
Test(serve_h1, what_came_and_was_no_http_ends_with_its_connection)
{
	struct th_exchange *x = record(ASK("GET", "/"), "SSH-2.0-x\r\n", NULL);
	x->response.head_done = x->response.bodiless = false;
	made_end(x, TH_END_UNPARSED, 0);
	s->connection->end = TH_END_FIN;
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s, ASK("GET", "/"));
	stage_read(s, "x\r\n");
	cr_expect(stage_ends(s, 4000));
	stage_disconnect(s);
}

/* The program closed long after the answer had ended with the TLS session, and the socket under it
 * was open until then. */
Test(serve_h1, a_session_that_ends_leaves_the_socket_as_it_was)
{
	struct th_exchange *x = record(ASK("GET", "/"), "HTTP/1.0 200 OK\r\n\r\n", "all there is");
	made_end(x, TH_END_COMPLETE, 0);
	struct th_connection *under = made_connection(s->m, s->process, 2);
	s->connection->transport = TH_TRANSPORT_OPENSSL;
	s->connection->end = TH_END_NOTIFY;
	s->connection->connect_began = under->connect_began = 10;
	under->speaks = TH_SPEAKS_TLS;
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	const struct th_closing closing = th_closing_of(x);
	cr_expect_eq(th_ending_of(&s->serving, x, &closing).after, TH_AFTER_NOTIFY_ONLY);
	under->end = TH_END_FIN;
	cr_expect_eq(th_ending_of(&s->serving, x, &closing).after, TH_AFTER_NOTIFY);
	stage_disconnect(s);
}

Test(serve_h1, closes_where_the_protocol_says_so)
{
	record(ASK("GET", "/"), "HTTP/1.0 200 OK\r\n\r\n", "all there is");
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s, ASK("GET", "/"));
	cr_expect_str_eq(stage_read(s, "never"), "HTTP/1.0 200 OK\r\n\r\nall there is");
	stage_disconnect(s);
}

Test(serve_h1, closes_after_the_last_when_the_peer_did)
{
	record(ASK("GET", "/1"), HEAD_OF("3"), "one");
	struct th_exchange *last = record(ASK("GET", "/2"), HEAD_OF("3"), "two");
	s->connection->end = TH_END_FIN;
	s->connection->end_time = last->response.ended + 1000;
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s, ASK("GET", "/1"));
	stage_read(s, "one");
	cr_expect_not(stage_ends(s, 100));
	stage_send(s, ASK("GET", "/2"));
	stage_read(s, "two");
	cr_expect(stage_ends(s, 5000));
	stage_disconnect(s);
}

/* /1 is answered; the peer then went, but later than another connection was asked for /2. */
static void begin_beside_another(void)
{
	record(ASK("GET", "/1"), HEAD_OF("3"), "one");
	struct th_connection *other = made_connection(s->m, s->connection->process, 2);
	made_exchange(s->m, other, 1, ASK("GET", "/2"), NULL, HEAD_OF("3"), "two");
	s->connection->end = TH_END_FIN;
	s->connection->end_time = 3000;
	s->serving.silence_ns = 100000000;
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s, ASK("GET", "/1"));
	stage_read(s, "one");
}

static void answer_one(enum th_transport transport, enum th_end end, uint16_t met)
{
	struct th_exchange *last = record(ASK("GET", "/1"), HEAD_OF("3"), "one");
	s->connection->end = end;
	s->connection->end_code = end == TH_END_RESET ? EPIPE : 0;
	s->connection->met = met;
	s->connection->end_time = last->response.ended + 60000000000;
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	s->connection->transport = transport; /* the stage itself speaks without TLS */
	stage_send(s, ASK("GET", "/1"));
	stage_read(s, "one");
}

static void then_connect(void)
{
	struct th_connection *next = made_connection(s->m, s->connection->process, 2);
	next->connect_began = UINT64_MAX;
}

/* However long that took: the agent did not wait for it, but looked when it meant to ask on. */
Test(serve_h1, an_end_that_a_look_found_is_there_with_the_answer)
{
	then_connect();
	answer_one(TH_TRANSPORT_OPENSSL, TH_END_LOCAL, TH_MET_TOLD | TH_MET_UNREAD);
	cr_expect(stage_ends(s, 4000));
	stage_disconnect(s);
	cr_expect_eq(s->tally.stats.missed, 0);
}

/* Its end could come behind the next request, of which the recorded agent knows nothing. */
Test(serve_h1, without_tls_a_connection_that_a_look_ended_is_asked_on)
{
	then_connect();
	answer_one(TH_TRANSPORT_PLAIN, TH_END_LOCAL, TH_MET_TOLD | TH_MET_UNREAD);
	cr_expect_not(stage_ends(s, 200));
	stage_disconnect(s);
}

/* The last connection to a server is as open as it was: nobody looked. */
Test(serve_h1, what_was_left_unread_at_last_is_no_end)
{
	answer_one(TH_TRANSPORT_OPENSSL, TH_END_LOCAL, TH_MET_TOLD | TH_MET_UNREAD);
	cr_expect_not(stage_ends(s, 200));
	stage_disconnect(s);
}

Test(serve_h1, an_end_that_a_send_met_is_there_with_the_answer)
{
	answer_one(TH_TRANSPORT_OPENSSL, TH_END_RESET, TH_MET_TOLD | TH_MET_SEND_FAILED);
	cr_expect(stage_ends(s, 4000));
	cr_expect_eq(th_resets_get(s->serving.resets, 77), EPIPE);
	stage_disconnect(s);
}

Test(serve_h1, an_agent_that_left_nothing_unread_met_no_end)
{
	answer_one(TH_TRANSPORT_OPENSSL, TH_END_LOCAL, TH_MET_TOLD);
	cr_expect_not(stage_ends(s, 200));
	stage_disconnect(s);
}

/* Else an agent that is slower than it was, or a pool with another order, meets a closed one. */
Test(serve_h1, a_peer_that_went_later_than_others_were_asked_waits_for_that)
{
	begin_beside_another();
	stage_send(s, ASK("GET", "/2"));
	cr_expect_str_eq(stage_read(s, "two"), HEAD_OF("3") "one" HEAD_OF("3") "two");
	stage_disconnect(s);
}

Test(serve_h1, a_peer_does_not_wait_for_ever_for_what_was_asked_elsewhere)
{
	begin_beside_another();
	cr_expect(stage_ends(s, 20000));
	stage_disconnect(s);
}

#define HINTS "HTTP/1.1 103 Early Hints\r\n\r\n"

/* /1 is answered by an interim answer, and when /2 has been asked by the final one. */
static void begin_given_up(uint64_t silence_ns)
{
	struct th_exchange *x = record(ASK("GET", "/1"), HEAD_OF("3"), NULL);
	made_interim(x, "HTTP/1.1 103 Early Hints\r\n\r\n");
	made_piece(x, "one", 2000);
	x->response.began = x->response.ended;
	record(ASK("GET", "/2"), NULL, NULL);
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	s->serving.silence_ns = silence_ns;
	stage_send(s, ASK("GET", "/1"));
}

Test(serve_h1, what_was_read_after_the_next_request_waits_for_it)
{
	begin_given_up(0);
	cr_expect_str_eq(stage_read(s, "\r\n\r\n"), HINTS);
	stage_forget(s);
	cr_expect_not(stage_ends(s, 20), "and is no end");
	stage_send(s, ASK("GET", "/2"));
	cr_expect_str_eq(stage_read(s, "one"), HEAD_OF("3") "one");
	stage_disconnect(s);
	cr_expect_eq(s->tally.stats.matched, 2);
	cr_expect_eq(s->tally.stats.missed, 0);
}

Test(serve_h1, it_is_told_when_that_does_not_come)
{
	begin_given_up(1000000);
	cr_expect_str_eq(stage_read(s, "one"), HINTS HEAD_OF("3") "one");
	stage_disconnect(s);
	cr_expect_eq(s->tally.stats.missed, 1);
}

/* An answer of which the agent was given an interim one only. */
Test(serve_h1, what_follows_an_answer_that_was_given_up_is_asked)
{
	struct th_exchange *x = record(ASK("GET", "/1"), NULL, NULL);
	made_interim(x, "HTTP/1.1 103 Early Hints\r\n\r\n");
	record(ASK("GET", "/2"), NULL, NULL);
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s, ASK("GET", "/1"));
	stage_read(s, "\r\n\r\n");
	stage_send(s, ASK("GET", "/2"));
	stage_disconnect(s);
	cr_expect_eq(s->tally.stats.matched, 2);
	cr_expect_eq(s->tally.stats.missed, 0);
}

/* Sees the interim answer, and closes the connection `gap` after it. */
static void begin_hinted(uint64_t gap)
{
	struct th_exchange *x = record(ASK("GET", "/"), NULL, NULL);
	made_interim(x, HINTS);
	made_end(x, TH_END_LOCAL, 0);
	s->connection->ended = true;
	s->connection->end = TH_END_LOCAL;
	s->connection->end_time = x->response.ended = x->interim[0].time + gap;
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s, ASK("GET", "/"));
	cr_expect_str_eq(stage_read(s, "\r\n\r\n"), HINTS);
}

/* Python's http.client does, and a pool of connections then drops one on which more has come. */
Test(serve_h1, an_interim_answer_taken_for_the_final_one_has_an_end_behind_it)
{
	begin_hinted(1000000);
	cr_expect(stage_ends(s, 4000));
	stage_disconnect(s);
	cr_expect_eq(s->tally.stats.matched, 1);
	cr_expect_eq(s->tally.stats.missed, 0);
}

Test(serve_h1, an_answer_that_was_waited_for_after_an_interim_one_does_not_come)
{
	begin_hinted(300000000);
	cr_expect_not(stage_ends(s, 200));
	stage_disconnect(s);
	cr_expect_eq(s->tally.stats.missed, 0);
}

/* What the capture says of that counts more than times. */
Test(serve_h1, what_was_left_unread_behind_an_interim_answer_decides)
{
	s->connection->met = TH_MET_TOLD | TH_MET_UNREAD;
	begin_hinted(300000000);
	cr_expect(stage_ends(s, 4000));
	stage_disconnect(s);
}

Test(serve_h1, nothing_left_unread_behind_an_interim_answer_is_no_end)
{
	s->connection->met = TH_MET_TOLD;
	begin_hinted(1000000);
	cr_expect_not(stage_ends(s, 200));
	stage_disconnect(s);
}

#define POST "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n"

/* Answered when "one" of "onetwo" had been sent. */
Test(serve_h1, an_answer_before_the_end_of_the_request_comes_before_it)
{
	static struct th_piece said[2];
	struct th_exchange *x = record(POST, HEAD_OF("3"), "abc");
	said[0] = (struct th_piece){1000, th_slice_str("one")};
	said[1] = (struct th_piece){1200, th_slice_str("two")};
	x->request.pieces = said;
	x->request.n_pieces = 2;
	x->request.bodiless = false;
	x->request.ended = 1200;
	made_piece(x, "def", 200);
	record(ASK("GET", "/2"), HEAD_OF("3"), "two");
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s, POST "on");
	cr_expect_not(stage_ends(s, 20));
	stage_send(s, "e");
	cr_expect_str_eq(stage_read(s, "abc"), HEAD_OF("3") "abc");
	stage_forget(s);
	stage_send(s, "two");
	cr_expect_str_eq(stage_read(s, "def"), "def");
	stage_forget(s);
	stage_send(s, ASK("GET", "/2"));
	cr_expect_str_eq(stage_read(s, "two"), HEAD_OF("3") "two");
	stage_disconnect(s);
	cr_expect_eq(s->tally.stats.missed, 0);
	cr_expect_eq(s->tally.stats.matched, 2);
}

/* The peer had gone when "one" had been sent. */
Test(serve_h1, an_agent_whose_sending_failed_cannot_send)
{
	struct th_exchange *x = made_exchange(s->m, s->connection, 1, POST, "one", NULL, NULL);
	x->request.end = x->response.end = TH_END_RESET;
	x->request.end_code = x->response.end_code = ECONNRESET;
	x->response.present = x->response.finished = true;
	x->response.began = x->response.ended = 1100;
	x->request.ended = 1100;
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s, POST "one");
	cr_expect_str_eq(stage_read(s, "never"), "");
	cr_expect_lt(send(s->client, "two", 3, MSG_NOSIGNAL), 0);
	cr_expect_eq(th_resets_get(s->serving.resets, 77), ECONNRESET);
	stage_disconnect(s);
	cr_expect_eq(s->tally.stats.matched, 1);
}

Test(serve_h1, the_pace_stretches_recorded_gaps)
{
	struct th_exchange *x = record(ASK("GET", "/"), CHUNKED, "1\r\na\r\n");
	made_piece(x, "0\r\n\r\n", 100000000);
	stage_begin(s, TH_ON_MISS_FAIL, 2.0);
	uint64_t began = th_clock_mono();
	stage_send(s, ASK("GET", "/"));
	stage_read(s, "1\r\na\r\n");
	stage_read(s, "0\r\n\r\n");
	cr_expect_geq(th_clock_mono() - began, 200000000);
	stage_disconnect(s);
}

Test(serve_h1, what_is_no_http_ends_the_connection)
{
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s, "\x01\x02\x03\r\n\r\n");
	stage_read(s, "never");
	stage_disconnect(s);
	stage_connect(s);
	stage_send(s, "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
	stage_read(s, "never");
	stage_disconnect(s);
	stage_connect(s);
	stage_disconnect(s);
	cr_expect_eq(s->tally.stats.matched, 0);
	cr_expect_eq(s->tally.stats.missed, 2, "who says nothing has missed nothing");
}

Test(serve_h1, a_tunnel_begins_anew_behind_the_proxy)
{
	record("CONNECT b:80 HTTP/1.1\r\nHost: b:80\r\n\r\n", "HTTP/1.1 200 Connected\r\n\r\n",
		NULL);
	record(ASK("GET", "/"), HEAD_OF("2"), "ok");
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s, "CONNECT b:80 HTTP/1.1\r\nHost: b:80\r\n\r\n");
	stage_read(s, "\r\n\r\n");
	stage_forget(s);
	stage_send(s, ASK("GET", "/"));
	cr_expect_str_eq(stage_read(s, "ok"), HEAD_OF("2") "ok");
	stage_disconnect(s);
}

Test(serve_h1, closes_after_a_miss_when_the_client_said_so)
{
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	cr_expect_not_null(strstr(stage_read(s, "never"), "tracehook_no_match"));
	stage_disconnect(s);
}

Test(serve_h1, silence_has_an_end_that_is_loud)
{
	struct th_exchange *x = record(ASK("GET", "/"), NULL, NULL);
	x->response.present = x->response.finished = true; /* its end alone was recorded */
	x->response.end = TH_END_LOCAL;
	x->response.began = x->response.ended = x->request.ended + 200000000;
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	s->serving.silence_ns = 1000000; /* besides twice what the agent had waited */
	uint64_t began = th_clock_mono();
	stage_send(s, ASK("GET", "/"));
	cr_expect(stage_ends(s, 9000));
	cr_expect_geq(th_clock_mono() - began, 400000000);
	cr_expect_eq(th_resets_get(s->serving.resets, 77), ECONNRESET);
	stage_disconnect(s);
	cr_assert_eq(s->tally.stats.missed, 1);
	cr_expect_str_eq(s->tally.stats.misses[0].request,
		"the rest of the answer to #1 (span 00000000)", "where it stops is said");
}
