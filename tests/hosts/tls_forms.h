#ifndef TESTS_HOSTS_TLS_FORMS_H
#define TESTS_HOSTS_TLS_FORMS_H

int tls_forms_run(void);

#endif
