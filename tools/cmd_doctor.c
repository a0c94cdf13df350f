/* tracehook doctor: says beforehand what a recording of a program will see, and what not. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tools/doctor_verdict.h"
#include "tools/json_out.h"
#include "tools/launch.h"
#include "tools/settings.h"
#include "tools/tools.h"
#include "tools/utf8.h"

/* ---- for people ---- */

static void print_line(const char *name, const char *text)
{
	th_auto_free char *safe = th_text_line(th_slice_str(text));
	printf("  %-9s %s\n", name, safe);
}

static const char *kind_of(const struct th_doctor_image *image)
{
	return !image->elf ? "no program" : image->dynamic ? "dynamic" : "static";
}

/* What of its runs there will be at all. */
static void print_sample(const char *sample)
{
	double share = 1;
	bool sound = sample && *sample && th_settings_number(sample, &share) && share <= 1;
	th_auto_free char *text = !sample || !*sample ? NULL
		: sound ? th_tool_format("%s of all runs are recorded, whole; the others are not "
					 "(TRACEHOOK_SAMPLE)",
				  sample)
			: th_tool_format("TRACEHOOK_SAMPLE=%s is not a number from 0 to 1: "
					 "nothing is recorded",
				  sample);
	if (text && share != 1) {
		print_line("sample", text);
	}
}

static void print_program(const struct th_doctor_program *p)
{
	const struct th_doctor_image *image = &p->files[0].image;
	th_auto_free char *head = p->pid
		? th_tool_format("process %d, %s", (int)p->pid, p->chain[0])
		: th_tool_format("%s", p->chain[0]);
	th_auto_free char *safe = th_text_line(th_slice_str(head));
	printf("%s\n", safe);
	for (size_t i = 1; i < p->n_chain; i++) {
		print_line("run by", p->chain[i]);
	}
	th_auto_free char *what = th_tool_format("%s, %s%s%s%s", kind_of(image), image->machine,
		image->loader[0] ? ", loader " : "", image->loader,
		image->stripped ? ", stripped" : ", with its symbol table");
	print_line("program", image->elf ? what : kind_of(image));
	if (p->runtime) {
		print_line("runtime", p->runtime);
	}
	if (p->carries) {
		th_auto_free char *into = th_tool_format("loaded; mode %s, capture %s",
			p->mode ? p->mode : "record", p->capture ? p->capture : "tracehook.thc");
		print_line("library", into);
	}
	print_sample(p->sample);
}

static void print_row(const struct th_doctor_row *row)
{
	th_auto_free char *text = th_tool_format("%s%s%s, %s (%s): %s",
		th_doctor_tls_name(row->kind), row->version[0] ? " " : "", row->version,
		row->linkage, row->file->path, th_doctor_tap_words(row->tap));
	print_line("TLS", text);
}

static void print_verdict(const struct th_doctor_program *p, const struct th_doctor_verdict *v)
{
	for (size_t i = 0; i < v->n_rows; i++) {
		print_row(&v->rows[i]);
	}
	const struct th_doctor_file *curl = th_doctor_program_has(p, "libcurl");
	if (curl) {
		print_line("libcurl", curl->path);
	}
	for (size_t i = 0; i < v->n_gaps; i++) {
		th_auto_free char *gap = th_tool_format("%s: %s", v->gaps[i].what, v->gaps[i].why);
		print_line("not seen", gap);
		print_line("to do", v->gaps[i].advice);
	}
	if (v->note) {
		print_line("note", v->note);
	}
	print_line("verdict",
		v->n_gaps	   ? "something will not be seen"
			: p->shell ? "all of its own will be seen"
				   : "all will be seen");
}

/* ---- for programs ---- */

static void put_rows(struct th_jout *j, const struct th_doctor_verdict *v)
{
	th_jout_key(j, "tls");
	th_jout_open(j, '[');
	for (size_t i = 0; i < v->n_rows; i++) {
		const struct th_doctor_row *row = &v->rows[i];
		th_jout_open(j, '{');
		th_jout_put_text(j, "library", th_doctor_tls_name(row->kind));
		th_jout_put_text(j, "version", row->version[0] ? row->version : NULL);
		th_jout_put_text(j, "path", row->file->path);
		th_jout_put_text(j, "linkage", row->linkage);
		th_jout_put_text(j, "tap",
			row->tap == TH_DOCTOR_TAP_NONE ? NULL : th_doctor_tap_words(row->tap));
		th_jout_close(j, '}');
	}
	th_jout_close(j, ']');
}

static void put_gaps(struct th_jout *j, const struct th_doctor_verdict *v)
{
	th_jout_key(j, "not_seen");
	th_jout_open(j, '[');
	for (size_t i = 0; i < v->n_gaps; i++) {
		th_jout_open(j, '{');
		th_jout_put_text(j, "what", v->gaps[i].what);
		th_jout_put_text(j, "why", v->gaps[i].why);
		th_jout_put_text(j, "to_do", v->gaps[i].advice);
		th_jout_close(j, '}');
	}
	th_jout_close(j, ']');
}

static void put_program(struct th_jout *j, const struct th_doctor_program *p)
{
	const struct th_doctor_image *image = &p->files[0].image;
	th_jout_put_known(j, "pid", (uint64_t)p->pid);
	th_jout_key(j, "chain");
	th_jout_open(j, '[');
	for (size_t i = 0; i < p->n_chain; i++) {
		th_jout_text(j, p->chain[i]);
	}
	th_jout_close(j, ']');
	th_jout_put_text(j, "kind", image->elf ? kind_of(image) : NULL);
	th_jout_put_text(j, "machine", image->elf ? image->machine : NULL);
	th_jout_put_text(j, "loader", image->loader[0] ? image->loader : NULL);
	th_jout_put_bool(j, "stripped", image->stripped);
	th_jout_put_text(j, "runtime", p->runtime);
	th_jout_put_bool(j, "loads_the_library", p->carries || !p->obstacle);
	th_jout_key(j, "carries_the_library");
	if (p->pid) {
		th_jout_bool(j, p->carries);
	} else {
		th_jout_null(j);
	}
	th_jout_put_text(j, "mode", p->carries && !p->mode ? "record" : p->mode);
	th_jout_put_text(j, "capture", p->capture);
	th_jout_put_text(j, "sample", p->sample);
}

static void print_json(const struct th_doctor_program *p, const struct th_doctor_verdict *v)
{
	struct th_jout j = {.out = stdout};
	const struct th_doctor_file *curl = th_doctor_program_has(p, "libcurl");
	th_jout_open(&j, '{');
	th_jout_put_text(&j, "program", p->chain[0]);
	put_program(&j, p);
	put_rows(&j, v);
	th_jout_put_text(&j, "libcurl", curl ? curl->path : NULL);
	put_gaps(&j, v);
	th_jout_put_text(&j, "note", v->note);
	th_jout_put_bool(&j, "all_seen", v->n_gaps == 0);
	th_jout_close(&j, '}');
	putchar('\n');
}

/* ---- */

/* A number is a process; a program of that name is ./123. */
static pid_t pid_of(const char *argument)
{
	size_t n = strlen(argument);
	bool number = n > 0 && n < 10 && strspn(argument, "0123456789") == n;
	return number ? (pid_t)atoi(argument) : 0;
}

static int look(const char *argument, struct th_doctor_program *ret_program)
{
	pid_t pid = pid_of(argument);
	if (pid) {
		int r = th_doctor_process_read(pid, ret_program);
		if (r < 0) {
			th_tool_error("process %s cannot be looked at: %s", argument,
				r == -ENOENT ? "there is none of that number" : strerror(-r));
		}
		return r < 0 ? TH_EXIT_MISSING : TH_EXIT_OK;
	}
	th_auto_free char *path = NULL;
	if (th_launch_find(argument, &path) != TH_EXIT_OK) {
		return TH_EXIT_MISSING;
	}
	th_doctor_program_read(path, ret_program);
	return TH_EXIT_OK;
}

/* -1: go on; else the exit code. */
static int parse_options(int argc, char **argv, bool *ret_json)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {NULL}};
	for (int c; (c = th_tool_option(argc, argv, "+j", options)) != -1;) {
		if (c != 'j') {
			return th_tool_option_exit(c);
		}
		*ret_json = true;
	}
	if (optind + 1 != argc) {
		return th_tool_misuse("doctor",
			optind == argc ? "which program or process?" : "one program or process");
	}
	return -1;
}

static int run(int argc, char **argv)
{
	bool json = false;
	struct th_doctor_program p;
	struct th_doctor_verdict v;
	th_tool_output_begin();
	int code = parse_options(argc, argv, &json);
	if (code >= 0) {
		return code;
	}
	code = look(argv[optind], &p);
	if (code != TH_EXIT_OK) {
		return code;
	}
	th_doctor_verdict_of(&p, &v);
	if (json) {
		print_json(&p, &v);
	} else {
		print_program(&p);
		print_verdict(&p, &v);
	}
	code = v.n_gaps ? TH_EXIT_NO : TH_EXIT_OK;
	th_doctor_verdict_finish(&v);
	th_doctor_program_finish(&p);
	return th_tool_output_end(code);
}

const struct th_command th_cmd_doctor = {"doctor", run,
	"say beforehand what of a program will be seen, and what not",
	"[--json] PROGRAM|PID\n"
	"\n"
	"  -j, --json            one JSON object\n"
	"\n"
	"Exits 0: all will be seen, 1: something will not be, 66: there is no such program.\n"};
