/* Prints what is read from an exchange written by hand: call_facts [--spoil] FILE
 *
 * The file: "> METHOD /path host", the request's body, "< STATUS content-type", the response's
 * body. Each line of an answer arrives 1 ms after the one before. In Amazon's event stream a line
 * is "event-name JSON" (":name JSON": an exception), of the type "…; base64" the JSON goes into
 * {"bytes": …}. A line of "!" cuts the answer there.
 *
 * --spoil: the answer is cut after every byte, and each of its bytes is changed, one at a time: no
 * reading may fail, and what was reported of a cut stream's output is not taken for final. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "genai/conversation.h"
#include "genai/genai.h"

#define MS 1000000u
#define LINES_MAX 64

struct example {
	char method[16], path[256], host[128], type[128];
	unsigned status;
	char question[8192];
	char answer[16384]; /* pieces point here */
	size_t n_answer;
	size_t ends[LINES_MAX], n_lines;
	bool cut;
};

/* ---- reading an example ---- */

static void put(struct example *e, const void *p, size_t n)
{
	if (e->n_answer + n > sizeof(e->answer)) {
		abort();
	}
	memcpy(e->answer + e->n_answer, p, n);
	e->n_answer += n;
}

static void put_be32(struct example *e, uint32_t v)
{
	uint8_t bytes[] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
	put(e, bytes, 4);
}

static void put_header(struct example *e, const char *name, const char *value)
{
	uint8_t head[] = {(uint8_t)strlen(name)}, type[] = {7, 0, (uint8_t)strlen(value)};
	put(e, head, 1);
	put(e, name, strlen(name));
	put(e, type, 3);
	put(e, value, strlen(value));
}

static char *base64(const char *text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = strlen(text), at = 0;
	char *out = calloc(1, n * 2 + 64);
	at = (size_t)sprintf(out, "{\"bytes\":\"");
	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)(uint8_t)text[i] << 16;
		v |= i + 1 < n ? (uint32_t)(uint8_t)text[i + 1] << 8 : 0;
		v |= i + 2 < n ? (uint8_t)text[i + 2] : 0;
		out[at++] = digits[v >> 18];
		out[at++] = digits[v >> 12 & 63];
		out[at++] = i + 1 < n ? digits[v >> 6 & 63] : '=';
		out[at++] = i + 2 < n ? digits[v & 63] : '=';
	}
	sprintf(out + at, "\",\"p\":\"abc\"}");
	return out;
}

static void put_message(struct example *e, char *line)
{
	char *payload = strchr(line, ' ');
	bool exception = line[0] == ':';
	*payload++ = '\0';
	th_auto_free char *wrapped = strstr(e->type, "base64") ? base64(payload) : strdup(payload);
	size_t from = e->n_answer;
	size_t headers = exception ? 1 + 15 + 3 + strlen(line + 1) + 1 + 13 + 3 + 9
				   : 1 + 11 + 3 + strlen(line) + 1 + 13 + 3 + 5;
	put_be32(e, (uint32_t)(16 + headers + strlen(wrapped)));
	put_be32(e, (uint32_t)headers);
	put_be32(e, (uint32_t)crc32(0, (Bytef *)e->answer + from, 8));
	put_header(e, exception ? ":exception-type" : ":event-type", line + exception);
	put_header(e, ":message-type", exception ? "exception" : "event");
	put(e, wrapped, strlen(wrapped));
	put_be32(e, (uint32_t)crc32(0, (Bytef *)e->answer + from, (uInt)(e->n_answer - from)));
}

static void put_line(struct example *e, char *line)
{
	if (strncmp(e->type, "application/vnd.amazon", 22) == 0) {
		line[strcspn(line, "\n")] = '\0';
		put_message(e, line);
	} else {
		put(e, line, strlen(line));
	}
	if (e->n_lines == LINES_MAX) {
		abort();
	}
	e->ends[e->n_lines++] = e->n_answer;
}

static int load(const char *path, struct example *e)
{
	char line[4096];
	enum {
		NOTHING,
		QUESTION,
		ANSWER
	} at = NOTHING;
	th_auto_fclose FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "> %15s %255s %127s", e->method, e->path, e->host) == 3) {
			at = QUESTION;
		} else if (sscanf(line, "< %u %127[^\n]", &e->status, e->type) >= 1) {
			at = ANSWER;
		} else if (strcmp(line, "!\n") == 0) {
			e->cut = true;
		} else if (at == QUESTION) {
			strcat(e->question, line);
		} else if (at == ANSWER) {
			put_line(e, line);
		}
	}
	return f && at ? 0 : -ENOENT;
}

/* ---- what is read from it ---- */

struct stage {
	struct th_process process;
	struct th_connection connection;
	struct th_exchange x;
	char heads[2][1024];
	struct th_piece question, answer[LINES_MAX];
};

static void set_head(struct th_message *m, const char *head, uint64_t time)
{
	*m = (struct th_message){.present = true,
		.head_done = true,
		.version = 11,
		.head = {.bytes = th_slice_str(head)},
		.began = time,
		.ended = time,
		.finished = true,
		.end = TH_END_COMPLETE};
}

static void set_up(struct stage *s, const struct example *e)
{
	*s = (struct stage){.connection = {.process = &s->process, .family = 4}};
	strcpy(s->process.lane, "0");
	s->connection.transport = TH_TRANSPORT_OPENSSL;
	s->x.process = &s->process;
	s->x.connection = &s->connection;
	snprintf(s->heads[0], sizeof(s->heads[0]), "%s %s HTTP/1.1\r\nHost: %s\r\n\r\n", e->method,
		e->path, e->host);
	snprintf(s->heads[1], sizeof(s->heads[1]),
		"HTTP/1.1 %u X\r\nContent-Type: %s\r\nContent-Length: 1\r\n\r\n", e->status,
		e->type);
	set_head(&s->x.request, s->heads[0], MS);
	s->question = (struct th_piece){MS, th_slice_str(e->question)};
	s->x.request.pieces = &s->question;
	s->x.request.n_pieces = 1;
	s->x.request.body_bytes = strlen(e->question);
	set_head(&s->x.response, s->heads[1], 2 * MS);
	s->x.response.end = e->cut ? TH_END_RESET : TH_END_COMPLETE;
	s->x.response.pieces = s->answer;
	for (size_t i = 0, from = 0; i < e->n_lines && from < e->n_answer; from = e->ends[i++]) {
		size_t to = e->ends[i] < e->n_answer ? e->ends[i] : e->n_answer;
		s->answer[i] = (struct th_piece){
			(3 + i) * MS, {(const uint8_t *)e->answer + from, to - from}};
		s->x.response.n_pieces = i + 1;
		s->x.response.ended = s->answer[i].time;
	}
	s->x.response.body_bytes = e->n_answer;
}

static void print_text(const char *name, const char *text)
{
	if (text) {
		printf("%s: %s\n", name, text);
	}
}

static void print_count(const char *name, struct th_count c)
{
	printf("%s: %llu %s\n", name, (unsigned long long)c.n, th_provenance_name(c.from));
}

static void print_tools(const struct th_call *c)
{
	for (size_t i = 0; i < c->n_tool_calls; i++) {
		const struct th_tool_call *t = &c->tool_calls[i];
		printf("tool call: %s %s %s%s\n", t->id, t->name, t->arguments,
			t->by_server ? " (by the server)" : "");
	}
	for (size_t i = 0; i < c->n_tool_results; i++) {
		const struct th_tool_result *t = &c->tool_results[i];
		printf("tool result: %s %s %s%s\n", t->id, t->name, t->text,
			t->is_error ? " (error)" : "");
	}
}

static void print_mcp_message(const struct th_mcp_message *m)
{
	print_text("mcp method", m->method);
	print_text("mcp id", m->id);
	print_text("mcp target", m->target);
	print_text("mcp arguments", m->arguments);
	print_text("mcp result", m->result);
	print_text("mcp error", m->error_code);
}

static void print_mcp(const struct th_mcp *m)
{
	print_mcp_message(&m->asked);
	print_text("mcp version", m->version);
	print_text("mcp session", m->session);
	print_text("mcp endpoint", m->endpoint);
	for (size_t i = 0; i < m->n_others; i++) {
		puts("mcp: another");
		print_mcp_message(&m->others[i]);
	}
}

static void print_measure(const char *name, struct th_setting m)
{
	if (m.there) {
		printf("%s: %g\n", name, m.n);
	}
}

static void print_parameters(const struct th_parameters *p)
{
	const struct {
		const char *name;
		struct th_count c;
	} counts[] = {{"max tokens", p->max_tokens}, {"seed", p->seed}, {"choices", p->choices}};
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		if (counts[i].c.from) {
			printf("%s: %llu\n", counts[i].name, (unsigned long long)counts[i].c.n);
		}
	}
	print_measure("temperature", p->temperature);
	print_measure("top p", p->top_p);
	print_measure("top k", p->top_k);
	print_measure("frequency penalty", p->frequency_penalty);
	print_measure("presence penalty", p->presence_penalty);
	for (size_t i = 0; i < p->n_stops; i++) {
		print_text("stop", p->stops[i]);
	}
	print_text("reasoning effort", p->reasoning);
	print_text("output", p->json ? "json" : NULL);
}

static void print_call(const struct th_call *c)
{
	printf("dialect: %s\nprovider: %s\noperation: %s\n", c->dialect, c->provider,
		th_operation_name(c->operation));
	print_text("model asked", c->model_asked);
	print_text("model used", c->model_used);
	printf("streamed: %d\ncut: %d\n", c->streamed, c->cut);
	print_count("input", c->tokens.input);
	print_count("output", c->tokens.output);
	print_count("cache read", c->tokens.cache_read);
	print_count("cache write", c->tokens.cache_write);
	print_count("reasoning", c->tokens.reasoning);
	print_count("total", c->tokens.total);
	print_text("finish raw", c->finish_raw);
	print_text("finish", th_finish_name(c->finish));
	for (size_t i = 1; i < TH_CHOICES_MAX; i++) {
		print_text("finish of another choice", c->finishes[i]);
	}
	if (c->first_chunk.from) {
		printf("first chunk: %llu ms\n", (unsigned long long)(c->first_chunk.n / MS));
	}
	print_tools(c);
	printf("messages: %zu\nnew turn: %d\n", c->n_messages, c->new_turn);
	print_text("error type", c->error_type);
	print_text("error message", c->error_message);
	print_text("response id", c->response_id);
	print_parameters(&c->parameters);
	print_mcp(&c->mcp);
}

static void print_turn(const struct th_turn *t, bool answer)
{
	for (size_t i = 0; i < t->n_parts; i++) {
		const struct th_part *p = &t->parts[i];
		printf("%s%s %s: %s%s%s%s%s%s (%zu)\n", answer ? "answer " : "", t->role,
			th_part_kind_name(p->kind), p->id, *p->id ? " " : "", p->name,
			*p->name ? " " : "", p->text, p->is_error ? " (error)" : "", p->size);
	}
}

static void print_conversation(const struct th_conversation *c)
{
	for (size_t i = 0; i < c->n_turns; i++) {
		print_turn(&c->turns[i], c->answered && i + 1 == c->n_turns);
	}
	for (size_t i = 0; i < c->n_offers; i++) {
		const struct th_offer *o = &c->offers[i];
		printf("offer: %s | %s | %s (%zu)\n", o->name, o->description, o->parameters,
			o->size);
	}
}

static bool holds(const struct example *e, bool whole)
{
	struct stage s;
	struct th_conversation *talk = NULL;
	set_up(&s, e);
	if (!whole) {
		s.x.response.end = TH_END_RESET;
	}
	int r = th_conversation_read(&s.x, &talk);
	const struct th_call *c = talk ? talk->call : NULL;
	bool good = r == 0 || r == -ENOENT;
	if (c && c->cut && c->tokens.output.from == TH_REPORTED) {
		fprintf(stderr, "a cut answer's output was taken for final\n");
		good = false;
	}
	th_conversation_free(talk);
	return good;
}

static int spoil(struct example *e)
{
	size_t n = e->n_answer;
	bool good = true;
	for (e->n_answer = 0; e->n_answer < n && good; e->n_answer++) {
		good = holds(e, false);
	}
	e->n_answer = n;
	for (size_t i = 0; i < n && good; i++) {
		static const char marks[] = "\0\"{}[]\\,\xff\n-9";
		for (size_t k = 0; k < sizeof(marks) - 1 && good; k++) {
			char was = e->answer[i];
			e->answer[i] = marks[k];
			good = holds(e, true);
			e->answer[i] = was;
		}
	}
	return good ? 0 : 1;
}

int main(int argc, char **argv)
{
	static struct example e;
	struct stage s;
	struct th_conversation *c = NULL;
	if (argc < 2 || load(argv[argc - 1], &e) < 0) {
		fprintf(stderr, "call_facts: no such example\n");
		return 2;
	}
	if (argc == 3) {
		return spoil(&e);
	}
	set_up(&s, &e);
	int r = th_conversation_read(&s.x, &c);
	if (r < 0) {
		printf("none: %s\n", strerror(-r));
		return 0;
	}
	print_call(c->call);
	print_conversation(c);
	th_conversation_free(c);
	return 0;
}
