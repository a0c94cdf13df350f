/* Files that are cut while they are mapped and watched; and all other SIGBUS, which go where they
 * went before. Each test is a process of its own, and so are those that shall end by it. */
#include "base/bus.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tests/unit/scratch.h"

#define SIZE 8192

/* The sanitizers take it for themselves. */
static void setup(void)
{
	signal(SIGBUS, SIG_DFL);
	scratch_setup();
}

TestSuite(bus, .init = setup, .fini = scratch_teardown);

/* A file of SIZE bytes, mapped whole. */
static volatile char *map_file(void)
{
	int fd = open(scratch_path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	cr_assert_eq(ftruncate(fd, SIZE), 0);
	void *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	cr_assert_neq(p, MAP_FAILED);
	close(fd);
	return p;
}

static void cut(long size)
{
	cr_assert_eq(truncate(scratch_path, size), 0);
}

static void watch(volatile char *p)
{
	th_bus_watch((void *)p, SIZE);
}

static bool is_lost(volatile char *p)
{
	return th_bus_lost((void *)p);
}

Test(bus, a_store_to_what_was_cut_is_survived_and_told)
{
	volatile char *p = map_file();
	watch(p);
	p[0] = 1;
	cr_assert_not(th_bus_any());
	cr_assert_not(is_lost(p));
	cut(0);
	errno = 77;
	p[5000] = 2;
	cr_assert_eq(errno, 77);
	cr_assert(th_bus_any());
	cr_assert(is_lost(p));
	cr_assert_eq(p[5000], 2);
	p[0] = 3;
	cr_assert_eq(scratch_size(scratch_path), 0);
}

Test(bus, a_load_is_zeros)
{
	volatile char *p = map_file();
	watch(p);
	p[0] = 1;
	cut(0);
	cr_assert_eq(p[0], 0);
	cr_assert(is_lost(p));
}

Test(bus, another_file_is_not_lost)
{
	volatile char *p = map_file();
	watch(p);
	unlink(scratch_path);
	volatile char *q = map_file();
	watch(q);
	cut(0);
	q[0] = 1;
	cr_assert(is_lost(q));
	cr_assert_not(is_lost(p));
	th_bus_forget((void *)q);
	cr_assert_not(is_lost(q));
}

/* A place in the table is free again. */
Test(bus, many_files_one_after_another)
{
	for (int i = 0; i < 40; i++) {
		volatile char *p = map_file();
		watch(p);
		cut(0);
		p[0] = 1;
		cr_assert(is_lost(p));
		th_bus_forget((void *)p);
		munmap((void *)p, SIZE);
	}
}

/* ---- what is not ours ---- */

/* valgrind calls that an error. */
static bool in_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");
	return preload && strstr(preload, "vgpreload");
}

static void expect_end_by_bus(void (*how)(volatile char *unwatched))
{
	if (in_valgrind()) {
		return;
	}
	volatile char *p = map_file(), *unwatched = map_file();
	pid_t child = fork();
	if (child == 0) {
		watch(p);
		how(unwatched);
		_exit(0);
	}
	int status = 0;
	waitpid(child, &status, 0);
	cr_assert(WIFSIGNALED(status));
	cr_assert_eq(WTERMSIG(status), SIGBUS);
}

static void touch(volatile char *unwatched)
{
	cut(0);
	unwatched[0] = 1;
}

static void raise_it(volatile char *unwatched)
{
	raise(SIGBUS);
}

static void forget_and_touch(volatile char *unwatched)
{
	watch(unwatched);
	th_bus_forget((void *)unwatched);
	touch(unwatched);
}

Test(bus, a_fault_elsewhere_ends_the_process)
{
	expect_end_by_bus(touch);
}

Test(bus, one_that_is_sent_ends_the_process)
{
	expect_end_by_bus(raise_it);
}

Test(bus, what_is_forgotten_is_not_watched)
{
	expect_end_by_bus(forget_and_touch);
}

static volatile sig_atomic_t handled;
static void *volatile fault_address;
static volatile char *area;

static void on_bus(int number, siginfo_t *info, void *context)
{
	sigset_t now;
	handled++;
	fault_address = info->si_addr;
	sigprocmask(SIG_SETMASK, NULL, &now);
	handled += sigismember(&now, SIGUSR1) ? 10 : 0; /* its own mask */
	if (info->si_code > 0) {
		mmap((void *)area, SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	}
}

static void handle(int flags)
{
	struct sigaction action = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO | flags};
	sigaddset(&action.sa_mask, SIGUSR1);
	cr_assert_eq(sigaction(SIGBUS, &action, NULL), 0);
}

Test(bus, a_handler_has_what_is_its_own)
{
	area = map_file();
	volatile char *p = map_file();
	handle(0);
	watch(p);
	cut(0);
	p[0] = 1;
	cr_assert_eq(handled, 0);
	area[5000] = 1;
	cr_assert_eq(handled, 11);
	cr_assert_eq(fault_address, (void *)(area + 5000));
	raise(SIGBUS);
	cr_assert_eq(handled, 22);
}

static void touch_twice(volatile char *unwatched)
{
	raise(SIGBUS);
	if (handled == 1) {
		raise(SIGBUS);
	}
}

static void once(int number)
{
	handled++;
}

Test(bus, a_handler_for_once_is_called_once)
{
	struct sigaction action = {.sa_handler = once, .sa_flags = (int)SA_RESETHAND};
	cr_assert_eq(sigaction(SIGBUS, &action, NULL), 0);
	expect_end_by_bus(touch_twice);
}

/* It is inherited through exec, which a handler is not. */
Test(bus, who_ignores_it_goes_on_ignoring_it)
{
	struct sigaction now;
	signal(SIGBUS, SIG_IGN);
	watch(map_file());
	cr_assert_eq(sigaction(SIGBUS, NULL, &now), 0);
	cr_assert_eq((void *)now.sa_handler, (void *)SIG_IGN);
}
