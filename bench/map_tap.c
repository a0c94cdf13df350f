/* The least that a recorder can do whose memory outlives the process: each call's bytes are copied
 * into a shared mapping of a file, undecoded. The file is allocated and written with zeros by 2
 * MiB, as a live file is (capture/live.c). $RAW_TAP_FILE names it. The physical limit of that
 * design, to compare with. */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ssl_tap.h"

#define WINDOW (2u << 20)
#define PIECE (256u << 10)

static int out = -1;
static off_t end;
static uint8_t *window;
static size_t used = WINDOW;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void need(int good)
{
	if (!good) {
		abort(); /* a bench that measures nothing must not look fast */
	}
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("RAW_TAP_FILE");
	out = path ? open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
}

static void next_window(void)
{
	static const uint8_t zeros[PIECE];
	if (window) {
		munmap(window, WINDOW);
	}
	need(fallocate(out, 0, end, WINDOW) == 0);
	for (off_t at = 0; at < (off_t)WINDOW; at += PIECE) {
		need(pwrite(out, zeros, PIECE, end + at) == (ssize_t)PIECE);
	}
	window = mmap(NULL, WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED, out, end);
	need(window != MAP_FAILED);
	end += WINDOW;
	used = 0;
}

int keep(const void *p, int n)
{
	const uint8_t *from = p;
	pthread_mutex_lock(&lock);
	for (size_t left = n > 0 ? (size_t)n : 0; left > 0;) {
		if (used == WINDOW) {
			next_window();
		}
		size_t part = left < WINDOW - used ? left : WINDOW - used;
		memcpy(window + used, from, part);
		used += part;
		from += part;
		left -= part;
	}
	pthread_mutex_unlock(&lock);
	return n;
}
