/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_VALUES_H
#define BACKBURN_VALUES_H

#include <stddef.h>
#include <stdint.h>

/*
 * The numbers that one source's events read, in the order of their intended time. Sixteen bytes
 * each; times are nanoseconds since the run's zero. Pure.
 */
enum {
	VALUES_MAX = 1000 * 1000 /* of one source: at 100 a second close to three hours */
};

struct timed_value {
	int64_t at_ns; /* intended */
	double value;  /* finite */
};

struct values {
	struct timed_value *items; /* ascending by time */
	size_t count, capacity;
	int64_t left_out; /* beyond VALUES_MAX: counted, not kept */
};

void values_deinit(struct values *values);

/* At or after the last one. */
void values_add(struct values *values, int64_t at_ns, double value);

/* Index of the first value at or after `at_ns`; `count` when there is none. */
size_t values_from(const struct values *values, int64_t at_ns);

/* Of the values in [from, to); with `count` 0 nothing else is set. */
struct values_summary {
	size_t count;
	double min, median, max, last; /* the median is the lower one of two in the middle */
};

struct values_summary values_summarize(const struct values *values, int64_t from_ns, int64_t to_ns);

#endif
