/* tracehook export: the spans of a capture in other programs' formats, or sent to a collector. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tools/export/export.h"
#include "tools/tools.h"

#define TEXT_MAX_DEFAULT 16384

struct export_options {
	struct th_view view;
	struct th_export export;
	const struct th_export_format *format;
	const char *output;
	int code;
};

enum letter {
	OPTION_SEMCONV = 'S',
	OPTION_FLAVOR = 'F',
	OPTION_CONTENT = 'C',
	OPTION_TEXT_MAX = 'T',
	OPTION_SEND = 'U',
};

static int take_semconv(struct th_otel_style *style)
{
	for (enum th_semconv v = 0; v < TH_N_SEMCONVS; v++) {
		if (strcmp(optarg, th_semconv_name(v)) == 0) {
			style->semconv = v;
			return -1;
		}
	}
	return th_tool_misuse("export", "--semconv %s: 1.36, 1.41 or latest", optarg);
}

static int take_flavor(struct th_otel_style *style)
{
	if (strcmp(optarg, "openinference") != 0 && strcmp(optarg, "otel") != 0) {
		return th_tool_misuse("export", "--flavor %s: otel or openinference", optarg);
	}
	style->openinference = strcmp(optarg, "openinference") == 0;
	return -1;
}

static int take_format(struct export_options *o)
{
	o->format = th_export_format(optarg);
	return o->format ? -1
			 : th_tool_misuse("export", "--format %s: %s", optarg, th_export_names());
}

static int take_text_max(struct th_otel_style *style)
{
	uint64_t n;
	if (!th_parse_u64(th_slice_str(optarg), &n) || n > SIZE_MAX) {
		return th_tool_misuse(
			"export", "--text-max %s: a number of bytes; 0: no limit", optarg);
	}
	style->text_max = (size_t)n;
	return -1;
}

static int take(struct export_options *o, int c)
{
	switch (c) {
	case 'f':
		return take_format(o);
	case 'o':
		o->output = optarg;
		return -1;
	case OPTION_SEMCONV:
		return take_semconv(&o->export.style);
	case OPTION_FLAVOR:
		return take_flavor(&o->export.style);
	case OPTION_CONTENT:
		o->export.style.content = true;
		return -1;
	case OPTION_TEXT_MAX:
		return take_text_max(&o->export.style);
	case OPTION_SEND:
		o->export.send = optarg ? optarg : "";
		return -1;
	default:
		return th_view_take(&o->view, c);
	}
}

static int parse_options(int argc, char **argv, struct export_options *o)
{
	static const struct option options[] = {{"format", required_argument, NULL, 'f'},
		{"output", required_argument, NULL, 'o'},
		{"semconv", required_argument, NULL, OPTION_SEMCONV},
		{"flavor", required_argument, NULL, OPTION_FLAVOR},
		{"content", no_argument, NULL, OPTION_CONTENT},
		{"text-max", required_argument, NULL, OPTION_TEXT_MAX},
		{"send", optional_argument, NULL, OPTION_SEND},
		{"run", required_argument, NULL, 'r'}, {"help", no_argument, NULL, 'h'},
		TH_SPAN_FILTER_OPTIONS, {NULL}};
	int code = -1;
	for (int c; code < 0 && (c = th_tool_option(argc, argv, "r:f:o:", options)) != -1;) {
		code = take(o, c);
	}
	if (code < 0 && !o->format) {
		code = th_tool_misuse("export", "--format is needed: %s", th_export_names());
	}
	if (code < 0 && o->export.send && !o->format->sends) {
		code = th_tool_misuse("export", "--send: otlp and otlp-metrics only");
	}
	return code < 0 ? th_view_arguments(&o->view, argc, argv) : code;
}

static void export_runs(void *ctx, const struct th_view_runs *runs)
{
	struct export_options *o = ctx;
	const char *service = getenv("OTEL_SERVICE_NAME");
	o->export.style.service = service && *service ? service : NULL;
	o->export.out = stdout;
	if (o->output && !freopen(o->output, "w", stdout)) {
		th_tool_error("%s: %s", o->output, strerror(errno));
		o->code = TH_EXIT_NO;
		return;
	}
	o->code = o->format->run(&o->export, runs);
}

static int run(int argc, char **argv)
{
	struct export_options o = {.view = {.command = "export"},
		.export.style = {.semconv = TH_SEMCONV_1_41, .text_max = TEXT_MAX_DEFAULT},
		.code = TH_EXIT_OK};
	th_tool_output_begin();
	int code = parse_options(argc, argv, &o);
	if (code < 0) {
		code = th_view_show(&o.view, argv[optind], export_runs, &o);
		code = code == TH_EXIT_OK ? o.code : code;
	}
	th_view_finish(&o.view);
	return code;
}

const struct th_command th_cmd_export = {"export", run,
	"give the spans to other programs: OpenTelemetry, HAR, CSV ...",
	"--format FORMAT [OPTION...] FILE\n"
	"\n"
	"  -f, --format FORMAT   csv, curl, dataset, har, jsonl, mermaid, otlp, "
	"otlp-metrics,\n"
	"                        prometheus\n"
	"  -o, --output FILE     there instead of to stdout\n"
	"      --send[=URL]      otlp, otlp-metrics: to a collector (default: as\n"
	"                        OTEL_EXPORTER_OTLP_ENDPOINT and its like say)\n"
	"      --semconv V       names of OpenTelemetry 1.36, 1.41 (the default) or "
	"latest\n"
	"      --flavor F        otel, or openinference: its names besides\n"
	"      --content         messages, tools and their results in the spans, too\n"
	"      --text-max N      bytes of a text in an attribute (default 16384; 0: any)\n"
	"  -r, --run ID          only this run: the beginning of its id, or "
	"#NUMBER\n" TH_SPAN_FILTER_HELP};
