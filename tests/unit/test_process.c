#include "recorder/process.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/fake_writer.h"

static const struct th_process_conf conf = {
	.capture = "/tmp/x.thc",
	.trace_id = {1, 2, 3},
	.parent_span_id = {9, 9},
	.root = true,
	.meta = "commit=abc",
	.argv0 = "./agent",
};

static bool holds(const struct fake_frame *f, const char *text)
{
	return memmem(f->p, f->n, text, strlen(text)) != NULL;
}

Test(process, root_writes_run_and_process)
{
	uint8_t span[TH_SPAN_ID_BYTES], zero[TH_SPAN_ID_BYTES] = {0};
	cr_assert_eq(th_recorder_start(&conf), 0);
	th_recorder_span_id(span);
	cr_assert_neq(memcmp(span, zero, sizeof(span)), 0);
	cr_assert_eq(fake_count, 2);
	cr_assert_eq(fake_direct, 2, "both without a live file");
	cr_assert_eq(fake_frames[0].type, TH_FRAME_RUN);
	cr_assert_eq(memcmp(fake_frames[0].p, conf.trace_id, 16), 0);
	cr_assert_eq(memcmp(fake_frames[0].p + 16, conf.parent_span_id, 8), 0);
	cr_assert(holds(&fake_frames[0], "commit=abc") && holds(&fake_frames[0], TH_VERSION));
	const struct fake_frame *p = &fake_frames[1];
	cr_assert_eq(p->type, TH_FRAME_PROCESS);
	cr_assert_eq(memcmp(p->p + 16, span, 8), 0);
	cr_assert_eq(memcmp(p->p + 24, conf.parent_span_id, 8), 0);
	cr_assert_eq(th_le32(p->p + 32), (uint32_t)getpid());
	cr_assert_eq(p->p[40], 1);
	char cwd[4096];
	cr_assert(getcwd(cwd, sizeof(cwd)) && holds(p, cwd));
	cr_assert(holds(p, "./agent") && holds(p, "_process"));
}

Test(process, others_write_process_only)
{
	struct th_process_conf child = conf;
	child.root = false;
	child.argv0 = NULL;
	cr_assert_eq(th_recorder_start(&child), 0);
	cr_assert_eq(fake_count, 1);
	cr_assert_eq(fake_frames[0].p[40], 2);
}

Test(process, refused_capture)
{
	struct th_process_conf bad = conf;
	cr_assert(th_recorder_broken());
	bad.capture = "/refused";
	cr_assert_eq(th_recorder_start(&bad), -22);
	cr_assert(th_recorder_broken());
	th_recorder_finish();
	cr_assert_eq(fake_count + fake_finished, 0);
	cr_assert_eq(th_recorder_start(&conf), 0);
	cr_assert_not(th_recorder_broken());
}

Test(process, end_counts_frames)
{
	th_recorder_start(&conf);
	th_recorder_name("x", 0, 0, NULL, 0);
	th_recorder_finish();
	const struct fake_frame *f = &fake_frames[fake_count - 1];
	cr_assert_eq(f->type, TH_FRAME_PROCESS_END);
	cr_assert_eq(th_le64(f->p), 3);
	cr_assert_eq(fake_finished, 1);
}

/* One that looks up a name and nothing else makes no live file; one that looks up many does. */
Test(process, the_first_names_need_no_live_file)
{
	th_recorder_start(&conf);
	cr_assert_eq(fake_direct, 2);
	th_recorder_name("a", 0, 0, NULL, 0);
	th_recorder_name("b", 0, 0, NULL, 0);
	cr_expect_eq(fake_direct, 4);
	th_recorder_name("c", 0, 0, NULL, 0);
	cr_expect_eq(fake_direct, 4);
	cr_expect_eq(fake_count, 5);
}

Test(process, programs_that_left)
{
	static char longest[9000];
	memset(longest, 'p', sizeof(longest) - 1);
	th_recorder_start(&conf);
	th_recorder_left(TH_LEFT_STATIC, true, "/bin/static");
	const struct fake_frame *f = &fake_frames[2];
	cr_assert_eq(f->type, TH_FRAME_LEFT);
	cr_assert_eq(fake_direct, 3, "without a live file");
	cr_assert_arr_eq(f->p, "\2\1\0\0\0\0\0\0\13\0/bin/static", 21);
	th_recorder_left(TH_LEFT_ENVIRONMENT, false, longest);
	cr_assert_eq(fake_frames[3].n, 10 + 4096, "a path has no more");
}

/* What the child of a fork did, told by its exit code. */
static int child_result(void)
{
	uint8_t parent[TH_SPAN_ID_BYTES], own[TH_SPAN_ID_BYTES];
	th_recorder_span_id(parent);
	fake_forget();
	th_recorder_forked();
	th_recorder_span_id(own);
	const struct fake_frame *f = &fake_frames[0];
	if (fake_count != 1 || f->type != TH_FRAME_PROCESS || f->p[40] != 3) {
		return 1;
	}
	if (memcmp(f->p + 16, own, 8) != 0 || memcmp(f->p + 24, parent, 8) != 0 ||
		memcmp(own, parent, 8) == 0 || th_le32(f->p + 32) != (uint32_t)getpid()) {
		return 2;
	}
	return th_process_next_exchange() == 1 && th_process_thread() == 1 ? 0 : 3;
}

static void *take_number(void *ret)
{
	*(uint32_t *)ret = th_process_thread();
	return NULL;
}

/* A thread that asks when it is told to. */
struct asker {
	pthread_t thread;
	sem_t now;
	uint32_t number;
};

static void *ask_when_told(void *arg)
{
	struct asker *a = arg;
	sem_wait(&a->now);
	a->number = th_process_thread();
	return NULL;
}

Test(process, threads_are_numbered_by_creation)
{
	struct asker askers[4];
	uint32_t first = th_process_thread();
	for (int i = 0; i < 4; i++) {
		sem_init(&askers[i].now, 0, 0);
		pthread_create(&askers[i].thread, NULL, ask_when_told, &askers[i]);
	}
	for (int i = 4; i-- > 0;) { /* the last one asks first */
		sem_post(&askers[i].now);
		while (pthread_tryjoin_np(askers[i].thread, NULL) != 0) {
			sched_yield();
		}
		sem_destroy(&askers[i].now);
	}
	for (int i = 0; i < 4; i++) {
		cr_expect_gt(askers[i].number, i ? askers[i - 1].number : first);
	}
	cr_expect_eq(th_process_thread(), first);
}

Test(process, threads_that_follow_each_other_have_numbers_of_their_own)
{
	uint32_t first = th_process_thread(), before = first;
	for (int i = 0; i < 4; i++) {
		uint32_t number;
		pthread_t thread;
		pthread_create(&thread, NULL, take_number, &number);
		pthread_join(thread, NULL);
		cr_expect_gt(number, before);
		before = number;
	}
}

Test(process, forked_child_is_a_process_of_its_own)
{
	th_recorder_start(&conf);
	th_process_next_exchange();
	th_process_thread();
	pid_t pid = fork();
	if (pid == 0) {
		_exit(child_result());
	}
	int status;
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 0, "step %d", WEXITSTATUS(status));
}
