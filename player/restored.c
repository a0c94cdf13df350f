#include "player/restored.h"

#include <errno.h>

#include "capture/kept.h"
#include "wire/chunked.h"

struct th_restored_value {
	struct th_slice token, value;
};

/* ---- what was kept ---- */

static int own(struct th_restored *r, void *p)
{
	void **room = p ? realloc(r->owned, (r->n_owned + 1) * sizeof(*room)) : NULL;
	if (!room) {
		free(p);
		return -ENOMEM;
	}
	r->owned = room;
	r->owned[r->n_owned++] = p;
	return 0;
}

/* Whose keys there are, and those of one writer made from them. */
struct keys {
	const struct th_reader *reader;
	uint8_t user[TH_ANSWERS_KEYS][TH_AES_KEY_BYTES];
	size_t n_user;
	struct th_kept_key own[TH_ANSWERS_KEYS];
	size_t n;
};

static void choose_writer(struct keys *k, uint64_t writer)
{
	const uint8_t *id = th_reader_file_id(k->reader);
	if (th_reader_encrypted(k->reader)) {
		k->n = th_kept_key_init_encrypted(&k->own[0], id, writer);
		return;
	}
	for (k->n = 0; k->n < k->n_user; k->n++) {
		th_kept_key_init(&k->own[k->n], k->user[k->n], id, writer);
	}
}

static int add_value(struct th_restored *r, const struct th_restored_value *v)
{
	if ((r->n_values & (r->n_values - 1)) == 0) {
		void *p = realloc(
			r->values, (r->n_values ? 2 * r->n_values : 1) * sizeof(*r->values));
		if (!p) {
			return -ENOMEM;
		}
		r->values = p;
	}
	r->values[r->n_values++] = *v;
	return 0;
}

static int take_value(struct th_restored *r, const struct keys *k, struct th_slice payload)
{
	struct th_restored_value v;
	uint8_t *room = malloc(payload.n + 1);
	if (own(r, room) < 0) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < k->n; i++) {
		if (th_kept_open(&k->own[i], payload, room, &v.token, &v.value)) {
			return add_value(r, &v);
		}
	}
	r->why = k->n ? "it was kept under another key than this user's, or altered"
		      : "the key under which it was kept is not here";
	return 0;
}

static int take_process(struct th_restored *r, struct keys *k, const struct th_process *process)
{
	int error = 0;
	if (process->n_kept) {
		choose_writer(k, process->writer);
	}
	for (size_t i = 0; i < process->n_kept && error == 0; i++) {
		enum th_kept state = th_kept_state(process->kept[i]);
		if (state == TH_KEPT_VALUE) {
			error = take_value(r, k, process->kept[i]);
		} else {
			r->why = th_kept_why(state);
		}
	}
	return error;
}

static int by_token(const void *a, const void *b)
{
	const struct th_restored_value *x = a, *y = b;
	return memcmp(x->token.p, y->token.p, TH_STAND_IN_BYTES);
}

/* ---- heads ---- */

struct restoring {
	struct th_restored *r;
	bool changed, left; /* something was put back; a stand-in is left */
};

static const struct th_restored_value *find(const struct th_restored *r, const uint8_t *token)
{
	const struct th_restored_value key = {.token = {token, TH_STAND_IN_BYTES}};
	return r->n_values ? bsearch(&key, r->values, r->n_values, sizeof(key), by_token) : NULL;
}

static const uint8_t *next_token(const uint8_t *p, const uint8_t *end)
{
	while ((p = memmem(p, (size_t)(end - p), "th-redacted:", 12))) {
		size_t n = (size_t)(end - p);
		if (n >= TH_STAND_IN_BYTES &&
			th_stand_in_is((struct th_slice){p, TH_STAND_IN_BYTES})) {
			return p;
		}
		p++;
	}
	return NULL;
}

static void put_text(struct restoring *s, struct th_slice in, struct th_buf *out)
{
	const uint8_t *p = in.p, *end = in.p + in.n;
	for (const uint8_t *at; p < end && (at = next_token(p, end)); p = at + TH_STAND_IN_BYTES) {
		const struct th_restored_value *v = find(s->r, at);
		th_buf_add(out, p, (size_t)(at - p));
		if (v) {
			th_buf_slice(out, v->value);
		} else {
			th_buf_add(out, at, TH_STAND_IN_BYTES);
		}
		s->changed |= v != NULL;
		s->left |= v == NULL;
	}
	th_buf_add(out, p, (size_t)(end - p));
}

static void put_list(struct restoring *s, const struct th_head *head, struct th_buf *out)
{
	size_t pos = 0;
	struct th_field f;
	while (th_head_next(head, &pos, &f)) {
		size_t at = out->n;
		th_buf_add(out, "\0\0\0\0\0", 6);
		th_buf_slice(out, f.name);
		size_t value_at = out->n;
		put_text(s, f.value, out);
		if (out->failed) {
			return;
		}
		struct th_out lengths = {.p = out->p + at, .cap = 6};
		th_out_u16(&lengths, (uint16_t)f.name.n);
		th_out_u32(&lengths, (uint32_t)(out->n - value_at));
	}
}

static int restore_head(struct th_restored *r, struct th_exchange *x, struct th_head *head)
{
	struct restoring s = {.r = r};
	struct th_buf out = {0};
	if (!head->bytes.n || !next_token(head->bytes.p, head->bytes.p + head->bytes.n)) {
		return 0;
	}
	if (head->list) {
		put_list(&s, head, &out);
	} else {
		put_text(&s, head->bytes, &out);
	}
	x->stood_in |= s.left;
	if (out.failed || !s.changed) {
		int error = out.failed ? -ENOMEM : 0;
		th_buf_finish(&out);
		return error;
	}
	head->bytes = th_buf_view(&out);
	return own(r, out.p);
}

/* ---- the trailer of a chunked body, which is the last piece of its data ---- */

static void pass_over(void *ctx, struct th_slice piece)
{
	(void)ctx;
	(void)piece;
}

/* Is the last piece of the body its trailer section, and that alone? */
static bool ends_in_trailer(const struct th_message *m)
{
	struct th_buf joined = {0};
	struct th_slice trailer;
	for (size_t i = 0; i < m->n_pieces; i++) {
		th_buf_slice(&joined, m->pieces[i].bytes);
	}
	bool is = !joined.failed &&
		th_chunked_decode(th_buf_view(&joined), pass_over, NULL, &trailer) == 0 &&
		trailer.p == joined.p + joined.n - m->pieces[m->n_pieces - 1].bytes.n;
	th_buf_finish(&joined);
	return is;
}

static int restore_trailer(struct th_restored *r, struct th_exchange *x)
{
	struct th_message *m = &x->response;
	if (m->head.list || !m->n_pieces ||
		!th_head_has_token(&m->head, "transfer-encoding", "chunked")) {
		return 0;
	}
	struct th_slice *last = &m->pieces[m->n_pieces - 1].bytes;
	struct th_head section = {*last, false};
	if (!last->n || !next_token(last->p, last->p + last->n) || !ends_in_trailer(m)) {
		return 0;
	}
	int error = restore_head(r, x, &section);
	m->body_bytes = m->body_bytes - last->n + section.bytes.n;
	*last = section.bytes;
	return error;
}

static int restore(struct th_restored *r, struct th_exchange *x)
{
	int error = restore_head(r, x, &x->response.head);
	if (error == 0 && x->response.trailer.list) {
		error = restore_head(r, x, &x->response.trailer);
	}
	error = error < 0 ? error : restore_trailer(r, x);
	for (size_t i = 0; i < x->n_interim && error == 0; i++) {
		error = restore_head(r, x, &x->interim[i].head);
	}
	return error;
}

int th_restored_run(struct th_restored *r, const struct th_reader *reader,
	const struct th_answers_where *where, const struct th_run *run)
{
	struct keys k = {.reader = reader};
	int error = 0;
	k.n_user = th_answers_keys(where, k.user);
	for (size_t i = 0; i < run->n_processes && error == 0; i++) {
		error = take_process(r, &k, run->processes[i]);
	}
	if (r->n_values) {
		qsort(r->values, r->n_values, sizeof(*r->values), by_token);
	}
	for (size_t i = 0; i < run->n_exchanges && error == 0; i++) {
		error = restore(r, run->exchanges[i]);
	}
	return error;
}

void th_restored_finish(struct th_restored *r)
{
	for (size_t i = 0; i < r->n_owned; i++) {
		free(r->owned[i]);
	}
	free(r->owned);
	free(r->values);
	*r = (struct th_restored){0};
}
