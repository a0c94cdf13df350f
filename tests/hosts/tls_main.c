/* tls_forms or gnutls_forms in a program linked with its TLS library. */
#include "tls_forms.h"

int main(void)
{
	return tls_forms_run();
}
