/* tls_forms in a program linked with libssl. */
#include "tls_forms.h"

int main(void)
{
	return tls_forms_run();
}
