/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include "contract/list.h"
#include "tests/bench/bench.h"

/* --- series --------------------------------------------------------------------------- */

void series_add(struct series *samples, int64_t value)
{
	*(int64_t *)list_push(&samples->values, sizeof(value)) = value;
}

void series_free(struct series *samples)
{
	free(samples->values.items);
	samples->values = (struct list){0};
}

static int by_value(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

int64_t series_quantile(const struct series *samples, double quantile)
{
	int64_t *values = samples->values.items;
	size_t rank = (size_t)ceil(quantile * (double)samples->values.count);

	if (!samples->values.count)
		return 0;
	qsort(values, samples->values.count, sizeof(*values), by_value);
	return values[rank ? rank - 1 : 0];
}

/* --- the page -------------------------------------------------------------------------- */

/* Three digits say what a shared machine can know: "1.23 ms". */
static const char *spell(int64_t ns, char buffer[32])
{
	static const struct {
		double factor;
		const char *name;
	} units[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}, {1, "ns"}};
	double size = fabs((double)ns);
	size_t unit = 0;

	while (unit < 3 && size < units[unit].factor)
		unit++;
	snprintf(buffer, 32, size == 0 ? "0" : "%.3g %s", (double)ns / units[unit].factor,
		units[unit].name);
	return buffer;
}

void page_chapter(struct page *page, const char *title, const char *text)
{
	bench_say("%s", title);
	fprintf(page->out, "\n## %s\n\n%s\n", title, text);
}

void page_times(struct page *page, const char *baseline)
{
	fprintf(page->out, "\n| what | median | 10 %% to 90 %% | samples |%s%s%s\n",
		baseline ? " to " : "", baseline ? baseline : "", baseline ? " |" : "");
	fprintf(page->out, "|---|--:|--:|--:|%s\n", baseline ? "--:|" : "");
}

void page_time(struct page *page, const char *what, const struct series *samples,
	const struct series *baseline)
{
	char median[32], low[32], high[32];

	fprintf(page->out, "| %s | %s | %s to %s | %zu |", what,
		spell(series_quantile(samples, 0.5), median),
		spell(series_quantile(samples, 0.1), low),
		spell(series_quantile(samples, 0.9), high), samples->values.count);
	if (baseline)
		fprintf(page->out, " %.3g |",
			(double)series_quantile(samples, 0.5) /
				(double)series_quantile(baseline, 0.5));
	fputc('\n', page->out);
}

void page_facts(struct page *page)
{
	fputs("\n| what | figure |\n|---|--:|\n", page->out);
}

void page_fact(struct page *page, const char *what, const char *format, ...)
{
	va_list args;

	fprintf(page->out, "| %s | ", what);
	va_start(args, format);
	vfprintf(page->out, format, args);
	va_end(args);
	fputs(" |\n", page->out);
}

void page_note(struct page *page, const char *format, ...)
{
	va_list args;

	fputc('\n', page->out);
	va_start(args, format);
	vfprintf(page->out, format, args);
	va_end(args);
	fputc('\n', page->out);
}

void bench_say(const char *format, ...)
{
	va_list args;

	fputs("bench: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}
