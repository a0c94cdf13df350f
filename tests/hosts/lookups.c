/* Look-ups in all forms, of names that need no network; also with a result that holds anything when
 * the look-up fails (P43). */
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

int main(void)
{
	struct addrinfo hints = {.ai_family = AF_INET}, *list = NULL;
	struct hostent host, *h;
	char buf[1024];
	int error = 0;
	printf("getaddrinfo %d\n", getaddrinfo("localhost", "80", &hints, &list));
	freeaddrinfo(list);
	h = gethostbyname("127.0.0.1");
	printf("gethostbyname %d\n", h != NULL);
	h = gethostbyname2("::1", AF_INET6);
	printf("gethostbyname2 %d\n", h != NULL);
	int r = gethostbyname_r("127.0.0.1", &host, buf, 1, &h, &error);
	printf("gethostbyname_r %d %d\n", r, h != NULL);
	r = gethostbyname_r("127.0.0.1", &host, buf, sizeof(buf), &h, &error);
	printf("gethostbyname_r %d %d\n", r, h != NULL);
	r = gethostbyname2_r("127.0.0.1", AF_INET, &host, buf, sizeof(buf), &h, &error);
	printf("gethostbyname2_r %d %d\n", r, h != NULL);
	printf("getaddrinfo %d\n", getaddrinfo(NULL, "80", &hints, &list));
	freeaddrinfo(list);
	hints.ai_flags = AI_NUMERICHOST;
	list = (void *)1;
	printf("getaddrinfo %d\n", getaddrinfo("no-number", "80", &hints, &list));
	return 0;
}
