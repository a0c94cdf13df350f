#include "tests/cli/mkscript.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/cli/mkframes.h"

#define CONNS_MAX 16

static char hosts[CONNS_MAX][64];

/* Takes the next word off the line. */
static const char *word(char **line)
{
	char *w = strsep(line, " ");
	return w ? w : "";
}

static uint64_t number(char **line)
{
	return strtoull(word(line), NULL, 10);
}

static uint8_t digit(char **line)
{
	return (uint8_t)strtoul(word(line), NULL, 16);
}

static void do_run(char *rest)
{
	uint8_t trace = digit(&rest);
	uint64_t ms = number(&rest);
	mk_run(trace, ms, rest ? rest : "");
}

static void do_process(char *rest)
{
	uint8_t trace = digit(&rest), span = digit(&rest), parent = digit(&rest);
	uint32_t pid = (uint32_t)number(&rest);
	uint64_t ms = number(&rest);
	mk_process(trace, span, parent, pid, parent ? 3 : 1, ms, rest);
}

static void do_host(char *rest)
{
	uint32_t id = (uint32_t)number(&rest) % CONNS_MAX;
	uint64_t ms = number(&rest);
	snprintf(hosts[id], sizeof(hosts[id]), "%s", word(&rest));
	struct mk_conn c = {.id = id,
		.transport = TH_TRANSPORT_OPENSSL,
		.address = "192.0.2.1",
		.port = 443,
		.name = hosts[id],
		.sni = hosts[id],
		.alpn = "http/1.1"};
	mk_conn(&c, ms);
}

static void do_ask(char *rest)
{
	char head[1024];
	uint32_t id = (uint32_t)number(&rest), conn = (uint32_t)number(&rest) % CONNS_MAX;
	uint64_t ms = number(&rest);
	const char *method = word(&rest), *target = word(&rest);
	const char *body = rest ? rest : "";
	snprintf(head, sizeof(head),
		"%s %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
		"Content-Length: %zu\r\n\r\n",
		method, target, hosts[conn], strlen(body));
	mk_request(id, conn, *body ? 0 : TH_FRAME_BODILESS, ms, head);
	if (*body) {
		mk_text(TH_FRAME_REQ_DATA, id, TH_FRAME_LAST, ms, body);
	}
}

static void do_answer(char *rest)
{
	char head[256];
	uint32_t id = (uint32_t)number(&rest);
	uint64_t ms = number(&rest), status = number(&rest);
	const char *body = rest ? rest : "";
	snprintf(head, sizeof(head),
		"HTTP/1.1 %u Reason\r\nContent-Type: application/json\r\n"
		"Content-Length: %zu\r\n\r\n",
		(unsigned)status, strlen(body));
	mk_response(TH_FRAME_RES_HEAD, id, *body ? 0 : TH_FRAME_BODILESS, ms, head);
	if (*body) {
		mk_text(TH_FRAME_RES_DATA, id, TH_FRAME_LAST, ms, body);
	}
}

static void do_stream(char *rest)
{
	uint32_t id = (uint32_t)number(&rest);
	mk_response(TH_FRAME_RES_HEAD, id, 0, number(&rest),
		"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
		"Connection: close\r\n\r\n");
}

static void do_event(char *rest)
{
	char event[TH_FRAME_PAYLOAD_MAX];
	uint32_t id = (uint32_t)number(&rest);
	uint64_t ms = number(&rest);
	snprintf(event, sizeof(event), "data: %s\n\n", rest ? rest : "");
	mk_text(TH_FRAME_RES_DATA, id, 0, ms, event);
}

static void do_done(char *rest)
{
	uint32_t id = (uint32_t)number(&rest);
	mk_text(TH_FRAME_RES_DATA, id, TH_FRAME_LAST, number(&rest), "");
}

static void do_reset(char *rest)
{
	uint32_t id = (uint32_t)number(&rest);
	mk_end(TH_FRAME_RES_END, id, TH_END_RESET, ECONNRESET, number(&rest));
}

static void do_exit(char *rest)
{
	mk_process_end(number(&rest));
}

static const struct {
	const char *name;
	void (*act)(char *rest);
} lines[] = {{"run", do_run}, {"process", do_process}, {"host", do_host}, {"ask", do_ask},
	{"answer", do_answer}, {"stream", do_stream}, {"event", do_event}, {"done", do_done},
	{"reset", do_reset}, {"exit", do_exit}};

static void act_on(char *line)
{
	const char *name = word(&line);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (strcmp(lines[i].name, name) == 0) {
			lines[i].act(line);
			return;
		}
	}
	fprintf(stderr, "mkcapture: no line begins with \"%s\"\n", name);
}

void mk_script(const char *path)
{
	char *line = NULL;
	size_t cap = 0;
	bool open = false;
	while (getline(&line, &cap, stdin) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!open) {
			mk_begin_process(path);
			open = true;
		}
		if (strcmp(line, "next") == 0) {
			mk_finish_process();
			open = false;
		} else if (*line && *line != '#') {
			act_on(line);
		}
	}
	if (open) {
		mk_finish_process();
	}
	free(line);
}
