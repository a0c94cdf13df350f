#include "tests/unit/conn_script.h"

#include <criterion/criterion.h>
#include <errno.h>

#include "tests/unit/fake_writer.h"
#include "tests/unit/guard.h"

struct th_conn_ref script_open(void)
{
	const struct th_conn_conf conf = {.peer = {.family = 4, .port = 80}};
	th_recorder_forked(); /* numbers begin at 1 again */
	fake_forget();
	return th_conn_open(&conf);
}

static void peer_end(struct th_conn_ref c, const char *how)
{
	if (strcmp(how, "FIN") == 0) {
		th_conn_peer_end(c, TH_END_FIN, 0);
	} else if (strcmp(how, "NOTIFY") == 0) {
		th_conn_peer_end(c, TH_END_NOTIFY, 0);
	} else if (strcmp(how, "SENDING") == 0) {
		th_conn_send_failed(c, TH_END_RESET, EPIPE);
	} else {
		cr_assert_str_eq(how, "RESET");
		th_conn_peer_end(c, TH_END_RESET, ECONNRESET);
	}
}

static void give(struct th_conn_ref c, char way, const char *p, size_t n)
{
	struct th_slice bytes = th_guard((struct th_slice){(const uint8_t *)p, n});
	if (way == '>') {
		th_conn_sent(c, bytes.p, bytes.n);
	} else {
		cr_assert_eq(way, '<');
		th_conn_received(c, bytes.p, bytes.n);
	}
}

void script_step(struct th_conn_ref c, const char *step, size_t piece)
{
	if (step[0] == '!') {
		peer_end(c, step + 1);
		return;
	}
	size_t n = strlen(step + 1);
	for (size_t at = 0; at < n; at += piece) {
		give(c, step[0], step + 1 + at, n - at < piece ? n - at : piece);
	}
}

static uint64_t bytes_of(const char *const *steps, char way)
{
	uint64_t n = 0;
	for (size_t i = 0; steps[i]; i++) {
		n += steps[i][0] == way ? strlen(steps[i] + 1) : 0;
	}
	return n;
}

/* A connection's end counts every byte, whatever became of it. */
static void compare_counts(const char *const *steps)
{
	const struct fake_frame *f = &fake_frames[fake_count - 1];
	cr_assert_eq(f->type, TH_FRAME_CONN_END);
	cr_assert_eq(th_le64(f->p + 8), bytes_of(steps, '>'));
	cr_assert_eq(th_le64(f->p + 16), bytes_of(steps, '<'));
}

static void close_and_compare(struct th_conn_ref c, const char *const *steps, const char *wanted,
	const char *what, size_t i, size_t cut)
{
	th_conn_close(c);
	const char *text = fake_text();
	cr_assert_str_eq(text, wanted, "%s, step %zu cut at %zu:\n%s\n--- wanted:\n%s", what, i,
		cut, text, wanted);
	compare_counts(steps);
}

static void play_in_pieces(const char *const *steps, const char *wanted, size_t piece)
{
	struct th_conn_ref c = script_open();
	for (size_t i = 0; steps[i]; i++) {
		script_step(c, steps[i], piece);
	}
	close_and_compare(c, steps, wanted, "pieces", 0, piece);
}

static void play_cut(const char *const *steps, const char *wanted, size_t which, size_t cut)
{
	struct th_conn_ref c = script_open();
	for (size_t i = 0; steps[i]; i++) {
		if (i != which) {
			script_step(c, steps[i], SIZE_MAX / 2);
			continue;
		}
		give(c, steps[i][0], steps[i] + 1, cut);
		give(c, steps[i][0], steps[i] + 1 + cut, strlen(steps[i]) - 1 - cut);
	}
	close_and_compare(c, steps, wanted, "cut", which, cut);
}

void script_expect(const char *const *steps, const char *wanted)
{
	play_in_pieces(steps, wanted, SIZE_MAX / 2);
	play_in_pieces(steps, wanted, 1);
	play_in_pieces(steps, wanted, 7);
	for (size_t i = 0; steps[i]; i++) {
		for (size_t cut = 1; steps[i][0] != '!' && cut + 1 < strlen(steps[i]); cut++) {
			play_cut(steps, wanted, i, cut);
		}
	}
}
