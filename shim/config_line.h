/* Inside the reading of settings: the line that tells of a mistake. */
#ifndef SHIM_CONFIG_LINE_H
#define SHIM_CONFIG_LINE_H

#include "shim/config.h"

/* Writes "tracehook: <name>=<value><problem>; <what follows from conf->verdict>" and gives -EINVAL.
 * A long value is cut, what is not printable in it shown as '?'. */
int th_config_mistake(struct th_config *conf, const char *name, const char *value,
	const char *problem, char why[TH_CONFIG_WHY_MAX]);

#endif
