/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/histogram.h"

#include <math.h>
#include <stdlib.h>

#include "contract/memory.h"

static const struct field histogram_bucket_fields[] = {
	{.key = "index",
		.kind = FIELD_INTEGER,
		.offset = offsetof(struct histogram_bucket, index),
		.required = true,
		.max = HISTOGRAM_BUCKETS - 1,
		.help = "Number of the bucket"},
	{.key = "count",
		.kind = FIELD_INTEGER,
		.offset = offsetof(struct histogram_bucket, count),
		.required = true,
		.min = 1,
		.max = 1e15,
		.help = "Values in it"},
};

const struct shape histogram_bucket_shape = {
	.name = "bucket",
	.size = sizeof(struct histogram_bucket),
	SHAPE_FIELDS(histogram_bucket_fields),
	.help = "One bucket of a latency histogram",
};

struct histogram *histogram_new(void)
{
	struct histogram *histogram = must_alloc(sizeof(*histogram));

	return histogram;
}

void histogram_free(struct histogram *histogram)
{
	free(histogram);
}

int histogram_index(int64_t value_ns)
{
	if (value_ns < HISTOGRAM_SUB_BUCKETS)
		return value_ns < 0 ? 0 : (int)value_ns;
	if (value_ns > HISTOGRAM_LIMIT_NS)
		value_ns = HISTOGRAM_LIMIT_NS;

	/* value = mantissa · 2^shift, with the mantissa in 128..255 */
	int shift = 63 - __builtin_clzll((unsigned long long)value_ns) - HISTOGRAM_SUB_BITS;

	return shift * HISTOGRAM_SUB_BUCKETS + (int)(value_ns >> shift);
}

struct histogram_edges histogram_edges_of(int index)
{
	if (index < 2 * HISTOGRAM_SUB_BUCKETS)
		return (struct histogram_edges){.lower_ns = index, .upper_ns = index};

	int shift = index / HISTOGRAM_SUB_BUCKETS - 1;
	int64_t mantissa = index % HISTOGRAM_SUB_BUCKETS + HISTOGRAM_SUB_BUCKETS;

	return (struct histogram_edges){
		.lower_ns = mantissa << shift,
		.upper_ns = ((mantissa + 1) << shift) - 1,
	};
}

void histogram_record(struct histogram *histogram, int64_t value_ns)
{
	histogram->counts[histogram_index(value_ns)]++;
	histogram->count++;
	if (value_ns > histogram->max_ns)
		histogram->max_ns = value_ns;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	for (int i = 0; i < HISTOGRAM_BUCKETS; i++)
		into->counts[i] += from->counts[i];
	into->count += from->count;
	if (from->max_ns > into->max_ns)
		into->max_ns = from->max_ns;
}

int histogram_rank(const struct histogram *histogram, int64_t rank, struct histogram_edges *out)
{
	if (rank < 1 || rank > histogram->count)
		return -1;

	int index = 0;

	for (int64_t seen = histogram->counts[0]; seen < rank; seen += histogram->counts[index])
		index++;

	struct histogram_edges edges = histogram_edges_of(index);

	/* The last bucket also holds what lies above the limit. */
	if (index == HISTOGRAM_BUCKETS - 1 || edges.upper_ns > histogram->max_ns)
		edges.upper_ns = histogram->max_ns;
	*out = edges;
	return 0;
}

int histogram_quantile(const struct histogram *histogram, double q, struct histogram_edges *out)
{
	double exact = q * (double)histogram->count;
	/* 0.07 · 100 is 7.000000000000001 in binary; the rank that is meant is 7. */
	int64_t rank = (int64_t)ceil(exact - 1e-9 * exact);

	return histogram_rank(histogram, rank < 1 ? 1 : rank, out);
}

struct list histogram_encode(const struct histogram *histogram)
{
	size_t used = 0;

	for (int i = 0; i < HISTOGRAM_BUCKETS; i++)
		used += histogram->counts[i] > 0;

	struct histogram_bucket *buckets = must_array(used ? used : 1, sizeof(*buckets));

	size_t next = 0;

	for (int i = 0; i < HISTOGRAM_BUCKETS; i++)
		if (histogram->counts[i] > 0)
			buckets[next++] = (struct histogram_bucket){
				.index = i,
				.count = histogram->counts[i],
			};
	return (struct list){.items = buckets, .count = used};
}

int histogram_decode(struct histogram *histogram, const struct list *buckets, struct fail *fail)
{
	LIST_EACH(*buckets, const struct histogram_bucket, bucket) {
		if (bucket->index < 0 || bucket->index >= HISTOGRAM_BUCKETS)
			return fail_set(fail, FAIL_PEER, "histogram bucket %lld does not exist",
				(long long)bucket->index);
		if (bucket->count < 1)
			return fail_set(fail, FAIL_PEER, "histogram bucket %lld has the count %lld",
				(long long)bucket->index, (long long)bucket->count);
	}
	LIST_EACH(*buckets, const struct histogram_bucket, bucket) {
		int64_t upper_ns = histogram_edges_of((int)bucket->index).upper_ns;

		histogram->counts[bucket->index] += bucket->count;
		histogram->count += bucket->count;
		if (upper_ns > histogram->max_ns)
			histogram->max_ns = upper_ns;
	}
	return 0;
}
