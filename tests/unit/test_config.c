/* shim/config.c: what the environment may say, and what a mistake leads to. */
#include "shim/config.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

struct env {
	const char *const *pairs; /* name, value, …, NULL */
};

static const char *get(void *ctx, const char *name)
{
	const struct env *env = ctx;
	for (const char *const *p = env->pairs; *p; p += 2) {
		if (strcmp(p[0], name) == 0) {
			return p[1];
		}
	}
	return NULL;
}

static struct th_config conf;
static char why[TH_CONFIG_WHY_MAX];

#define PARSE(...) parse((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static int parse(const char *const *pairs)
{
	struct env env = {pairs};
	memset(&conf, 0xa5, sizeof(conf));
	strcpy(why, "untouched");
	return th_config_parse(get, &env, "/here", &conf, why);
}

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"

Test(config, defaults_record_into_the_working_directory)
{
	cr_assert_eq(PARSE(), 0);
	cr_assert_eq(conf.mode, TH_CONFIG_RECORD);
	cr_assert_eq(conf.verdict, TH_CONFIG_GOOD);
	cr_assert_str_eq(conf.capture, "/here/tracehook.thc");
	cr_assert(!conf.child && !conf.said && !conf.closed && !conf.has_trace_id);
	cr_assert_str_empty(conf.player);
	cr_assert_null(conf.log);
	cr_assert_null(conf.meta);
	cr_assert_str_eq(why, "untouched");
}

Test(config, empty_values_count_as_unset)
{
	cr_assert_eq(
		PARSE("TRACEHOOK_MODE", "", "TRACEHOOK_CAPTURE", "", "TRACEHOOK_MATCH", ""), 0);
	cr_assert_eq(conf.mode, TH_CONFIG_RECORD);
	cr_assert_str_eq(conf.capture, "/here/tracehook.thc");
}

Test(config, relative_paths_become_absolute)
{
	cr_assert_eq(PARSE("TRACEHOOK_CAPTURE", "a/b.thc", "TRACEHOOK_LOG", "log"), 0);
	cr_assert_str_eq(conf.capture, "/here/a/b.thc");
	cr_assert_str_eq(conf.log, "/here/log");
	cr_assert_eq(PARSE("TRACEHOOK_CAPTURE", "/x;y=z.thc"), 0);
	cr_assert_str_eq(conf.capture, "/x;y=z.thc");
}

Test(config, unknown_mode_closes_the_fence)
{
	cr_assert_eq(PARSE("TRACEHOOK_MODE", "rcord"), -EINVAL);
	cr_assert_eq(conf.verdict, TH_CONFIG_FENCED);
	cr_assert_str_eq(why,
		"tracehook: TRACEHOOK_MODE=rcord is not record, replay, auto or off; network "
		"calls fail\n");
	cr_assert_eq(PARSE("TRACEHOOK_MODE", "rec"), -EINVAL, "a prefix is not the word");
	cr_assert_eq(PARSE("TRACEHOOK_MODE", "record replay"), -EINVAL);
}

Test(config, a_key_file_has_an_absolute_path)
{
	cr_assert_eq(PARSE("TRACEHOOK_KEY_FILE", "k"), -EINVAL);
	cr_assert_eq(conf.verdict, TH_CONFIG_UNTOUCHED);
	cr_assert_eq(PARSE("TRACEHOOK_KEY_FILE", "/k"), 0);
}

Test(config, propagation_is_asked_for)
{
	cr_assert_eq(PARSE("TRACEHOOK_PROPAGATE", "1"), 0);
	cr_assert(conf.propagate);
	cr_assert_eq(PARSE("TRACEHOOK_PROPAGATE", "0"), 0);
	cr_assert_not(conf.propagate);
	cr_assert_eq(PARSE("TRACEHOOK_PROPAGATE", "yes"), -EINVAL);
}

Test(config, auto_is_decided_by_the_root)
{
	cr_assert_eq(PARSE("TRACEHOOK_MODE", "auto", "TRACEHOOK_TRACE_ID", "12ab"), 0);
	cr_assert_eq(conf.mode, TH_CONFIG_AUTO);
	cr_assert_str_eq(conf.trace_prefix, "12ab");
	cr_assert_eq(PARSE("TRACEHOOK_MODE", "auto", "TRACEHOOK_CONTEXT",
			     "1;trace=" TRACE ";span=" SPAN ";player=/p;record=/r;capture=/r"),
		0);
	cr_assert_eq(conf.mode, TH_CONFIG_REPLAY);
	cr_assert_eq(PARSE("TRACEHOOK_MODE", "auto", "TRACEHOOK_CONTEXT",
			     "1;trace=" TRACE ";span=" SPAN ";capture=/r"),
		0);
	cr_assert_eq(conf.mode, TH_CONFIG_RECORD);
	cr_assert_eq(PARSE("TRACEHOOK_MODE", "auto", "TRACEHOOK_PACE", "fast"), -EINVAL);
	cr_assert_eq(conf.verdict, TH_CONFIG_FENCED, "a mistake goes to no network");
}

Test(config, their_defaults_may_be_spelled_out)
{
	cr_assert_eq(PARSE("TRACEHOOK_SAMPLE", "1.0", "TRACEHOOK_REDACT", "default",
			     "TRACEHOOK_BODY", "full", "TRACEHOOK_PROPAGATE", "0", "TRACEHOOK_PACE",
			     "2.5", "TRACEHOOK_MATCH", "sequence", "TRACEHOOK_ON_MISS", "abort",
			     "TRACEHOOK_ON_ERROR", "open"),
		0);
	cr_assert_str_eq(conf.pace, "2.5");
	cr_assert_not(conf.hash_bodies);
	cr_assert_eq(PARSE("TRACEHOOK_BODY", "hash"), 0);
	cr_assert(conf.hash_bodies);
	cr_assert_eq(PARSE("TRACEHOOK_BODY", "sha"), -EINVAL);
}

Test(config, relaxations_are_a_list)
{
	cr_expect_eq(PARSE("TRACEHOOK_MATCH", "volatile"), 0);
	cr_expect_eq(PARSE("TRACEHOOK_MATCH", "volatile:rules.txt,sequence"), 0);
	cr_expect_str_eq(conf.match, "volatile:rules.txt,sequence");
	cr_expect_eq(PARSE("TRACEHOOK_MATCH", "volatile:"), -EINVAL);
	cr_expect_eq(PARSE("TRACEHOOK_MATCH", "volatile,"), -EINVAL);
	cr_expect_eq(PARSE("TRACEHOOK_MATCH", "sequences"), -EINVAL);
}

Test(config, a_bad_value_while_recording_leaves_the_agent_untouched)
{
	cr_assert_eq(PARSE("TRACEHOOK_PACE", "fast"), -EINVAL);
	cr_assert_eq(conf.verdict, TH_CONFIG_UNTOUCHED);
	cr_assert_eq(PARSE("TRACEHOOK_PACE", "-1"), -EINVAL);
	cr_assert_eq(PARSE("TRACEHOOK_PACE", "1.2.3"), -EINVAL);
	cr_assert_eq(PARSE("TRACEHOOK_PACE", "."), -EINVAL);
	cr_assert_eq(PARSE("TRACEHOOK_SAMPLE", "1.5"), -EINVAL);
	cr_assert_eq(PARSE("TRACEHOOK_META", "novalue"), -EINVAL);
	cr_assert_eq(PARSE("TRACEHOOK_META", "a=1,,b=2"), -EINVAL);
	cr_assert_eq(PARSE("TRACEHOOK_META", "a=1,=2"), -EINVAL);
	cr_assert_eq(PARSE("TRACEHOOK_TRACE_ID", "12ab"), -EINVAL, "a prefix is for replay");
	cr_assert_eq(PARSE("TRACEHOOK_TRACE_ID", TRACE "0"), -EINVAL);
}

Test(config, closed_or_replay_turn_the_same_into_a_fence)
{
	cr_assert_eq(PARSE("TRACEHOOK_ON_ERROR", "closed", "TRACEHOOK_PACE", "fast"), -EINVAL);
	cr_assert_eq(conf.verdict, TH_CONFIG_FENCED);
	cr_assert_eq(PARSE("TRACEHOOK_MODE", "replay", "TRACEHOOK_PACE", "fast"), -EINVAL);
	cr_assert_eq(conf.verdict, TH_CONFIG_FENCED);
	cr_assert_eq(PARSE("TRACEHOOK_ON_ERROR", "maybe"), -EINVAL);
	cr_assert_eq(conf.verdict, TH_CONFIG_UNTOUCHED);
}

Test(config, off_looks_at_nothing_else)
{
	cr_assert_eq(PARSE("TRACEHOOK_MODE", "off", "TRACEHOOK_PACE", "fast"), 0);
	cr_assert_eq(conf.mode, TH_CONFIG_OFF);
}

Test(config, the_line_stays_a_line_whatever_the_value)
{
	char value[5000];
	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	value[3] = '\n';
	value[4] = '\033';
	cr_assert_eq(PARSE("TRACEHOOK_MODE", value), -EINVAL);
	cr_assert_eq(strchr(why, '\n'), why + strlen(why) - 1);
	cr_assert_null(strchr(why, '\033'));
	cr_assert_not_null(strstr(why, "..."));
	cr_assert_not_null(strstr(why, "; network calls fail\n"));
	th_config_fail(&conf, value + 10, "because", why);
	cr_assert_eq(strchr(why, '\n'), why + strlen(why) - 1);
	cr_assert_not_null(strstr(why, "; nothing is recorded\n"));
}

Test(config, a_path_that_does_not_fit_is_a_mistake)
{
	char path[TH_CONFIG_PATH_MAX + 8];
	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	path[0] = '/';
	cr_assert_eq(PARSE("TRACEHOOK_CAPTURE", path), -EINVAL);
	path[TH_CONFIG_PATH_MAX - 1] = '\0';
	cr_assert_eq(PARSE("TRACEHOOK_CAPTURE", path), 0);
	cr_assert_str_eq(conf.capture, path);
}

Test(config, the_root_takes_its_trace_from_traceparent)
{
	cr_assert_eq(PARSE("TRACEPARENT", "00-" TRACE "-" SPAN "-01"), 0);
	cr_assert(conf.has_trace_id && !conf.child);
	cr_assert_eq(conf.trace_id[0], 0x0a);
	cr_assert_eq(conf.trace_id[15], 0x9c);
	cr_assert_eq(conf.parent_span_id[0], 0xb7);
	cr_assert_eq(conf.parent_span_id[7], 0x31);
}

Test(config, a_malformed_traceparent_is_ignored)
{
	const char *bad[] = {"00", "00-" TRACE "-" SPAN "-0", "ff-" TRACE "-" SPAN "-01",
		"00-" TRACE "-" SPAN "-01-more", "00-00000000000000000000000000000000-" SPAN "-01",
		"00-" TRACE "-0000000000000000-01", "00-" TRACE "_" SPAN "-01",
		"00-xaf7651916cd43dd8448eb211c80319c-" SPAN "-01"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_eq(PARSE("TRACEPARENT", bad[i]), 0);
		cr_assert(!conf.has_trace_id, "%s", bad[i]);
		cr_assert_eq(conf.parent_span_id[0], 0);
	}
	cr_assert_eq(PARSE("TRACEPARENT", "01-" TRACE "-" SPAN "-01-more"), 0);
	cr_assert(conf.has_trace_id, "a later version may go on");
}

Test(config, trace_id_names_the_run)
{
	cr_assert_eq(PARSE("TRACEHOOK_TRACE_ID", TRACE), 0);
	cr_assert(conf.has_trace_id);
	cr_assert_eq(conf.trace_id[1], 0xf7);
	cr_assert_eq(PARSE("TRACEHOOK_MODE", "replay", "TRACEHOOK_TRACE_ID", "0aF"), 0);
	cr_assert_str_eq(conf.trace_prefix, "0aF");
	cr_assert_eq(PARSE("TRACEHOOK_MODE", "replay", "TRACEHOOK_TRACE_ID", "zz"), -EINVAL);
}

Test(config, a_child_takes_all_from_the_context)
{
	cr_assert_eq(PARSE("TRACEHOOK_CONTEXT",
			     "1;trace=" TRACE ";span=" SPAN
			     ";pid=01020304;player=/run/p;said=1;capture=/c;said=0.thc",
			     "TRACEHOOK_CAPTURE", "other.thc", "TRACEPARENT", "garbage",
			     "TRACEHOOK_TRACE_ID", "ffffffffffffffffffffffffffffffff"),
		0);
	cr_assert(conf.child && conf.said && conf.has_trace_id);
	cr_assert_eq(conf.trace_id[0], 0x0a);
	cr_assert_eq(conf.parent_span_id[0], 0xb7);
	cr_assert_arr_eq(&conf.parent_pid, "\1\2\3\4", 4);
	cr_assert_str_eq(conf.player, "/run/p");
	cr_assert_str_eq(conf.capture, "/c;said=0.thc");
}

Test(config, a_context_without_trace_is_the_wrappers_and_means_root)
{
	cr_assert_eq(PARSE("TRACEHOOK_CONTEXT", "1;player=/p;capture=/c", "TRACEPARENT",
			     "00-" TRACE "-" SPAN "-01"),
		0);
	cr_assert(!conf.child && conf.has_trace_id);
	cr_assert_str_eq(conf.player, "/p");
	cr_assert_str_eq(conf.record, "");
	cr_assert_str_eq(conf.capture, "/c");
}

Test(config, a_replay_is_recorded_where_the_wrapper_says)
{
	cr_assert_eq(PARSE("TRACEHOOK_MODE", "replay", "TRACEHOOK_CONTEXT",
			     "1;player=/p;record=/r.thc;capture=/c"),
		0);
	cr_assert_str_eq(conf.record, "/r.thc");
	cr_assert_str_eq(conf.capture, "/c");
	cr_assert_eq(
		PARSE("TRACEHOOK_MODE", "replay", "TRACEHOOK_CONTEXT", "1;record=r.thc"), -EINVAL);
	cr_assert_eq(conf.verdict, TH_CONFIG_FENCED);
}

Test(config, a_damaged_context_is_a_mistake)
{
	const char *bad[] = {"2;capture=/c", "1", "1;trace=12;span=" SPAN, "1;nonsense=1",
		"1;capture=relative", "1;trace=" TRACE ";span=zz",
		"1;trace=" TRACE ";span=" SPAN ";pid=123", "1;player=p;capture=/c"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_eq(PARSE("TRACEHOOK_CONTEXT", bad[i]), -EINVAL, "%s", bad[i]);
		cr_assert_eq(conf.verdict, TH_CONFIG_UNTOUCHED);
	}
}

Test(config, a_share_of_the_runs_by_their_trace_ids)
{
	uint8_t id[TH_TRACE_ID_BYTES] = {0};
	unsigned taken = 0, seed = 1;
	cr_assert_eq(PARSE("TRACEHOOK_SAMPLE", "1.5"), -EINVAL);
	cr_assert_eq(PARSE(), 0);
	memset(id, 0xff, sizeof(id));
	cr_assert(th_config_sampled(&conf, id));
	cr_assert_eq(PARSE("TRACEHOOK_SAMPLE", "0"), 0);
	memset(id, 0, sizeof(id));
	cr_assert_not(th_config_sampled(&conf, id));
	cr_assert_eq(PARSE("TRACEHOOK_SAMPLE", "0.25"), 0);
	for (int i = 0; i < 10000; i++) {
		for (size_t k = 8; k < sizeof(id); k++) {
			id[k] = (uint8_t)rand_r(&seed);
		}
		bool first = th_config_sampled(&conf, id);
		id[0]++; /* the beginning may be a time of day */
		cr_assert_eq(th_config_sampled(&conf, id), first);
		taken += first;
	}
	cr_assert(taken > 2300 && taken < 2700, "%u of 10000", taken);
}
