/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_EXPOSITION_H
#define BACKBURN_PROBER_EXPOSITION_H

#include <stddef.h>

#include <cjson/cJSON.h>

#include "contract/fail.h"

/*
 * Metrics in the Prometheus text format (version 0.0.4; of OpenMetrics what looks the same, with
 * exemplars passed over):
 *
 *     http_requests_total{method="post",code="200"} 1027 1395066363000
 *
 * Only lines of the metric that is asked for are read to their end, so that a page of many
 * thousand lines is cheap. Pure.
 */
enum {
	EXPOSITION_BYTES_MAX = 8 * 1024 * 1024,
	EXPOSITION_LINE_MAX = 64 * 1024, /* of the lines that are read */
	EXPOSITION_LABELS_MAX = 64       /* of one series */
};

/* Series of that name which have all of these labels, and maybe others. */
struct exposition_query {
	const char *metric;
	const cJSON *labels; /* object of strings; NULL: any */
};

/* What their values come to; with `series` 0 nothing else is set. */
struct exposition_found {
	size_t series;
	double last; /* of the series that came last */
	double sum, min, max;
};

/*
 * FAIL_PEER with the number of the line for one of the metric's that breaks a limit, is not in the
 * format, or has a value that is no finite number.
 */
int exposition_find(const char *text, size_t length, const struct exposition_query *query,
	struct exposition_found *out, struct fail *fail);

#endif
