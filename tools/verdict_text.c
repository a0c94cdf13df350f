/* What verify found, in words and as JSON. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "tools/json_out.h"
#include "tools/tools.h"
#include "tools/units.h"
#include "tools/verdict.h"

#define HASH_SHOWN 16 /* digits */
#define DATE_SHOWN 19 /* without fractions of a second */

static const char *const words[] = {
	[TH_VERIFY_INTACT] = "intact",
	[TH_VERIFY_BROKEN] = "broken",
	[TH_VERIFY_UNSEALED] = "unsealed",
	[TH_VERIFY_UNSIGNED] = "unsigned",
};

static const char *const kinds[] = {
	[TH_FAULT_NONE] = "none",
	[TH_FAULT_CHANGED] = "changed",
	[TH_FAULT_REMOVED] = "removed",
	[TH_FAULT_INSERTED] = "inserted",
	[TH_FAULT_MOVED] = "reordered",
	[TH_FAULT_CUT] = "cut",
	[TH_FAULT_UNKNOWN] = "changed somewhere",
	[TH_FAULT_WRITER] = "process removed",
	[TH_FAULT_ADDED] = "added",
};

static const char *const frame_names[] = {
	[TH_FRAME_RUN] = "run",
	[TH_FRAME_PROCESS] = "process",
	[TH_FRAME_PROCESS_END] = "end of process",
	[TH_FRAME_NAME] = "look-up",
	[TH_FRAME_CONN] = "connection",
	[TH_FRAME_CONN_END] = "end of connection",
	[TH_FRAME_LOST] = "losses",
	[TH_FRAME_REQ_HEAD] = "request head",
	[TH_FRAME_REQ_DATA] = "request body",
	[TH_FRAME_REQ_TRAILER] = "request trailer",
	[TH_FRAME_REQ_END] = "end of request",
	[TH_FRAME_RES_INFO] = "interim response",
	[TH_FRAME_RES_HEAD] = "response head",
	[TH_FRAME_RES_DATA] = "response body",
	[TH_FRAME_RES_TRAILER] = "response trailer",
	[TH_FRAME_RES_END] = "end of response",
	[TH_FRAME_BODY_HASH] = "body's hash",
	[TH_FRAME_KEPT] = "kept value",
	[TH_FRAME_CERTIFICATES] = "certificates",
	[TH_FRAME_ANNOTATION] = "feedback",
	[TH_FRAME_TRANSFER] = "transfer",
	[TH_FRAME_DNS] = "answer of a name server",
	[TH_FRAME_LEFT] = "a program that left",
};

const char *th_verify_word(enum th_verify_result r)
{
	return words[r];
}

static const char *frame_name(uint8_t type)
{
	size_t n = sizeof(frame_names) / sizeof(frame_names[0]);
	return type < n && frame_names[type] ? frame_names[type] : "unknown type";
}

static const struct th_process *process_of(const struct th_verify_run *run, uint64_t writer)
{
	for (size_t i = 0; run->run && i < th_run_writers(run->run); i++) {
		if (th_run_writer(run->run, i)->writer == writer) {
			return th_run_writer(run->run, i);
		}
	}
	return NULL;
}

/* "frame 17 of process 4711 (at offset 8192)". */
static char *subject(const struct th_verify_run *run)
{
	const struct th_fault *f = &run->fault;
	const struct th_process *p = process_of(run, f->writer);
	th_auto_free char *who = p ? th_tool_format("process %u", p->pid)
				   : th_tool_format("writer %016" PRIx64, f->writer);
	th_auto_free char *inner = f->place.packed
		? th_tool_format(", %u bytes into its frames", f->place.inner)
		: NULL;
	if (!f->placed) {
		return th_tool_format("frame %" PRIu64 " of %s", f->number, who);
	}
	if (!f->place.packed && !f->frame) {
		return th_tool_format("frame %" PRIu64 " of %s (at offset %" PRIu64 ")", f->number,
			who, f->place.offset);
	}
	return th_tool_format("frame %" PRIu64 " of %s (%s at offset %" PRIu64 "%s)", f->number,
		who, f->place.packed ? "the block" : frame_name(f->frame->type), f->place.offset,
		inner ? inner : "");
}

static char *fault_text(const struct th_verify_run *run)
{
	const struct th_fault *f = &run->fault;
	th_auto_free char *what = subject(run);
	switch (f->kind) {
	case TH_FAULT_CHANGED:
		return th_tool_format("%s was changed", what);
	case TH_FAULT_REMOVED:
		return th_tool_format("%s was removed", what);
	case TH_FAULT_INSERTED:
		return th_tool_format("%s was inserted, %" PRIu64 " in all", what, f->count);
	case TH_FAULT_MOVED:
		return th_tool_format("%s was reordered: what belongs here stands %" PRIu64
				      " further on",
			what, f->count);
	case TH_FAULT_CUT:
		return th_tool_format("%s was cut off, %" PRIu64 " in all", what, f->count);
	case TH_FAULT_WRITER:
		return th_tool_format("%s was removed, with all %" PRIu64 " of it", what, f->count);
	case TH_FAULT_ADDED:
		return th_tool_format(
			"%s was added after the seal, %" PRIu64 " in all", what, f->count);
	default:
		return th_tool_format("%s or one behind it was changed", what);
	}
}

char *th_verify_text(const struct th_verify *v, const struct th_verify_run *run)
{
	(void)v;
	if (run->fault.kind != TH_FAULT_NONE) {
		return fault_text(run);
	}
	if (run->unlinked_seal) {
		return th_tool_format("a seal before its seal (at offset %" PRIu64
				      ") was changed or removed",
			run->unlinked_seal);
	}
	if (run->bad_signature) {
		return th_tool_format("a signature of its seal (at offset %" PRIu64
				      ") does not hold",
			run->bad_signature);
	}
	if (run->result == TH_VERIFY_UNSEALED) {
		return th_tool_format("no seal: whether it was altered cannot be told");
	}
	if (run->result == TH_VERIFY_UNSIGNED) {
		return th_tool_format("its seal is not signed with that key");
	}
	return NULL;
}

static uint64_t count_frames(const struct th_seal *seal)
{
	uint64_t n = 0;
	for (size_t i = 0; i < seal->n; i++) {
		n += th_seal_entry(seal, i).frames;
	}
	return n;
}

static void print_seal(FILE *out, const struct th_verify_run *run)
{
	char date[TH_UNITS_TEXT + 8], hash[HASH_SHOWN + 1] = "", key[HASH_SHOWN + 1] = "";
	th_units_date(date, run->seal.time);
	date[DATE_SHOWN] = '\0';
	th_hex_encode(hash, run->seal.hash, HASH_SHOWN / 2);
	size_t said = run->run ? run->run->n_annotators : 0;
	size_t processes = run->seal.n - said - (run->run ? run->run->n_relays : 0);
	th_auto_free char *feedback = said
		? th_tool_format(" and %zu annotation%s", said, said == 1 ? "" : "s")
		: NULL;
	fprintf(out, "%" PRIu64 " frames of %zu process%s%s, sealed %s, seal %s",
		count_frames(&run->seal), processes, processes == 1 ? "" : "es",
		feedback ? feedback : "", date, hash);
	if (run->signed_by_key) {
		th_hex_encode(key, run->signature.public_key, HASH_SHOWN / 2);
		fprintf(out, ", signed by %s", key);
	}
}

void th_verify_print(FILE *out, const struct th_verify *v, const struct th_verify_run *run)
{
	char id[2 * TH_TRACE_ID_BYTES + 1] = "";
	const uint8_t *trace_id = run->run ? run->run->trace_id : run->seal.trace_id;
	th_auto_free char *text = th_verify_text(v, run);
	th_hex_encode(id, trace_id, TH_TRACE_ID_BYTES);
	fprintf(out, "run %s  %-8s  ", id, words[run->result]);
	if (text) {
		fputs(text, out);
	} else {
		print_seal(out, run);
	}
	fputc('\n', out);
}

/* ---- JSON ---- */

static void put_hex(struct th_jout *j, const char *key, const void *p, size_t n)
{
	th_jout_key(j, key);
	th_jout_hex(j, p, n);
}

static void put_writer(struct th_jout *j, const char *key, uint64_t writer)
{
	uint64_t big_endian = __builtin_bswap64(writer);
	put_hex(j, key, &big_endian, sizeof(big_endian));
}

static void json_seal(struct th_jout *j, const struct th_verify_run *run)
{
	th_jout_put_text(j, "algorithm", "sha-256");
	put_hex(j, "hash", run->seal.hash, TH_HASH_BYTES);
	put_hex(j, "previous", run->seal.previous, TH_HASH_BYTES);
	th_jout_put_u64(j, "sealed_unix_nano", run->seal.time);
	th_jout_put_u64(j, "offset", run->seal.offset);
	th_jout_put_u64(j, "frames", count_frames(&run->seal));
	th_jout_key(j, "writers");
	th_jout_open(j, '[');
	for (size_t i = 0; i < run->seal.n; i++) {
		struct th_seal_entry e = th_seal_entry(&run->seal, i);
		th_jout_open(j, '{');
		put_writer(j, "writer", e.writer);
		th_jout_put_u64(j, "frames", e.frames);
		th_jout_put_u64(j, "missing_when_sealed", e.next - e.frames);
		put_hex(j, "chain", e.value, TH_HASH_BYTES);
		th_jout_close(j, '}');
	}
	th_jout_close(j, ']');
}

/* Frames are as they were, what vouches for them is not. */
static void json_seal_fault(struct th_jout *j, const struct th_verify_run *run)
{
	th_jout_put_text(j, "kind", run->unlinked_seal ? "seal before removed" : "signature");
	th_jout_put_u64(j, "offset", run->unlinked_seal ? run->unlinked_seal : run->bad_signature);
}

static void json_fault(struct th_jout *j, const struct th_verify_run *run)
{
	const struct th_fault *f = &run->fault;
	if (f->kind == TH_FAULT_NONE) {
		json_seal_fault(j, run);
		return;
	}
	const struct th_process *p = process_of(run, f->writer);
	th_jout_put_text(j, "kind", kinds[f->kind]);
	put_writer(j, "writer", f->writer);
	th_jout_put_known(j, "pid", p ? p->pid : 0);
	th_jout_put_u64(j, "frame", f->number);
	th_jout_put_text(j, "frame_type", f->frame ? frame_name(f->frame->type) : NULL);
	th_jout_put_known(j, "exchange",
		f->frame && f->frame->type >= TH_FRAME_REQ_HEAD &&
				f->frame->type <= TH_FRAME_RES_END
			? f->frame->id
			: 0);
	th_jout_put_text(j, "file", f->placed ? f->place.path : NULL);
	th_jout_put_known(j, "offset", f->placed ? f->place.offset : 0);
	if (f->placed && f->place.packed) {
		th_jout_put_u64(j, "offset_in_block", f->place.inner);
	}
	th_jout_put_known(j, "frames", f->count);
}

static void json_object(struct th_jout *j, const char *key, const struct th_verify_run *run,
	bool any, void (*fill)(struct th_jout *, const struct th_verify_run *))
{
	th_jout_key(j, key);
	if (!any) {
		th_jout_null(j);
		return;
	}
	th_jout_open(j, '{');
	fill(j, run);
	th_jout_close(j, '}');
}

static void json_signature(struct th_jout *j, const struct th_verify_run *run)
{
	th_jout_put_text(j, "algorithm", "ed25519");
	put_hex(j, "public_key", run->signature.public_key, TH_ED25519_KEY_BYTES);
}

void th_verify_json(FILE *out, const struct th_verify *v, const struct th_verify_run *run)
{
	struct th_jout j = {.out = out};
	th_auto_free char *text = th_verify_text(v, run);
	th_jout_open(&j, '{');
	th_jout_put_text(&j, "kind", "run");
	put_hex(&j, "trace_id", run->run ? run->run->trace_id : run->seal.trace_id,
		TH_TRACE_ID_BYTES);
	th_jout_put_known(&j, "number", run->number);
	th_jout_put_text(&j, "result", words[run->result]);
	th_jout_put_text(&j, "reason", text);
	th_jout_put_u64(&j, "seals", run->n_seals);
	json_object(&j, "seal", run, run->n_seals != 0, json_seal);
	json_object(&j, "signature", run, run->signed_by_key, json_signature);
	json_object(&j, "first_fault", run, run->result == TH_VERIFY_BROKEN, json_fault);
	th_jout_close(&j, '}');
	fputc('\n', out);
}

static void json_damage(struct th_jout *j, const struct th_trace *t)
{
	th_jout_key(j, "damage");
	th_jout_open(j, '[');
	for (size_t i = 0; i < t->n_damage; i++) {
		th_jout_open(j, '{');
		th_jout_put_text(j, "file", t->damage[i].path);
		th_jout_put_u64(j, "offset", t->damage[i].offset);
		th_jout_put_text(j, "what", t->damage[i].what);
		th_jout_close(j, '}');
	}
	th_jout_close(j, ']');
}

static size_t count_results(const struct th_verify *v, enum th_verify_result result)
{
	size_t n = 0;
	for (size_t i = 0; i < v->n; i++) {
		n += v->runs[i].result == result;
	}
	return n;
}

void th_verify_file_json(FILE *out, const struct th_verify *v, const char *path)
{
	struct th_jout j = {.out = out};
	struct stat st = {0};
	stat(path, &st);
	th_jout_open(&j, '{');
	th_jout_put_text(&j, "kind", "file");
	th_jout_put_text(&j, "file", path);
	put_hex(&j, "file_id", th_reader_file_id(v->trace->reader), TH_FILE_ID_BYTES);
	th_jout_put_u64(&j, "bytes", (uint64_t)st.st_size);
	th_jout_put_u64(&j, "runs", v->n);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		th_jout_put_u64(&j, words[i], count_results(v, (enum th_verify_result)i));
	}
	th_jout_put_bool(&j, "verified",
		v->n && count_results(v, TH_VERIFY_INTACT) == v->n && !v->trace->n_damage &&
			!v->bad_seals);
	th_jout_put_u64(&j, "unreadable_seals", v->bad_seals);
	th_jout_put_u64(&j, "rewritten_blocks", th_reader_rewritten(v->trace->reader));
	json_damage(&j, v->trace);
	th_jout_put_u64(&j, "verified_unix_nano", th_clock_now());
	th_jout_put_text(&j, "tool", "tracehook " TH_VERSION);
	th_jout_close(&j, '}');
	fputc('\n', out);
}
