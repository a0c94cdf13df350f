/* Arming and disarming; see arm.h.
 *
 * The constructor is the only place that reads the environment, takes the loader's locks for the C
 * library's functions, or prints (one line, when a setting is wrong). The destructor only ends the
 * process's recording in good order: nothing depends on it (P13), and hooks called after it pass
 * through (P12).
 *
 * Forks. A true fork is noticed by the wiped page, at the first tap in the child, whatever call
 * made it; a child that goes on to exec is never noticed and costs nothing. The atfork handler only
 * keeps `owner` right, so that a vfork child of a forked child is told from its parent. */
#include "shim/arm.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "base/sys.h"
#include "base/text.h"
#include "recorder/emit.h"
#include "recorder/recorder.h"
#include "shim/child_env.h"
#include "shim/children.h"
#include "shim/environment.h"
#include "shim/fd_table.h"
#include "shim/helper.h"
#include "shim/inside.h"
#include "shim/log.h"
#include "shim/name_server.h"
#include "shim/plain.h"
#include "shim/processor.h"
#include "shim/propagate.h"
#include "shim/rebind.h"
#include "shim/relaying.h"
#include "shim/replay.h"
#include "shim/rules_file.h"
#include "shim/slot.h"

/* For another thread of the child to finish noticing, which writes to the capture: about 5 s. */
#define FORKED_WAIT_ROUNDS 50000
#define FORKED_WAIT_PAUSE 100000 /* ns */

/* Interpreters of interpreters: the kernel goes through five, each with an argument. */
#define INTERPRETED_ARGUMENTS 12

_Atomic int th_arm_state = TH_ARM_PASS;
_Atomic bool th_arm_recording;
_Atomic bool th_arm_guises;
struct th_config th_arm_config;
__thread struct th_thread th_thread;

static _Atomic uint32_t plain_mark = TH_MARK_NOTICED; /* until there is a page, or without one */
_Atomic uint32_t *th_arm_mark = &plain_mark;

static const char *executed; /* see own_program(); NULL also before the recorder has started */
static _Atomic pid_t owner;
static _Atomic uint64_t missed;
static _Atomic pid_t noticing; /* the thread that makes a forked child a process of its own */

/* ---- forks ---- */

static pid_t own_pid(void)
{
	return (pid_t)TH_SYS(SYS_getpid);
}

static pid_t own_thread(void)
{
	return (pid_t)TH_SYS(SYS_gettid);
}

static void in_fork_child(void)
{
	atomic_store(&owner, own_pid());
	if (th_arm_mark == &plain_mark) {
		atomic_store(&plain_mark, TH_MARK_FORKED);
	}
}

/* What pthread_atfork() says of who calls it, without the compiler's startup files (meson.build).
 * Of a library that is never unloaded nobody asks. */
extern void *const __dso_handle;
__attribute__((
	weak, visibility("hidden"))) void *const __dso_handle = (void *)(uintptr_t)&__dso_handle;

static void make_mark(void)
{
	void *page = mmap(NULL, sizeof(*th_arm_mark), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED) {
		return;
	}
	if (madvise(page, sizeof(*th_arm_mark), MADV_WIPEONFORK) < 0) {
		munmap(page, sizeof(*th_arm_mark)); /* the atfork handler must do */
		return;
	}
	th_arm_mark = page;
	atomic_store(th_arm_mark, TH_MARK_NOTICED);
}

static bool is_owner(void)
{
	int saved = errno;
	bool same = own_pid() == atomic_load(&owner);
	errno = saved;
	return same;
}

/* A child of _Fork() or clone() is not known as owner yet, but its page is wiped. */
bool th_arm_owner(void)
{
	return !th_arm_noticed() || is_owner();
}

bool th_upkeep_enter(void)
{
	if (!th_arm_records() || th_thread.depth > 0 || !is_owner()) {
		return false;
	}
	th_thread.depth++;
	atomic_signal_fence(memory_order_seq_cst);
	return true;
}

static void become_process(void)
{
	uint8_t span_id[TH_SPAN_ID_BYTES];
	atomic_store(&owner, own_pid());
	atomic_store(&missed, 0);
	bool records = th_arm_records();
	if (records) {
		th_recorder_forked();
		th_name_server_forked();
		th_recorder_span_id(span_id);
		th_relay_forked(span_id);
	}
	if (th_arm_is(TH_ARM_REPLAY)) {
		th_replay_forked(records ? span_id : NULL);
		th_replay_span_id(span_id);
	}
	th_children_rename(span_id);
	th_log("forked child records", NULL, 0);
}

/* Not by a signal handler that runs on top of the thread that is noticing. */
static bool wait_until_noticed(void)
{
	pid_t self = own_thread();
	for (int i = 0; i < FORKED_WAIT_ROUNDS && atomic_load(&noticing) != self; i++) {
		if (th_arm_noticed()) {
			return true;
		}
		th_sys_sleep(FORKED_WAIT_PAUSE);
	}
	th_arm_missed();
	return false;
}

bool th_arm_forked(void)
{
	uint32_t mark = TH_MARK_FORKED;
	if (!atomic_compare_exchange_strong(th_arm_mark, &mark, TH_MARK_NOTICING)) {
		return mark == TH_MARK_NOTICED || wait_until_noticed();
	}
	atomic_store(&noticing, own_thread());
	become_process();
	atomic_store(&noticing, 0);
	atomic_store_explicit(th_arm_mark, TH_MARK_NOTICED, memory_order_release);
	return true;
}

/* ---- trouble ---- */

void th_arm_missed(void)
{
	atomic_fetch_add_explicit(&missed, 1, memory_order_relaxed);
}

/* Only the process that records may look for room (P26). */
static bool can_record(void)
{
	if (!th_arm_noticed() || th_thread.depth > 0 || !is_owner()) {
		return !th_recorder_broken();
	}
	int saved = errno;
	th_thread.depth++;
	atomic_signal_fence(memory_order_seq_cst);
	bool able = th_recorder_mend();
	atomic_signal_fence(memory_order_seq_cst);
	th_thread.depth--;
	errno = saved;
	return able;
}

bool th_arm_refuses(void)
{
	return th_arm_config.closed && th_arm_is(TH_ARM_RECORD) && !can_record();
}

/* The only thing this library ever prints. */
static void say_once(const char *why)
{
	if (!th_arm_config.said) {
		(void)th_sys_write(STDERR_FILENO, why, strlen(why));
	}
	th_log(why, NULL, 0);
	th_children_export_said(&th_arm_config);
}

/* A mistake was found and said: what is left to do is the verdict. */
static enum th_arm_state after_mistake(const char *why)
{
	say_once(why);
	return th_arm_config.verdict == TH_CONFIG_FENCED ? TH_ARM_FENCED : TH_ARM_PASS;
}

/* ---- begin ---- */

static const char *why_not_begun(int error)
{
	switch (error) {
	case -EINVAL:
		return "is no tracehook capture, and left as it is";
	case -ENOTSUP:
		return "was written by a newer tracehook, and is left as it is";
	default:
		return th_recorder_why(error) ? th_recorder_why(error) : strerrordesc_np(-error);
	}
}

static void choose_trace_id(struct th_config *conf)
{
	if (!conf->has_trace_id) {
		(void)TH_SYS(SYS_getrandom, conf->trace_id, sizeof(conf->trace_id), GRND_NONBLOCK);
		conf->has_trace_id = true;
	}
}

/* Redaction rules of one's own. */
static bool read_rules(struct th_config *conf, struct th_process_conf *process, char *why)
{
	char reason[TH_SCRUB_RULES_WHY_MAX];
	if (!conf->rules[0]) {
		return true;
	}
	if (!th_rules_file_load(conf->rules, &process->rules, &process->rules_text, reason)) {
		th_config_fail(conf, conf->rules, reason, why);
		return false;
	}
	th_children_export_rules(conf);
	return true;
}

/* The path that was executed, when it is the program's own: that of a script, or of what else the
 * system runs by another program, is among that one's first arguments; and where the loader was
 * executed by hand there is none below the program. */
static const char *own_program(char *const *argv)
{
	const char *path = (const char *)getauxval(AT_EXECFN);
	for (int i = 1; path && i <= INTERPRETED_ARGUMENTS && argv[0] && argv[i]; i++) {
		if (argv[i][0] == path[0] && strcmp(argv[i], path) == 0) {
			return NULL;
		}
	}
	return getauxval(AT_BASE) ? path : NULL;
}

/* Writes to `capture` from now on. 0 and this process's span id; or a negative errno and `why`. */
static int start_recorder(
	const char *capture, char *const *argv, uint8_t ret_span_id[TH_SPAN_ID_BYTES], char *why)
{
	struct th_config *conf = &th_arm_config;
	executed = own_program(argv);
	struct th_process_conf process = {
		.capture = capture,
		.root = !conf->child,
		.meta = conf->meta,
		.tracestate = conf->tracestate,
		.baggage = conf->baggage,
		.redact_off = conf->redact_off,
		.hash_bodies = conf->hash_bodies,
		.state_home = conf->state_home,
		.home = conf->home,
		.followed = conf->child && conf->parent_pid == (uint32_t)own_pid(),
		.program = executed,
		.argv0 = argv[0],
	};
	choose_trace_id(conf);
	memcpy(process.trace_id, conf->trace_id, sizeof(process.trace_id));
	memcpy(process.parent_span_id, conf->parent_span_id, sizeof(process.parent_span_id));
	if (!read_rules(conf, &process, why)) {
		return -EINVAL;
	}
	int r = th_recorder_start(&process);
	if (r < 0) {
		th_config_fail(conf, capture, why_not_begun(r), why);
		return r;
	}
	th_recorder_span_id(ret_span_id);
	return 0;
}

static enum th_arm_state begin_recording(char *const *argv, char *why)
{
	struct th_config *conf = &th_arm_config;
	uint8_t span_id[TH_SPAN_ID_BYTES];
	choose_trace_id(conf);
	if (!th_config_sampled(conf, conf->trace_id)) {
		th_log("TRACEHOOK_SAMPLE: this run is not recorded", NULL, 0);
		th_children_export_unsampled(conf);
		return TH_ARM_PASS;
	}
	if (start_recorder(conf->capture, argv, span_id, why) < 0) {
		return after_mistake(why);
	}
	if (!conf->relay[0]) {
		char name[TH_HELPER_DIRECTORY_BYTES];
		th_helper_directory_name(span_id, name);
		const char *relay = th_config_keep(name);
		conf->relay = relay ? relay : "";
	}
	th_children_export(conf, conf->trace_id, span_id);
	th_propagate_start();
	atomic_store(&th_arm_recording, true);
	return TH_ARM_RECORD;
}

/* `auto` has nothing to replay: TRACEHOOK_TRACE_ID is the new run's, if it is whole. */
static enum th_arm_state begin_first_recording(char *const *argv, char *why)
{
	struct th_config *conf = &th_arm_config;
	const char *id = conf->trace_prefix;
	conf->mode = TH_CONFIG_RECORD;
	conf->record = "";
	if (id && strlen(id) == 2 * TH_TRACE_ID_BYTES) {
		conf->has_trace_id = th_hex_decode(conf->trace_id, id, TH_TRACE_ID_BYTES);
	}
	return begin_recording(argv, why);
}

/* A process that is recorded while it replays has one span id for both. */
static enum th_arm_state begin_replaying(char *const *argv, char *why)
{
	struct th_config *conf = &th_arm_config;
	uint8_t span_id[TH_SPAN_ID_BYTES];
	char reason[TH_REPLAY_WHY_BYTES];
	bool records = conf->record[0];
	int r = th_replay_start(conf, reason);
	if (r == -ENODATA) {
		return begin_first_recording(argv, why);
	}
	/* After the player has read the capture, into which this may be recorded, too. */
	if (r == 0 && records && start_recorder(conf->record, argv, span_id, why) < 0) {
		return after_mistake(why);
	}
	r = r < 0 ? r : th_replay_join(records ? span_id : NULL, reason);
	if (r < 0) {
		th_config_fail(conf, "replay", reason, why);
		return after_mistake(why);
	}
	conf->mode = TH_CONFIG_REPLAY;
	const char *player = th_config_keep(th_replay_directory());
	conf->player = player ? player : "";
	choose_trace_id(conf);
	th_replay_span_id(span_id);
	th_children_export(conf, conf->trace_id, span_id);
	atomic_store(&th_arm_recording, records);
	return TH_ARM_REPLAY;
}

/* The capture is replayed, and what comes of it recorded into it. */
static enum th_arm_state begin_auto(char *const *argv, char *why)
{
	struct th_config *conf = &th_arm_config;
	struct stat st;
	if (th_sys_stat(conf->capture, &st) == -ENOENT) {
		return begin_first_recording(argv, why);
	}
	conf->record = conf->capture;
	conf->on_miss = conf->on_miss ? conf->on_miss : "live";
	return begin_replaying(argv, why);
}

/* Also for a replay, whose player reads the capture: it would end without a word here. */
static bool load_key(char *why)
{
	struct th_config *conf = &th_arm_config;
	int r = conf->key_file ? th_recorder_load_key(conf->key_file) : 0;
	if (r < 0) {
		const char *text = th_recorder_why(r);
		th_config_fail(conf, conf->key_file, text ? text : strerrordesc_np(-r), why);
	}
	return r == 0;
}

static enum th_arm_state begin(char *const *argv)
{
	char why[TH_CONFIG_WHY_MAX], cwd[PATH_MAX];
	long n = TH_SYS(SYS_getcwd, cwd, sizeof(cwd));
	const char *here = n > 0 && cwd[0] == '/' ? cwd : NULL;
	th_environment_begin();
	if (th_config_parse(th_environment_get, NULL, here, &th_arm_config, why) < 0 ||
		th_config_check_names(&th_arm_config, environ, why) < 0) {
		return after_mistake(why);
	}
	if (!load_key(why)) {
		return after_mistake(why);
	}
	switch (th_arm_config.mode) {
	case TH_CONFIG_RECORD:
		return begin_recording(argv, why);
	case TH_CONFIG_REPLAY:
		return begin_replaying(argv, why);
	case TH_CONFIG_AUTO:
		return begin_auto(argv, why);
	case TH_CONFIG_OFF:
		break;
	}
	return TH_ARM_PASS;
}

__attribute__((constructor)) static void arm(int argc, char **argv, char **envp)
{
	int saved = errno;
	th_slot_begin();
	if (!getauxval(AT_SECURE)) { /* P31 */
		th_thread.depth++;
		th_processor_begin();
		th_child_env_begin();
		atomic_store(&owner, own_pid());
		make_mark();
		th_rebind_begin();
		(void)pthread_atfork(NULL, NULL, in_fork_child);
		enum th_arm_state state = begin(argv);
		atomic_store(&th_arm_guises, state >= TH_ARM_REPLAY);
		atomic_store_explicit(&th_arm_state, (int)state, memory_order_release);
		th_thread.depth--;
		if (state == TH_ARM_RECORD || state == TH_ARM_REPLAY) {
			th_inside_begin(executed);
			th_relay_begin();
		}
	}
	errno = saved;
}

/* ---- end ---- */

static void finish_recording(void)
{
	uint64_t lost = atomic_exchange(&missed, 0);
	if (lost) {
		th_emit_lost(lost, 0, "a signal handler interrupted the recorder");
	}
	th_name_server_gave_up(-1);
	th_fd_account_all();
	int r = th_recorder_finish();
	if (r == -ESTALE || r == -ENOENT) {
		th_log("the capture was removed or replaced: what was recorded is not in it", NULL,
			r);
	} else if (r < 0) {
		th_log("not all that was recorded is in the capture yet", NULL, r);
	}
}

__attribute__((destructor)) static void disarm(void)
{
	int saved = errno;
	/* A forked child that was never noticed has nothing of its own to end. */
	bool recording = th_arm_records() && th_arm_noticed() && is_owner();
	if (recording) {
		th_plain_flush_streams();
		th_thread.depth++;
		atomic_store(&th_arm_recording, false);
		if (th_arm_is(TH_ARM_RECORD)) { /* the fence of a replay stays */
			atomic_store(&th_arm_state, TH_ARM_PASS);
		}
		finish_recording();
		th_thread.depth--;
	}
	errno = saved;
}
