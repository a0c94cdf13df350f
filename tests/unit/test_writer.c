#include "capture/writer.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "capture/layout.h"

static char dir[] = "/tmp/th-writer-XXXXXX";
static char path[64];

static void setup(void)
{
	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/run.thc", dir);
}

static void teardown(void)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	cr_assert_eq(system(command), 0);
}

TestSuite(writer, .init = setup, .fini = teardown);

static struct th_writer w;

static int put(const char *text)
{
	struct iovec part = {(void *)(uintptr_t)text, strlen(text)};
	return th_writer_put(&w, TH_FRAME_REQ_DATA, 0, 7, 1234, &part, 1);
}

static void write_file(const void *p, size_t n)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
	cr_assert_eq(write(fd, p, n), (ssize_t)n);
	close(fd);
}

static off_t size_of_file(const char *p)
{
	struct stat st;
	return stat(p, &st) < 0 ? -1 : st.st_size;
}

Test(writer, zeroed_writer_counts_losses)
{
	cr_assert_eq(put("abc"), -EBADF);
	cr_assert_eq(w.lost_events, 1);
	cr_assert_eq(w.lost_bytes, 3);
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
}

Test(writer, makes_a_header_once)
{
	static struct th_writer other;
	cr_assert_eq(th_writer_init(&w, path), 0);
	cr_assert_eq(size_of_file(path), TH_FILE_HEADER_BYTES);
	cr_assert_eq(th_writer_init(&other, path), 0);
	cr_assert_eq(size_of_file(path), TH_FILE_HEADER_BYTES);
	cr_assert_eq(memcmp(w.key, other.key, sizeof(w.key)), 0);
	cr_assert_neq(w.id, other.id);
}

Test(writer, refuses_what_is_no_capture_and_leaves_it_alone)
{
	char text[100] = "precious text of somebody else's";
	write_file(text, sizeof(text));
	cr_assert_eq(th_writer_init(&w, path), -EINVAL);
	write_file(text, 3);
	cr_assert_eq(th_writer_init(&w, path), -EINVAL);
	cr_assert_eq(size_of_file(path), 3);

	uint8_t header[TH_FILE_HEADER_BYTES];
	struct th_file_header h = {0};
	th_file_header_encode(header, &h);
	header[40] ^= 1;
	write_file(header, sizeof(header));
	cr_assert_eq(th_writer_init(&w, path), -EINVAL);
	th_file_header_encode(header, &h);
	header[8] = TH_FORMAT_VERSION + 1;
	write_file(header, sizeof(header));
	cr_assert_eq(th_writer_init(&w, path), -ENOTSUP);

	cr_assert_eq(th_writer_init(&w, dir), -EISDIR);
	cr_assert_eq(th_writer_init(&w, "/dev/null"), -EINVAL);
	cr_assert_eq(w.path[0], '\0', "stays closed");
	char *long_path = malloc(TH_CAPTURE_PATH_MAX + 1);
	memset(long_path, 'x', TH_CAPTURE_PATH_MAX);
	long_path[TH_CAPTURE_PATH_MAX] = '\0';
	cr_assert_eq(th_writer_init(&w, long_path), -ENAMETOOLONG);
	free(long_path);
}

Test(writer, folds_into_one_block)
{
	cr_assert_eq(th_writer_init(&w, path), 0);
	for (int i = 0; i < 100; i++) {
		cr_assert_eq(put("the same text over and over again"), 0);
	}
	cr_assert_eq(size_of_file(path), TH_FILE_HEADER_BYTES, "nothing folded yet");
	cr_assert_gt(size_of_file(w.live_path), 0);
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	cr_assert_eq(size_of_file(w.live_path), -1, "live file removed");

	uint8_t bytes[4096];
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, bytes, sizeof(bytes));
	close(fd);
	struct th_block b;
	cr_assert_eq(th_block_decode(bytes + TH_FILE_HEADER_BYTES, w.file_id, &b), 0);
	cr_assert_eq(b.writer, w.id);
	cr_assert_eq(b.first_seq, 0);
	cr_assert_eq(b.frames, 100);
	cr_assert_eq(b.raw_bytes, 100 * 64);
	cr_assert_eq(b.flags, TH_BLOCK_ZSTD);
	cr_assert_lt(b.stored_bytes, 500);
	cr_assert_eq(n, (ssize_t)(TH_FILE_HEADER_BYTES + TH_BLOCK_HEADER_BYTES + b.stored_bytes));
}

Test(writer, refuses_an_oversized_payload)
{
	static uint8_t big[TH_FRAME_PAYLOAD_MAX + 1];
	struct iovec parts[2] = {{big, sizeof(big) - 1}, {big, 1}};
	cr_assert_eq(th_writer_init(&w, path), 0);
	cr_assert_eq(th_writer_put(&w, TH_FRAME_REQ_DATA, 0, 1, 0, parts, 2), -EMSGSIZE);
	cr_assert_eq(th_writer_put(&w, TH_FRAME_REQ_DATA, 0, 1, 0, parts, 1), 0);
	cr_assert_eq(w.next_seq, 2, "the LOST frame and the one that fits");
	parts[0].iov_len = SIZE_MAX;
	cr_assert_eq(th_writer_put_direct(&w, 1, 0, 0, 0, parts, 2), -EMSGSIZE);
}
