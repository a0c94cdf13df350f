#include "capture/survey.h"

#include <errno.h>

#include "capture/glance.h"
#include "capture/reader_parts.h"

/* Each frame stands in one part only, and none is missing: else only a reader of all knows which
 * one counts, and what it lacks. */
static bool follows(const struct th_segment *before, const struct th_segment *s)
{
	return before->writer != s->writer || before->first_seq + before->frames == s->first_seq;
}

int th_reader_survey(struct th_reader *r, const struct th_survey_teller *teller)
{
	struct th_reader_parts p = th_reader_inside(r);
	int e = p.segments->n_damage ? -EBADMSG : 0;
	for (size_t i = 0; e == 0 && i < p.segments->n; i++) {
		struct th_segment *s = &p.segments->at[i];
		e = s->damaged ? -EBADMSG
			       : th_glance(p.segments, s, (uint32_t)i, p.zstd, teller, &s->seen,
					 &s->frames);
		if (e == 0 && i > 0 && !follows(s - 1, s)) {
			e = -EBADMSG;
		}
	}
	return e;
}

uint64_t th_reader_stored(const struct th_reader *r)
{
	const struct th_segments *s = th_reader_inside((struct th_reader *)(uintptr_t)r).segments;
	uint64_t n = 0;
	for (size_t i = 0; i < s->n; i++) {
		n += s->at[i].stored.n;
	}
	return n;
}

size_t th_reader_parts(const struct th_reader *r)
{
	return th_reader_inside((struct th_reader *)(uintptr_t)r).segments->n;
}

struct th_block_told th_reader_part(const struct th_reader *r, size_t part)
{
	return th_reader_inside((struct th_reader *)(uintptr_t)r).segments->at[part].seen;
}

void th_reader_choose(struct th_reader *r, const bool *parts)
{
	struct th_segments *s = th_reader_inside(r).segments;
	s->chosen = true;
	for (size_t i = 0; i < s->n; i++) {
		s->at[i].skipped = !parts[i];
	}
	th_reader_rewind(r);
}
