/* See h1_early.h. */
#include "player/h1_early.h"

#include "trace/http.h"

uint64_t th_h1_early_answer_began(const struct th_exchange *x)
{
	if (x->n_interim) {
		return x->interim[0].time;
	}
	return x->response.head.bytes.n ? x->response.began : UINT64_MAX;
}

static bool was_whole(const struct th_message *m)
{
	return m->finished && m->end == TH_END_COMPLETE;
}

/* An interim answer before the body's end is 100, which needs no more than the head. */
bool th_h1_early_is(const struct th_exchange *x)
{
	const struct th_message *asked = &x->request, *answer = &x->response;
	if (asked->head.list || asked->bodiless || !asked->head_done) {
		return false;
	}
	return !was_whole(asked) || (answer->head.bytes.n && answer->began < asked->ended);
}

size_t th_h1_early_sent_by(const struct th_exchange *x, uint64_t time)
{
	const struct th_message *m = &x->request;
	size_t n = 0;
	for (size_t i = 0; i < m->n_pieces && m->pieces[i].time < time; i++) {
		n += m->pieces[i].bytes.n;
	}
	return n;
}

size_t th_h1_early_need(const struct th_exchange *x)
{
	return th_h1_early_sent_by(x, x->response.head.bytes.n ? x->response.began : UINT64_MAX);
}

bool th_h1_early_agrees(const struct th_exchange *x, struct th_slice sent)
{
	const struct th_message *m = &x->request;
	size_t known;
	return th_http_body_agrees(m, sent, &known) && (known == sent.n || !was_whole(m));
}
