/*
 * Runs Criterion's tests without Criterion's runner.
 *
 * Criterion starts the whole program anew for each test. Under valgrind that costs a second each,
 * most of it valgrind's own start; under ASan still a good part of what small tests take. Here each
 * test is a plain fork of one process that has started once. This file stands in front of the few
 * functions of libcriterion that a test calls.
 *
 *   test_X [SUITE::TEST]…    only those whose names begin so
 *
 * Left out: time limits (meson has one per program), expected signals and exit codes (no test
 * expects any). The closing line is Criterion's, for script/count-results.
 */
#include <criterion/criterion.h>
#include <criterion/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIPPED 77
#define AT_ONCE 4 /* many wait most of the time */

/* The linker's names for Criterion's two sections: pointers, one per test or suite. */
extern struct criterion_test *__start_cr_tst[], *__stop_cr_tst[];
extern struct criterion_suite *__start_cr_sts[] __attribute__((weak));
extern struct criterion_suite *__stop_cr_sts[] __attribute__((weak));

/* In a test's process: which test it is, what its suite says of it, and whether a check failed. */
static const struct criterion_test *this_test;
static const struct criterion_test_extra_data *this_suite;
static bool failed;

void criterion_send_assert(struct criterion_assert_stats *stats)
{
	failed |= !stats->passed;
	if (!stats->passed) {
		fprintf(stderr, "%s:%u: Assertion failed: %s\n", stats->file, stats->line,
			stats->message);
	}
}

void criterion_abort_test(void)
{
	fflush(NULL);
	_exit(1);
}

void criterion_continue_test(void)
{
}

void criterion_skip_test(const char *format, ...)
{
	(void)format;
	fflush(NULL);
	_exit(SKIPPED);
}

void criterion_internal_test_setup(void)
{
	if (this_test->data->init) {
		this_test->data->init();
	} else if (this_suite && this_suite->init) {
		this_suite->init();
	}
}

void criterion_internal_test_main(void (*function)(void))
{
	function();
}

void criterion_internal_test_teardown(void)
{
	if (this_test->data->fini) {
		this_test->data->fini();
	} else if (this_suite && this_suite->fini) {
		this_suite->fini();
	}
}

static const struct criterion_test_extra_data *suite_of(const struct criterion_test *test)
{
	for (struct criterion_suite **suite = __start_cr_sts; suite < __stop_cr_sts; suite++) {
		if (*suite && strcmp((*suite)->name, test->category) == 0) {
			return (*suite)->data;
		}
	}
	return NULL;
}

/* ---- running ---- */

static struct {
	pid_t pid;
	const struct criterion_test *test;
} running[AT_ONCE];

static unsigned n_running, tested, passed, crashed;

static void start(const struct criterion_test *test)
{
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		this_test = test;
		this_suite = suite_of(test);
		test->test();
		exit(failed); /* with what is registered for the end, as under Criterion */
	}
	running[n_running].pid = pid;
	running[n_running++].test = test;
}

static void judge(const struct criterion_test *test, int status)
{
	bool skipped = WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED;
	bool good = skipped || status == 0;
	tested += !skipped;
	passed += good && !skipped;
	crashed += !WIFEXITED(status);
	if (!good) {
		printf("[FAIL] %s::%s: status %#x\n", test->category, test->name, status);
	}
}

static void wait_for_one(void)
{
	int status = -1;
	pid_t pid = wait(&status);
	for (unsigned i = 0; i < n_running; i++) {
		if (running[i].pid == pid || pid < 0) {
			judge(running[i].test, status);
			running[i] = running[--n_running];
			return;
		}
	}
}

static bool is_asked_for(const struct criterion_test *test, char **names)
{
	char name[256];
	if (!test) { /* what a sanitizer puts between */
		return false;
	}
	snprintf(name, sizeof(name), "%s::%s", test->category, test->name);
	for (char **asked = names; *asked; asked++) {
		if (strncmp(name, *asked, strlen(*asked)) == 0) {
			return true;
		}
	}
	return !*names;
}

int main(int argc, char **argv)
{
	char **names = argv + (argc > 0);
	for (struct criterion_test **test = __start_cr_tst; test < __stop_cr_tst; test++) {
		if (n_running == AT_ONCE) {
			wait_for_one();
		}
		if (is_asked_for(*test, names)) {
			start(*test);
		}
	}
	while (n_running) {
		wait_for_one();
	}
	printf("Synthesis: Tested: %u | Passing: %u | Failing: %u | Crashing: %u\n", tested, passed,
		tested - passed - crashed, crashed);
	return tested && tested == passed ? 0 : 1;
}
