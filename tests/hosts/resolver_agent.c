/* Looks names up by every function of the C library below and beside getaddrinfo(), and prints what
 * it is told: resolver_agent NAME… The names are looked up in the order given; of _NAME it asks for
 * services, of =NAME for mail servers and texts. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static struct __res_state state;

/* The first address of an answer, as the resolver's own functions read it. */
static void show(const char *how, const char *name, int n, const unsigned char *answer)
{
	char text[INET6_ADDRSTRLEN] = "none";
	ns_msg message;
	if (n < 0) {
		printf("%s %s: -1, h_errno %d\n", how, name, h_errno);
		return;
	}
	int r = ns_initparse(answer, n, &message);
	for (int i = 0; r == 0 && i < ns_msg_count(message, ns_s_an); i++) {
		ns_rr record;
		if (ns_parserr(&message, ns_s_an, i, &record) == 0 &&
			ns_rr_type(record) == ns_t_a) {
			inet_ntop(AF_INET, ns_rr_rdata(record), text, sizeof(text));
		}
	}
	printf("%s %s: code %d, %s\n", how, name, ns_msg_getflag(message, ns_f_rcode), text);
}

static void resolver(const char *name)
{
	unsigned char answer[NS_PACKETSZ], query[NS_PACKETSZ];
	show("res_search", name, res_search(name, ns_c_in, ns_t_a, answer, sizeof(answer)), answer);
	show("res_nsearch", name,
		res_nsearch(&state, name, ns_c_in, ns_t_a, answer, sizeof(answer)), answer);
	const char *dot = strchr(name, '.');
	if (!dot) {
		return; /* only a search completes it */
	}
	show("res_query", name, res_query(name, ns_c_in, ns_t_a, answer, sizeof(answer)), answer);
	show("res_nquery", name, res_nquery(&state, name, ns_c_in, ns_t_a, answer, sizeof(answer)),
		answer);
	char first[64] = {0};
	memcpy(first, name, (size_t)(dot - name));
	show("res_querydomain", name,
		res_querydomain(first, dot + 1, ns_c_in, ns_t_a, answer, sizeof(answer)), answer);
	show("res_nquerydomain", name,
		res_nquerydomain(&state, first, dot + 1, ns_c_in, ns_t_a, answer, sizeof(answer)),
		answer);
	int n = res_mkquery(QUERY, name, ns_c_in, ns_t_a, NULL, 0, NULL, query, sizeof(query));
	show("res_send", name, res_send(query, n, answer, sizeof(answer)), answer);
	show("res_nsend", name, res_nsend(&state, query, n, answer, sizeof(answer)), answer);
}

/* An answer of another kind than addresses: how many records, how long the first lives. */
static void show_records(const char *how, const char *name, int n, const unsigned char *answer)
{
	ns_msg message;
	ns_rr record;
	if (n < 0) {
		printf("%s %s: -1, h_errno %d\n", how, name, h_errno);
	} else if (ns_initparse(answer, n, &message) < 0 ||
		ns_parserr(&message, ns_s_an, 0, &record) < 0) {
		printf("%s %s: %d bytes, no records\n", how, name, n);
	} else {
		printf("%s %s: %d bytes, %d records of type %d, %u s\n", how, name, n,
			ns_msg_count(message, ns_s_an), ns_rr_type(record), ns_rr_ttl(record));
	}
}

/* As apt asks, before it looks for the host itself. */
static void service(const char *name)
{
	unsigned char answer[NS_PACKETSZ];
	show_records(
		"srv", name, res_query(name, ns_c_in, ns_t_srv, answer, sizeof(answer)), answer);
}

/* What is too long for UDP, too, and what a search completes. */
static void others(const char *name)
{
	static unsigned char answer[NS_MAXMSG];
	show_records("mx", name, res_query(name, ns_c_in, ns_t_mx, answer, sizeof(answer)), answer);
	show_records(
		"txt", name, res_search(name, ns_c_in, ns_t_txt, answer, sizeof(answer)), answer);
}

static void show_list(const char *how, const struct gaicb *r, int result)
{
	char text[INET6_ADDRSTRLEN] = "";
	if (result == 0) {
		const struct sockaddr_in *in = (const void *)r->ar_result->ai_addr;
		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
	}
	printf("%s %s: %d %s\n", how, r->ar_name, result, text);
}

static sem_t done;

static void notified(union sigval value)
{
	sem_post(&done);
}

/* The three ways to learn that it is over. */
static void beside(const char *name)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
	struct gaicb one = {.ar_name = name, .ar_service = "80", .ar_request = &hints};
	struct gaicb *list[] = {&one, NULL};
	const struct gaicb *waits[] = {&one};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = notified};
	int r = getaddrinfo_a(GAI_WAIT, list, 2, NULL);
	printf("getaddrinfo_a %d\n", r);
	show_list("wait", &one, gai_error(&one));
	r = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);
	while (gai_error(&one) == EAI_INPROGRESS) {
		gai_suspend(waits, 1, NULL);
	}
	printf("getaddrinfo_a %d\n", r);
	show_list("suspend", &one, gai_error(&one));
	r = getaddrinfo_a(GAI_NOWAIT, list, 1, &event);
	while (sem_wait(&done) < 0) {
	}
	printf("getaddrinfo_a %d\n", r);
	show_list("notified", &one, gai_error(&one));
}

int main(int argc, char **argv)
{
	sem_init(&done, 0, 0);
	res_ninit(&state);
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '_') {
			service(argv[i]);
			continue;
		}
		if (argv[i][0] == '=') {
			others(argv[i] + 1);
			continue;
		}
		resolver(argv[i]);
		beside(argv[i]);
	}
	return 0;
}
