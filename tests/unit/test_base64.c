#include "tools/base64.h"

#include <criterion/criterion.h>

#include "tests/unit/guard.h"
#include "tests/unit/printed.h"

/* RFC 4648, 10. */
Test(base64, known_values)
{
	static const char *const pairs[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
		{"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"}, {"\xff\xfe\xfd", "//79"}, {"\xfb\xf0", "+/A="}};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		TH_PRINTED(text, th_base64_print(out, th_guard(th_slice_str(pairs[i][0]))));
		cr_assert_str_eq(text, pairs[i][1]);
		free(text);
	}
}

/* More than one internal buffer, each remainder: the length is right and the ends are. */
Test(base64, long_inputs)
{
	static uint8_t bytes[10000];
	memset(bytes, 'f', sizeof(bytes));
	for (size_t n = 9997; n <= 10000; n++) {
		TH_PRINTED(text, th_base64_print(out, (struct th_slice){bytes, n}));
		cr_assert_eq(strlen(text), (n + 2) / 3 * 4);
		cr_assert_eq(strspn(text, "Zm"),
			n / 3 * 4 + (n % 3 == 1) + 3 * (n % 3 == 2) - (n % 3 == 2));
		free(text);
	}
}
