/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_HISTOGRAM_H
#define BACKBURN_HISTOGRAM_H

#include <stdint.h>

#include "contract/fail.h"
#include "contract/shape.h"

/*
 * A log-linear histogram of latencies in nanoseconds. Every power of two is cut into 128 buckets
 * of equal width, so a bucket is at most 1/128 = 0.79 % as wide as the values in it; below 256 ns
 * values are kept exactly. The same scheme as HdrHistogram with a unit of 1 ns, in a dense array.
 *
 * Values above ten minutes are counted in the last bucket; max_ns keeps the true one.
 */
#define HISTOGRAM_LIMIT_NS (INT64_C(600) * 1000000000)

enum {
	HISTOGRAM_SUB_BITS = 7,
	HISTOGRAM_SUB_BUCKETS = 1 << HISTOGRAM_SUB_BITS,
	/* the index of HISTOGRAM_LIMIT_NS (2^39 < limit < 2^40), plus one */
	HISTOGRAM_BUCKETS =
		(39 - HISTOGRAM_SUB_BITS) * HISTOGRAM_SUB_BUCKETS + (HISTOGRAM_LIMIT_NS >> 32) + 1,
};

struct histogram {
	int64_t count;
	int64_t max_ns; /* largest value recorded or merged; 0 when empty */
	int64_t counts[HISTOGRAM_BUCKETS];
};

/* One bucket as it travels and as the journal keeps it. */
struct histogram_bucket {
	int64_t index;
	int64_t count; /* > 0 */
};

extern const struct shape histogram_bucket_shape;

/* Values that a bucket holds: lower_ns ≤ value ≤ upper_ns. */
struct histogram_edges {
	int64_t lower_ns, upper_ns;
};

/* Empty. No memory is the abort it is under Linux overcommit. */
struct histogram *histogram_new(void);
void histogram_free(struct histogram *histogram);

/* Negative values count as 0. */
void histogram_record(struct histogram *histogram, int64_t value_ns);

/* Adds `from` to `into`. */
void histogram_merge(struct histogram *into, const struct histogram *from);

/*
 * The bucket that holds the value of nearest rank ceil(q · count), q in 0..1. Bounds from above
 * take the upper edge (never above max_ns), bounds from below the lower edge. -1 when empty.
 */
int histogram_quantile(const struct histogram *histogram, double q, struct histogram_edges *out);

/* The same for the value of 1-based `rank`; -1 when there are fewer values than that. */
int histogram_rank(const struct histogram *histogram, int64_t rank, struct histogram_edges *out);

/* The non-empty buckets in ascending order: struct histogram_bucket; the caller frees .items. */
struct list histogram_encode(const struct histogram *histogram);

/*
 * Adds encoded buckets. Refuses, with FAIL_PEER and nothing added, an index out of range or a
 * count below 1. The true maximum does not travel in buckets: max_ns becomes the upper edge of
 * the highest bucket unless the caller lowers it to a maximum that it knows.
 */
int histogram_decode(struct histogram *histogram, const struct list *buckets, struct fail *fail);

/* The bucket of a value, and the values of a bucket (0 ≤ index < HISTOGRAM_BUCKETS). */
int histogram_index(int64_t value_ns);
struct histogram_edges histogram_edges_of(int index);

#endif
