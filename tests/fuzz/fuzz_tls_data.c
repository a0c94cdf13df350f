/* What is read is what was written, as far as nobody else wrote in between; and it ends. The input
 * is a sequence of a byte that says what comes, one with a length, and so many bytes. */
#include "player/tls_data.h"

#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"

#define READ_MOST 300

enum what {
	WRITTEN,
	ALERTED,
	RAW, /* by nobody who has the keys */
	KINDS,
};

static void put(struct th_tls_data *peer, uint8_t what, struct th_slice bytes, struct th_buf *out,
	struct th_buf *said)
{
	switch (what % KINDS) {
	case WRITTEN:
		th_tls_data_write(peer, bytes, out);
		th_buf_slice(said, bytes);
		break;
	case ALERTED:
		th_tls_data_alert(peer, 1, bytes.n ? bytes.p[0] : 0, out);
		break;
	default:
		th_buf_slice(out, bytes);
	}
}

/* All that can be read; the other end has closed. */
static void read_all(struct th_tls_data *d, int fd, struct th_buf *heard)
{
	uint8_t bytes[READ_MOST];
	struct th_buf answers = {0};
	ssize_t n;
	for (size_t i = 0; (n = th_tls_data_read(d, fd, bytes, 1 + i % READ_MOST, &answers)) > 0;
		i += 41) {
		FUZZ_CHECK((size_t)n <= 1 + i % READ_MOST);
		th_buf_add(heard, bytes, (size_t)n);
	}
	FUZZ_CHECK(n == 0 && !th_tls_data_has_input(d));
	th_buf_finish(&answers);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct th_tls_made ours = {{{1}, {2}}, {32, 32}, 0},
				 theirs = {{{2}, {1}}, {32, 32}, 0};
	struct th_tls_data *d = th_tls_data_by(EVP_aes_128_gcm(), EVP_sha256(), &ours);
	struct th_tls_data *peer = th_tls_data_by(EVP_aes_128_gcm(), EVP_sha256(), &theirs);
	struct th_buf out = {0}, said = {0}, heard = {0};
	struct th_in in = {p, n, false};
	int ends[2];
	FUZZ_CHECK(d && peer && socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	while (in.n >= 2 && out.n < 60000) {
		uint8_t what = th_in_u8(&in);
		size_t length = th_in_u8(&in);
		put(peer, what, th_in_bytes(&in, length < in.n ? length : in.n), &out, &said);
	}
	FUZZ_CHECK(send(ends[1], out.p, out.n, MSG_NOSIGNAL) == (ssize_t)out.n);
	close(ends[1]);
	read_all(d, ends[0], &heard);
	FUZZ_CHECK(heard.n <= said.n && (!heard.n || memcmp(heard.p, said.p, heard.n) == 0));
	close(ends[0]);
	th_buf_finish(&out);
	th_buf_finish(&said);
	th_buf_finish(&heard);
	th_tls_data_destroy(d);
	th_tls_data_destroy(peer);
	return 0;
}
