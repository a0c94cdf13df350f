/* Sends OTLP over HTTP to a collector, as the specification's environment variables say:
 * OTEL_EXPORTER_OTLP_ENDPOINT, _HEADERS, _PROTOCOL, _TIMEOUT, _COMPRESSION, _CERTIFICATE,
 * _CLIENT_CERTIFICATE, _CLIENT_KEY, and the same with TRACES_ or METRICS_ before the last word,
 * which count first. Source: OpenTelemetry protocol specification, "OTLP/HTTP" and "Exporter". */
#ifndef TOOLS_EXPORT_OTLP_SEND_H
#define TOOLS_EXPORT_OTLP_SEND_H

#include <stdbool.h>
#include <stddef.h>

struct th_otlp_target;

/* `signal` is "traces" or "metrics"; `url` a base to which v1/SIGNAL is added, or "": as the
 * environment says, else a collector on this machine. TH_EXIT_OK, or an exit code after an error
 * line. */
int th_otlp_target_open(const char *signal, const char *url, struct th_otlp_target **ret_target);

/* Takes NULL; returns NULL. */
struct th_otlp_target *th_otlp_target_close(struct th_otlp_target *t);

/* The target wants JSON, not protobuf. */
bool th_otlp_target_json(const struct th_otlp_target *t);

/* Sends one request; waits and tries again where the specification says so. TH_EXIT_OK, also when
 * the collector took only a part (said in a line); TH_EXIT_NO after an error line. */
int th_otlp_send(struct th_otlp_target *t, const char *bytes, size_t n);

#endif
