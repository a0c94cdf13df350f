#include "tools/tools.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define WIDTH_TERMINAL 80
#define WIDTH_FILE 120
#define WIDTH_MIN 20
#define WIDTH_MAX 1000

const struct th_command *th_tool_current;

void th_tool_error(const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	fflush(stdout);
	fputs("tracehook: ", stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
}

int th_tool_open(const char *path, FILE **ret_file)
{
	struct stat st;
	th_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0) {
		th_tool_error("%s: cannot be read: %s", path, strerror(errno));
		return TH_EXIT_MISSING;
	}
	if (!S_ISREG(st.st_mode)) {
		th_tool_error("%s: not a regular file", path);
		return TH_EXIT_USAGE;
	}
	FILE *f = fdopen(fd, "r");
	if (!f) {
		th_tool_no_memory();
	}
	fd = -1;
	*ret_file = f;
	return TH_EXIT_OK;
}

_Noreturn void th_tool_no_memory(void)
{
	th_tool_error("out of memory");
	_exit(TH_EXIT_TOOL_FAILED);
}

void *th_tool_alloc(size_t n)
{
	void *p = calloc(1, n ? n : 1);
	if (!p) {
		th_tool_no_memory();
	}
	return p;
}

void *th_tool_realloc(void *p, size_t n)
{
	void *q = realloc(p, n ? n : 1);
	if (!q) {
		th_tool_no_memory();
	}
	return q;
}

char *th_tool_format(const char *format, ...)
{
	va_list ap;
	char *text = NULL;
	va_start(ap, format);
	int n = vasprintf(&text, format, ap);
	va_end(ap);
	if (n < 0) {
		th_tool_no_memory();
	}
	return text;
}

void th_tool_print_usage(const struct th_command *command)
{
	if (command) {
		printf("usage: tracehook %s %s", command->name, command->usage);
	}
}

static void say_bad_option(const char *command, char **argv, int c)
{
	const char *word = argv[optind - 1];
	if (c == ':') {
		th_tool_misuse(command, "%s needs a value", word);
	} else if (optopt && word[0] == '-' && word[1] != '-') {
		th_tool_misuse(command, "unknown option -%c", optopt);
	} else {
		th_tool_misuse(command, "unknown option %s", word);
	}
}

int th_tool_option(int argc, char **argv, const char *letters, const struct option *options)
{
	char spec[64];
	bool in_order = letters[0] == '+';
	snprintf(spec, sizeof(spec), "%s:h%s", in_order ? "+" : "", letters + in_order);
	opterr = 0;
	int c = getopt_long(argc, argv, spec, options, NULL);
	if (c == 'h') {
		th_tool_print_usage(th_tool_current);
	}
	if (c != '?' && c != ':') {
		return c;
	}
	say_bad_option(argv[0], argv, c);
	return '?';
}

int th_tool_option_exit(int option)
{
	return option == 'h' ? th_tool_output_end(TH_EXIT_OK) : TH_EXIT_USAGE;
}

int th_tool_misuse(const char *command, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	fflush(stdout);
	fprintf(stderr, "tracehook %s: ", command);
	vfprintf(stderr, format, ap);
	fprintf(stderr, "; see tracehook %s --help\n", command);
	va_end(ap);
	return TH_EXIT_USAGE;
}

void th_tool_output_begin(void)
{
	signal(SIGPIPE, SIG_DFL);
}

int th_tool_output_end(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout)) {
		return code;
	}
	if (errno != EPIPE) {
		th_tool_error("the output could not be written: %s", strerror(errno));
	}
	return TH_EXIT_NO;
}

static unsigned sensible_width(long columns, unsigned otherwise)
{
	return columns >= WIDTH_MIN && columns <= WIDTH_MAX ? (unsigned)columns : otherwise;
}

unsigned th_tool_width(void)
{
	const char *columns = getenv("COLUMNS");
	unsigned width = columns ? sensible_width(strtol(columns, NULL, 10), 0) : 0;
	if (width) {
		return width;
	}
	if (!isatty(STDOUT_FILENO)) {
		return WIDTH_FILE;
	}
	struct winsize size = {0};
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	return sensible_width(size.ws_col, WIDTH_TERMINAL);
}

bool th_tool_colour(void)
{
	const char *no_colour = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	return isatty(STDOUT_FILENO) && !(no_colour && *no_colour) && term &&
		strcmp(term, "dumb") != 0;
}
