/* See relaying.h. The relay's directory has a name that the run's first process has drawn; who
 * makes it starts the relay, everybody else waits until it listens. */
#include "shim/relaying.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/sys.h"
#include "base/text.h"
#include "player/protocol.h"
#include "recorder/recorder.h"
#include "shim/arm.h"
#include "shim/child_env.h"
#include "shim/children.h"
#include "shim/helper.h"
#include "shim/log.h"
#include "shim/own_tls.h"
#include "shim/replay_link.h"

#define WAIT_NS 10000000000ull /* for another process that is starting it */
#define WAIT_STEP_NS 2000000
#define ANSWER_BYTES (16u << 10)
#define TAKEN_BACK_MAX 10
#define TAKEN_BACK_BYTES 4224

extern char **environ;

_Atomic bool th_relay_on;

static uint8_t asked[TH_TRUST_MAX]; /* kept for forked children */
static size_t asked_n;
static char answer[ANSWER_BYTES];

/* ---- asking ---- */

static void add(struct th_out *out, const char *name, const char *value)
{
	if (value) {
		th_out_bytes(out, name, strlen(name));
		th_out_u8(out, '=');
		th_out_bytes(out, value, strlen(value) + 1);
	}
}

static void ask_for_program(struct th_out *out)
{
	static const char *const names[] = {TH_TRUST_NAMES};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = strlen(names[i]);
		for (char **e = environ; e && *e; e++) {
			if (strncmp(*e, names[i], n) == 0 && (*e)[n] == '=') {
				add(out, names[i], *e + n + 1);
			}
		}
	}
}

/* An ask that holds nothing is one, too. */
static long trust(void)
{
	return th_link_trust(asked, asked_n, answer, sizeof(answer));
}

/* ---- joining ---- */

static int start(const struct th_config *conf)
{
	char hex[2 * TH_TRACE_ID_BYTES + 1] = "", why[TH_HELPER_WHY_BYTES] = "";
	th_hex_encode(hex, conf->trace_id, TH_TRACE_ID_BYTES);
	const struct th_helper_option options[] = {{"--directory", conf->relay},
		{"--capture", conf->capture}, {"--trace", hex},
		{"--redact", conf->redact_off ? "off" : conf->rules},
		{"--body", conf->hash_bodies ? "hash" : NULL}};
	_Static_assert(sizeof(options) / sizeof(*options) <= TH_HELPER_OPTIONS, "room for all");
	int r = th_helper_start("relay", options, sizeof(options) / sizeof(options[0]), why);
	if (r < 0) {
		th_log("no relay", why, r);
		TH_SYS(SYS_unlinkat, AT_FDCWD, conf->relay, AT_REMOVEDIR);
	}
	return r;
}

/* A directory that somebody else made under that name is not ours. */
static bool is_own(const char *path)
{
	struct stat st;
	return TH_SYS(SYS_newfstatat, AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISDIR(st.st_mode) && st.st_uid == (uid_t)TH_SYS(SYS_geteuid) &&
		(st.st_mode & 0777) == 0700;
}

static int find_relay(const struct th_config *conf)
{
	if (!conf->relay[0]) {
		return -ENOENT;
	}
	int r = (int)TH_SYS(SYS_mkdirat, AT_FDCWD, conf->relay, 0700);
	if (r == 0) {
		return start(conf);
	}
	return r == -EEXIST && is_own(conf->relay) ? 0 : r;
}

static int enter(const uint8_t span_id[8])
{
	uint64_t end = th_clock_mono() + WAIT_NS;
	int r;
	while ((r = th_link_register(span_id)) == -ENOENT && th_clock_mono() < end) {
		th_sys_sleep(WAIT_STEP_NS);
	}
	return r;
}

static int join_relay(void)
{
	const struct th_config *conf = &th_arm_config;
	uint8_t span_id[TH_SPAN_ID_BYTES];
	int r = find_relay(conf);
	th_recorder_span_id(span_id);
	r = r < 0 ? r : th_link_init_relay(conf->relay, conf->parent_span_id);
	return r < 0 ? r : enter(span_id);
}

/* The answer's length; or a negative errno. */
static long join(void)
{
	bool records = th_arm_is(TH_ARM_RECORD);
	long r = records ? join_relay() : 0;
	r = r < 0 ? r : trust();
	th_log(r < 0 ? "cannot be relayed" : "trusts", "relay or player", (int)r);
	if (records && r >= 0) {
		atomic_store(&th_arm_guises, true);
		atomic_store(&th_relay_on, true);
	}
	return r;
}

/* ---- taking back what a parent was led to ---- */

static const char *directory(void)
{
	const struct th_config *conf = &th_arm_config;
	return th_arm_is(TH_ARM_RECORD) ? conf->relay : conf->player;
}

static bool read_was(const char *file, struct th_out *out)
{
	char path[TH_CONFIG_PATH_MAX];
	struct th_out name = {.p = (uint8_t *)path, .cap = sizeof(path)};
	th_out_bytes(&name, file, strlen(file));
	th_out_bytes(&name, TH_TRUST_WAS, sizeof(TH_TRUST_WAS));
	int fd = name.failed ? -1 : th_sys_open(path, O_RDONLY, 0);
	long n = fd < 0 ? fd : th_sys_read(fd, out->p + out->n, out->cap - out->n - 1);
	if (fd >= 0) {
		th_sys_close(fd);
	}
	out->n += n > 0 ? (size_t)n : 0;
	th_out_u8(out, 0);
	return n > 0 && !out->failed;
}

/* An entry of the environment that leads to our files becomes what it was before. */
static void take_back(char *entry, const char *file)
{
	static char room[TAKEN_BACK_MAX][TAKEN_BACK_BYTES];
	static size_t used;
	size_t n = strlen(file), name = (size_t)(file - entry);
	bool was_set = n > sizeof(TH_TRUST_SET) - 1 &&
		strcmp(file + n - (sizeof(TH_TRUST_SET) - 1), TH_TRUST_SET) == 0;
	if (was_set && used < TAKEN_BACK_MAX) {
		struct th_out out = {.p = (uint8_t *)room[used], .cap = TAKEN_BACK_BYTES};
		th_out_bytes(&out, entry, name);
		if (read_was(file, &out)) {
			th_children_put(room[used++]);
		}
	} else if (!was_set && name <= TAKEN_BACK_BYTES) {
		char copy[TAKEN_BACK_BYTES] = "";
		memcpy(copy, entry, name - 1);
		unsetenv(copy);
	}
}

static bool is_same_name(const char *a, const char *b)
{
	size_t n = strcspn(b, "=") + 1;
	return a && strncmp(a, b, n) == 0;
}

/* The parent needed them, this process does not. */
static void take_all_back(void)
{
	const char *ours = directory();
	size_t n = strlen(ours);
	for (size_t i = 0; n && environ && environ[i];) {
		char *entry = environ[i], *value = strchr(entry, '=');
		if (value && strncmp(value + 1, ours, n) == 0 && value[1 + n] == '/') {
			take_back(entry, value + 1);
		}
		i += environ[i] == entry || is_same_name(environ[i], entry);
	}
}

void th_relay_begin(void)
{
	struct th_out out = {.p = asked, .cap = sizeof(asked)};
	if (!th_own_tls()) {
		if (th_arm_config.child) {
			take_all_back();
		}
		return;
	}
	ask_for_program(&out);
	asked_n = out.n;
	long n = out.failed ? -E2BIG : join();
	for (long at = 0; at < n; at += (long)strlen(answer + at) + 1) {
		th_children_put(answer + at);
	}
}

void th_relay_forked(const uint8_t span_id[8])
{
	th_relay_epoll_forked();
	if (atomic_load(&th_relay_on) && (th_link_register(span_id) < 0 || trust() < 0)) {
		atomic_store(&th_relay_on, false);
	}
}

/* ---- Java ---- */

bool th_relay_java(const struct th_relay_java *java, char *ret_path, size_t cap)
{
	static const char name[] = "java.store=";
	struct th_out out = {.p = asked, .cap = sizeof(asked)};
	bool on = th_arm_is(TH_ARM_RECORD) || th_arm_is(TH_ARM_REPLAY);
	if (!on || !java->home || asked_n) {
		return false;
	}
	add(&out, "java.home", java->home);
	add(&out, "java.store", java->store);
	add(&out, "java.password", java->password);
	asked_n = out.n;
	long n = out.failed ? -E2BIG : join();
	size_t bytes = n > (long)sizeof(name) ? (size_t)n - (sizeof(name) - 1) : 0;
	if (!bytes || bytes > cap || memcmp(answer, name, sizeof(name) - 1) != 0) {
		atomic_store(&th_relay_on, false); /* it would not trust the relay */
		return false;
	}
	memcpy(ret_path, answer + sizeof(name) - 1, bytes);
	return true;
}
