/* What the environment asks for: the TRACEHOOK_ variables and the trace context, checked.
 *
 * A pure function of what `get` answers, so it is tested without preloading anything. The table of
 * variables is DESIGN 1.1; what of it is not built yet is an error and says so, never ignored. */
#ifndef SHIM_CONFIG_H
#define SHIM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/frame.h"

#define TH_CONFIG_PATH_MAX 4000
#define TH_CONFIG_WHY_MAX 256
#define TH_CONFIG_SAMPLE_ALL 1000000u

/* What a process tells its children besides the W3C variables: how to take part in its run.
 * "1;trace=<32 hex>;span=<16 hex>;pid=<8 hex>;player=<directory>;record=<absolute
 * path>;relay=<directory>; said=<0|1>;capture=<absolute path>" (on one line); every part may be
 * missing, capture is last because a path may hold ';'. */
#define TH_CONTEXT_VARIABLE "TRACEHOOK_CONTEXT"

enum th_config_mode {
	TH_CONFIG_RECORD,
	TH_CONFIG_REPLAY,
	TH_CONFIG_AUTO, /* of a root: replay if there is a recording, else record */
	TH_CONFIG_OFF,
};

/* What becomes of an agent whose settings hold a mistake. */
enum th_config_verdict {
	TH_CONFIG_GOOD,
	TH_CONFIG_UNTOUCHED, /* it runs as without us */
	TH_CONFIG_FENCED,    /* its connections and look-ups fail */
};

struct th_config {
	enum th_config_mode mode;
	enum th_config_verdict verdict;
	bool closed;	  /* TRACEHOOK_ON_ERROR */
	bool child;	  /* a process of our run started this one; else it is the run's root */
	bool said;	  /* the line on stderr was printed by an ancestor */
	bool redact_off;  /* TRACEHOOK_REDACT */
	bool propagate;	  /* TRACEHOOK_PROPAGATE */
	bool hash_bodies; /* TRACEHOOK_BODY */
	uint32_t sample;  /* TRACEHOOK_SAMPLE: share of runs that are recorded, in millionths */
	bool has_trace_id;
	uint8_t trace_id[TH_TRACE_ID_BYTES];	  /* record: of the run, if has_trace_id */
	uint8_t parent_span_id[TH_SPAN_ID_BYTES]; /* zeros: none */
	uint32_t parent_pid;			  /* of that span; 0: not known */
	/* The getter's own strings, NULL when unset. Values are checked. */
	const char *trace_prefix; /* replay: which run */
	const char *key_file;	  /* absolute */
	const char *state_home, *home;
	const char *meta, *tracestate, *baggage;
	const char *match, *on_miss, *pace, *report; /* replay: for the player */
	/* "": none. th_config_keep() makes them. */
	const char *capture; /* absolute */
	const char *player;  /* the player's directory */
	const char *relay;   /* record: the relay's directory, made when it is needed */
	const char *record;  /* replay: is itself recorded into this capture */
	const char *rules;   /* TRACEHOOK_REDACT, if it is a file */
	const char *log;     /* TRACEHOOK_LOG; NULL: none */
};

/* The value of a variable or NULL; the string lives as long as the process's environment. */
typedef const char *th_config_get(void *ctx, const char *name);

/* Fills *ret_conf in any case; `cwd` makes paths absolute. Returns 0, or -EINVAL: verdict then
 * says what follows and `why` holds the line for stderr, with its newline. */
int th_config_parse(th_config_get *get, void *ctx, const char *cwd, struct th_config *ret_conf,
	char why[TH_CONFIG_WHY_MAX]);

/* A copy of the path `s` that lasts (base/lasting.h); NULL: there is no room, or it is too long. */
const char *th_config_keep(const char *s);

/* Is the run of that id among those that TRACEHOOK_SAMPLE asks for? All processes of a run, and all
 * runs of one trace, get the same answer. */
bool th_config_sampled(const struct th_config *conf, const uint8_t trace_id[TH_TRACE_ID_BYTES]);

/* After th_config_parse(): is a variable of `envp` meant for us and misspelt? Such a one is a
 * mistake like a wrong value; while TRACEHOOK_MODE is not set it closes the fence when it may have
 * been meant to, since recording would then go to the network instead. 0, or -EINVAL as above. */
int th_config_check_names(struct th_config *conf, char *const envp[], char why[TH_CONFIG_WHY_MAX]);

/* A variable that begins with TRACEHOOK_ and is none of ours, from *ret_at on, which is moved
 * behind it: the entry "NAME=value", or NULL. */
const char *th_config_stranger(char *const envp[], size_t *ret_at);

/* The line for a mistake found later (a capture that cannot be opened): sets the verdict by the
 * mode, and `why`: "tracehook: <what>: <reason>; <what follows>". */
void th_config_fail(
	struct th_config *conf, const char *what, const char *reason, char why[TH_CONFIG_WHY_MAX]);

#endif
