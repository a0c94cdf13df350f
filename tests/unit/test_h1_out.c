#include "player/h1_out.h"

#include <criterion/criterion.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/frame.h"

static int ends[2];
static struct th_stream stream;
static struct th_h1_out out;

/* A socket that keeps apart what was sent apart. */
static void setup(void)
{
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
	stream = (struct th_stream){.fd = ends[0]};
	out = (struct th_h1_out){.stream = &stream};
}

static void teardown(void)
{
	th_h1_out_finish(&out);
	th_stream_finish(&stream);
	close(ends[0]);
	close(ends[1]);
}

TestSuite(h1_out, .init = setup, .fini = teardown);

static const char *sent(void)
{
	static char text[64];
	ssize_t n = recv(ends[1], text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = 0;
	return text;
}

static void put(uint64_t time, const char *text)
{
	cr_assert_eq(th_h1_out_put(&out, time, th_slice_str(text)), 0);
}

Test(h1_out, what_was_read_at_once_leaves_at_once)
{
	put(1000, "a");
	put(1001, "b");
	put(1001 + TH_FRAME_ONE_READ_NS - 1, "c");
	cr_expect_str_eq(sent(), "", "there may be more of it");
	cr_expect(th_h1_out_goes_on(&out, 1001 + TH_FRAME_ONE_READ_NS));
	put(5000, "d");
	cr_expect_str_eq(sent(), "abc");
	cr_assert_eq(th_h1_out_flush(&out), 0);
	cr_expect_str_eq(sent(), "d");
	cr_expect_not(th_h1_out_goes_on(&out, 5001), "it has gone");
}

Test(h1_out, what_was_read_apart_leaves_apart)
{
	put(1000, "a");
	put(1000 + TH_FRAME_ONE_READ_NS, "b");
	put(900, "c");
	cr_assert_eq(th_h1_out_flush(&out), 0);
	cr_expect_str_eq(sent(), "a");
	cr_expect_str_eq(sent(), "b");
	cr_expect_str_eq(sent(), "c");
	cr_assert_eq(th_h1_out_flush(&out), 0);
	put(0, "");
	cr_assert_eq(th_h1_out_flush(&out), 0);
	cr_expect_str_eq(sent(), "");
}
