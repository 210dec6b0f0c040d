/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/guard/schedule.h"

bool schedule_makes_sense(const struct guard_order *order)
{
	if (order->start_ns < 0 || order->deadline_ns <= order->start_ns)
		return false;
	return order->period_ns == 0 || (order->on_ns > 0 && order->on_ns < order->period_ns);
}

static int64_t end_ns(const struct guard_order *order, int64_t until_ns)
{
	return order->deadline_ns < until_ns ? order->deadline_ns : until_ns;
}

bool schedule_holds(const struct guard_order *order, int64_t now_ns, int64_t until_ns)
{
	if (now_ns < order->start_ns || now_ns >= end_ns(order, until_ns))
		return false;
	return !order->period_ns || (now_ns - order->start_ns) % order->period_ns < order->on_ns;
}

int64_t schedule_next_ns(const struct guard_order *order, int64_t now_ns, int64_t until_ns)
{
	int64_t last_ns = end_ns(order, until_ns), into_ns, next_ns;

	if (now_ns >= last_ns)
		return INT64_MAX;
	if (now_ns < order->start_ns)
		return order->start_ns < last_ns ? order->start_ns : INT64_MAX;
	if (!order->period_ns)
		return last_ns;
	into_ns = (now_ns - order->start_ns) % order->period_ns;
	next_ns = now_ns - into_ns + (into_ns < order->on_ns ? order->on_ns : order->period_ns);
	return next_ns < last_ns ? next_ns : last_ns;
}

int64_t schedule_sum_ns(const struct guard_order *order, int64_t until_ns)
{
	int64_t length_ns = end_ns(order, until_ns) - order->start_ns, rest_ns;

	if (length_ns <= 0)
		return 0;
	if (!order->period_ns)
		return length_ns;
	rest_ns = length_ns % order->period_ns;
	return length_ns / order->period_ns * order->on_ns +
		(rest_ns < order->on_ns ? rest_ns : order->on_ns);
}
