/* stdio on a socket: every way in and out, and what a program could ask to find a difference (P42).
 * Built twice, once fortified (P39). */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>

#include "peer.h"

static void reads_and_writes(void)
{
	char line[64], word[8];
	int fd = peer_dial(), c;
	FILE *f = fdopen(fd, "r+");
	printf("fileno %d %d\n", fileno(f) == fd, fileno_unlocked(f) == fd);
	fprintf(f, "E-%s %d\n", "printed", 7);
	fputs("second", f);
	fputc('\n', f);
	printf("flush %d\n", fflush(f));
	printf("fgets %s", fgets(line, sizeof(line), f));
	printf("scan %d", fscanf(f, "%7s", word));
	printf(" %s\n", word);
	c = getc_unlocked(f);
	printf("getc %d\n", c);
	errno = 0;
	printf("seek %d %d\n", fseek(f, 0, SEEK_CUR), errno);
	errno = 0;
	printf("tell %ld %d\n", ftell(f), errno);
	fwrite("F", 1, 1, f);
	fflush(f);
	printf("fread %zu", fread(word, 1, sizeof(word), f));
	printf(" %.3s eof %d error %d\n", word, feof(f) != 0, ferror(f) != 0);
	printf("close %d %d\n", fclose(f), fcntl(fd, F_GETFD));
}

/* A stream for each direction, as some programs have it; and one without a buffer. */
static void two_streams(void)
{
	char line[64];
	int fd = peer_dial();
	FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");
	setvbuf(out, NULL, _IONBF, 0);
	fputs("E-two\n", out);
	printf("two %s", fgets(line, sizeof(line), in));
	errno = 0;
	printf("wrong way %d", fputc('x', in));
	printf(" %d\n", errno);
	fclose(out);
	fclose(in);
}

static __attribute__((format(printf, 2, 3))) int by_list(int fd, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vdprintf(fd, format, args);
	va_end(args);
	return n;
}

static void printed(void)
{
	char buf[64];
	int fd = peer_dial();
	printf("dprintf %d\n", dprintf(fd, "E-%s", "direct"));
	printf("read %zd\n", read(fd, buf, sizeof(buf)));
	printf("vdprintf %d\n", by_list(fd, "E-%d", 12345));
	printf("read %zd\n", read(fd, buf, sizeof(buf)));
	close(fd);
	errno = 0;
	printf("closed %d", dprintf(fd, "x"));
	printf(" %d\n", errno);
}

static void something_else(void)
{
	char line[64];
	int fd = memfd_create("f", 0);
	FILE *f = fdopen(fd, "w+");
	dprintf(fd, "file\n");
	printf("file seek %d\n", fseek(f, 0, SEEK_SET));
	printf("file %s", fgets(line, sizeof(line), f));
	printf("tell %ld\n", ftell(f));
	fclose(f);
	errno = 0;
	printf("bad mode %d", fdopen(peer_dial(), "x") == NULL);
	printf(" %d\n", errno);
	errno = 0;
	printf("bad fd %d", fdopen(999, "r") == NULL);
	printf(" %d\n", errno);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0); /* peer_dial() may abort */
	reads_and_writes();
	two_streams();
	printed();
	something_else();
	return 0;
}
