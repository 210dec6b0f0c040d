/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "contract/units.h"
#include "injector/fault.h"
#include "injector/faults/offset.h"
#include "injector/targets.h"

/*
 * Lets the clock of processes go wrong while they run, and right again: only what they read, not
 * the host's clock. Docs: docs/faults/clock_skew.md.
 */
struct strobe {
	char *offset;
	int64_t every_ns;
};

enum clocks_meant {
	CLOCKS_WALL,
	CLOCKS_ALL
};
static const char *const clocks_words[] = {[CLOCKS_WALL] = "wall", [CLOCKS_ALL] = "all", NULL};

struct skew_fault {
	char *offset; /* NULL: none */
	double drift;
	bool freeze;
	struct strobe *strobe;
	int clocks; /* enum clocks_meant */
	bool later;
};

#define DRIFT_MIN 0.5
#define DRIFT_MAX 2
#define STROBE_MIN_NS (10 * NS_PER_MS)
#define STROBE_MAX_NS (3600 * NS_PER_SEC)

static const struct field strobe_fields[] = {
	{.key = "offset",
		.kind = FIELD_STRING,
		.offset = offsetof(struct strobe, offset),
		.required = true,
		.form = &offset_form,
		.help = "the other offset"},
	{.key = "every",
		.kind = FIELD_DURATION,
		.offset = offsetof(struct strobe, every_ns),
		.required = true,
		.min = STROBE_MIN_NS,
		.max = STROBE_MAX_NS,
		.help = "how long one of each takes: half of it the one, half of it the other"},
};
static const struct shape strobe_shape = {
	.name = "strobe",
	.size = sizeof(struct strobe),
	SHAPE_FIELDS(strobe_fields),
	.help = "Two offsets in turns.",
};

#define AT(member) .offset = offsetof(struct skew_fault, member)

static const struct field fields[] = {
	{.key = "offset",
		.kind = FIELD_STRING,
		AT(offset),
		.form = &offset_form,
		.live = true,
		.help = "how far the wall clock is ahead (\"+30s\") or behind (\"-2h\"), from the "
			"start on"},
	{.key = "drift",
		.kind = FIELD_NUMBER,
		AT(drift),
		.min = DRIFT_MIN,
		.max = DRIFT_MAX,
		.preset = "1",
		.live = true,
		.help = "seconds that pass on it for each true one"},
	{.key = "freeze",
		.kind = FIELD_BOOL,
		AT(freeze),
		.preset = "false",
		.help = "the wall clock stands"},
	{.key = "strobe",
		.kind = FIELD_OBJECT,
		AT(strobe),
		.sub = &strobe_shape,
		.help = "\"offset\" and another one in turns; the clock leaps forth and back"},
	{.key = "clocks",
		.kind = FIELD_ENUM,
		AT(clocks),
		.words = clocks_words,
		.preset = "\"wall\"",
		.help = "\"wall\": CLOCK_REALTIME and CLOCK_TAI; \"all\": CLOCK_MONOTONIC and "
			"CLOCK_BOOTTIME go by the drift as well, which then is below 1"},
	{.key = "later",
		.kind = FIELD_BOOL,
		AT(later),
		.preset = "true",
		.help = "when \"processes\" names a whole cgroup or unit: what is started in it "
			"while it lasts, too"},
};

static const struct shape shape = {
	.name = "clock_skew",
	.size = sizeof(struct skew_fault),
	SHAPE_FIELDS(fields),
	.help = "The processes that match when the fault is armed, and what they fork, read "
		"another time while it lasts; of a whole cgroup also what is started in it. The "
		"host's clock is not touched.",
};

static int check(const struct skew_fault *skew, struct fail *fail)
{
	if (!skew->offset && skew->drift == 1 && !skew->freeze && !skew->strobe)
		return fail_set(fail, FAIL_USAGE,
			"nothing is skewed: give \"offset\", \"drift\", \"freeze\" or \"strobe\"");
	if (skew->freeze && skew->drift != 1)
		return fail_set(
			fail, FAIL_USAGE, "\"freeze\": a clock that stands has no \"drift\"");
	if (skew->freeze && skew->strobe)
		return fail_set(
			fail, FAIL_USAGE, "\"freeze\": a clock that stands has no \"strobe\"");
	if (skew->clocks == CLOCKS_ALL && (skew->drift >= 1 || skew->freeze))
		return fail_set(fail, FAIL_USAGE,
			"\"clocks\": \"all\" needs a \"drift\" below 1: CLOCK_MONOTONIC never goes "
			"back, and it would at the end");
	return 0;
}

static int plan_clock_skew(
	const struct fault_order *order, const void *with, struct plan *plan, struct fail *fail)
{
	const struct skew_fault *fault = with;
	struct clock_skew skew = {
		.drift = fault->drift,
		.freeze = fault->freeze,
		.strobe_ns = fault->strobe ? fault->strobe->every_ns : 0,
		.steady = fault->clocks == CLOCKS_ALL,
	};

	if (check(fault, fail) < 0 || offset_take(fault->offset, &skew.offset_ns, fail) < 0 ||
		offset_take(fault->strobe ? fault->strobe->offset : NULL, &skew.other_ns, fail) < 0)
		return -1;
	plan_add(plan, EFFECT_CLOCK)->clock = (struct clock_rule){
		.processes = order->processes,
		.skew = skew,
		.start_ns = order->start_ns,
		.deadline_ns = order->deadline_ns,
		.later = fault->later && targets_name_whole(order->processes),
	};
	return 0;
}

const struct fault_ops fault_clock_skew = {
	.name = "clock_skew",
	.summary = "let processes read a wrong time, without restarting them",
	.with = &shape,
	.on = TARGET_NODES | TARGET_PROCESSES,
	.from = 0,
	.sides = SIDES_ON,
	.expires = EXPIRES_KERNEL, /* the stub in the target compares it, and needs nobody */
	.silent = false,
	.capability = "clock_skew",
	.plan = plan_clock_skew,
};
