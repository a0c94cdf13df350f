/*
 * Runs Criterion's tests without Criterion's runner.
 *
 * Criterion starts the whole program anew for each test, which under valgrind costs a second each,
 * most of it valgrind's own start: six of the twelve minutes of script/test. Here each test is a
 * plain fork of one process that valgrind has seen start once. The test programs are the same
 * objects; this file stands in front of the few functions of libcriterion that a test calls.
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

/* The wait status of the test's own process. */
static int run(const struct criterion_test *test)
{
	int status = -1;
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		this_test = test;
		this_suite = suite_of(test);
		test->test();
		exit(failed); /* with what is registered for the end, as under Criterion */
	}
	waitpid(pid, &status, 0);
	return status;
}

int main(void)
{
	int tested = 0, passed = 0, crashed = 0;
	for (struct criterion_test **test = __start_cr_tst; test < __stop_cr_tst; test++) {
		int status = run(*test);
		bool skipped = WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED;
		bool good = skipped || status == 0;
		tested += !skipped;
		passed += good && !skipped;
		crashed += !WIFEXITED(status);
		if (!good) {
			printf("[FAIL] %s::%s: status %#x\n", (*test)->category, (*test)->name,
				status);
		}
	}
	printf("Synthesis: Tested: %d | Passing: %d | Failing: %d | Crashing: %d\n", tested, passed,
		tested - passed - crashed, crashed);
	return tested == passed ? 0 : 1;
}
