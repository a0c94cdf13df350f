#include "tools/transfer_json.h"

#include "tools/exchange_json.h"
#include "trace/http.h"

const char *th_transfer_why(uint8_t why_follows)
{
	static const char *const words[] = {[TH_FOLLOWS_NOTHING] = NULL,
		[TH_FOLLOWS_REDIRECT] = "redirect",
		[TH_FOLLOWS_CHALLENGE] = "challenge",
		[TH_FOLLOWS_TUNNEL] = "tunnel",
		[TH_FOLLOWS_RETRY] = "retry"};
	return why_follows < sizeof(words) / sizeof(words[0]) ? words[why_follows] : NULL;
}

static void put_slice(struct th_jout *j, const char *key, struct th_slice s)
{
	th_jout_key(j, key);
	if (s.n) {
		th_jout_string(j, s);
	} else {
		th_jout_null(j);
	}
}

static void put_times(struct th_jout *j, const struct th_transfer *t)
{
	static const char *const keys[TH_TRANSFER_TIMES] = {
		[TH_TRANSFER_NAMELOOKUP] = "namelookup_ns",
		[TH_TRANSFER_CONNECT] = "connect_ns",
		[TH_TRANSFER_TLS] = "tls_ns",
		[TH_TRANSFER_REQUEST] = "request_ns",
		[TH_TRANSFER_FIRST_BYTE] = "first_byte_ns",
		[TH_TRANSFER_REDIRECT] = "redirect_ns",
		[TH_TRANSFER_TOTAL] = "total_ns",
	};
	for (size_t i = 0; i < TH_TRANSFER_TIMES; i++) {
		th_jout_put_known(j, keys[i], t->times[i]);
	}
}

static void put_result(struct th_jout *j, const struct th_transfer *t)
{
	th_jout_key(j, "result");
	if (t->result >= 0) {
		th_jout_u64(j, (uint64_t)t->result);
	} else {
		th_jout_null(j);
	}
	put_slice(j, "error", t->error);
}

static const char *version_name(uint8_t version)
{
	return version == 0 ? NULL : version == 30 ? "3" : th_http_version(version);
}

static void put_transfer(struct th_jout *j, const struct th_transfer *t, uint32_t step)
{
	th_jout_key(j, "transfer");
	th_jout_open(j, '{');
	put_slice(j, "library", t->library);
	th_jout_put_text(j, "api", t->api == TH_TRANSFER_MULTI ? "multi" : "easy");
	th_jout_put_u64(j, "handle", t->handle);
	th_jout_put_u64(j, "attempt", t->attempt);
	th_jout_put_u64(j, "step", step);
	th_jout_put_u64(j, "steps", t->steps);
	put_slice(j, "asked_url", t->asked);
	put_slice(j, "effective_url", t->effective);
	put_slice(j, "proxy", t->proxy);
	th_jout_put_text(j, "http_version", version_name(t->version));
	th_jout_put_u64(j, "redirects", t->redirects);
	th_jout_put_u64(j, "connects", t->connects);
	put_result(j, t);
	put_times(j, t);
	th_jout_close(j, '}');
}

void th_transfer_json(struct th_jout *j, const struct th_exchange *x)
{
	if (!x->transfer) {
		return;
	}
	put_transfer(j, x->transfer, x->step);
	th_jout_key(j, "follows");
	if (!x->follows) {
		th_jout_null(j);
		return;
	}
	th_jout_open(j, '{');
	th_span_json_id(j, "span_id", x->follows->span_id, sizeof(x->follows->span_id));
	th_jout_put_u64(j, "number", x->follows->order + 1);
	th_jout_put_text(j, "why", th_transfer_why(x->why_follows));
	th_jout_close(j, '}');
}

void th_transfer_json_failed(struct th_jout *j, const struct th_transfer *t)
{
	if (t) {
		put_transfer(j, t, 0);
	}
}
