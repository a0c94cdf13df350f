/* tracehook proxy: a program that goes through HTTPS_PROXY, with the relay as that proxy
 * (relay/proxy.h). `record --proxy` and `replay --proxy` start it, under the library, in the place
 * of the program; not for people. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "player/protocol.h"
#include "player/trust.h"
#include "relay/proxy.h"
#include "tools/launch.h"
#include "tools/proxy_agent.h"
#include "tools/tools.h"

char **th_proxy_agent(char **agent)
{
	size_t n = 0;
	while (agent[n]) {
		n++;
	}
	static char command[] = "proxy", end[] = "--";
	char **argv = th_tool_alloc((n + 4) * sizeof(*argv));
	argv[0] = realpath("/proc/self/exe", NULL);
	argv[1] = command;
	argv[2] = end;
	memcpy(argv + 3, agent, (n + 1) * sizeof(*argv));
	return argv;
}

/* What the program is told beside what it has; true when all of it. */
static bool tell_trust(struct th_proxy *p)
{
	static const char *const names[] = {TH_TRUST_NAMES};
	th_cleanup(th_buf_finish) struct th_buf ask = {0};
	struct th_buf answer = {0}; /* putenv() keeps it */
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (getenv(names[i])) {
			th_buf_str(&ask, names[i]);
			th_buf_str(&ask, "=");
			th_buf_str(&ask, getenv(names[i]));
			th_buf_u8(&ask, 0);
		}
	}
	if (th_proxy_trust(p, th_buf_view(&ask), &answer) < 0) {
		return false;
	}
	for (size_t at = 0; at < answer.n; at += strlen((char *)answer.p + at) + 1) {
		putenv((char *)answer.p + at);
	}
	return true;
}

/* The library stays with us: a program that could load it would be recorded twice. */
static void tell_proxy(struct th_proxy *p)
{
	th_auto_free char *url = th_tool_format("http://127.0.0.1:%u", th_proxy_port(p));
	setenv("HTTPS_PROXY", url, 1);
	setenv("https_proxy", url, 1);
	unsetenv("ALL_PROXY");
	unsetenv("all_proxy");
	unsetenv("LD_PRELOAD");
}

static int run_behind(struct th_proxy *p, char **agent, struct th_launched *ret_launched)
{
	const struct th_launch l = {
		.pipe_default = signal(SIGPIPE, SIG_IGN) != SIG_IGN, .argv = agent};
	if (!tell_trust(p)) {
		th_tool_error("the proxy's certificate cannot be written");
		return TH_EXIT_TOOL_FAILED;
	}
	tell_proxy(p);
	if (th_proxy_start(p) < 0) {
		th_tool_error("the proxy cannot start a thread");
		return TH_EXIT_TOOL_FAILED;
	}
	int code = th_launch_run(&l, NULL, ret_launched);
	th_proxy_drain(p);
	return code;
}

static int run(int argc, char **argv)
{
	const char *base = getenv("TMPDIR");
	th_auto_free char *directory = th_tool_format(
		"%s/tracehook-proxy.XXXXXX", base && *base == '/' ? base : "/tmp");
	struct th_launched launched = {0};
	int at = 1 + (argc > 1 && strcmp(argv[1], "--") == 0);
	if (at >= argc) {
		return th_tool_misuse("proxy", "which program?");
	}
	if (!mkdtemp(directory)) {
		th_tool_error("no directory can be made for the proxy");
		return TH_EXIT_TOOL_FAILED;
	}
	struct th_proxy *p = th_proxy_create(directory);
	if (!p) {
		th_tool_error("the proxy cannot listen on loopback");
	}
	int code = p ? run_behind(p, argv + at, &launched) : TH_EXIT_TOOL_FAILED;
	th_trust_clear(directory);
	rmdir(directory);
	if (code == TH_EXIT_OK) {
		th_launch_end_like(launched.status);
	}
	return code;
}

const struct th_command th_cmd_proxy = {"proxy", run,
	"stand between a program and its servers as its proxy (started by record and replay)",
	"[--] PROGRAM [ARGUMENT...]\n", .internal = true};
