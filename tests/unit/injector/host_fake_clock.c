/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "injector/clock/skew.h"
#include "injector/host.h"
#include "injector/lists.h"
#include "tests/unit/injector/host_fake.h"

/* Clocks of processes: nobody reads them, and the control page is just memory. */

struct host_clock {
	struct clock_control control;
};

static struct host_clock *last;

void host_clocks_now(struct clock_moment *out)
{
	for (int line = 0; line < LINES; line++)
		out->at_ns[line] =
			line == LINE_REAL || line == LINE_TAI ? fake.wall_ns : fake.now_ns;
}

int host_clock_attach(
	const struct host_clock_order *order, struct host_clock **out, struct fail *fail)
{
	if (fake.clock_refusal)
		return fail_set(fail, FAIL_REFUSED, "%s", fake.clock_refusal);
	if (fake_fails("clock_attach")) {
		if (fake_happens())
			*(uint64_t *)list_push(&fake.clocks, sizeof(uint64_t)) = order->key;
		return fake_refuse(fail, "clock_attach");
	}
	*(uint64_t *)list_push(&fake.clocks, sizeof(uint64_t)) = order->key;
	last = must_alloc(sizeof(*last));
	*out = last;
	return 0;
}

struct clock_control *host_clock_control(const struct host_clock *clock)
{
	return (struct clock_control *)&clock->control;
}

uint64_t host_clock_calls(const struct host_clock *clock)
{
	return clock->control.on ? 7 : 0;
}

size_t host_clock_threads(const struct host_clock *clock)
{
	(void)clock;
	return 1;
}

void host_clock_free(struct host_clock *clock)
{
	if (clock == last)
		last = NULL;
	free(clock);
}

int host_clock_heal(uint64_t key, size_t *out_healed, struct fail *fail)
{
	const uint64_t *keys = fake.clocks.items;
	bool refuses = fake_fails("clock_heal");

	*out_healed = 0;
	for (size_t i = fake.clocks.count; i-- > 0 && (!refuses || fake_happens());)
		if (keys[i] == key) {
			fake_remove_at(&fake.clocks, sizeof(*keys), i);
			++*out_healed;
		}
	return refuses ? fake_refuse(fail, "clock_heal") : 0;
}

const struct clock_control *fake_clock_control(void)
{
	return last ? &last->control : NULL;
}
