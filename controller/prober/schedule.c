/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/schedule.h"

#include <math.h>

/* In doubles the offset is exact to 1 ns for 104 days, whatever the rate. */
int64_t schedule_due_ns(const struct schedule *schedule, int64_t index)
{
	if (schedule->arrivals.count)
		return schedule->start_ns + arrivals_due_ns(&schedule->arrivals, index);
	return schedule->start_ns + (int64_t)floor((double)index * 1e9 / schedule->rate);
}

static int64_t estimate(const struct schedule *schedule, int64_t offset_ns)
{
	if (schedule->arrivals.count)
		return (int64_t)arrivals_before(&schedule->arrivals, offset_ns);
	return (int64_t)((double)offset_ns * schedule->rate / 1e9);
}

int64_t schedule_first_at(const struct schedule *schedule, int64_t at_ns)
{
	int64_t index;

	if (at_ns <= schedule->start_ns)
		return 0;
	/* The estimate may be off by rounding; schedule_due_ns() is what counts. */
	index = estimate(schedule, at_ns - schedule->start_ns);
	while (index > 0 && schedule_due_ns(schedule, index - 1) >= at_ns)
		index--;
	while (schedule_due_ns(schedule, index) < at_ns)
		index++;
	return index;
}
