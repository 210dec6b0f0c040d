/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdlib.h>

#include "contract/units.h"
#include "injector/fault.h"
#include "injector/faults/offset.h"

/*
 * Steps the clock of a whole machine, and sets it right again. Docs: docs/faults/clock_step.md.
 */
struct step_fault {
	char *offset;
};

/* Below that it could not be told from how exactly it is set right again. */
#define OFFSET_MIN_NS NS_PER_MS

static const struct field fields[] = {
	{.key = "offset",
		.kind = FIELD_STRING,
		.offset = offsetof(struct step_fault, offset),
		.required = true,
		.form = &offset_form,
		.help = "how far the machine's wall clock is stepped, on (\"+1h\") or back "
			"(\"-30s\"); at least 1ms, at most ten years"},
};

static const struct shape shape = {
	.name = "clock_step",
	.size = sizeof(struct step_fault),
	SHAPE_FIELDS(fields),
	.help = "CLOCK_REALTIME of the whole machine is another while it lasts: for all that runs "
		"there, and for the kernel.",
};

static int plan_clock_step(
	const struct fault_order *order, const void *with, struct plan *plan, struct fail *fail)
{
	const struct step_fault *fault = with;
	struct step_rule rule = {.start_ns = order->start_ns, .deadline_ns = order->deadline_ns};

	if (offset_take(fault->offset, &rule.offset_ns, fail) < 0)
		return -1;
	if (llabs(rule.offset_ns) < OFFSET_MIN_NS)
		return fail_set(fail, FAIL_USAGE, "offset: %.40s is less than 1ms", fault->offset);
	plan_add(plan, EFFECT_STEP)->step = rule;
	return 0;
}

const struct fault_ops fault_clock_step = {
	.name = "clock_step",
	.summary = "step the clock of a whole machine, where its policy names this fault",
	.with = &shape,
	.on = TARGET_NODES,
	.from = 0,
	.sides = SIDES_ON,
	.expires = EXPIRES_GUARDIAN,
	.silent = false,
	.did = "clock stepped",
	.alone = true,
	.machine = true,
	.capability = "clock_step",
	.plan = plan_clock_step,
};
