/* tracehook context: what fills the prompts of a run, call by call, and where a prompt stopped
 * being the one before with something added. Of one call: turn by turn. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tools/context.h"
#include "tools/span_choice.h"
#include "tools/tools.h"
#include "tools/units.h"
#include "tools/utf8.h"
#include "tools/view.h"

struct context_options {
	struct th_view view;
	bool bytes;	  /* instead of tokens */
	const char *span; /* NULL: all calls */
	int code;
};

/* ---- all calls ---- */

enum {
	AT_NUMBER,
	AT_MODEL,
	AT_INPUT,
	AT_CACHED,
	AT_SECTIONS,
	AT_PREFIX = AT_SECTIONS + TH_N_SECTIONS,
	N_COLUMNS,
};

static const struct th_table_column columns[N_COLUMNS] = {
	[AT_NUMBER] = {"#", true, TH_FIT_WHOLE, 0, 0},
	[AT_MODEL] = {"model", false, TH_FIT_END, 10, 7},
	[AT_INPUT] = {"input", true, TH_FIT_WHOLE, 0, 0},
	[AT_CACHED] = {"cached", true, TH_FIT_WHOLE, 0, 1},
	[AT_SECTIONS + TH_SECTION_SYSTEM] = {"system", true, TH_FIT_WHOLE, 0, 2},
	[AT_SECTIONS + TH_SECTION_TOOLS] = {"tools", true, TH_FIT_WHOLE, 0, 2},
	[AT_SECTIONS + TH_SECTION_USER] = {"user", true, TH_FIT_WHOLE, 0, 2},
	[AT_SECTIONS + TH_SECTION_ASSISTANT] = {"assistant", true, TH_FIT_WHOLE, 0, 2},
	[AT_SECTIONS + TH_SECTION_RESULTS] = {"results", true, TH_FIT_WHOLE, 0, 2},
	[AT_SECTIONS + TH_SECTION_MEDIA] = {"media", true, TH_FIT_WHOLE, 0, 3},
	[AT_PREFIX] = {"prefix", false, TH_FIT_END, 8, 0},
};

static size_t number_of(const struct th_context *c)
{
	return c->span->event.exchange->order + 1;
}

static char *count_text(struct th_count c)
{
	char text[TH_UNITS_TEXT];
	return th_tool_format("%s%s", c.from == TH_ESTIMATED ? "~" : "",
		c.from == TH_ABSENT ? "-" : th_units_bytes(text, c.n));
}

static char *prefix_text(const struct th_context *c)
{
	if (c->prefix == TH_PREFIX_NEW) {
		return th_tool_format("new");
	}
	if (c->prefix == TH_PREFIX_KEPT) {
		return th_tool_format("kept from #%zu", number_of(c->before));
	}
	if (c->kept == c->n_items) { /* a conversation that begins anew with the same words */
		return th_tool_format("the beginning of #%zu", number_of(c->before));
	}
	return th_tool_format("broken at message %zu of %zu, against #%zu", c->kept, c->n_items - 1,
		number_of(c->before));
}

static void section_text(char text[TH_UNITS_TEXT], const struct context_options *o,
	const struct th_context *c, enum th_section section)
{
	size_t n = c->bytes[section];
	if (n == 0) {
		strcpy(text, "-");
	} else {
		th_units_bytes(text, o->bytes ? n : th_context_tokens(c, section, n));
	}
}

static void add_row(struct th_table *t, const struct context_options *o, const struct th_context *c)
{
	char number[24], sections[TH_N_SECTIONS][TH_UNITS_TEXT];
	const char *model = th_span_model(c->span);
	const struct th_tokens *tokens = &c->span->call->tokens;
	th_auto_free char *name = th_text_line(th_slice_str(model ? model : "?"));
	th_auto_free char *input = count_text(tokens->input);
	th_auto_free char *cached = count_text(tokens->cache_read);
	th_auto_free char *prefix = prefix_text(c);
	snprintf(number, sizeof(number), "%zu", number_of(c));
	const char *cells[N_COLUMNS] = {[AT_NUMBER] = number,
		[AT_MODEL] = name,
		[AT_INPUT] = input,
		[AT_CACHED] = cached,
		[AT_PREFIX] = prefix};
	for (size_t i = 0; i < TH_N_SECTIONS; i++) {
		section_text(sections[i], o, c, (enum th_section)i);
		cells[AT_SECTIONS + i] = sections[i];
	}
	th_table_add(t, c->prefix == TH_PREFIX_BROKEN ? TH_TONE_WARN : TH_TONE_NORMAL, cells);
}

static void put_sections(struct th_jout *j, const struct th_context *c, bool tokens)
{
	uint64_t total = 0;
	th_jout_key(j, tokens ? "tokens" : "bytes");
	th_jout_open(j, '{');
	for (enum th_section s = 0; s < TH_N_SECTIONS; s++) {
		uint64_t n = tokens ? th_context_tokens(c, s, c->bytes[s]) : c->bytes[s];
		th_jout_put_u64(j, th_section_name(s), n);
		total += n;
	}
	th_jout_put_u64(j, "total", total);
	th_jout_close(j, '}');
}

static void put_json(const struct th_context *c)
{
	struct th_jout j = {.out = stdout};
	th_jout_open(&j, '{');
	th_jout_key(&j, "trace_id");
	th_jout_hex(&j, c->span->run->trace_id, TH_TRACE_ID_BYTES);
	th_jout_key(&j, "span_id");
	th_jout_hex(&j, th_span_id(c->span), TH_SPAN_ID_BYTES);
	th_jout_put_u64(&j, "number", number_of(c));
	th_jout_put_text(&j, "model", th_span_model(c->span));
	put_sections(&j, c, false);
	put_sections(&j, c, true);
	th_jout_put_text(&j, "tokens_from", th_provenance_name(th_context_tokens_source(c)));
	th_jout_put_u64(&j, "messages", c->n_items - 1);
	th_jout_put_text(&j, "prefix", th_prefix_name(c->prefix));
	th_jout_put_u64(&j, "messages_kept", c->kept ? c->kept - 1 : 0);
	th_jout_put_known(&j, "against", c->before ? number_of(c->before) : 0);
	th_jout_close(&j, '}');
	putchar('\n');
}

static bool is_shown(const struct th_view_run *run, const struct th_context *c)
{
	return run->shown[c->span - run->spans.spans];
}

static void show_calls(const struct context_options *o, const struct th_view_run *run,
	const struct th_contexts *all)
{
	struct th_table *t = th_table_create(columns, N_COLUMNS);
	size_t shown = 0;
	for (size_t i = 0; i < all->n; i++) {
		if (!is_shown(run, &all->calls[i])) {
			continue;
		}
		shown++;
		if (o->view.json) {
			put_json(&all->calls[i]);
		} else {
			add_row(t, o, &all->calls[i]);
		}
	}
	if (shown && !o->view.json) {
		th_table_print(t, stdout, th_tool_width(), th_tool_colour());
	} else if (!shown) {
		fputs("tracehook context: no calls to a model\n", stderr);
	}
	th_table_destroy(t);
}

/* ---- one call ---- */

static const struct th_table_column turn_columns[] = {
	{"message", true, TH_FIT_WHOLE, 0, 0},
	{"role", false, TH_FIT_WHOLE, 0, 0},
	{"bytes", true, TH_FIT_WHOLE, 0, 3},
	{"tokens", true, TH_FIT_WHOLE, 0, 0},
	{"share", true, TH_FIT_WHOLE, 0, 2},
	{"", false, TH_FIT_WHOLE, 0, 1},
	{"begins", false, TH_FIT_END, 8, 4},
};

struct item {
	size_t at;
	const char *role, *begins;
	size_t bytes;
	uint64_t tokens;
};

static const char *item_state(const struct th_context *c, size_t at)
{
	if (!c->before) {
		return "";
	}
	if (at < c->kept) {
		return "kept";
	}
	return c->prefix == TH_PREFIX_BROKEN && at < c->before->n_items ? "changed" : "new";
}

static void add_item(struct th_table *t, const struct th_context *c, const struct item *item)
{
	char number[24] = "-", size[TH_UNITS_TEXT], tokens[TH_UNITS_TEXT], share[16];
	double total = (double)th_context_total(c);
	th_auto_free char *role = th_text_line(th_slice_str(item->role));
	th_auto_free char *begins = th_text_line(th_slice_str(item->begins));
	if (item->at) {
		snprintf(number, sizeof(number), "%zu", item->at);
	}
	snprintf(share, sizeof(share), "%.0f%%",
		total > 0 ? 100.0 * (double)item->bytes / total : 0);
	const char *const cells[] = {number, role, th_units_bytes(size, item->bytes),
		th_units_bytes(tokens, item->tokens), share, item_state(c, item->at), begins};
	bool kept = item->at < c->kept;
	bool first = c->prefix == TH_PREFIX_BROKEN && item->at == c->kept;
	th_table_add(t, kept ? TH_TONE_DIM : first ? TH_TONE_WARN : TH_TONE_NORMAL, cells);
}

static struct item item_of(const struct th_context *c, const struct th_turn *turn, size_t at)
{
	struct item item = {at, turn->role, turn->n_parts ? turn->parts[0].text : "", 0, 0};
	for (size_t k = 0; k < turn->n_parts; k++) {
		const struct th_part *p = &turn->parts[k];
		item.bytes += p->size;
		item.tokens += th_context_tokens(c, th_section_of(turn, p), p->size);
	}
	return item;
}

static void show_turns(const struct th_context *c, const struct th_conversation *talk)
{
	struct th_table *t = th_table_create(
		turn_columns, sizeof(turn_columns) / sizeof(turn_columns[0]));
	if (talk->n_offers) {
		th_auto_free char *names = th_tool_format("%zu tools", talk->n_offers);
		size_t bytes = c->bytes[TH_SECTION_TOOLS];
		const struct item tools = {
			0, "tools", names, bytes, th_context_tokens(c, TH_SECTION_TOOLS, bytes)};
		add_item(t, c, &tools);
	}
	for (size_t i = 0; i + 1 < c->n_items; i++) {
		const struct item item = item_of(c, &talk->turns[i], i + 1);
		add_item(t, c, &item);
	}
	th_table_print(t, stdout, th_tool_width(), th_tool_colour());
	th_table_destroy(t);
}

static void show_call(struct context_options *o, const struct th_context *c)
{
	struct th_conversation *talk = NULL;
	if (o->view.json) {
		put_json(c);
	} else if (th_conversation_read(c->span->event.exchange, &talk) == 0) {
		th_auto_free char *prefix = prefix_text(c);
		th_auto_free char *input = count_text(c->span->call->tokens.input);
		printf("#%zu: %s tokens of input, %zu bytes in %zu messages; %s\n", number_of(c),
			input, th_context_total(c), c->n_items - 1, prefix);
		show_turns(c, talk);
	}
	th_conversation_free(talk);
}

/* ---- together ---- */

static const struct th_context *find(const struct th_contexts *all, const char *span)
{
	uint64_t number;
	bool by_number = th_span_is_number(span, &number);
	for (size_t i = 0; i < all->n; i++) {
		const struct th_context *c = &all->calls[i];
		if (by_number ? number == number_of(c)
			      : *span && th_span_id_begins(th_span_id(c->span), span)) {
			return c;
		}
	}
	return NULL;
}

static void show(void *ctx, const struct th_view_runs *runs)
{
	struct context_options *o = ctx;
	const struct th_context *one = NULL;
	for (size_t i = 0; i < runs->n && !one; i++) {
		struct th_contexts all = th_contexts_of(&runs->runs[i].spans);
		if (!o->span) {
			show_calls(o, &runs->runs[i], &all);
		} else if ((one = find(&all, o->span))) {
			show_call(o, one);
		}
		th_contexts_finish(&all);
	}
	if (o->span && !one) {
		th_tool_error("no call to a model %s in this run; \"tracehook context FILE\" lists "
			      "them",
			o->span);
		o->code = TH_EXIT_MISSING;
	}
}

static int parse_options(int argc, char **argv, struct context_options *o)
{
	static const struct option options[] = {
		{"bytes", no_argument, NULL, 'b'}, TH_VIEW_OPTIONS, {NULL}};
	int code = -1;
	for (int c; code < 0 && (c = th_tool_option(argc, argv, "jr:b", options)) != -1;) {
		if (c == 'b') {
			o->bytes = true;
		} else {
			code = th_view_take(&o->view, c);
		}
	}
	if (code < 0 && optind + 2 == argc) {
		o->span = argv[optind + 1];
		return -1;
	}
	return code < 0 ? th_view_arguments(&o->view, argc, argv) : code;
}

static int run(int argc, char **argv)
{
	struct context_options o = {
		.view = {.command = "context", .one_run = true}, .code = TH_EXIT_OK};
	th_tool_output_begin();
	int code = parse_options(argc, argv, &o);
	if (code < 0) {
		code = th_view_show(&o.view, argv[optind], show, &o);
		code = code == TH_EXIT_OK ? o.code : code;
	}
	th_view_finish(&o.view);
	return code;
}

const struct th_command th_cmd_context = {"context", run,
	"what fills the prompts: tokens per section, and what is kept",
	"[OPTION...] FILE [SPAN]\n"
	"\n"
	"For each call to a model, the tokens of its prompt by section, and whether it "
	"begins\n"
	"with the whole prompt before it, as prompt caches want it. With SPAN, message by\n"
	"message. Tokens of a section are its share, by bytes, of the reported input.\n"
	"\n"
	"  SPAN                  #NUMBER as in dump, or the beginning of a span id\n"
	"  -b, --bytes           bytes instead of tokens\n"
	"  -j, --json            one JSON object per call and line, with both\n"
	"  -r, --run ID          this run (default: the newest that ended "
	"properly)\n" TH_SPAN_FILTER_HELP};
