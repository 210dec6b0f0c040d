/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_BENCH_H
#define BACKBURN_TESTS_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "contract/shape.h"

/*
 * Measurements for docs/benchmark.md. Times on a shared machine wander, so a figure is a median of
 * samples with its tenth and ninetieth percentile, and stands beside a baseline that was sampled
 * in turns with it, in the same run: the ratio of the two is what can be compared between machines.
 */

struct series {
	struct list values; /* of int64_t */
};

void series_add(struct series *samples, int64_t value);
void series_free(struct series *samples);
/* The smallest value that at least a share `quantile` (0..1] of the samples do not exceed. */
int64_t series_quantile(const struct series *samples, double quantile);

struct page {
	FILE *out;
	int rounds; /* how often something short is sampled; others take a share of it */
};

void page_chapter(struct page *page, const char *title, const char *text);
/* Rows follow, of times in nanoseconds; `baseline` names what ratios are taken to, NULL for none.
 */
void page_times(struct page *page, const char *baseline);
void page_time(struct page *page, const char *what, const struct series *samples,
	const struct series *baseline);
/* Rows of two columns follow. */
void page_facts(struct page *page);
void page_fact(struct page *page, const char *what, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void page_note(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Progress, for who waits: to standard error. */
void bench_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One per file; each builds what it needs and takes it down again. */
void bench_arm(struct page *page);
void bench_heal(struct page *page);
void bench_packets(struct page *page);
void bench_delay(struct page *page);
void bench_spawn(struct page *page);
void bench_clock(struct page *page);
void bench_crowd(struct page *page);
void bench_guard(struct page *page);
void bench_prober(struct page *page);
void bench_run(struct page *page);
void bench_report(struct page *page);

#endif
