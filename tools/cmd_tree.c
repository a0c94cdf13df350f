/* tracehook tree: what a run did, as a tree. */
#include "base/text.h"
#include "tools/run_tree.h"
#include "tools/tools.h"

struct tree_options {
	struct th_view view;
	unsigned depth;
};

static int take_depth(struct tree_options *o)
{
	uint64_t depth;
	if (!th_parse_u64(th_slice_str(optarg), &depth) || depth == 0) {
		return th_tool_misuse("tree", "--depth %s: a number of at least 1", optarg);
	}
	o->depth = depth < TH_TREE_DEPTH_MAX ? (unsigned)depth : TH_TREE_DEPTH_MAX;
	return -1;
}

static int parse_options(int argc, char **argv, struct tree_options *o)
{
	static const struct option options[] = {
		{"depth", required_argument, NULL, 'd'}, TH_VIEW_OPTIONS, {NULL}};
	int code = -1;
	for (int c; code < 0 && (c = th_tool_option(argc, argv, "jr:d:", options)) != -1;) {
		code = c == 'd' ? take_depth(o) : th_view_take(&o->view, c);
	}
	return code < 0 ? th_view_arguments(&o->view, argc, argv) : code;
}

static void show(void *ctx, const struct th_view_runs *runs)
{
	const struct tree_options *o = ctx;
	for (size_t i = 0; i < runs->n; i++) {
		if (o->view.json) {
			th_run_tree_json(stdout, &runs->runs[i], o->depth);
		} else {
			th_run_tree_print(stdout, &runs->runs[i], o->depth, th_tool_width(),
				th_tool_colour());
		}
	}
}

static int run(int argc, char **argv)
{
	struct tree_options o = {
		.view = {.command = "tree", .one_run = true}, .depth = TH_TREE_DEPTH_MAX};
	th_tool_output_begin();
	int code = parse_options(argc, argv, &o);
	if (code < 0) {
		code = th_view_show(&o.view, argv[optind], show, &o);
	}
	th_view_finish(&o.view);
	return code;
}

const struct th_command th_cmd_tree = {"tree", run,
	"show a run as a tree: processes, exchanges, tools",
	"[OPTION...] FILE\n"
	"\n"
	"  -d, --depth N             no more than N levels\n"
	"  -r, --run ID              this run: the beginning of its id, or #NUMBER "
	"(default:\n"
	"                            the newest that ended properly)\n"
	"  -j, --json                one JSON object per span and "
	"line\n" TH_SPAN_FILTER_HELP};
