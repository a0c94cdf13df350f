/* See player.h. Everything is made in one order and taken down in the opposite one; a failure at
 * any step takes down what there is and says in one line what to do. */
#include "player/player.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "capture/scrub_rules.h"
#include "player/life.h"
#include "player/online.h"
#include "player/ready.h"
#include "player/redacted.h"
#include "player/report.h"
#include "player/report_junit.h"
#include "player/restored.h"
#include "player/serve.h"
#include "player/trust.h"
#include "player/world.h"
#include "player/world_build.h"

struct th_player {
	char *capture, *directory, *socket, *world, *ca;
	struct th_trace *trace;
	struct th_scrub_rules *redaction_rules;
	struct th_redacted redacted;
	struct th_restored restored;
	struct th_serving serving;
	struct th_rules *rules;
	size_t left_out; /* exchanges behind `until` or `live_after` */
	struct th_tally tally;
	struct th_tree *tree;
	struct th_control *control;
	struct th_ready *ready;
	bool made_directory;
};

static __attribute__((format(printf, 3, 4))) int say(
	char why[TH_PLAYER_WHY_BYTES], int error, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(why, TH_PLAYER_WHY_BYTES, fmt, ap);
	va_end(ap);
	return error;
}

/* ---- the run ---- */

static int say_unreadable(
	char why[TH_PLAYER_WHY_BYTES], const char *path, int error, const char *clause)
{
	if (error == -ENOENT) {
		return say(why, error,
			"there is no capture %s; record one first (TRACEHOOK_CAPTURE)", path);
	}
	return say(why, error, "capture %s cannot be replayed: %s", path,
		clause && *clause ? clause : strerror(-error));
}

static int say_damaged(
	char why[TH_PLAYER_WHY_BYTES], const struct th_trace *t, const char *path, const char *what)
{
	const struct th_damage *d = &t->damage[0];
	return say(why, -EINVAL, "capture %s has %s: %s at offset %llu of %s", path, what, d->what,
		(unsigned long long)d->offset, d->path);
}

static int say_no_run(char why[TH_PLAYER_WHY_BYTES], const struct th_trace *t, const char *path,
	const char *prefix)
{
	if (t->n_runs == 0 && t->n_damage) {
		return say_damaged(why, t, path, "no readable run");
	}
	if (t->n_runs == 0) {
		return say(why, -ENODATA, "capture %s has no run in it; record one first", path);
	}
	return say(why, -ENOENT,
		"capture %s has no run %s (TRACEHOOK_TRACE_ID); tracehook dump lists its runs",
		path, prefix);
}

static bool is_named(const struct th_exchange *x, const char *name)
{
	char id[2 * TH_SPAN_ID_BYTES + 1] = "";
	th_hex_encode(id, x->span_id, TH_SPAN_ID_BYTES);
	return strncasecmp(id, name, strlen(name)) == 0;
}

/* 0 and its index in the run; or -ENOENT, -ENOTUNIQ. */
static int find_span(const struct th_run *run, const char *name, size_t *ret_at)
{
	uint64_t number;
	if (name[0] == '#') {
		bool there = th_parse_u64(th_slice_str(name + 1), &number) && number > 0 &&
			number <= run->n_exchanges;
		*ret_at = there ? number - 1 : 0;
		return there ? 0 : -ENOENT;
	}
	size_t found = 0;
	for (size_t i = 0; i < run->n_exchanges && *name; i++) {
		if (is_named(run->exchanges[i], name)) {
			*ret_at = i;
			found++;
		}
	}
	return found == 1 ? 0 : found ? -ENOTUNIQ : -ENOENT;
}

/* The run ends with the exchange that is named. */
static int cut_run(struct th_player *p, const char *name, char *why)
{
	struct th_run *run = p->serving.run;
	size_t at = 0;
	if (!name || !*name) {
		return 0;
	}
	int r = find_span(run, name, &at);
	if (r < 0) {
		return say(why, r, "%s span %s in the run; tracehook dump lists its spans",
			r == -ENOENT ? "there is no" : "there is more than one", name);
	}
	p->left_out = run->n_exchanges - at - 1;
	run->n_exchanges = at + 1;
	return 0;
}

/* What is asked is redacted by the rules that the run was recorded with. */
static bool take_rules(struct th_player *p)
{
	char why[TH_SCRUB_RULES_WHY_MAX];
	p->redaction_rules = calloc(1, sizeof(*p->redaction_rules));
	p->serving.redaction.rules = p->redaction_rules;
	return p->redaction_rules &&
		th_scrub_rules_parse(p->serving.run->rules, p->redaction_rules, why);
}

/* Requests as the capture would have them, answers as the agent got them. */
static int prepare_run(struct th_player *p)
{
	const struct th_answers_where where = {
		getenv("XDG_STATE_HOME"), TH_ANSWERS_PASSWD, getenv("HOME")};
	int r = th_redacted_run(&p->redacted, &p->serving.redaction, p->serving.run);
	return r < 0 ? r : th_restored_run(&p->restored, p->trace->reader, &where, p->serving.run);
}

/* Whoever hands on a TRACEPARENT means that trace, but most of them know of no recording. */
static struct th_run *find_run(
	const struct th_trace *t, const struct th_player_conf *conf, bool *ret_ambiguous)
{
	bool hinted = conf->trace_hint && !(conf->trace_prefix && *conf->trace_prefix);
	struct th_run *run = hinted ? th_trace_find_run(t, conf->trace_hint, ret_ambiguous) : NULL;
	return run ? run : th_trace_find_run(t, conf->trace_prefix, ret_ambiguous);
}

static int load(struct th_player *p, const struct th_player_conf *conf, char *why)
{
	const char *clause = NULL;
	bool ambiguous = false;
	int r = th_trace_load(conf->capture, &p->trace, &clause);
	if (r < 0) {
		return say_unreadable(why, conf->capture, r, clause);
	}
	p->serving.run = find_run(p->trace, conf, &ambiguous);
	if (ambiguous) {
		return say(why, -ENOTUNIQ, "more than one run of capture %s begins with %s",
			conf->capture, conf->trace_prefix);
	}
	if (!p->serving.run) {
		return say_no_run(
			why, p->trace, conf->capture, conf->trace_prefix ? conf->trace_prefix : "");
	}
	if (p->serving.run->hashed) {
		return say(why, -ENOEXEC,
			"the run of capture %s was recorded with TRACEHOOK_BODY=hash: of bodies it "
			"has hashes and sizes, and nothing to replay",
			conf->capture);
	}
	bool forks = conf->live_after && *conf->live_after;
	r = cut_run(p, forks ? conf->live_after : conf->until, why);
	if (r < 0) {
		return r;
	}
	if (forks) {
		p->serving.live_after = p->serving.run->exchanges[p->serving.run->n_exchanges - 1];
	}
	/* With the file cut behind a run's first frames every call of the agent would fail, and
	 * nobody would say why. A run that is damaged but has exchanges is served. */
	if (p->serving.run->n_exchanges == 0 && p->trace->n_damage) {
		return say_damaged(why, p->trace, conf->capture, "no exchange left to replay");
	}
	memcpy(p->serving.redaction.key, th_reader_key(p->trace->reader), TH_SIPHASH_KEY_BYTES);
	if (p->serving.run->rules.n && !take_rules(p)) {
		return say(why, -EINVAL,
			"the redaction rules that capture %s was recorded with cannot be read",
			conf->capture);
	}
	return prepare_run(p);
}

static int load_rules(struct th_player *p, const struct th_player_conf *conf, char *why)
{
	char clause[TH_RULES_WHY_BYTES] = "out of memory";
	if (!(conf->match & TH_MATCH_VOLATILE)) {
		return 0;
	}
	if (!conf->rules) {
		p->rules = th_rules_builtin();
		return p->rules ? 0 : say(why, -ENOMEM, "out of memory");
	}
	struct stat st;
	if (stat(conf->rules, &st) == 0 &&
		!S_ISREG(st.st_mode)) { /* a pipe may say nothing, ever */
		return say(why, -ENOEXEC,
			"matching rules %s (TRACEHOOK_MATCH): it is not a regular file",
			conf->rules);
	}
	int r = th_rules_load(conf->rules, &p->rules, clause);
	if (r < 0) {
		say(why, r, "matching rules %s (TRACEHOOK_MATCH): %s", conf->rules, clause);
		return r == -EINVAL ? -ENOEXEC : r;
	}
	return 0;
}

/* ---- starting ---- */

/* A client uses it only where the server says that it may. */
static bool any_extended_connect(const struct th_run *run)
{
	struct th_slice protocol;
	for (size_t i = 0; i < run->n_exchanges; i++) {
		const struct th_head *head = &run->exchanges[i]->request.head;
		if (head->list && th_head_get(head, ":protocol", &protocol)) {
			return true;
		}
	}
	return false;
}

static int prepare(struct th_player *p, const struct th_player_conf *conf)
{
	struct th_serving *s = &p->serving;
	s->rules = p->rules;
	s->left_out = p->left_out;
	s->index = th_index_create(s->run, conf->match, p->rules);
	s->order = th_order_create(s->run);
	s->arrivals = s->index ? th_arrivals_create(s->run, th_index_sockets(s->index)) : NULL;
	s->ca = th_ca_create();
	s->parsed = th_parsed_create();
	s->tls = th_serve_tls_context();
	s->lanes = th_lanes_create(s->run);
	s->resets = th_resets_create();
	s->bound = th_bound_create();
	s->verdicts = th_verdicts_create(s->run);
	s->on_miss = conf->on_miss;
	bool live = conf->on_miss == TH_ON_MISS_LIVE || s->live_after;
	s->live = live ? th_online_create() : NULL;
	s->pace = conf->pace;
	s->extended_connect = any_extended_connect(s->run);
	s->tally = &p->tally;
	p->tree = th_tree_create();
	p->capture = strdup(conf->capture);
	p->directory = realpath(conf->directory, NULL);
	bool named = p->directory &&
		asprintf(&p->socket, "%s/%s", p->directory, TH_PLAYER_SOCKET) > 0 &&
		asprintf(&p->ca, "%s/%s", p->directory, TH_PLAYER_CA) > 0 &&
		asprintf(&p->world, "%s/%s", p->directory, TH_PLAYER_WORLD) > 0;
	bool made = s->order && s->arrivals && s->ca && s->parsed && s->tls && s->lanes &&
		s->resets && s->bound && s->verdicts && p->tree && p->capture &&
		th_peers_init(&s->peers, s->run) == 0;
	return named && made && (!live || s->live) ? 0 : -ENOMEM;
}

static int write_world(struct th_player *p)
{
	uint8_t *bytes = NULL;
	size_t n;
	int r = th_world_build(p->serving.run, th_ca_der(p->serving.ca), &bytes, &n);
	if (r < 0) {
		return r;
	}
	if (p->serving.live) {
		th_world_set_live(bytes);
	}
	p->serving.world.header = (void *)bytes; /* not mapped: who maps the file is an agent */
	return th_world_save(p->world, bytes, n);
}

static int write_files(struct th_player *p)
{
	int r = th_ca_save(p->serving.ca, p->ca);
	return r < 0 ? r : write_world(p);
}

static int start(struct th_player *p, const struct th_player_conf *conf, char *why)
{
	int r = load(p, conf, why);
	if (r < 0) {
		return r;
	}
	if ((r = load_rules(p, conf, why)) < 0) {
		return r;
	}
	p->made_directory = mkdir(conf->directory, 0700) == 0;
	if (!p->made_directory && errno != EEXIST) {
		r = -errno;
	}
	r = r < 0 ? r : prepare(p, conf);
	r = r < 0 ? r : write_files(p);
	r = r < 0 ? r : th_control_start(&p->serving, p->tree, p->socket, &p->control);
	if (r < 0) {
		return say(why, r, "the player cannot be set up in %s: %s", conf->directory,
			strerror(-r));
	}
	p->ready = th_ready_create(&p->serving);
	return 0;
}

int th_player_start(const struct th_player_conf *conf, struct th_player **ret_player,
	char why[TH_PLAYER_WHY_BYTES])
{
	struct th_player *p = calloc(1, sizeof(*p));
	if (!p) {
		return say(why, -ENOMEM, "out of memory");
	}
	th_tally_init(&p->tally);
	int r = start(p, conf, why);
	if (r < 0) {
		th_player_destroy(p);
		return r;
	}
	*ret_player = p;
	return 0;
}

void th_player_stop(struct th_player *p)
{
	p->ready = th_ready_destroy(p->ready);
	p->control = th_control_stop(p->control);
}

void th_player_stats(struct th_player *p, struct th_player_stats *ret_stats)
{
	pthread_mutex_lock(&p->tally.lock);
	*ret_stats = p->tally.stats;
	pthread_mutex_unlock(&p->tally.lock);
	th_hex_encode(ret_stats->trace_id, p->serving.run->trace_id, TH_TRACE_ID_BYTES);
	ret_stats->trace_id[2 * TH_TRACE_ID_BYTES] = 0;
	ret_stats->spans = p->serving.run->n_exchanges;
	ret_stats->left_out = p->left_out;
	ret_stats->unused = th_index_unused(p->serving.index);
	ret_stats->damage = p->trace->n_damage;
	ret_stats->stand_ins_why = p->restored.why;
}

void th_player_note_namespace(
	struct th_player *p, bool in_namespace, const char *why_not, int64_t stopped)
{
	pthread_mutex_lock(&p->tally.lock);
	p->tally.stats.in_namespace = in_namespace;
	p->tally.stats.why_no_namespace = why_not;
	p->tally.stats.stopped_below = stopped;
	pthread_mutex_unlock(&p->tally.lock);
}

int th_player_report(struct th_player *p, const char *path)
{
	struct th_player_stats stats;
	th_player_stats(p, &stats);
	size_t n = strlen(path);
	if (n > 4 && strcmp(path + n - 4, ".xml") == 0) {
		return th_player_junit(p, path);
	}
	return th_report_write(&stats, p->capture, path);
}

int th_player_junit(struct th_player *p, const char *path)
{
	struct th_player_stats stats;
	th_player_stats(p, &stats);
	return th_report_junit(&stats, p->serving.run, p->serving.index, p->capture, path);
}

size_t th_player_open(struct th_player *p)
{
	return th_control_open(p->control);
}

struct th_tree *th_player_tree(struct th_player *p)
{
	return p->tree;
}

const char *th_player_world(const struct th_player *p)
{
	return p->world;
}

static void remove_files(struct th_player *p)
{
	if (p->socket) {
		unlink(p->socket);
	}
	if (p->world) {
		unlink(p->world);
	}
	if (p->ca) {
		unlink(p->ca);
	}
	if (p->directory) {
		th_trust_clear(p->directory);
		rmdir(p->directory);
	}
}

struct th_player *th_player_destroy(struct th_player *p)
{
	if (!p) {
		return NULL;
	}
	th_player_stop(p);
	remove_files(p);
	th_index_destroy(p->serving.index);
	th_rules_destroy(p->rules);
	th_order_destroy(p->serving.order);
	th_arrivals_destroy(p->serving.arrivals);
	th_peers_finish(&p->serving.peers);
	th_ca_destroy(p->serving.ca);
	th_parsed_destroy(p->serving.parsed);
	SSL_CTX_free(p->serving.tls);
	th_lanes_destroy(p->serving.lanes);
	th_resets_destroy(p->serving.resets);
	th_bound_destroy(p->serving.bound);
	th_verdicts_destroy(p->serving.verdicts);
	th_online_destroy(p->serving.live);
	th_tree_destroy(p->tree);
	th_trace_free(p->trace);
	th_redacted_finish(&p->redacted);
	th_restored_finish(&p->restored);
	free(p->redaction_rules);
	th_tally_finish(&p->tally);
	free(p->capture);
	free(p->directory);
	free(p->socket);
	free(p->world);
	free((void *)p->serving.world.header);
	free(p->ca);
	free(p);
	return NULL;
}
