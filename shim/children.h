/* What this process tells the processes it starts, through its environment (config.h,
 * TH_CONTEXT_VARIABLE, and the W3C traceparent). */
#ifndef SHIM_CHILDREN_H
#define SHIM_CHILDREN_H

#include "shim/config.h"

/* Puts TRACEPARENT and the context into the environment: `span_id` of `trace_id` is the parent of
 * whatever is started. In the constructor only: it changes the environment's array. */
void th_children_export(const struct th_config *conf, const uint8_t trace_id[TH_TRACE_ID_BYTES],
	const uint8_t span_id[TH_SPAN_ID_BYTES]);

/* Puts "NAME=value" into the environment, by reference; a variable that is there is replaced where
 * it stands. In the constructor only. */
void th_children_put(char *entry);

/* TRACEHOOK_REDACT with the rules file's absolute path, for children with another working
 * directory. In the constructor only. */
void th_children_export_rules(const struct th_config *conf);

/* The entry "TRACEHOOK_CONTEXT=…" that was exported; empty before. */
const char *th_children_context(void);

/* After a mistake: hands on what came, so that children make the same of it without a second line
 * on stderr. In the constructor only. */
void th_children_export_said(const struct th_config *conf);

/* Of a run that is not recorded (TRACEHOOK_SAMPLE): only its trace id, so that children decide
 * alike. In the constructor only. */
void th_children_export_unsampled(const struct th_config *conf);

/* In a forked child: writes its span id over the parent's, in place. Signal-safe. */
void th_children_rename(const uint8_t span_id[TH_SPAN_ID_BYTES]);

#endif
