/* See client_hello.h. A hello is gathered from its records first (RFC 8446 5.1), then read from the
 * outside in. GREASE (RFC 8701) is skipped where versions are compared, and handed on where
 * protocols are repeated. */
#include "relay/client_hello.h"

#include <errno.h>

#define RECORD_HEADER 5
#define RECORD_HANDSHAKE 22
#define MESSAGE_HEADER 4
#define MESSAGE_CLIENT_HELLO 1
#define EXTENSION_SNI 0
#define EXTENSION_ALPN 16
#define EXTENSION_VERSIONS 43
#define SSL3 0x0300
#define TLS13 0x0304

static uint16_t be16(struct th_in *in)
{
	uint16_t high = th_in_u8(in);
	return (uint16_t)(high << 8 | th_in_u8(in));
}

static struct th_in take8(struct th_in *in)
{
	struct th_slice s = th_in_bytes(in, th_in_u8(in));
	return (struct th_in){s.p, s.n, in->failed};
}

static struct th_in take16(struct th_in *in)
{
	struct th_slice s = th_in_bytes(in, be16(in));
	return (struct th_in){s.p, s.n, in->failed};
}

/* ---- records ---- */

static bool is_record(struct th_slice in)
{
	return (in.n < 1 || in.p[0] == RECORD_HANDSHAKE) && (in.n < 2 || in.p[1] == 3);
}

/* The message, joined in `buf`. 0 and its length, -EAGAIN, -EPROTO. */
static int gather(struct th_slice in, uint8_t buf[TH_CLIENT_HELLO_MAX], size_t *ret_n)
{
	size_t n = 0, want = MESSAGE_HEADER;
	while (n < want) {
		if (!is_record(in)) {
			return -EPROTO;
		}
		if (in.n < RECORD_HEADER) {
			return -EAGAIN;
		}
		size_t length = (size_t)in.p[3] << 8 | in.p[4];
		if (length == 0 || n + length > TH_CLIENT_HELLO_MAX) {
			return -EPROTO;
		}
		if (in.n < RECORD_HEADER + length) {
			return -EAGAIN;
		}
		memcpy(buf + n, in.p + RECORD_HEADER, length);
		n += length;
		in.p += RECORD_HEADER + length;
		in.n -= RECORD_HEADER + length;
		if (n >= MESSAGE_HEADER) {
			want = MESSAGE_HEADER +
				((size_t)buf[1] << 16 | (size_t)buf[2] << 8 | buf[3]);
		}
	}
	*ret_n = want;
	return buf[0] == MESSAGE_CLIENT_HELLO ? 0 : -EPROTO;
}

/* ---- extensions ---- */

/* A list of one, in which only a host's name is defined (RFC 6066 3). */
static void read_sni(struct th_in *in, struct th_client_hello *h)
{
	struct th_in list = take16(in);
	if (th_in_u8(&list) != 0) {
		return;
	}
	struct th_in name = take16(&list);
	if (!name.failed && name.n < sizeof(h->sni) && !memchr(name.p, 0, name.n)) {
		memcpy(h->sni, name.p, name.n);
		h->sni[name.n] = '\0';
	}
}

static void read_alpn(struct th_in *in, struct th_client_hello *h)
{
	struct th_in list = take16(in);
	if (!list.failed && list.n <= sizeof(h->alpn)) {
		memcpy(h->alpn, list.p, list.n);
		h->alpn_n = list.n;
	}
}

static void read_versions(struct th_in *in, struct th_client_hello *h)
{
	struct th_in list = take8(in);
	h->oldest = UINT16_MAX;
	h->newest = 0;
	while (list.n >= 2) {
		uint16_t v = be16(&list);
		if (v >= SSL3 && v <= TLS13) {
			h->oldest = v < h->oldest ? v : h->oldest;
			h->newest = v > h->newest ? v : h->newest;
		}
	}
}

static void read_extension(uint16_t type, struct th_in *in, struct th_client_hello *h)
{
	if (type == EXTENSION_SNI) {
		read_sni(in, h);
	} else if (type == EXTENSION_ALPN) {
		read_alpn(in, h);
	} else if (type == EXTENSION_VERSIONS) {
		read_versions(in, h);
	}
}

int th_client_hello_read(struct th_slice in, struct th_client_hello *ret_hello)
{
	uint8_t buf[TH_CLIENT_HELLO_MAX];
	size_t n;
	int r = gather(in, buf, &n);
	if (r < 0) {
		return r;
	}
	struct th_client_hello h = {.oldest = SSL3};
	struct th_in m = {buf + MESSAGE_HEADER, n - MESSAGE_HEADER, false};
	h.newest = be16(&m);
	th_in_bytes(&m, 32); /* random */
	take8(&m);	     /* session id */
	take16(&m);	     /* cipher suites */
	take8(&m);	     /* compression */
	struct th_in extensions = m.n ? take16(&m) : (struct th_in){NULL, 0, false};
	while (extensions.n && !extensions.failed) {
		uint16_t type = be16(&extensions);
		struct th_in one = take16(&extensions);
		read_extension(type, &one, &h);
	}
	if (m.failed || extensions.failed) {
		return -EPROTO;
	}
	*ret_hello = h;
	return 0;
}
