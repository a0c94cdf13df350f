/* What is made of libcurl's lines is read back by the recorder's own HTTP/2 tap. */
#include "shim/curl_h2.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/conn_script.h"
#include "tests/unit/fake_writer.h"

#define REQUEST \
	TH_SLICE_LIT("POST /a?b HTTP/2\r\nHost: h:1\r\nUser-Agent: x\r\nConnection: y\r\n\r\n")
#define ANSWER TH_SLICE_LIT("HTTP/2 200 \r\nA: b\r\n\r\n")
#define NOTHING ((struct th_slice){NULL, 0})

static bool holds(const char *text)
{
	return strstr(fake_text(), text) != NULL;
}

static struct th_conn_ref begin(void)
{
	struct th_conn_ref c = script_open();
	th_curl_h2_begin(c);
	cr_assert(th_conn_is_http(c));
	return c;
}

Test(curl_h2, a_request_and_its_answer)
{
	struct th_conn_ref c = begin();
	th_curl_h2_head(c, 1, true, REQUEST, false);
	th_curl_h2_data(c, 1, true, TH_SLICE_LIT("posted"), true);
	th_curl_h2_head(c, 1, false, TH_SLICE_LIT("HTTP/2 103 \r\nLink: x\r\n\r\n"), false);
	th_curl_h2_head(c, 1, false, ANSWER, false);
	th_curl_h2_data(c, 1, false, TH_SLICE_LIT("got"), false);
	th_curl_h2_head(c, 1, false, TH_SLICE_LIT("trailer\r\nX-Sum: 42\r\n"), true);
	th_conn_close(c);
	for (size_t i = 0; i < 5; i++) {
		static const char *const wanted[] = {
			":method", "/a?b", "user-agent", "posted", "x-sum"};
		cr_assert(holds(wanted[i]), "%s in %s", wanted[i], fake_text());
	}
	cr_assert(holds("res-info") && holds("res-trailer") && holds("got"));
	cr_assert_not(holds("connection") || holds("host"), "they are HTTP/1's: %s", fake_text());
	cr_assert_not(holds("res-end") || holds("req-end"), "both ended well: %s", fake_text());
}

Test(curl_h2, content_of_any_size)
{
	struct th_conn_ref c = begin();
	const size_t n = 100000;
	uint8_t *bytes = calloc(1, n);
	uint64_t got = 0;
	th_curl_h2_head(c, 1, true, REQUEST, true);
	th_curl_h2_head(c, 1, false, ANSWER, false);
	th_curl_h2_data(c, 1, false, (struct th_slice){bytes, n}, false);
	th_curl_h2_data(c, 1, false, NOTHING, true);
	for (size_t i = 0; i < fake_count; i++) {
		got += fake_frames[i].type == TH_FRAME_RES_DATA ? fake_frames[i].n : 0;
	}
	cr_assert_eq(got, n);
	th_conn_close(c);
	free(bytes);
}

Test(curl_h2, fields_of_any_length)
{
	static const size_t lengths[] = {1, 126, 127, 128, 254, 255, 16383, 20000};
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct th_conn_ref c = begin();
		char *head = malloc(lengths[i] + 64);
		size_t n = (size_t)sprintf(head, "GET / HTTP/2\r\nHost: h\r\nX-Long: ");
		memset(head + n, 'v', lengths[i]);
		n += lengths[i];
		n += (size_t)sprintf(head + n, "\r\nLast: one\r\n\r\n");
		th_curl_h2_head(c, 1, true, (struct th_slice){(uint8_t *)head, n}, true);
		cr_assert(holds("last") && holds("one"), "%zu", lengths[i]);
		th_conn_close(c);
		free(head);
	}
}

Test(curl_h2, resets)
{
	struct th_conn_ref c = begin();
	th_curl_h2_head(c, 1, true, REQUEST, false);
	th_curl_h2_reset(c, 1, true, 8);
	th_curl_h2_head(c, 3, true, REQUEST, true);
	th_curl_h2_reset(c, 3, false, 2);
	cr_assert(holds("LOCAL_RESET 8") && holds("STREAM_RESET 2"), "%s", fake_text());
	th_conn_close(c);
}
