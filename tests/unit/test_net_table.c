/* Lines as Linux writes them. */
#include "base/net_table.h"

#include <criterion/criterion.h>
#include <netinet/in.h>

#include "guard.h"

#define TAIL " 00000000:00000000 00:00000000 00000000  1000        0 "

static bool read(const char *line, struct th_net_entry *e)
{
	return th_net_table_line(th_guard(th_slice_str(line)), e);
}

Test(net_table, version_4)
{
	struct th_net_entry e;
	cr_assert(read(
		"   0: 0100007F:1F90 00000000:0000 0A" TAIL "31337 1 0000000000000000 100", &e));
	cr_assert_eq(e.family, 4);
	if (htonl(1) != 1) {
		cr_assert_arr_eq(e.address, "\x7f\0\0\1", 4);
	}
	cr_assert_eq(e.port, 8080);
	cr_assert_eq(e.state, TH_NET_LISTENS);
	cr_assert_eq(e.inode, 31337);
}

Test(net_table, version_6)
{
	struct th_net_entry e;
	cr_assert(read("  12: 00000000000000000000000001000000:0016 "
		       "00000000000000000000000000000000:0000 07" TAIL "5",
		&e));
	cr_assert_eq(e.family, 6);
	if (htonl(1) != 1) {
		cr_assert_eq(memcmp(e.address, &in6addr_loopback, 16), 0);
	}
	cr_assert_eq(e.port, 22);
	cr_assert_eq(e.state, TH_NET_UNCONNECTED);
	cr_assert_eq(e.inode, 5);
}

Test(net_table, no_socket)
{
	static const char whole[] = "0: 0100007F:1F90 00000000:0000 0A" TAIL "7";
	struct th_net_entry e;
	cr_assert_not(read("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
			   "retrnsmt   uid  timeout inode",
		&e));
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		cr_assert_not(th_net_table_line(
				      th_guard((struct th_slice){(const uint8_t *)whole, n}), &e),
			"%zu", n);
	}
	cr_assert(read(whole, &e));
	cr_assert_not(read("0: 0100007G:1F90 00000000:0000 0A" TAIL "7", &e));
	cr_assert_not(read("0: 0100007F:1F90 00000000:0000 0A" TAIL "7x", &e));
	cr_assert_not(read("0: 0100007F01000000:1F90 00000000:0000 0A" TAIL "7", &e));
	cr_assert_not(read("0: 0100007F:1F90 00000000:0000 0A" TAIL "77777777777777777", &e));
}
