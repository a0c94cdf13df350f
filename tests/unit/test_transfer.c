#include "recorder/transfer.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/unit/conn_script.h"
#include "tests/unit/fake_writer.h"

static const struct fake_frame *last(void)
{
	cr_assert_gt(fake_count, 0);
	return &fake_frames[fake_count - 1];
}

static struct th_in texts(const struct fake_frame *f)
{
	return (struct th_in){f->p + 96, f->n - 96, false};
}

static bool is_text(struct th_slice s, const char *text)
{
	return th_slice_eq(s, th_slice_str(text));
}

Test(transfer, says_what_it_was_told)
{
	struct th_conn_ref c = script_open();
	struct th_transfer_facts facts = {.api = TH_TRANSFER_MULTI,
		.version = 20,
		.status = 200,
		.handle = 5,
		.conn = c,
		.result = TH_TRANSFER_LEFT,
		.redirects = 2,
		.began = 7,
		.times = {[TH_TRANSFER_TOTAL] = 9},
		.asked = TH_SLICE_LIT("http://h/"),
		.error = TH_SLICE_LIT("why"),
		.library = TH_SLICE_LIT("8.0")};
	script_step(c, ">GET / HTTP/1.1\r\n\r\n", 99);
	th_recorder_transfer(&facts);
	const struct fake_frame *f = last();
	cr_assert_eq(f->type, TH_FRAME_TRANSFER);
	cr_assert_eq(f->flags, 0);
	cr_assert_eq(th_le32(f->p), 5);
	cr_assert_eq(th_le32(f->p + 8), 1, "the connection's number");
	cr_assert_eq((int32_t)th_le32(f->p + 12), -1);
	cr_assert_eq(th_le64(f->p + 32), 7);
	cr_assert_eq(th_le64(f->p + 40 + 6 * 8), 9);
	struct th_in in = texts(f);
	cr_assert(is_text(th_in_str16(&in), "http://h/"));
	cr_assert(is_text(th_in_str16(&in), ""));
	cr_assert(is_text(th_in_str16(&in), ""));
	cr_assert(is_text(th_in_str16(&in), "why"));
	cr_assert(is_text(th_in_str16(&in), "8.0"));
	cr_assert(in.n == 0 && !in.failed);
	th_conn_close(c);
}

Test(transfer, no_secret_of_its_urls_is_written)
{
	(void)script_open();
	struct th_transfer_facts facts = {
		.asked = TH_SLICE_LIT("https://user:hunter2@h/a?api_key=hunter2&b=1"),
		.effective = TH_SLICE_LIT("https://h/a?access_token=hunter2"),
		.proxy = TH_SLICE_LIT("http://me:hunter2@proxy:3128")};
	th_recorder_transfer(&facts);
	const struct fake_frame *f = last();
	cr_assert(f->flags & TH_FRAME_REDACTED);
	cr_assert_null(memmem(f->p, f->n, "hunter2", 7));
	cr_assert_not_null(memmem(f->p, f->n, "&b=1", 4));
	cr_assert_not_null(memmem(f->p, f->n, "@proxy:3128", 11));
}

/* As curl's command line takes them. */
Test(transfer, nor_of_urls_without_a_scheme)
{
	(void)script_open();
	struct th_transfer_facts facts = {.asked = TH_SLICE_LIT("user:hunter2@h/a?api_key=hunter2"),
		.proxy = TH_SLICE_LIT("me:hunter2@proxy:3128")};
	th_recorder_transfer(&facts);
	const struct fake_frame *f = last();
	cr_assert(f->flags & TH_FRAME_REDACTED);
	cr_assert_null(memmem(f->p, f->n, "hunter2", 7));
	struct th_in in = texts(f);
	struct th_slice asked = th_in_str16(&in);
	cr_assert_eq(memcmp(asked.p, "th-redacted:", 12), 0);
	cr_assert_not_null(memmem(asked.p, asked.n, "@h/a?api_key=th-", 16));
}

Test(transfer, nor_of_urls_with_more_or_fewer_slashes_than_usual)
{
	static const char *const urls[] = {"http:/u:hunter2@h/", "http:///u:hunter2@h/",
		"HTTP://u:hunter2@h", "u:hunter2@h?next=http://x/", "u:/hunter2@h/"};
	(void)script_open();
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct th_transfer_facts facts = {.asked = th_slice_str(urls[i])};
		th_recorder_transfer(&facts);
		cr_assert_null(memmem(last()->p, last()->n, "hunter2", 7), "%s", urls[i]);
	}
}

Test(transfer, long_texts_are_cut)
{
	(void)script_open();
	size_t n = 100000;
	char *text = malloc(n);
	memset(text, 'x', n);
	struct th_slice s = {(uint8_t *)text, n};
	struct th_transfer_facts facts = {
		.asked = s, .effective = s, .proxy = s, .error = s, .library = s};
	th_recorder_transfer(&facts);
	struct th_in in = texts(last());
	for (int i = 0; i < 5; i++) {
		size_t got = th_in_str16(&in).n;
		cr_assert(got >= 256 && got < 17000);
	}
	cr_assert(in.n == 0 && !in.failed);
	free(text);
}
