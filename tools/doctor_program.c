/* The libraries of a program are those that the loader itself names ("ld.so --list"): it knows
 * search paths, caches and $ORIGIN best, and runs nothing of the program. Only the C library's own
 * loader is asked, lest a file name one that does more. Of a process, /proc knows.
 *
 * Interpreters load their TLS module late; it is looked for where it is installed beside them. */
#include "tools/doctor_program.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tools/launch.h"
#include "tools/preload_check.h"
#include "tools/tools.h"

#define LINE_BYTES 256 /* of "#!", as the kernel reads it */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static bool begins(const char *s, const char *beginning)
{
	return strncmp(s, beginning, strlen(beginning)) == 0;
}

const char *th_doctor_program_path(const struct th_doctor_program *p)
{
	return p->n_chain ? p->chain[p->n_chain - 1] : "";
}

const struct th_doctor_file *th_doctor_program_has(
	const struct th_doctor_program *p, const char *beginning)
{
	for (size_t i = 1; i < p->n_files; i++) {
		if (begins(base_name(p->files[i].path), beginning)) {
			return &p->files[i];
		}
	}
	return NULL;
}

/* ---- files ---- */

static bool is_known(const struct th_doctor_program *p, const char *path)
{
	for (size_t i = 0; i < p->n_files; i++) {
		if (strcmp(p->files[i].path, path) == 0) {
			return true;
		}
	}
	return false;
}

static void add_file(struct th_doctor_program *p, const char *path, bool late)
{
	char *real = realpath(path, NULL);
	real = real ? real : th_tool_format("%s", path);
	if (is_known(p, real)) {
		free(real);
		return;
	}
	p->files = th_tool_realloc(p->files, (p->n_files + 1) * sizeof(*p->files));
	struct th_doctor_file *f = &p->files[p->n_files++];
	*f = (struct th_doctor_file){.path = real, .late = late};
	th_doctor_image_read(real, &f->image);
}

/* ---- the loader's list ---- */

static bool is_glibc_loader(const char *loader)
{
	return strcmp(loader, "/lib64/ld-linux-x86-64.so.2") == 0 ||
		strcmp(loader, "/lib/ld-linux-aarch64.so.1") == 0;
}

/* "\tlibssl.so.3 => /lib/libssl.so.3 (0x7f…)" */
static void add_listed(struct th_doctor_program *p, char *line, bool late)
{
	char *path = strstr(line, "=> /");
	char *end = path ? strstr(path, " (0x") : NULL;
	if (end) {
		*end = '\0';
		add_file(p, path + 3, late);
	}
}

static FILE *start_loader(char *loader, char *path, pid_t *ret_pid)
{
	static char list[] = "--list";
	char *const argv[] = {loader, list, path, NULL};
	int ends[2];
	posix_spawn_file_actions_t actions;
	if (pipe2(ends, O_CLOEXEC) != 0) {
		return NULL;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	int error = posix_spawn(ret_pid, loader, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (error) {
		close(ends[0]);
		return NULL;
	}
	return fdopen(ends[0], "r");
}

static void add_needed(struct th_doctor_program *p, size_t of, char *loader)
{
	pid_t pid;
	th_auto_free char *line = NULL;
	size_t room = 0;
	bool late = p->files[of].late;
	th_auto_fclose FILE *list = start_loader(loader, p->files[of].path, &pid);
	if (!list) {
		return;
	}
	while (getline(&line, &room, list) > 0) {
		add_listed(p, line, late);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
	}
}

/* ---- interpreters ---- */

struct interpreter {
	const char *name; /* how its file's name begins */
	const char *runtime;
	const char *module; /* of TLS: where it lies, from the interpreter's directory; "%s" is the
			       name of the interpreter */
	bool shell;
};

static const struct interpreter interpreters[] = {
	{"python", "Python", "../lib/%s/lib-dynload/_ssl.*.so", false},
	{"pypy", "PyPy", NULL, false},
	{"perl", "Perl", "../lib/*/perl5/*/auto/Net/SSLeay/SSLeay.so", false},
	{"ruby", "Ruby", "../lib/*/ruby/*/openssl.so", false},
	{"php", "PHP", NULL, false},
	{"lua", "Lua", NULL, false},
	{"java", "Java", NULL, false},
	{"node", "Node.js", NULL, false},
	{"bash", "a shell", NULL, true},
	{"dash", "a shell", NULL, true},
	{"sh", "a shell", NULL, true},
	{"zsh", "a shell", NULL, true},
	{"ksh", "a shell", NULL, true},
	{"fish", "a shell", NULL, true},
	{"busybox", "a shell", NULL, true},
};

/* "python3.11" is python; "shred" is no sh. */
static bool is_named(const char *file, const char *name)
{
	return begins(file, name) && !isalpha((unsigned char)file[strlen(name)]);
}

static const struct interpreter *find_interpreter(const char *path)
{
	for (size_t i = 0; i < sizeof(interpreters) / sizeof(*interpreters); i++) {
		if (is_named(base_name(path), interpreters[i].name)) {
			return &interpreters[i];
		}
	}
	return NULL;
}

static void add_module(struct th_doctor_program *p, const char *program, const char *pattern)
{
	glob_t found;
	const char *name = base_name(program);
	th_auto_free char *in = th_tool_format("%.*s", (int)(name - program), program);
	const char *mark = strstr(pattern, "%s");
	th_auto_free char *all = mark
		? th_tool_format("%s%.*s%s%s", in, (int)(mark - pattern), pattern, name, mark + 2)
		: th_tool_format("%s%s", in, pattern);
	if (glob(all, 0, NULL, &found) == 0 && found.gl_pathc > 0) {
		add_file(p, found.gl_pathv[found.gl_pathc - 1], true);
	}
	globfree(&found);
}

/* ---- scripts ---- */

/* The program that env(1) is asked for: options and assignments come before it. */
static const char *asked_of_env(char *arguments)
{
	char *rest = arguments;
	for (char *word; (word = strtok_r(rest, " \t", &rest)) != NULL;) {
		if (word[0] != '-' && !strchr(word, '=')) {
			return word;
		}
	}
	return NULL;
}

/* The interpreter of a script; NULL: it is none, or names none that is there. */
static char *interpreter_of(const char *path)
{
	char line[LINE_BYTES] = "", *found = NULL;
	th_auto_fclose FILE *f = fopen(path, "re");
	if (!f || fread(line, 1, sizeof(line) - 1, f) < 3 || !begins(line, "#!")) {
		return NULL;
	}
	line[strcspn(line, "\r\n")] = '\0';
	char *name = line + 2 + strspn(line + 2, " \t");
	char *arguments = name + strcspn(name, " \t");
	if (*arguments) {
		*arguments++ = '\0';
	}
	const char *program = strcmp(base_name(name), "env") == 0 ? asked_of_env(arguments) : name;
	if (program && th_launch_find(program, &found) != TH_EXIT_OK) {
		return NULL;
	}
	return found;
}

static void follow_scripts(struct th_doctor_program *p, const char *path)
{
	char *next = th_tool_format("%s", path);
	while (next && p->n_chain < TH_DOCTOR_CHAIN_MAX) {
		p->chain[p->n_chain++] = next;
		next = interpreter_of(next);
	}
	free(next);
}

/* ---- a program ---- */

static const char *find_obstacle(const struct th_doctor_program *p, const char *path)
{
	const struct th_doctor_image *image = &p->files[0].image;
	const char *obstacle = th_preload_obstacle(path);
	if (!obstacle && image->loader[0] && !is_glibc_loader(image->loader)) {
		return "its loader is not the GNU C library's (musl?)";
	}
	return obstacle;
}

static void name_runtime(struct th_doctor_program *p, const struct interpreter *known)
{
	p->runtime = p->files[0].image.runtime;
	if (!p->runtime && th_doctor_program_has(p, "libjli.so")) {
		p->runtime = "Java";
	}
	if (!p->runtime && known) {
		p->runtime = known->runtime;
		p->shell = known->shell;
	}
}

void th_doctor_program_read(const char *path, struct th_doctor_program *ret_program)
{
	const char *sample = getenv("TRACEHOOK_SAMPLE");
	struct th_doctor_program p = {.sample = sample ? th_tool_format("%s", sample) : NULL};
	follow_scripts(&p, path);
	add_file(&p, th_doctor_program_path(&p), false);
	p.obstacle = find_obstacle(&p, path);
	const struct interpreter *known = find_interpreter(p.files[0].path);
	if (known && known->module) {
		add_module(&p, p.files[0].path, known->module);
	}
	char loader[sizeof(p.files[0].image.loader)];
	memcpy(loader, p.files[0].image.loader, sizeof(loader));
	size_t roots = p.n_files;
	for (size_t i = 0; i < roots && is_glibc_loader(loader); i++) {
		add_needed(&p, i, loader);
	}
	name_runtime(&p, known);
	*ret_program = p;
}

/* ---- a process ---- */

static void read_maps(struct th_doctor_program *p, FILE *maps)
{
	th_auto_free char *line = NULL;
	size_t room = 0;
	while (getline(&line, &room, maps) > 0) {
		char *path = strchr(line, '/');
		if (!path || !strstr(path, ".so")) {
			continue;
		}
		path[strcspn(path, "\n")] = '\0';
		p->carries |= begins(base_name(path), "libtracehook.so");
		if (!begins(base_name(path), "libtracehook.so")) {
			add_file(p, path, false);
		}
	}
}

static void read_environment(struct th_doctor_program *p, const char *path)
{
	th_auto_free char *entry = NULL;
	size_t room = 0;
	th_auto_fclose FILE *f = fopen(path, "re");
	while (f && getdelim(&entry, &room, '\0', f) > 0) {
		char **to = begins(entry, "TRACEHOOK_MODE=")  ? &p->mode
			: begins(entry, "TRACEHOOK_CAPTURE=") ? &p->capture
			: begins(entry, "TRACEHOOK_SAMPLE=")  ? &p->sample
			: begins(entry, "LD_PRELOAD=")	      ? &p->preload
							      : NULL;
		if (to && !*to) {
			*to = th_tool_format("%s", strchr(entry, '=') + 1);
		}
	}
}

int th_doctor_process_read(pid_t pid, struct th_doctor_program *ret_program)
{
	struct th_doctor_program p = {.pid = pid};
	char exe[PATH_MAX] = "";
	th_auto_free char *link = th_tool_format("/proc/%d/exe", (int)pid);
	th_auto_free char *maps = th_tool_format("/proc/%d/maps", (int)pid);
	th_auto_free char *environment = th_tool_format("/proc/%d/environ", (int)pid);
	if (readlink(link, exe, sizeof(exe) - 1) <= 0) {
		return -errno;
	}
	th_auto_fclose FILE *f = fopen(maps, "re");
	if (!f) {
		return -errno;
	}
	p.chain[p.n_chain++] = th_tool_format("%s", exe);
	add_file(&p, exe, false);
	th_doctor_image_read(link, &p.files[0].image); /* also when the file was removed */
	read_maps(&p, f);
	read_environment(&p, environment);
	p.obstacle = p.carries ? NULL : find_obstacle(&p, link);
	name_runtime(&p, find_interpreter(exe));
	*ret_program = p;
	return 0;
}

void th_doctor_program_finish(struct th_doctor_program *p)
{
	for (size_t i = 0; i < p->n_chain; i++) {
		free(p->chain[i]);
	}
	for (size_t i = 0; i < p->n_files; i++) {
		free(p->files[i].path);
	}
	free(p->files);
	free(p->mode);
	free(p->capture);
	free(p->sample);
	free(p->preload);
	*p = (struct th_doctor_program){0};
}
