/* The player: serves one recorded run to a whole process tree over an AF_UNIX socket (DESIGN 2.3).
 *
 * Two ways to live. The wrapper (`tracehook replay`) starts it in threads of its own process,
 * runs the agent, stops it and reads the statistics. With the environment alone the shim starts
 * `tracehook player`, which is th_player_run(): it goes on until nobody of the tree is left,
 * writes the report, removes its directory and returns.
 *
 * The directory holds the socket (protocol.h) and the world (world.h). Both are there before
 * th_player_start() returns, so an agent started afterwards can never be too early. */
#ifndef PLAYER_PLAYER_H
#define PLAYER_PLAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TH_PLAYER_WHY_BYTES 512

/* Bits: relaxations besides the canonical match, tried in this order and counted as relaxed. */
enum th_match {
	TH_MATCH_CANONICAL = 0,
	TH_MATCH_VOLATILE = 1, /* what rules let differ is not compared (rules.h) */
	TH_MATCH_SEQUENCE = 2, /* the next span of the same endpoint and lane */
};

enum th_on_miss {
	TH_ON_MISS_FAIL,  /* answer 424 */
	TH_ON_MISS_ABORT, /* reset the connection (HTTP/2: the stream) */
	TH_ON_MISS_LIVE,  /* ask the network (online.h) */
};

struct th_player_conf {
	const char *capture;	  /* path */
	const char *trace_prefix; /* which run: hex; NULL or "": see th_trace_find_run() */
	const char *trace_hint;	  /* 32 hex digits: without a prefix this run, if it is there */
	const char *directory;	  /* made (0700) unless it exists; removed at the end */
	unsigned match;		  /* bits of enum th_match */
	const char *rules;	  /* path, for VOLATILE; NULL: the built-in patterns anywhere */
	enum th_on_miss on_miss;
	double pace;	   /* factor on recorded gaps; 0: at once */
	const char *until; /* span id or its beginning, or "#7": what comes after it in the run is
			    * as if it had not been recorded; NULL: all of the run */
	const char *live_after; /* as `until`; once it was asked for, requests go to the network */
	bool or_nothing; /* th_player_run() only: a capture without a run is no mistake: the line is
			  * "nothing" */
	const char *report; /* JSON report (docs/replay-report.md); NULL: none */
	int ready_fd;	    /* th_player_run() only: see there; -1: none */
	pid_t tree;	    /* th_player_run() only: lives at least as long as this; 0: unknown */
};

/* One thing that the agent asked for and did not get. */
struct th_player_miss {
	char process[17]; /* span id of the asking process, hex */
	char *request; /* "POST https://api.example/v1/chat", or "connect 1.2.3.4:80", or a name */
	char *why;     /* nearest recorded span and first difference; one line */
};

#define TH_PLAYER_MISSES_KEPT 256 /* of each list; the counts go on */

/* One answer that was given by a relaxation, and what was let pass. */
struct th_player_relaxed {
	char process[17]; /* span id of the asking process, hex */
	char span[17];	  /* the recorded exchange, hex */
	size_t number;	  /* of it in the run, from 1 */
	const char *by;	  /* "volatile", "sequence" */
	char *request;
	char *why;		  /* one line */
	struct th_passed *passed; /* volatile: each difference (volatile.h); else NULL */
	size_t n_passed;
};

#define TH_PLAYER_RELAXED_KEPT 65536 /* the count goes on */

struct th_player_stats {
	char trace_id[33];
	uint64_t spans;	      /* recorded exchanges of the run */
	uint64_t matched;     /* answered from the recording, relaxed and crossed ones included */
	uint64_t relaxed;     /* of them, by a named relaxation */
	uint64_t crossed;     /* of them, with the answer of another process or thread */
	uint64_t missed;      /* requests without a recorded answer */
	uint64_t live;	      /* requests that went to the network instead */
	uint64_t live_failed; /* of them, those that got no answer there */
	uint64_t unused;      /* recorded exchanges never asked for */
	uint64_t left_out;    /* recorded exchanges behind th_player_conf.until or live_after */
	uint64_t processes;   /* of the tree, as far as they registered */
	uint64_t streams;     /* connections served */
	uint64_t fenced_connects, fenced_lookups;
	uint64_t left;	       /* programs executed that the fence does not hold */
	uint64_t bytes_served; /* of recorded answers */
	uint64_t stand_ins;    /* of the matched: answers with stand-ins for what was redacted */
	const char *stand_ins_why;    /* one clause; NULL: what was redacted was not to be kept */
	uint64_t damage;	      /* places where the capture is not as its format says */
	bool in_namespace;	      /* the tree was behind a network namespace, too */
	const char *why_no_namespace; /* static text; NULL: nobody said */
	int64_t stopped_below;	      /* by that, and unseen by the library; -1: not counted */
	struct th_player_miss *misses, *fenced, *unfenced, *lives;
	struct th_player_relaxed *relaxations;
	size_t n_misses, n_fenced, n_unfenced, n_lives, n_relaxations; /* kept in the lists */
};

struct th_player;

/* Loads the run, writes the world, listens, and serves from threads of this process until
 * th_player_destroy(). Every string of `conf` may go away afterwards. 0 and the player; or a
 * negative errno and one line in `why`, naming the file and, where it is damaged, the offset:
 * -ENOENT (no file, no such run), -ENODATA (no run at all), -EINVAL (not a capture), -ENOTUNIQ
 * (ambiguous prefix), -ENOEXEC (a mistake in the rules), or what the system said. SIGPIPE must be
 * ignored in this process. */
int th_player_start(const struct th_player_conf *conf, struct th_player **ret_player,
	char why[TH_PLAYER_WHY_BYTES]);

/* Ends every connection and all threads; what was not asked for is now `unused`. */
void th_player_stop(struct th_player *p);

/* A snapshot; the lists are the player's and stay until th_player_destroy(). */
void th_player_stats(struct th_player *p, struct th_player_stats *ret_stats);

/* Says for the reports what else there was of a fence, as th_player_stats has it. */
void th_player_note_namespace(
	struct th_player *p, bool in_namespace, const char *why_not, int64_t stopped);

/* Writes the report to `path`, as JSON, or as JUnit XML when its name ends in ".xml". 0 or a
 * negative errno. */
int th_player_report(struct th_player *p, const char *path);

/* Writes it as JUnit XML, whatever the name. */
int th_player_junit(struct th_player *p, const char *path);

/* Stops, removes the directory, frees. Takes NULL; returns NULL. */
struct th_player *th_player_destroy(struct th_player *p);

/* `tracehook player`: the whole life of a player process. Lets go of the terminal and of every
 * descriptor but ready_fd, so that nobody's pipe is kept open. Says one line on ready_fd, "ready"
 * or "error: …" (the `why` above), closes it, and serves until the process tree is gone. Returns an
 * exit status: 0, or 66 / 65 / 71 when it could not begin. */
int th_player_run(const struct th_player_conf *conf);

#endif
