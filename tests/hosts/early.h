#ifndef TESTS_HOSTS_EARLY_H
#define TESTS_HOSTS_EARLY_H

void early_between(void);

#endif
