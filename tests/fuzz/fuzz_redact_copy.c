/* Frames of any content are redacted as `tracehook redact` does, by the default list and by rules:
 * numbers stay, no payload becomes larger than the format has it, the same frames give the same
 * copy, and what a rule names is in none of it. */
#include "tools/redact_copy.h"

#include <string.h>

#include "base/cleanup.h"
#include "capture/scrub_rules.h"
#include "fuzz.h"

#define FRAMES_MAX 64

static const char rules_text[] = "{\"rules\": [{\"json\": \"/secret\"}, {\"header\": \"x-mine\"},"
				 "{\"pattern\": \"mine-[0-9]{6}\"}, {\"detect\": \"email\"}]}";
static struct th_scrub_rules rules;

static size_t take_frames(struct th_slice recipe, struct th_frame *frames)
{
	struct th_in in = {recipe.p, recipe.n, false};
	size_t n = 0;
	while (in.n && n < FRAMES_MAX) {
		uint8_t type = th_in_u8(&in), flags = th_in_u8(&in), id = th_in_u8(&in);
		size_t want = th_in_u8(&in);
		frames[n] = (struct th_frame){.type = type % 32,
			.flags = flags % 8,
			.id = id % 4,
			.time = 1000 + n,
			.seq = n + flags / 128,
			.payload = th_in_bytes(&in, want < in.n ? want : in.n)};
		n++;
	}
	return n;
}

static void redact(struct th_slice recipe, bool with_rules, struct fuzz_digest *ret_digest)
{
	struct th_frame frames[FRAMES_MAX], before[FRAMES_MAX];
	struct th_redact_copy c = {.how = {.key = {1}, .rules = with_rules ? &rules : NULL}};
	size_t n = take_frames(recipe, frames);
	if (with_rules) {
		c.rules = th_slice_str(rules_text);
	}
	memcpy(before, frames, n * sizeof(*frames));
	th_redact_copy_writer(&c, frames, n);
	*ret_digest = (struct fuzz_digest){0};
	for (size_t i = 0; i < n; i++) {
		const struct th_frame *f = &frames[i];
		FUZZ_CHECK(f->seq == before[i].seq && f->payload.n <= TH_FRAME_PAYLOAD_MAX);
		fuzz_note_int(ret_digest, f->type);
		fuzz_note(ret_digest, f->payload.p, f->payload.n);
	}
	th_redact_copy_finish(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static bool ready;
	char why[TH_SCRUB_RULES_WHY_MAX];
	if (!ready) {
		ready = th_scrub_rules_parse(th_slice_str(rules_text), &rules, why);
		FUZZ_CHECK(ready);
	}
	for (int with_rules = 0; with_rules < 2; with_rules++) {
		struct fuzz_digest once, again;
		redact((struct th_slice){p, n}, with_rules, &once);
		redact((struct th_slice){p, n}, with_rules, &again);
		FUZZ_CHECK(fuzz_same(&once, &again));
	}
	return 0;
}
