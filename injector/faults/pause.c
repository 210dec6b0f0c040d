/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "contract/units.h"
#include "injector/fault.h"

/*
 * Holds processes still: they are there, their sockets are open, and they do nothing. All the time,
 * or so much of each period, which makes them slow rather than dead. Docs: docs/faults/pause.md.
 */
struct duty {
	int64_t on_ns, every_ns;
};

struct pause_fault {
	int how; /* enum pause_how */
	struct duty *duty;
};

#define ON_MIN_NS NS_PER_MS
#define EVERY_MIN_NS (10 * NS_PER_MS)
#define EVERY_MAX_NS (3600 * NS_PER_SEC)

static const struct field duty_fields[] = {
	{.key = "held",
		.kind = FIELD_DURATION,
		.offset = offsetof(struct duty, on_ns),
		.required = true,
		.min = ON_MIN_NS,
		.max = EVERY_MAX_NS,
		.help = "how long they are held"},
	{.key = "every",
		.kind = FIELD_DURATION,
		.offset = offsetof(struct duty, every_ns),
		.required = true,
		.min = EVERY_MIN_NS,
		.max = EVERY_MAX_NS,
		.help = "how often; longer than \"held\""},
};
static const struct shape duty_shape = {
	.name = "duty",
	.size = sizeof(struct duty),
	SHAPE_FIELDS(duty_fields),
	.help = "Processes that stand still again and again.",
};

#define AT(member) .offset = offsetof(struct pause_fault, member)

static const struct field fields[] = {
	{.key = "how",
		.kind = FIELD_ENUM,
		AT(how),
		.words = pause_how_words,
		.preset = "\"auto\"",
		.help = "\"freeze\": a whole cgroup, by the freezer; \"trace\": single processes, "
			"by "
			"ptrace; \"stop\": by SIGSTOP, which their parents see; \"auto\": "
			"\"freeze\" "
			"where \"processes\" names a cgroup or unit and nothing else, else "
			"\"trace\""},
	{.key = "duty",
		.kind = FIELD_OBJECT,
		AT(duty),
		.sub = &duty_shape,
		.help = "held for a while, running for a while, and so on; all the time if left "
			"out"},
};

static const struct shape shape = {
	.name = "pause",
	.size = sizeof(struct pause_fault),
	SHAPE_FIELDS(fields),
	.help = "The processes that match when the fault is armed stand still while it lasts.",
};

static int plan_pause(
	const struct fault_order *order, const void *with, struct plan *plan, struct fail *fail)
{
	const struct pause_fault *pause = with;
	struct effect *effect;
	enum pause_how how;

	if (pause->duty && pause->duty->on_ns >= pause->duty->every_ns)
		return fail_set(fail, FAIL_USAGE,
			"duty: \"held\" must be shorter than \"every\"; all the time is without "
			"\"duty\"");
	if (pause_choose(pause->how, order->processes, &how, fail) < 0)
		return -1;
	effect = plan_add(plan, EFFECT_PAUSE);
	effect->pause = (struct pause_rule){
		.processes = order->processes,
		.how = how,
		.start_ns = order->start_ns,
		.deadline_ns = order->deadline_ns,
		.on_ns = pause->duty ? pause->duty->on_ns : 0,
		.period_ns = pause->duty ? pause->duty->every_ns : 0,
	};
	return 0;
}

const struct fault_ops fault_pause = {
	.name = "pause",
	.summary = "hold processes still for a time, or again and again",
	.with = &shape,
	.on = TARGET_NODES | TARGET_PROCESSES,
	.from = 0,
	.sides = SIDES_ON,
	.expires = EXPIRES_GUARDIAN,
	.silent = false,
	.capability = "pause",
	.plan = plan_pause,
};
