/* Questions to a name server over TCP: split anywhere, several at a time, and what only looks so.
 */
#include <criterion/criterion.h>

#include "capture/frame.h"
#include "tests/unit/conn_script.h"
#include "tests/unit/fake_writer.h"

#define QUERY "\0\x18\x12\x34\1\0\0\1\0\0\0\0\0\0\1a\4tEst\0\0\x10\0\1"
#define ANSWER \
	"\0\x2a\x12\x34\x81\x80\0\1\0\1\0\0\0\0\1a\4tEst\0\0\x10\0\1\xc0\x0c\0\x10\0\1\0\0\1\x2c" \
	"\0\6\5hello"
#define SECOND "\0\x18\x12\x35\1\0\0\1\0\0\0\0\0\0\1b\4test\0\0\1\0\1"
#define SECOND_ANSWER \
	"\0\x28\x12\x35\x81\x80\0\1\0\1\0\0\0\0\1b\4test\0\0\1\0\1\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4" \
	"\x7f\0\0\1"

static void move(struct th_conn_ref c, bool sent, struct th_slice s, size_t piece)
{
	while (s.n) {
		size_t n = piece < s.n ? piece : s.n;
		if (sent) {
			th_conn_sent(c, s.p, n);
		} else {
			th_conn_received(c, s.p, n);
		}
		s = (struct th_slice){s.p + n, s.n - n};
	}
}

/* The DNS frame that says so; NULL: none does. */
static const struct fake_frame *find(const char *name, uint16_t type)
{
	for (size_t i = 0; i < fake_count; i++) {
		struct th_in in = {fake_frames[i].p, fake_frames[i].n, false};
		bool by_stream = th_in_u8(&in) == TH_DNS_BY_STREAM;
		th_in_u8(&in);
		bool of_type = th_in_u16(&in) == type;
		if (fake_frames[i].type == TH_FRAME_DNS && by_stream && of_type &&
			th_slice_eq(th_in_str16(&in), th_slice_str(name))) {
			return &fake_frames[i];
		}
	}
	return NULL;
}

static struct th_slice message_of(const struct fake_frame *f)
{
	struct th_in in = {f->p, f->n, false};
	th_in_u32(&in);
	th_in_str16(&in);
	return th_in_bytes(&in, in.n);
}

static uint8_t spoken(void)
{
	for (size_t i = 0; i < fake_count; i++) {
		if (fake_frames[i].type == TH_FRAME_CONN_END) {
			return fake_frames[i].p[1];
		}
	}
	return 255;
}

static unsigned count(uint8_t type)
{
	unsigned n = 0;
	for (size_t i = 0; i < fake_count; i++) {
		n += fake_frames[i].type == type;
	}
	return n;
}

Test(tap_dns, answers_are_kept_as_they_came_however_they_came)
{
	struct th_slice answer = TH_SLICE_LIT(ANSWER);
	for (size_t piece = 1; piece < 80; piece++) {
		struct th_conn_ref c = script_open();
		move(c, true, TH_SLICE_LIT(QUERY SECOND), piece);
		move(c, false, TH_SLICE_LIT(SECOND_ANSWER ANSWER), piece);
		th_conn_close(c);
		const struct fake_frame *text = find("a.tEst", 16), *address = find("b.test", 1);
		cr_assert(text && address, "in pieces of %zu", piece);
		cr_expect(th_slice_eq(
			message_of(text), (struct th_slice){answer.p + 2, answer.n - 2}));
		cr_expect_eq(count(TH_FRAME_DNS), 2);
		cr_expect_eq(count(TH_FRAME_NAME), 1, "the address is a look-up, too");
		cr_expect_eq(count(TH_FRAME_CONN), 1);
		cr_expect_eq(spoken(), TH_SPEAKS_DNS);
	}
}

Test(tap_dns, a_question_without_an_answer_is_told)
{
	struct th_conn_ref c = script_open();
	move(c, true, TH_SLICE_LIT(QUERY SECOND), 100);
	move(c, false, (struct th_slice){(const uint8_t *)ANSWER, sizeof(ANSWER) - 2}, 100);
	th_conn_close(c);
	cr_assert(find("a.tEst", 16) && find("b.test", 1));
	cr_expect_eq(message_of(find("a.tEst", 16)).n, 0, "it was cut");
	cr_expect_eq(message_of(find("b.test", 1)).n, 0);
	cr_expect_eq(count(TH_FRAME_NAME), 1);
}

/* The length and the fixed fields are a question's, the name is none: another protocol. */
Test(tap_dns, what_only_begins_like_a_question_is_something_else)
{
	struct th_conn_ref c = script_open();
	move(c, true,
		TH_SLICE_LIT("\0\x18\x12\x34\1\0\0\1\0\0\0\0\0\0\xff"
			     "aaaaaaaaaaaaaaaa"),
		7);
	move(c, false, TH_SLICE_LIT("anything"), 7);
	th_conn_close(c);
	cr_expect_eq(count(TH_FRAME_DNS), 0);
	cr_expect_eq(spoken(), TH_SPEAKS_OTHER);
}

Test(tap_dns, what_is_said_beside_answers_is_counted)
{
	struct th_conn_ref c = script_open();
	move(c, true, TH_SLICE_LIT(QUERY), 100);
	move(c, false, TH_SLICE_LIT("\0\3abc" ANSWER), 100);
	th_conn_close(c);
	cr_expect_eq(count(TH_FRAME_LOST), 1);
	cr_expect_eq(count(TH_FRAME_DNS), 1);
}
