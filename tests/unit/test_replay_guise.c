/* The table of sockets in disguise: found by socket, freed when the socket is gone, bounded. */
#include "shim/replay_guise.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static int open_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	cr_assert_geq(fd, 0);
	return fd;
}

static struct th_guise *put(int fd, uint64_t stream_id)
{
	struct th_guise g = {.fd = fd, .stream_id = stream_id, .connected = true, .error = 7};
	g.peer.v4.sin_port = 443;
	return th_guise_put(th_guise_inode(fd), &g);
}

Test(replay_guise, only_sockets_have_one)
{
	int file = open("/dev/null", O_RDONLY), fd = open_socket();
	cr_assert_eq(th_guise_inode(file), 0);
	cr_assert_eq(th_guise_inode(-1), 0);
	cr_assert_null(th_guise_of(fd));
	cr_assert_not_null(put(fd, 1));
	cr_assert_not_null(th_guise_of(fd));
	cr_assert_null(th_guise_of(file));
	cr_assert_null(th_guise_of(-1));
}

Test(replay_guise, it_is_the_sockets_not_the_descriptors)
{
	int fd = open_socket();
	struct th_guise *g = put(fd, 42);
	int copy = dup(fd);
	close(fd);
	cr_assert_eq(th_guise_of(copy), g);
	cr_assert_eq(g->stream_id, 42);
	cr_assert_eq(g->peer.v4.sin_port, 443);
	cr_assert_eq(g->error, 7);
	int other = open_socket();
	cr_assert_eq(other, fd, "the number is used again");
	cr_assert_null(th_guise_of(other), "the guise is not");
	th_guise_drop(g);
	cr_assert_null(th_guise_of(copy));
}

Test(replay_guise, what_was_found_is_likely_until_it_is_looked_for_in_vain)
{
	int fd = open_socket();
	cr_expect_not(th_guise_likely(fd));
	cr_expect_not(th_guise_likely(-1));
	cr_expect_not(th_guise_likely(1 << 20));
	cr_assert_not_null(put(fd, 1));
	cr_assert_not_null(th_guise_of(fd));
	cr_expect(th_guise_likely(fd));
	close(fd);
	cr_assert_eq(open_socket(), fd, "the number is used again");
	cr_expect_null(th_guise_of(fd));
	cr_expect_not(th_guise_likely(fd));
}

Test(replay_guise, what_is_gone_makes_room)
{
	int kept = open_socket();
	cr_assert_not_null(put(kept, 1));
	for (int i = 0; i < 3 * TH_GUISES_MAX; i++) {
		int fd = open_socket();
		cr_assert_not_null(put(fd, (uint64_t)i), "socket %d", i);
		close(fd);
	}
	cr_assert_not_null(th_guise_of(kept), "what is open stays");
	cr_assert_eq(th_guise_of(kept)->stream_id, 1);
}

Test(replay_guise, a_full_table_says_so_and_loses_nothing)
{
	struct rlimit limit = {TH_GUISES_MAX + 100, TH_GUISES_MAX + 100};
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0) {
		cr_skip_test("too few descriptors are allowed here");
	}
	static int fds[TH_GUISES_MAX + 64];
	size_t put_in = 0, refused = 0;
	for (size_t i = 0; i < TH_GUISES_MAX + 64; i++) {
		fds[i] = open_socket();
		*(put(fds[i], i) ? &put_in : &refused) += 1;
	}
	cr_assert_leq(put_in, TH_GUISES_MAX);
	cr_assert_geq(refused, 64);
	size_t found = 0;
	for (size_t i = 0; i < TH_GUISES_MAX + 64; i++) {
		struct th_guise *g = th_guise_of(fds[i]);
		cr_assert(!g || g->stream_id == i);
		found += g != NULL;
	}
	cr_assert_eq(found, put_in);
}
