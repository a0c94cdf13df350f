/* Checking the environment; see config.h.
 *
 * MODE and ON_ERROR are read first, since they decide what a mistake in any other variable leads
 * to; the first mistake found is the one that is told. An empty value counts as unset, as shells
 * make it easy to leave one behind. Left out on purpose: TRACEPARENT that is not well-formed is no
 * mistake but ignored (W3C Trace Context 4.3). */
#include "shim/config_line.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/lasting.h"
#include "base/text.h"

#define VALUE_SHOWN_MAX 60 /* of a wrong value, on stderr */
#define MILLION TH_CONFIG_SAMPLE_ALL

struct input {
	th_config_get *get;
	void *ctx;
};

static const char *lookup(const struct input *in, const char *name)
{
	const char *v = in->get(in->ctx, name);
	return v && v[0] ? v : NULL;
}

/* ---- the line on stderr ---- */

static void say(struct th_out *out, const char *s)
{
	size_t room = out->cap - out->n, n = strlen(s);
	th_out_bytes(out, s, n < room ? n : room);
}

static void say_value(struct th_out *out, const char *value)
{
	for (size_t i = 0; value[i] && i < VALUE_SHOWN_MAX; i++) {
		char c[2] = {value[i] >= ' ' && value[i] <= '~' ? value[i] : '?', 0};
		say(out, c);
	}
	if (strlen(value) > VALUE_SHOWN_MAX) {
		say(out, "...");
	}
}

static void say_verdict(struct th_out *out, enum th_config_verdict verdict)
{
	say(out,
		verdict == TH_CONFIG_FENCED ? "; network calls fail\n" : "; nothing is recorded\n");
	out->p[out->n] = '\0';
}

static enum th_config_verdict verdict_by_mode(const struct th_config *conf)
{
	bool fence = conf->mode == TH_CONFIG_REPLAY || conf->mode == TH_CONFIG_AUTO || conf->closed;
	return fence ? TH_CONFIG_FENCED : TH_CONFIG_UNTOUCHED;
}

/* The verdict always fits: what comes before it is given less than the whole room. */
static struct th_out begin_line(char why[TH_CONFIG_WHY_MAX])
{
	struct th_out out = {.p = (uint8_t *)why, .cap = TH_CONFIG_WHY_MAX - 32};
	say(&out, "tracehook: ");
	return out;
}

static void end_line(struct th_out *out, enum th_config_verdict verdict)
{
	out->cap = TH_CONFIG_WHY_MAX - 1;
	say_verdict(out, verdict);
}

void th_config_fail(
	struct th_config *conf, const char *what, const char *reason, char why[TH_CONFIG_WHY_MAX])
{
	conf->verdict = verdict_by_mode(conf);
	struct th_out out = begin_line(why);
	say(&out, what);
	say(&out, ": ");
	say(&out, reason);
	end_line(&out, conf->verdict);
}

int th_config_mistake(struct th_config *conf, const char *name, const char *value,
	const char *problem, char why[TH_CONFIG_WHY_MAX])
{
	struct th_out out = begin_line(why);
	say(&out, name);
	say(&out, "=");
	say_value(&out, value);
	say(&out, problem);
	end_line(&out, conf->verdict);
	return -EINVAL;
}

/* ---- kinds of values ---- */

static bool in_list(const char *list, const char *word)
{
	size_t n = strlen(word);
	for (const char *p = list; *p;) {
		size_t len = strcspn(p, " ");
		if (len == n && memcmp(p, word, n) == 0) {
			return true;
		}
		p += len + (p[len] == ' ');
	}
	return false;
}

/* "12.5" in millionths, saturating; false: not a plain decimal number. */
static bool parse_decimal(const char *s, uint64_t *ret_millionths)
{
	uint64_t value = 0, unit = MILLION;
	bool digit = false, point = false;
	for (; *s; s++) {
		if (*s == '.' && !point) {
			point = true;
			continue;
		}
		if (*s < '0' || *s > '9') {
			return false;
		}
		digit = true;
		unit = point ? unit / 10 : unit;
		value = point ? value + (uint64_t)(*s - '0') * unit
			      : value * 10 + (uint64_t)(*s - '0') * MILLION;
		value = value > UINT64_MAX / 20 ? UINT64_MAX / 20 : value;
	}
	*ret_millionths = value;
	return digit;
}

static bool check_sample(const char *value)
{
	uint64_t millionths;
	return parse_decimal(value, &millionths) && millionths <= MILLION;
}

static bool check_pace(const char *value)
{
	uint64_t millionths;
	return parse_decimal(value, &millionths);
}

/* "volatile:FILE,sequence"; whether the file can be read is the player's to say. */
static bool check_match(const char *value)
{
	static const char file[] = "volatile:";
	for (const char *p = value;;) {
		size_t n = strcspn(p, ",");
		struct th_slice word = {(const uint8_t *)p, n};
		bool known = th_slice_eq(word, TH_SLICE_LIT("canonical")) ||
			th_slice_eq(word, TH_SLICE_LIT("volatile")) ||
			th_slice_eq(word, TH_SLICE_LIT("sequence")) ||
			(n > sizeof(file) - 1 && strncmp(p, file, sizeof(file) - 1) == 0);
		if (!known || !p[n]) {
			return known;
		}
		p += n + 1;
	}
}

/* A word, or the name of a rules file, which is read later. */
static bool check_redact(const char *value)
{
	return true;
}

/* "k=v,k2=v2" */
static bool check_meta(const char *value)
{
	for (const char *p = value;; p++) {
		size_t len = strcspn(p, ",");
		const char *eq = memchr(p, '=', len);
		if (!eq || eq == p) {
			return false;
		}
		p += len;
		if (!*p) {
			return true;
		}
	}
}

static bool check_hex_id(const char *value)
{
	size_t n = strspn(value, "0123456789abcdefABCDEF");
	return n > 0 && n <= 2 * TH_TRACE_ID_BYTES && !value[n];
}

static bool check_absolute(const char *value)
{
	return value[0] == '/';
}

/* Texts within, not pointers to texts: those would be relocated in every program that starts. */
struct rule {
	char name[24];
	char words[24]; /* "": ask `check` */
	bool (*check)(const char *value);
	char isnt[72]; /* what is said of any other value */
};

static const struct rule mode_rule = {
	"TRACEHOOK_MODE", "record replay auto off", NULL, " is not record, replay, auto or off"};

static const struct rule rules[] = {
	{"TRACEHOOK_ON_ERROR", "open closed", NULL, " is not open or closed"},
	{"TRACEHOOK_TRACE_ID", "", check_hex_id, " is not 1 to 32 hex digits"},
	{"TRACEHOOK_META", "", check_meta, " is not like k=v,k2=v2"},
	{"TRACEHOOK_MATCH", "", check_match,
		" is not made of canonical, volatile, volatile:FILE and sequence"},
	{"TRACEHOOK_ON_MISS", "fail abort live", NULL, " is not fail, abort or live"},
	{"TRACEHOOK_PACE", "", check_pace, " is not a number like 0, 0.5 or 1"},
	{"TRACEHOOK_SAMPLE", "", check_sample, " is not a number from 0 to 1"},
	{"TRACEHOOK_REDACT", "", check_redact, ""},
	{"TRACEHOOK_BODY", "full hash", NULL, " is not full or hash"},
	{"TRACEHOOK_KEY_FILE", "", check_absolute,
		" is not an absolute path (the program's children may run elsewhere)"},
	{"TRACEHOOK_PROPAGATE", "0 1", NULL, " is not 0 or 1"},
};

static int check_rule(struct th_config *conf, const struct rule *r, const char *value,
	char why[TH_CONFIG_WHY_MAX])
{
	if (!value || (r->words[0] ? in_list(r->words, value) : r->check(value))) {
		return 0;
	}
	return th_config_mistake(conf, r->name, value, r->isnt, why);
}

/* ---- paths ---- */

/* Room for a path. */
static struct th_out begin_text(void)
{
	struct th_out text = th_lasting_begin();
	text.cap = text.cap < TH_CONFIG_PATH_MAX ? text.cap : TH_CONFIG_PATH_MAX;
	return text;
}

static const char *end_text(struct th_out *text)
{
	th_out_u8(text, '\0');
	return th_lasting_end(text);
}

const char *th_config_keep(const char *s)
{
	struct th_out text = begin_text();
	th_out_bytes(&text, s, strlen(s));
	return end_text(&text);
}

static bool make_absolute(const char *path, const char *cwd, const char **ret_path)
{
	struct th_out text = begin_text();
	if (path[0] != '/') {
		if (!cwd) {
			return false;
		}
		th_out_bytes(&text, cwd, strlen(cwd));
		th_out_u8(&text, '/');
	}
	th_out_bytes(&text, path, strlen(path));
	const char *made = end_text(&text);
	*ret_path = made ? made : *ret_path;
	return made;
}

static int read_paths(struct th_config *conf, const struct input *in, const char *cwd,
	char why[TH_CONFIG_WHY_MAX])
{
	const char *capture = lookup(in, "TRACEHOOK_CAPTURE");
	const char *log = lookup(in, "TRACEHOOK_LOG");
	const char *redact = lookup(in, "TRACEHOOK_REDACT");
	bool own = redact && !in_list("default off", redact);
	if (!conf->capture[0] &&
		!make_absolute(capture ? capture : "tracehook.thc", cwd, &conf->capture)) {
		return th_config_mistake(conf, "TRACEHOOK_CAPTURE",
			capture ? capture : "tracehook.thc", " is no usable path", why);
	}
	if (own && !make_absolute(redact, cwd, &conf->rules)) {
		return th_config_mistake(
			conf, "TRACEHOOK_REDACT", redact, " is no usable path", why);
	}
	if (log && !make_absolute(log, cwd, &conf->log)) {
		return th_config_mistake(conf, "TRACEHOOK_LOG", log, " is no usable path", why);
	}
	return 0;
}

/* ---- the context ---- */

/* Takes "<key>=<value>" up to ';' (for the last part: up to the end) off *p. */
static bool take_part(const char **p, const char *key, bool last, struct th_slice *ret_value)
{
	size_t n = strlen(key);
	if (strncmp(*p, key, n) != 0 || (*p)[n] != '=') {
		return false;
	}
	const char *value = *p + n + 1;
	size_t len = last ? strlen(value) : strcspn(value, ";");
	*ret_value = (struct th_slice){(const uint8_t *)value, len};
	*p = value + len + (value[len] == ';');
	return true;
}

static bool copy_path(struct th_slice s, const char **ret_path)
{
	struct th_out text = begin_text();
	if (s.n && s.p[0] != '/') {
		return false;
	}
	th_out_bytes(&text, s.p, s.n);
	const char *path = end_text(&text);
	*ret_path = path ? path : *ret_path;
	return path;
}

static bool take_hex(struct th_slice s, uint8_t *ret_bytes, size_t n)
{
	return s.n == 2 * n && th_hex_decode(ret_bytes, (const char *)s.p, n);
}

static bool parse_context(struct th_config *conf, const char *p)
{
	struct th_slice v;
	if (strncmp(p, "1;", 2) != 0) {
		return false;
	}
	p += 2;
	if (take_part(&p, "trace", false, &v)) {
		conf->child = conf->has_trace_id = true;
		if (!take_hex(v, conf->trace_id, TH_TRACE_ID_BYTES)) {
			return false;
		}
	}
	if (take_part(&p, "span", false, &v) &&
		!take_hex(v, conf->parent_span_id, TH_SPAN_ID_BYTES)) {
		return false;
	}
	if (take_part(&p, "pid", false, &v) &&
		!take_hex(v, (uint8_t *)&conf->parent_pid, sizeof(conf->parent_pid))) {
		return false;
	}
	if (take_part(&p, "player", false, &v) && !copy_path(v, &conf->player)) {
		return false;
	}
	if (take_part(&p, "record", false, &v) && !copy_path(v, &conf->record)) {
		return false;
	}
	if (take_part(&p, "relay", false, &v) && !copy_path(v, &conf->relay)) {
		return false;
	}
	if (take_part(&p, "said", false, &v)) {
		conf->said = th_slice_eq(v, TH_SLICE_LIT("1"));
	}
	if (take_part(&p, "capture", true, &v) && !copy_path(v, &conf->capture)) {
		return false;
	}
	return *p == '\0';
}

/* "00-<trace id>-<span id>-<flags>"; later versions may go on after that. */
static bool parse_traceparent(
	const char *s, uint8_t ret_trace[TH_TRACE_ID_BYTES], uint8_t ret_span[TH_SPAN_ID_BYTES])
{
	static const uint8_t zeros[TH_TRACE_ID_BYTES];
	uint8_t version, flags;
	if (strlen(s) < 55 || s[2] != '-' || s[35] != '-' || s[52] != '-' ||
		!th_hex_decode(&version, s, 1) || !th_hex_decode(&flags, s + 53, 1) ||
		version == 0xff || (version == 0 && s[55]) || (s[55] && s[55] != '-')) {
		return false;
	}
	uint8_t trace[TH_TRACE_ID_BYTES], span[TH_SPAN_ID_BYTES];
	if (!th_hex_decode(trace, s + 3, sizeof(trace)) ||
		!th_hex_decode(span, s + 36, sizeof(span)) ||
		memcmp(trace, zeros, sizeof(trace)) == 0 ||
		memcmp(span, zeros, sizeof(span)) == 0) {
		return false;
	}
	memcpy(ret_trace, trace, sizeof(trace));
	memcpy(ret_span, span, sizeof(span));
	return true;
}

/* The trace of a process that no process of ours started. */
static int read_root(struct th_config *conf, const struct input *in, char why[TH_CONFIG_WHY_MAX])
{
	const char *parent = lookup(in, "TRACEPARENT");
	const char *id = lookup(in, "TRACEHOOK_TRACE_ID");
	conf->has_trace_id = parent &&
		parse_traceparent(parent, conf->trace_id, conf->parent_span_id);
	if (!id) {
		return 0;
	}
	if (conf->mode == TH_CONFIG_REPLAY || conf->mode == TH_CONFIG_AUTO) {
		conf->trace_prefix = id;
		return 0;
	}
	if (!take_hex(th_slice_str(id), conf->trace_id, TH_TRACE_ID_BYTES)) {
		return th_config_mistake(
			conf, "TRACEHOOK_TRACE_ID", id, " is not 32 hex digits", why);
	}
	conf->has_trace_id = true;
	return 0;
}

/* ---- all of it ---- */

static int read_mode(struct th_config *conf, const struct input *in, char why[TH_CONFIG_WHY_MAX])
{
	const char *mode = lookup(in, "TRACEHOOK_MODE");
	conf->verdict = TH_CONFIG_FENCED; /* of a word we do not know: it may mean replay */
	int r = check_rule(conf, &mode_rule, mode, why);
	if (r < 0) {
		return r;
	}
	if (mode && mode[1] == 'e' && mode[2] == 'p') {
		conf->mode = TH_CONFIG_REPLAY;
	} else if (mode && mode[0] == 'o') {
		conf->mode = TH_CONFIG_OFF;
	} else if (mode && mode[0] == 'a') {
		/* What the root decided its children are told by the context. */
		conf->mode = conf->player[0] ? TH_CONFIG_REPLAY
			: conf->child	     ? TH_CONFIG_RECORD
					     : TH_CONFIG_AUTO;
	}
	const char *on_error = lookup(in, "TRACEHOOK_ON_ERROR");
	conf->closed = on_error && strcmp(on_error, "closed") == 0;
	conf->verdict = verdict_by_mode(conf);
	return 0;
}

static int check_rules(struct th_config *conf, const struct input *in, char why[TH_CONFIG_WHY_MAX])
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		int r = check_rule(conf, &rules[i], lookup(in, rules[i].name), why);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

static void read_strings(struct th_config *conf, const struct input *in)
{
	const char *sample = lookup(in, "TRACEHOOK_SAMPLE");
	uint64_t millionths;
	conf->sample = sample && parse_decimal(sample, &millionths) ? (uint32_t)millionths
								    : MILLION;
	const char *body = lookup(in, "TRACEHOOK_BODY");
	conf->hash_bodies = body && strcmp(body, "hash") == 0;
	const char *redact = lookup(in, "TRACEHOOK_REDACT");
	conf->redact_off = redact && strcmp(redact, "off") == 0;
	const char *propagate = lookup(in, "TRACEHOOK_PROPAGATE");
	conf->propagate = propagate && strcmp(propagate, "1") == 0;
	conf->meta = lookup(in, "TRACEHOOK_META");
	conf->tracestate = lookup(in, "TRACESTATE");
	conf->baggage = lookup(in, "BAGGAGE");
	conf->key_file = lookup(in, "TRACEHOOK_KEY_FILE");
	conf->state_home = lookup(in, "XDG_STATE_HOME");
	conf->home = lookup(in, "HOME");
	conf->match = lookup(in, "TRACEHOOK_MATCH");
	conf->on_miss = lookup(in, "TRACEHOOK_ON_MISS");
	conf->pace = lookup(in, "TRACEHOOK_PACE");
	conf->report = lookup(in, "TRACEHOOK_REPORT");
}

/* The random part of a trace id is its end (W3C Trace Context 3.2.2.3). */
bool th_config_sampled(const struct th_config *conf, const uint8_t trace_id[TH_TRACE_ID_BYTES])
{
	uint64_t number = 0;
	for (size_t i = TH_TRACE_ID_BYTES - sizeof(number); i < TH_TRACE_ID_BYTES; i++) {
		number = number << 8 | trace_id[i];
	}
	return (uint64_t)(((unsigned __int128)number * MILLION) >> 64) < conf->sample;
}

static void clear(struct th_config *conf)
{
	memset(conf, 0, sizeof(*conf));
	conf->capture = conf->player = conf->relay = conf->record = conf->rules = "";
}

int th_config_parse(th_config_get *get, void *ctx, const char *cwd, struct th_config *ret_conf,
	char why[TH_CONFIG_WHY_MAX])
{
	const struct input in = {get, ctx};
	struct th_config *conf = ret_conf;
	clear(conf);
	const char *context = lookup(&in, TH_CONTEXT_VARIABLE);
	bool context_good = !context || parse_context(conf, context);
	int r = read_mode(conf, &in, why);
	if (r < 0) {
		return r;
	}
	if (conf->mode == TH_CONFIG_OFF) {
		conf->verdict = TH_CONFIG_GOOD;
		return 0;
	}
	if (!context_good) {
		return th_config_mistake(conf, TH_CONTEXT_VARIABLE, context,
			" is not what tracehook sets there", why);
	}
	r = check_rules(conf, &in, why);
	r = r < 0 ? r : read_paths(conf, &in, cwd, why);
	r = r < 0 || conf->child ? r : read_root(conf, &in, why);
	if (r < 0) {
		return r;
	}
	read_strings(conf, &in);
	conf->verdict = TH_CONFIG_GOOD;
	return 0;
}
