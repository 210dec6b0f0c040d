/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_SECONDS_H
#define BACKBURN_SECONDS_H

#include "controller/judge/record.h"
#include "controller/measure/comparison.h"

/*
 * Latencies second by second, kept for probes that a claim compares: single events of one moment
 * are too much alike to be counted as so many proofs, seconds less so.
 */
struct latency_second {
	int64_t at_ns;       /* when it begins: whole seconds since the run's zero */
	int64_t events;      /* due in it, by the windows that begin in it */
	int64_t late;        /* of these: sent later than a tenth of the timeout */
	int64_t dropped;     /* of these: not begun by the prober */
	struct list buckets; /* of struct histogram_bucket: those that were answered; unordered */
};

struct probe_seconds {
	const struct probe_spec *probe; /* borrowed from the scenario */
	struct list seconds;            /* of struct latency_second, in order of time */
};

/* For each probe that a claim compares; list of struct probe_seconds. */
void seconds_prepare(const struct scenario *scenario, struct list *out_probes);
void seconds_free(struct list *probes);

/* What a window that begins at `at_ns` tells; nothing when nobody compares that probe. */
void seconds_add(
	struct list *probes, const char *probe, int64_t at_ns, const struct probe_window *window);

/*
 * The quantile of each second that lies within [from, to) whole and has events, appended to `out`
 * (whose values are the caller's to free). What has no answer counts as the probe's timeout.
 */
void seconds_quantiles(const struct probe_seconds *own, double quantile, int64_t from_ns,
	int64_t to_ns, struct value_sample *out);

const struct probe_seconds *record_seconds(const struct record *record, const char *probe);

#endif
