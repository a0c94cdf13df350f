/* Runs a fuzz target over files instead of under libFuzzer, so that every build and compiler
 * re-checks what was ever found: driver FILE-OR-DIRECTORY… */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "fuzz.h"

/* A copy of exactly the input's size, so that a sanitizer sees the first byte beyond. */
static void run_file(const char *path)
{
	th_auto_fclose FILE *f = fopen(path, "rb");
	struct stat st;
	FUZZ_CHECK(f && fstat(fileno(f), &st) == 0);
	size_t n = (size_t)st.st_size;
	th_auto_free uint8_t *p = malloc(n ? n : 1);
	FUZZ_CHECK(p && fread(p, 1, n, f) == n);
	fprintf(stderr, "%s (%zu bytes)\n", path, n);
	LLVMFuzzerTestOneInput(p, n);
}

static unsigned run_directory(const char *path)
{
	DIR *d = opendir(path);
	unsigned files = 0;
	FUZZ_CHECK(d);
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		char file[4096];
		if (e->d_name[0] == '.') {
			continue;
		}
		snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		run_file(file);
		files++;
	}
	closedir(d);
	return files;
}

int main(int argc, char **argv)
{
	unsigned files = 0;
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++) {
		struct stat st;
		FUZZ_CHECK(stat(argv[i], &st) == 0);
		if (S_ISDIR(st.st_mode)) {
			files += run_directory(argv[i]);
		} else {
			run_file(argv[i]);
			files++;
		}
	}
	printf("%u files\n", files);
	return files ? 0 : 1; /* a corpus that is not found must not look like a pass */
}
