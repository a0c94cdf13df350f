#include "player/report.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "player/volatile.h"

static void add_count(cJSON *o, const char *name, uint64_t n)
{
	char text[24];
	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	cJSON_AddRawToObject(o, name, text); /* a double would lose large numbers */
}

static void add_list(cJSON *o, const char *name, const struct th_player_miss *list, size_t n)
{
	cJSON *array = cJSON_AddArrayToObject(o, name);
	for (size_t i = 0; i < n; i++) {
		cJSON *item = cJSON_CreateObject();
		cJSON_AddStringToObject(item, "process", list[i].process);
		cJSON_AddStringToObject(item, "request", list[i].request ? list[i].request : "");
		cJSON_AddStringToObject(item, "why", list[i].why ? list[i].why : "");
		cJSON_AddItemToArray(array, item);
	}
}

static void add_passed(cJSON *o, const struct th_player_relaxed *r)
{
	cJSON *array = cJSON_AddArrayToObject(o, "passed");
	for (size_t i = 0; i < r->n_passed; i++) {
		const struct th_passed *p = &r->passed[i];
		cJSON *item = cJSON_CreateObject();
		cJSON_AddStringToObject(item, "where", p->where ? p->where : "");
		cJSON_AddStringToObject(item, "pattern", p->pattern);
		cJSON_AddStringToObject(item, "asked", p->asked ? p->asked : "");
		cJSON_AddStringToObject(item, "recorded", p->recorded ? p->recorded : "");
		cJSON_AddItemToArray(array, item);
	}
}

static void add_relaxations(cJSON *o, const struct th_player_stats *s)
{
	cJSON *array = cJSON_AddArrayToObject(o, "relaxations");
	for (size_t i = 0; i < s->n_relaxations; i++) {
		const struct th_player_relaxed *r = &s->relaxations[i];
		cJSON *item = cJSON_CreateObject();
		cJSON_AddStringToObject(item, "process", r->process);
		cJSON_AddStringToObject(item, "request", r->request ? r->request : "");
		cJSON_AddStringToObject(item, "span", r->span);
		add_count(item, "number", r->number);
		cJSON_AddStringToObject(item, "by", r->by);
		cJSON_AddStringToObject(item, "why", r->why ? r->why : "");
		add_passed(item, r);
		cJSON_AddItemToArray(array, item);
	}
}

static bool was_missed(const struct th_player_stats *s)
{
	return s->missed || s->fenced_connects || s->fenced_lookups || s->stopped_below > 0;
}

/* What stood behind the library's fence. */
static void add_namespace(cJSON *o, const struct th_player_stats *s)
{
	cJSON_AddStringToObject(o, "fence", s->in_namespace ? "namespace" : "library");
	if (s->why_no_namespace) {
		cJSON_AddStringToObject(o, "no_namespace", s->why_no_namespace);
	}
	if (s->stopped_below < 0) {
		cJSON_AddNullToObject(o, "stopped_below");
	} else {
		add_count(o, "stopped_below", (uint64_t)s->stopped_below);
	}
}

const char *th_report_verdict(const struct th_player_stats *s)
{
	if (was_missed(s)) {
		return "missed";
	}
	if (s->live) {
		return "live";
	}
	if (s->relaxed) {
		return "relaxed";
	}
	if (s->crossed) {
		return "crossed";
	}
	return s->unused ? "partial" : "exact";
}

static char *render(const struct th_player_stats *s, const char *capture)
{
	cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "capture", capture);
	cJSON_AddStringToObject(o, "trace_id", s->trace_id);
	cJSON_AddBoolToObject(o, "ok", !was_missed(s));
	cJSON_AddStringToObject(o, "verdict", th_report_verdict(s));
	add_count(o, "spans", s->spans);
	add_count(o, "matched", s->matched);
	add_count(o, "relaxed", s->relaxed);
	add_count(o, "crossed", s->crossed);
	add_count(o, "missed", s->missed);
	add_count(o, "live", s->live);
	add_count(o, "live_failed", s->live_failed);
	add_count(o, "unused", s->unused);
	add_count(o, "left_out", s->left_out);
	add_count(o, "processes", s->processes);
	add_count(o, "streams", s->streams);
	add_count(o, "fenced_connects", s->fenced_connects);
	add_count(o, "fenced_lookups", s->fenced_lookups);
	add_namespace(o, s);
	add_count(o, "left", s->left);
	add_count(o, "bytes_served", s->bytes_served);
	add_count(o, "stand_ins", s->stand_ins);
	add_count(o, "damage", s->damage);
	add_list(o, "misses", s->misses, s->n_misses);
	add_list(o, "lives", s->lives, s->n_lives);
	add_list(o, "fenced", s->fenced, s->n_fenced);
	add_list(o, "unfenced", s->unfenced, s->n_unfenced);
	add_relaxations(o, s);
	char *text = cJSON_Print(o);
	cJSON_Delete(o);
	return text;
}

static int write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");
	if (!f) {
		return -errno;
	}
	bool ok = fputs(text, f) >= 0;
	return fclose(f) == 0 && ok ? 0 : -EIO;
}

int th_report_save(const char *text, const char *path)
{
	th_auto_free char *beside = NULL;
	if (asprintf(&beside, "%s.tmp", path) < 0) {
		return -ENOMEM;
	}
	int r = write_file(beside, text);
	if (r == 0 && rename(beside, path) < 0) {
		r = -errno;
	}
	if (r < 0) {
		unlink(beside);
	}
	return r;
}

int th_report_write(const struct th_player_stats *stats, const char *capture, const char *path)
{
	th_auto_free char *json = render(stats, capture);
	th_auto_free char *text = NULL;
	if (!json || asprintf(&text, "%s\n", json) < 0) {
		return -ENOMEM;
	}
	return th_report_save(text, path);
}
