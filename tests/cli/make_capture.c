/* Makes a capture without an agent: feeds the recorder what the shim would have fed it.
 *
 *     make_capture FILE
 *
 * appends one run: a chat as JSON, the same as a stream of events with pauses, a compressed body,
 * a body that is not text, an answer that was cut, and a connection that was refused. It serves the
 * tests of the tool, which so need neither the library nor a network, and run under sanitizers. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <zlib.h>

#include "base/clock.h"
#include "recorder/recorder.h"

static struct th_conn_conf to_port(uint16_t port)
{
	struct th_conn_conf conf = {.transport = TH_TRANSPORT_OPENSSL};
	conf.peer = (struct th_address){.family = 4, .port = port, .bytes = {127, 0, 0, 1}};
	conf.connect_began = th_clock_now();
	conf.connected = th_clock_now();
	return conf;
}

static struct th_conn_ref connect_to_model(void)
{
	struct th_conn_conf conf = to_port(443);
	struct th_conn_ref c = th_conn_open(&conf);
	th_conn_tls(c, TH_SLICE_LIT("model.example.test"), TH_SLICE_LIT("http/1.1"));
	return c;
}

static void say(struct th_conn_ref c, const char *text)
{
	th_conn_sent(c, text, strlen(text));
}

static void hear(struct th_conn_ref c, const char *text)
{
	th_conn_received(c, text, strlen(text));
}

static void hear_body(struct th_conn_ref c, const char *fields, const void *body, size_t n)
{
	char head[256];
	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\n%sContent-Length: %zu\r\n\r\n", fields, n);
	hear(c, head);
	th_conn_received(c, body, n);
}

static void ask(struct th_conn_ref c, const char *target, const char *body)
{
	char request[1024];
	snprintf(request, sizeof(request),
		"POST %s HTTP/1.1\r\nHost: model.example.test\r\nAuthorization: Bearer "
		"sk-secret\r\n"
		"Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		target, strlen(body), body);
	say(c, request);
}

static void chat(struct th_conn_ref c)
{
	static const char answer[] = "{\"model\":\"m\",\"choices\":[{\"message\":{\"role\":"
				     "\"assistant\",\"content\":\"hi\"}}],"
				     "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}";
	ask(c, "/v1/chat/completions", "{\"model\":\"m\",\"messages\":[]}");
	hear_body(c, "Content-Type: application/json\r\n", answer, sizeof(answer) - 1);
}

static void stream(struct th_conn_ref c)
{
	static const char *const words[] = {"one", "two", "three"};
	const struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};
	ask(c, "/v1/chat/completions", "{\"model\":\"m\",\"stream\":true,\"messages\":[]}");
	hear(c,
		"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
		"Transfer-Encoding: chunked\r\n\r\n");
	for (size_t i = 0; i < 3; i++) {
		char event[64], chunk[96];
		int n = snprintf(event, sizeof(event), "data: {\"word\":\"%s\"}\n\n", words[i]);
		snprintf(chunk, sizeof(chunk), "%x\r\n%s\r\n", (unsigned)n, event);
		hear(c, chunk);
		nanosleep(&pause, NULL);
	}
	hear(c, "0\r\n\r\n");
}

static void get(struct th_conn_ref c, const char *target)
{
	char request[256];
	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: model.example.test\r\n\r\n",
		target);
	say(c, request);
}

static void compressed(struct th_conn_ref c)
{
	static const char text[] = "compressed text, compressed text, compressed text\n";
	uint8_t packed[256];
	uLongf n = sizeof(packed);
	compress(packed, &n, (const Bytef *)text, sizeof(text) - 1);
	get(c, "/compressed");
	hear_body(c, "Content-Type: text/plain\r\nContent-Encoding: deflate\r\n", packed, n);
}

static void binary(struct th_conn_ref c)
{
	uint8_t bytes[256];
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (uint8_t)i;
	}
	get(c, "/binary?key=secret-key");
	hear_body(c, "", bytes, sizeof(bytes));
}

static void cut(struct th_conn_ref c)
{
	get(c, "/cut");
	hear(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf of it");
	th_conn_peer_end(c, TH_END_RESET, ECONNRESET);
}

static void converse(void)
{
	struct th_address model = to_port(443).peer;
	th_recorder_name("model.example.test", 0, 0, &model, 1);
	struct th_conn_ref c = connect_to_model();
	chat(c);
	stream(c);
	compressed(c);
	binary(c);
	th_conn_close(c);
	c = connect_to_model();
	cut(c);
	th_conn_close(c);
	struct th_conn_conf refused = to_port(1);
	th_conn_failed(&refused, ECONNREFUSED);
}

int main(int argc, char **argv)
{
	struct th_process_conf conf = {.root = true, .meta = "made=by-hand", .argv0 = argv[0]};
	if (argc != 2 || argv[1][0] != '/') {
		fputs("usage: make_capture /ABSOLUTE/FILE\n", stderr);
		return EXIT_FAILURE;
	}
	conf.capture = argv[1];
	if (getrandom(conf.trace_id, sizeof(conf.trace_id), 0) < 0 ||
		th_recorder_start(&conf) < 0) {
		fputs("make_capture: cannot record\n", stderr);
		return EXIT_FAILURE;
	}
	converse();
	th_recorder_finish();
	return EXIT_SUCCESS;
}
