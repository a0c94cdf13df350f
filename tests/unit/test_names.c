#include "recorder/names.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "tests/unit/fake_writer.h"

static struct th_address address(const char *text)
{
	struct th_address a = {.family = strchr(text, ':') ? 6 : 4};
	cr_assert_eq(inet_pton(a.family == 6 ? AF_INET6 : AF_INET, text, a.bytes), 1);
	return a;
}

static const char *name_of(const char *text)
{
	static char name[TH_NAME_MAX + 1];
	struct th_address a = address(text);
	th_names_of(&a, name);
	return name;
}

Test(names, the_last_look_up_of_an_address_wins)
{
	struct th_address two[] = {address("10.0.0.1"), address("2001:db8::1")};
	th_recorder_name("a.example", 0, 0, two, 2);
	cr_assert_str_eq(name_of("10.0.0.1"), "a.example");
	cr_assert_str_eq(name_of("2001:db8::1"), "a.example");
	cr_assert_str_eq(name_of("10.0.0.2"), "");
	th_recorder_name("b.example", 4, 0, two, 1);
	cr_assert_str_eq(name_of("10.0.0.1"), "b.example");
	cr_assert_str_eq(name_of("::ffff:10.0.0.1"), "b.example");
	cr_assert_str_eq(name_of("2001:db8::1"), "a.example");
}

Test(names, frame)
{
	struct th_address two[] = {address("10.0.0.1"), address("2001:db8::1")};
	th_recorder_name("a.example", 4, -2, two, 2);
	cr_assert_eq(fake_count, 1);
	const struct fake_frame *f = &fake_frames[0];
	static const uint8_t start[] = {0xfe, 0xff, 0xff, 0xff, 4, 2, 0, 0, 9, 0, 'a', '.', 'e',
		'x', 'a', 'm', 'p', 'l', 'e', 4, 0, 0, 0, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 6, 0, 0, 0, 0x20, 0x01};
	cr_assert_eq(f->type, TH_FRAME_NAME);
	cr_assert_eq(f->n, 8 + 2 + 9 + 2 * 20);
	cr_assert_eq(memcmp(f->p, start, sizeof(start)), 0);
}

Test(names, frame_of_an_answer)
{
	static const uint8_t whole[] = {TH_DNS_BY_STREAM, 0, 15, 0, 9, 0, 'a', '.', 'e', 'x', 'a',
		'm', 'p', 'l', 'e', 1, 2, 3};
	th_recorder_dns(TH_DNS_BY_STREAM, "a.example", 15, TH_SLICE_LIT("\1\2\3"));
	th_recorder_dns(TH_DNS_BY_STREAM, "a.example", 15, (struct th_slice){NULL, 0});
	cr_assert_eq(fake_count, 2);
	cr_expect_eq(fake_frames[0].type, TH_FRAME_DNS);
	cr_assert_eq(fake_frames[0].n, sizeof(whole));
	cr_expect_arr_eq(fake_frames[0].p, whole, sizeof(whole));
	cr_assert_eq(fake_frames[1].n, sizeof(whole) - 3, "nobody answered");
}

Test(names, odd_names_are_written_and_not_remembered)
{
	static char big[70000];
	memset(big, 'a', sizeof(big) - 1);
	struct th_address a = address("10.0.0.3");
	th_recorder_name(big, 0, 0, &a, 1);
	cr_assert_eq(fake_count, 1);
	cr_assert_str_eq(name_of("10.0.0.3"), "");
	th_recorder_name(NULL, 0, -2, NULL, 0);
	cr_assert_eq(fake_frames[1].n, 10);
}

Test(names, addresses_of_sockets)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(443)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(80)};
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	inet_pton(AF_INET, "10.1.2.3", &in.sin_addr);
	inet_pton(AF_INET6, "2001:db8::9", &in6.sin6_addr);
	struct th_address a = th_address_of((struct sockaddr *)&in, sizeof(in));
	cr_assert(a.family == 4 && a.port == 443 && memcmp(a.bytes, &in.sin_addr, 4) == 0);
	a = th_address_of((struct sockaddr *)&in6, sizeof(in6));
	cr_assert(a.family == 6 && a.port == 80 && memcmp(a.bytes, &in6.sin6_addr, 16) == 0);
	a = th_address_of((struct sockaddr *)&un, sizeof(sa_family_t));
	cr_assert_eq(a.family, 0, "a Unix socket without a name");
	strcpy(un.sun_path, "/run/one");
	a = th_address_of((struct sockaddr *)&un, sizeof(un));
	cr_assert(a.family == 1 && a.port == 0);
	th_recorder_unix((struct sockaddr *)&un, sizeof(un));
	char name[TH_NAME_MAX + 1];
	th_names_of(&a, name);
	cr_assert_str_eq(name, "/run/one");
	strcpy(un.sun_path, "/run/two");
	struct th_address b = th_address_of((struct sockaddr *)&un, sizeof(un));
	cr_assert_neq(memcmp(a.bytes, b.bytes, sizeof(a.bytes)), 0);
	a = th_address_of((struct sockaddr *)&in6, sizeof(in)); /* too short for its family */
	cr_assert_eq(a.family, 0);
	a = th_address_of((struct sockaddr *)&in, 1);
	cr_assert_eq(a.family, 0);
}
