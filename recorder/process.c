/* The recorded process: one writer, the frames RUN, PROCESS, PROCESS_END and LEFT, and the counters
 * that give exchanges, connections and threads their numbers.
 *
 * A forked child is a process of its own: new span, new writer, all numbers from 1 (P26-P29). What
 * it inherits is dropped or reset here and nowhere else: pool, names, connections, writer, each of
 * which knows how to forget its parent's locks. System calls are made raw, so that none of them
 * reaches a hook of ours (P46). */
#include "recorder/process.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/lasting.h"
#include "base/pool.h"
#include "base/real_path.h"
#include "base/sys.h"
#include "capture/fold.h"
#include "capture/key.h"
#include "capture/writer.h"
#include "recorder/call_clock.h"
#include "recorder/certificates.h"
#include "recorder/conn.h"
#include "recorder/keep.h"
#include "recorder/names.h"
#include "recorder/threads.h"

#define WRITER_BUDGET_NS (200 * 1000 * 1000ull) /* together about 300 ms (P14) */
#define ORPHANS_BUDGET_NS (80 * 1000 * 1000ull)
#define ARGV0_MAX 1024
#define LINK_MAX 4096
#define NUMBERING UINT32_MAX /* a signal came while a thread was being numbered */
#define FRAMES_ASIDE 4	     /* to say that much takes no live file */
#define LEFT_BYTES (LINK_MAX + 16)
#define PROCESS_BYTES (2 * LINK_MAX + ARGV0_MAX + 128)

static struct {
	struct th_redaction redaction, answers;
	_Atomic uint32_t exchanges, conns, spans_sent;
	_Atomic uint32_t forks; /* tells a thread that its number was the parent's */
	bool started;
	bool followed; /* its program before this one may have left live files */
	uint8_t trace_id[TH_TRACE_ID_BYTES];
	uint8_t span_id[TH_SPAN_ID_BYTES];
	char argv0[ARGV0_MAX];
	struct th_writer writer; /* ends with long texts */
} process;

uint32_t th_process_next_exchange(void)
{
	return atomic_fetch_add_explicit(&process.exchanges, 1, memory_order_relaxed) + 1;
}

uint32_t th_process_next_conn(void)
{
	return atomic_fetch_add_explicit(&process.conns, 1, memory_order_relaxed) + 1;
}

uint32_t th_process_next_sent(void)
{
	return atomic_fetch_add_explicit(&process.spans_sent, 1, memory_order_relaxed) + 1;
}

uint32_t th_process_thread(void)
{
	static __thread __attribute__((tls_model("initial-exec"))) struct {
		uint32_t ordinal, forks;
	} self;
	uint32_t forks = atomic_load_explicit(&process.forks, memory_order_relaxed);
	if (self.ordinal == 0 || self.forks != forks) {
		self.forks = forks;
		self.ordinal = NUMBERING;
		self.ordinal = th_threads_number();
	}
	return self.ordinal == NUMBERING ? 0 : self.ordinal;
}

void th_process_threads_forked(void)
{
	th_threads_forked();
	atomic_fetch_add(&process.forks, 1);
}

const struct th_redaction *th_process_redaction(void)
{
	return &process.redaction;
}

const struct th_redaction *th_process_answers(void)
{
	return &process.answers;
}

void th_process_put(uint8_t type, uint8_t flags, uint32_t id, const struct iovec *parts, int n)
{
	const struct th_frame_header h = {
		.type = type, .flags = flags, .id = id, .time = th_call_clock_now()};
	(void)th_writer_put_frame(&process.writer, &h, parts, n);
}

void th_process_put_with_data(uint8_t type, uint8_t flags, uint32_t id, const struct iovec *parts,
	int n, uint8_t data_type, uint8_t data_flags, struct th_slice data)
{
	const struct th_frame_header h = {
		.type = type, .flags = flags, .id = id, .time = th_call_clock_now()};
	const struct th_frame_header data_h = {
		.type = data_type, .flags = data_flags, .id = id, .time = th_call_clock_now()};
	const struct iovec part = {(void *)(uintptr_t)data.p, data.n};
	const struct th_writer_frame two[] = {{&h, parts, n}, {&data_h, &part, 1}};
	th_writer_put_two(&process.writer, two);
}

void th_process_put_at(
	uint8_t type, uint8_t flags, uint32_t id, uint64_t time, const struct iovec *parts, int n)
{
	(void)th_writer_put(&process.writer, type, flags, id, time, parts, n);
}

void th_process_put_aside(uint8_t type, const struct iovec *parts, int n)
{
	if (process.writer.next_seq < FRAMES_ASIDE) {
		(void)th_writer_put_direct(
			&process.writer, type, 0, 0, th_call_clock_now(), parts, n);
	} else {
		th_process_put(type, 0, 0, parts, n);
	}
}

static void put_direct(uint8_t type, const struct th_out *out)
{
	const struct iovec part = {out->p, out->n};
	(void)th_writer_put_direct(&process.writer, type, 0, 0, th_clock_now_rarely(), &part, 1);
}

/* Span ids are random; zero is no id (W3C Trace Context 3.2.2.4). */
static void new_span_id(void)
{
	uint64_t id = 0;
	for (int i = 0; i < 16 && id == 0; i++) {
		if (TH_SYS(SYS_getrandom, &id, sizeof(id), 0) != (long)sizeof(id)) {
			id = 0;
		}
	}
	if (id == 0) { /* an old kernel or a strict sandbox */
		id = th_clock_now() << 20 ^ (uint64_t)TH_SYS(SYS_getpid);
	}
	memcpy(process.span_id, &id, sizeof(id));
}

/* What an str16 holds at most, redacted. */
static size_t list_bound(const char *list)
{
	return 2 + th_redact_bound(th_slice_str(list).n);
}

static size_t run_size(const struct th_process_conf *conf)
{
	return 64 + list_bound(conf->meta) + list_bound(conf->tracestate) +
		list_bound(conf->baggage) + sizeof(TH_VERSION) + conf->rules_text.n;
}

/* "k=v,…" without the values of secret names. */
static void out_list(struct th_out *out, const char *list)
{
	bool any = false;
	const struct th_slice in = th_slice_str(list);
	if (out->cap - out->n < list_bound(list)) {
		out->failed = true;
		return;
	}
	uint8_t *at = out->p + out->n;
	size_t n = th_redact_list(&process.redaction, in, at + 2, &any);
	n = n < UINT16_MAX ? n : UINT16_MAX;
	th_out_u16(out, (uint16_t)n);
	out->n += n;
}

/* Where a frame is put together. */
struct room {
	uint8_t *p;
	size_t size;
	bool pooled;
};

/* While the process starts it is in memory that is written to anyway. */
static struct room room_for(size_t size, bool starting)
{
	struct th_out out = th_lasting_begin();
	if (starting && out.cap >= size) {
		return (struct room){out.p, size, false};
	}
	return (struct room){th_pool_room(size), size, true};
}

static void give_back(const struct room *room)
{
	if (room->pooled) {
		th_pool_free(room->p, room->size);
	}
}

static void out_run(struct th_out *out, const struct th_process_conf *conf)
{
	const uint8_t mode_record[8] = {1, conf->hash_bodies};
	th_out_bytes(out, conf->trace_id, TH_TRACE_ID_BYTES);
	th_out_bytes(out, conf->parent_span_id, TH_SPAN_ID_BYTES);
	th_out_bytes(out, mode_record, sizeof(mode_record));
	out_list(out, conf->meta);
	out_list(out, conf->tracestate);
	out_list(out, conf->baggage);
	th_out_str16(out, TH_SLICE_LIT(TH_VERSION));
	th_out_str16(out, conf->rules_text);
}

/* A text that the system writes where it is to stand, behind its length. */
static char *begin_text(struct th_out *out)
{
	out->failed = out->failed || out->cap - out->n < 2 + LINK_MAX;
	return out->failed ? NULL : (char *)out->p + out->n + 2;
}

static void end_text(struct th_out *out, long n)
{
	uint16_t length = n > 0 ? (uint16_t)n : 0;
	th_out_u16(out, length);
	out->n += out->failed ? 0 : length;
}

static long read_program(const char *named, char *at)
{
	size_t n = named ? th_real_path(named, at) : 0;
	return n ? (long)n : TH_SYS(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", at, LINK_MAX);
}

static void out_program_and_cwd(struct th_out *out, const char *program)
{
	char *at = begin_text(out);
	end_text(out, at ? read_program(program, at) : 0);
	th_out_str16(out, th_slice_str(process.argv0));
	at = begin_text(out);
	end_text(out, at ? TH_SYS(SYS_getcwd, at, LINK_MAX) - 1 : 0); /* counts its NUL */
}

static void out_process(struct th_out *out, enum th_began began,
	const uint8_t parent_span_id[TH_SPAN_ID_BYTES], const char *program)
{
	const uint8_t how[8] = {(uint8_t)began};
	th_out_bytes(out, process.trace_id, TH_TRACE_ID_BYTES);
	th_out_bytes(out, process.span_id, TH_SPAN_ID_BYTES);
	th_out_bytes(out, parent_span_id, TH_SPAN_ID_BYTES);
	th_out_u32(out, (uint32_t)TH_SYS(SYS_getpid));
	th_out_u32(out, (uint32_t)TH_SYS(SYS_getppid));
	th_out_bytes(out, how, sizeof(how));
	out_program_and_cwd(out, program);
}

static void put_process(
	enum th_began began, const uint8_t parent_span_id[TH_SPAN_ID_BYTES], const char *program)
{
	struct room room = room_for(PROCESS_BYTES, began != TH_BEGAN_FORKED);
	struct th_out out = {room.p, room.size, 0, false};
	if (room.p) {
		out_process(&out, began, parent_span_id, program);
		put_direct(TH_FRAME_PROCESS, &out);
		give_back(&room);
	}
}

/* A run's first process tells of both at once. */
static void put_run_and_process(const struct th_process_conf *conf)
{
	static const uint8_t types[] = {TH_FRAME_RUN, TH_FRAME_PROCESS};
	struct room room = room_for(run_size(conf) + PROCESS_BYTES, true);
	struct th_out out = {room.p, room.size, 0, false};
	if (!room.p) {
		return;
	}
	out_run(&out, conf);
	size_t run = out.n;
	out_process(&out, TH_BEGAN_ROOT, conf->parent_span_id, conf->program);
	const struct iovec payloads[] = {{out.p, run}, {out.p + run, out.n - run}};
	(void)th_writer_put_together(&process.writer, th_clock_now_rarely(), types, payloads, 2);
	give_back(&room);
}

int th_recorder_load_key(const char *path)
{
	return th_key_load(path);
}

const char *th_recorder_why(int error)
{
	return th_key_why(error);
}

static void choose_redaction(const struct th_process_conf *conf)
{
	process.redaction.off = conf->redact_off;
	process.redaction.rules = conf->rules;
	process.redaction.hash_bodies = conf->hash_bodies;
	memcpy(process.redaction.key, process.writer.key, sizeof(process.redaction.key));
	process.answers = process.redaction;
	process.answers.keep = conf->hash_bodies ? NULL : th_keep_value; /* no replay needs it */
	th_keep_start(&process.writer, conf->state_home, conf->home);
}

/* What it records is the other process's; numbers must not meet those that process gives. */
static void begin_relay(const uint8_t span_id[TH_SPAN_ID_BYTES])
{
	memcpy(process.span_id, span_id, TH_SPAN_ID_BYTES);
	atomic_store(&process.exchanges, TH_RELAY_NUMBERS);
	atomic_store(&process.conns, TH_RELAY_NUMBERS);
}

/* The error of the first record: a full disk, say, is better told now than counted where nobody can
 * read it. */
static int put_first(const struct th_process_conf *conf)
{
	if (conf->root) {
		put_run_and_process(conf);
		return process.writer.error;
	}
	put_process(conf->relayed ? TH_BEGAN_RELAY : TH_BEGAN_STARTED, conf->parent_span_id,
		conf->program);
	return 0;
}

int th_recorder_start(const struct th_process_conf *conf)
{
	int r = th_writer_open(&process.writer, conf->capture);
	if (r < 0) {
		return r;
	}
	choose_redaction(conf);
	process.followed = conf->followed;
	memcpy(process.trace_id, conf->trace_id, TH_TRACE_ID_BYTES);
	struct th_slice argv0 = th_slice_str(conf->argv0);
	memcpy(process.argv0, argv0.p ? argv0.p : (const uint8_t *)"",
		argv0.n < ARGV0_MAX ? argv0.n : ARGV0_MAX - 1);
	if (conf->relayed) {
		begin_relay(conf->relayed);
	} else {
		new_span_id();
	}
	r = put_first(conf);
	th_writer_settle(&process.writer);
	process.started = r == 0;
	return r;
}

void th_recorder_span_id(uint8_t ret_id[TH_SPAN_ID_BYTES])
{
	memcpy(ret_id, process.span_id, TH_SPAN_ID_BYTES);
}

void th_recorder_trace_id(uint8_t ret_id[TH_TRACE_ID_BYTES])
{
	memcpy(ret_id, process.trace_id, TH_TRACE_ID_BYTES);
}

void th_recorder_forked(void)
{
	uint8_t parent[TH_SPAN_ID_BYTES];
	memcpy(parent, process.span_id, sizeof(parent));
	th_pool_forked();
	th_names_forked();
	th_writer_forked(&process.writer);
	th_keep_forked(&process.writer);
	th_certificates_forked();
	th_conns_forked();
	atomic_store(&process.exchanges, 0);
	atomic_store(&process.conns, 0);
	atomic_store(&process.spans_sent, 0);
	th_process_threads_forked();
	new_span_id();
	put_process(TH_BEGAN_FORKED, parent, NULL);
}

void th_recorder_left(uint8_t reason, bool replaced, const char *path)
{
	uint8_t *p = th_pool_alloc(LEFT_BYTES);
	if (!p) {
		return;
	}
	struct th_out out = {p, LEFT_BYTES, 0, false};
	const uint8_t fixed[8] = {reason, replaced};
	struct th_slice s = th_slice_str(path);
	th_out_bytes(&out, fixed, sizeof(fixed));
	th_out_str16(&out, (struct th_slice){s.p, s.n < LINK_MAX ? s.n : LINK_MAX});
	put_direct(TH_FRAME_LEFT, &out);
	th_pool_free(p, LEFT_BYTES);
}

/* Whose live files may lie beside the capture, without an owner? Those of killed children, whether
 * they were waited for or not, and of the program that was here before exec; and who leaves live
 * files itself has the time to look for others. What nobody folds is read where it stands. To look
 * costs as much as to record a process that says nothing. */
static bool may_find_orphans(void)
{
	struct rusage children = {.ru_maxrss = 0};
	static const struct rusage none;
	siginfo_t child;
	return process.writer.live_count > 0 || process.followed ||
		TH_SYS(SYS_getrusage, RUSAGE_CHILDREN, &children) < 0 ||
		memcmp(&children, &none, sizeof(none)) != 0 ||
		TH_SYS(SYS_waitid, P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT | __WALL, NULL) !=
		-ECHILD;
}

int th_recorder_finish(void)
{
	if (!process.started) {
		return 0;
	}
	th_conns_finish();
	uint8_t count[8];
	struct th_out out = {count, sizeof(count), 0, false};
	th_out_u64(&out, process.writer.next_seq);
	put_direct(TH_FRAME_PROCESS_END, &out);
	int r = th_writer_finish(&process.writer, WRITER_BUDGET_NS);
	if (may_find_orphans()) {
		(void)th_fold_orphans(process.writer.path, process.writer.id, ORPHANS_BUDGET_NS);
	}
	return r;
}

bool th_recorder_broken(void)
{
	return !process.started || th_writer_broken(&process.writer);
}

const char *th_recorder_capture(void)
{
	return process.started ? process.writer.path : "";
}

bool th_recorder_mend(void)
{
	return process.started && th_writer_mend(&process.writer);
}
