#include "player/restored.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/text.h"

/* Without anything kept, an answer keeps its stand-ins and is marked. What is put back is shown by
 * tests/e2e/kept.sh, where a capture is. */

#define TOKEN "th-redacted:00112233445566aa:04"

static bool stands_in(const char *text, bool list)
{
	struct th_exchange x = {.response = {.present = true, .head = {th_slice_str(text), list}}};
	struct th_exchange *exchanges[] = {&x};
	const struct th_run run = {.exchanges = exchanges, .n_exchanges = 1};
	struct th_restored r = {0};
	const struct th_answers_where nowhere = {NULL};
	cr_assert_eq(th_restored_run(&r, NULL, &nowhere, &run), 0);
	cr_assert_eq(x.response.head.bytes.p, (const uint8_t *)text, "nothing was made anew");
	th_restored_finish(&r);
	return x.stood_in;
}

Test(restored, stand_ins_are_noticed)
{
	cr_assert(stands_in("HTTP/1.1 200 OK\r\nMcp-Session-Id: " TOKEN "\r\n\r\n", false));
	cr_assert(stands_in("HTTP/1.1 200 OK\r\nx: th-redacted:th-redacted:" TOKEN "\r\n", false));
	cr_assert_not(stands_in("HTTP/1.1 200 OK\r\nx: th-redacted:0011\r\n\r\n", false));
	cr_assert_not(stands_in("HTTP/1.1 200 OK\r\nx: th-redacted:", false));
	cr_assert_not(stands_in("", false));
}
