/* See refusal.h. Who refuses sends an alert: as such up to TLS 1.2 (RFC 5246 7.2), encrypted in TLS
 * 1.3 (RFC 8446 5.2), where it is shorter than any handshake message can be: 2 bytes, a type and a
 * tag of 16, against 53 at least of a Finished. Left out: records that are padded; a
 * second ClientHello behind a ChangeCipherSpec is taken for going on. */
#include "relay/refusal.h"

#define CHANGE_CIPHER 20
#define ALERT 21
#define HANDSHAKE 22
#define ENCRYPTED 23
#define ALERT_BYTES_MAX 40

static enum th_refusal_said read_head(struct th_refusal *r)
{
	r->body = (size_t)r->head[3] << 8 | r->head[4];
	r->head_n = 0;
	switch (r->head[0]) {
	case CHANGE_CIPHER:
		r->changed_cipher = true;
		return TH_REFUSAL_OPEN;
	case HANDSHAKE:
		return r->changed_cipher ? TH_REFUSAL_ACCEPTED : TH_REFUSAL_OPEN;
	case ALERT:
		return TH_REFUSAL_REFUSED;
	case ENCRYPTED:
		return r->body <= ALERT_BYTES_MAX ? TH_REFUSAL_REFUSED : TH_REFUSAL_ACCEPTED;
	default:
		return TH_REFUSAL_ACCEPTED;
	}
}

bool th_refusal_read(struct th_refusal *r, const uint8_t *p, size_t n)
{
	bool open = r->said == TH_REFUSAL_OPEN;
	while (n && r->said == TH_REFUSAL_OPEN) {
		size_t step = r->body < n ? r->body : n;
		if (step) {
			r->body -= step;
			p += step;
			n -= step;
			continue;
		}
		r->head[r->head_n++] = *p++;
		n--;
		if (r->head_n == sizeof(r->head)) {
			r->said = read_head(r);
		}
	}
	return open && r->said != TH_REFUSAL_OPEN;
}
