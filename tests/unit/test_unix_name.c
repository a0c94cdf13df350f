#include "base/unix_name.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#define HEAD offsetof(struct sockaddr_un, sun_path)

static struct sockaddr_un un = {.sun_family = AF_UNIX};
static char name[TH_UNIX_NAME_BYTES];

static bool named(const char *path, size_t n, socklen_t len)
{
	memset(un.sun_path, 'x', sizeof(un.sun_path));
	memcpy(un.sun_path, path, n);
	return th_unix_name((const struct sockaddr *)&un, len, name);
}

Test(unix_name, paths_end_at_their_nul_or_their_length)
{
	cr_assert(named("/run/a", 7, sizeof(un)));
	cr_expect_str_eq(name, "/run/a");
	cr_assert(named("/run/ab", 7, HEAD + 6));
	cr_expect_str_eq(name, "/run/a");
	cr_assert(named("", 0, sizeof(un)), "no NUL at all is allowed");
	cr_expect_eq(strlen(name), sizeof(un.sun_path));
	cr_assert(named("", 0, sizeof(un) + 20));
	cr_expect_eq(strlen(name), sizeof(un.sun_path));
}

Test(unix_name, abstract_names_begin_with_an_at)
{
	cr_assert(named("\0bus\0x", 6, HEAD + 6));
	cr_expect_str_eq(name, "@bus@x");
}

Test(unix_name, others_have_none)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	cr_expect_not(th_unix_name((const struct sockaddr *)&in, sizeof(in), name));
	cr_expect_not(named("/run/a", 7, HEAD), "unnamed");
	cr_expect_not(th_unix_name(NULL, sizeof(un), name));
}

Test(unix_name, keys_tell_names_apart)
{
	uint8_t a[TH_UNIX_KEY_BYTES], b[TH_UNIX_KEY_BYTES];
	th_unix_key("/run/a", a);
	th_unix_key("/run/b", b);
	cr_expect_neq(memcmp(a, b, sizeof(a)), 0);
	cr_expect_neq(memcmp(a, a + 8, 8), 0, "two hashes, not one twice");
	th_unix_key("/run/a", b);
	cr_expect_eq(memcmp(a, b, sizeof(a)), 0);
}
