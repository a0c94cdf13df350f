/* tls_forms or gnutls_forms in a program linked with its TLS library: a look-up in the program's
 * scope finds our hook first (P4), and its references have versions (P7). */
#include "tls_forms.h"

int main(void)
{
	return tls_forms_run();
}
