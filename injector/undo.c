/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/undo.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "contract/units.h"
#include "contract/verbs.h"
#include "injector/clock/step.h"
#include "injector/host.h"
#include "injector/lists.h"
#include "injector/mechanisms/step_note.h"

#define AT(member) .offset = offsetof(struct undo, member)

static const char *const kind_words[] = {[UNDO_TCX] = "tcx",
	[UNDO_FILTER] = "filter",
	[UNDO_QDISC] = "qdisc",
	[UNDO_LANE] = "lane",
	[UNDO_STOP] = "stop",
	[UNDO_FREEZE] = "freeze",
	[UNDO_GROUP] = "group",
	[UNDO_CLOCK] = "clock",
	[UNDO_GATE] = "gate",
	[UNDO_STEP] = "step",
	[UNDO_KINDS] = NULL};

static const struct field undo_fields[] = {
	{.key = "undo", .kind = FIELD_ENUM, .words = kind_words, AT(kind), .required = true},
	{.key = "ifindex", .kind = FIELD_INTEGER, AT(ifindex), .required = true},
	{.key = "interface", .kind = FIELD_STRING, AT(interface), .required = true},
	{.key = "direction", .kind = FIELD_ENUM, .words = direction_words, AT(direction)},
	{.key = "pref", .kind = FIELD_INTEGER, AT(pref)},
	{.key = "name", .kind = FIELD_STRING, AT(name)},
	{.key = "tag", .kind = FIELD_STRING, AT(tag)},
	{.key = "pid", .kind = FIELD_I64, AT(pid)},
	{.key = "start_ticks", .kind = FIELD_I64, AT(start_ticks)},
	{.key = "cgroup", .kind = FIELD_I64, AT(cgroup)},
	{.key = "key", .kind = FIELD_I64, AT(key)},
	{.key = "step", .kind = FIELD_OBJECT, .sub = &clock_step_shape, AT(step)},
};
const struct shape undo_shape = {
	.name = "undo record", .size = sizeof(struct undo), SHAPE_FIELDS(undo_fields)};

#define TCX_WAIT_NS (5 * NS_PER_SEC)
#define TCX_LOOK_AGAIN_NS (5 * NS_PER_MS)

const char *undo_describe(const struct undo *undo, char text[static UNDO_TEXT_MAX])
{
	const char *direction = direction_words[undo->direction];

	switch ((enum undo_kind)undo->kind) {
	case UNDO_TCX:
		snprintf(text, UNDO_TEXT_MAX, "detach %s from %s %s", undo->name, undo->interface,
			direction);
		break;
	case UNDO_FILTER:
		snprintf(text, UNDO_TEXT_MAX, "remove filter %s (pref %lld) from %s %s", undo->name,
			(long long)undo->pref, undo->interface, direction);
		break;
	case UNDO_QDISC:
		snprintf(text, UNDO_TEXT_MAX, "remove qdisc clsact from %s, if it is empty",
			undo->interface);
		break;
	case UNDO_LANE:
		snprintf(text, UNDO_TEXT_MAX, "remove link %s", undo->interface);
		break;
	case UNDO_STOP:
		snprintf(text, UNDO_TEXT_MAX, "continue process %lld", (long long)undo->pid);
		break;
	case UNDO_FREEZE:
		snprintf(text, UNDO_TEXT_MAX, "thaw cgroup %.200s", undo->interface);
		break;
	case UNDO_GROUP:
		snprintf(text, UNDO_TEXT_MAX, "remove cgroup %.200s", undo->interface);
		break;
	case UNDO_CLOCK:
		snprintf(text, UNDO_TEXT_MAX,
			"give process %lld, and those that it has forked, "
			"their own clock",
			(long long)undo->pid);
		break;
	case UNDO_GATE:
		snprintf(text, UNDO_TEXT_MAX,
			"let go on what was started in cgroup %.150s, with its own clock",
			undo->interface);
		break;
	case UNDO_STEP:
		snprintf(text, UNDO_TEXT_MAX, "set this machine's clock right");
		break;
	case UNDO_KINDS:
		break;
	}
	return text;
}

static bool is_ours(const struct undo *undo, const struct host_filter *filter)
{
	return filter->pref == (uint32_t)undo->pref && filter->handle != 0 && undo->name &&
		undo->tag && strcmp(filter->kind, "bpf") == 0 &&
		strcmp(filter->name, undo->name) == 0 && strcmp(filter->tag, undo->tag) == 0;
}

static int tcx_is_attached(const struct undo *undo, bool *out, struct fail *fail)
{
	struct list programs;

	*out = false;
	if (host_tcx_list((int)undo->ifindex, undo->direction, &programs, fail) < 0)
		return -1;
	LIST_EACH(programs, const struct host_program, program) {
		*out |= undo->name && undo->tag && strcmp(program->name, undo->name) == 0 &&
			strcmp(program->tag, undo->tag) == 0;
	}
	list_free(&programs);
	return 0;
}

/*
 * A link goes with its process, but not in the same instant: the kernel drops the last reference of
 * a killed process in the background. Until then the state is not as before.
 */
static int run_tcx(const struct undo *undo, char *text, struct fail *fail)
{
	int64_t until_ns = host_now_ns() + TCX_WAIT_NS;
	bool attached;

	for (;;) {
		if (tcx_is_attached(undo, &attached, fail) < 0)
			return -1;
		if (!attached)
			break;
		if (host_now_ns() >= until_ns)
			return fail_set(fail, FAIL_BUSY, "somebody still holds its link");
		host_pause(TCX_LOOK_AGAIN_NS);
	}
	snprintf(text, UNDO_TEXT_MAX, "%s on %s %s: went with its process",
		undo->name ? undo->name : "program", undo->interface,
		direction_words[undo->direction]);
	return 0;
}

static int run_filter(const struct undo *undo, char *text, struct fail *fail)
{
	struct list filters;
	bool found = false;

	if (host_filter_list((int)undo->ifindex, undo->direction, &filters, fail) < 0)
		return -1;
	LIST_EACH(filters, const struct host_filter, filter) {
		found |= is_ours(undo, filter);
	}
	list_free(&filters);
	if (!found) {
		snprintf(text, UNDO_TEXT_MAX, "filter %s on %s %s: gone, or not ours any more",
			undo->name ? undo->name : "", undo->interface,
			direction_words[undo->direction]);
		return 0;
	}
	if (host_filter_delete((int)undo->ifindex, undo->direction, (uint32_t)undo->pref, fail) < 0)
		return -1;
	snprintf(text, UNDO_TEXT_MAX, "filter %s (pref %lld) removed from %s %s", undo->name,
		(long long)undo->pref, undo->interface, direction_words[undo->direction]);
	return 0;
}

static int run_qdisc(const struct undo *undo, char *text, struct fail *fail)
{
	enum host_clsact state;
	size_t users = 0;

	if (host_clsact_state((int)undo->ifindex, &state, fail) < 0)
		return -1;
	if (state != CLSACT_PRESENT) {
		snprintf(text, UNDO_TEXT_MAX, "qdisc clsact on %s: gone", undo->interface);
		return 0;
	}
	for (int direction = 0; direction < BB_DIRECTIONS; direction++) {
		struct list filters;

		if (host_filter_list((int)undo->ifindex, direction, &filters, fail) < 0)
			return -1;
		users += filters.count;
		list_free(&filters);
	}
	if (users) {
		snprintf(text, UNDO_TEXT_MAX, "qdisc clsact on %s: left, others use it now",
			undo->interface);
		return 0;
	}
	if (host_clsact_delete((int)undo->ifindex, fail) < 0)
		return -1;
	snprintf(text, UNDO_TEXT_MAX, "qdisc clsact removed from %s", undo->interface);
	return 0;
}

/* Its keeper, if it has one and that lives, ends with it. */
static int run_lane(const struct undo *undo, char *text, struct fail *fail)
{
	int before, after = 0;

	if (host_link_named(undo->interface, &before, fail) < 0)
		return -1;
	if (before &&
		(host_lane_delete(undo->interface, fail) < 0 ||
			host_link_named(undo->interface, &after, fail) < 0))
		return -1;
	snprintf(text, UNDO_TEXT_MAX, "link %s%s", undo->interface,
		!before         ? ": gone"
			: after ? ": left, it is none of ours"
				: " removed");
	return 0;
}

static int run_stop(const struct undo *undo, char *text, struct fail *fail)
{
	bool was;

	if (host_process_resume(undo->pid, (uint64_t)undo->start_ticks, &was, fail) < 0)
		return -1;
	snprintf(text, UNDO_TEXT_MAX, "process %lld: %s", (long long)undo->pid,
		was ? "continued" : "gone, or not stopped any more");
	return 0;
}

static int run_freeze(const struct undo *undo, char *text, struct fail *fail)
{
	bool was;

	if (host_cgroup_thaw(undo->interface, (uint64_t)undo->cgroup, &was, fail) < 0)
		return -1;
	snprintf(text, UNDO_TEXT_MAX, "cgroup %.200s: %s", undo->interface,
		was ? "thawed" : "gone, or not frozen any more");
	return 0;
}

static int run_group(const struct undo *undo, char *text, struct fail *fail)
{
	if (host_cgroup_remove(undo->interface, fail) < 0)
		return -1;
	snprintf(text, UNDO_TEXT_MAX, "cgroup %.200s removed, or gone", undo->interface);
	return 0;
}

static int run_clock(const struct undo *undo, char *text, struct fail *fail)
{
	size_t healed;

	if (host_clock_heal((uint64_t)undo->key, &healed, fail) < 0)
		return -1;
	if (healed)
		snprintf(text, UNDO_TEXT_MAX, "process %lld: %zu clocks are as before",
			(long long)undo->pid, healed);
	else
		snprintf(text, UNDO_TEXT_MAX, "process %lld: gone, or its clock is its own",
			(long long)undo->pid);
	return 0;
}

/* The gate itself went with its process. */
static int run_gate(const struct undo *undo, char *text, struct fail *fail)
{
	size_t stood, healed;

	if (host_gate_release(undo->interface, (uint64_t)undo->cgroup, &stood, fail) < 0 ||
		host_clock_heal((uint64_t)undo->key, &healed, fail) < 0)
		return -1;
	snprintf(text, UNDO_TEXT_MAX,
		"cgroup %.150s: %zu that stood go on, %zu clocks are as before", undo->interface,
		stood, healed);
	return 0;
}

/* What the clock said when it was stepped is known for this boot only, and so is the note of it. */
static int run_step(const struct undo *undo, char *text, struct fail *fail)
{
	struct step_told told = {0};

	if (!undo->step)
		return fail_set(fail, FAIL_INTERNAL, "the record does not say how it was");
	if (step_undo(undo->step, &told, fail) < 0 || step_note_remove(undo->interface, fail) < 0)
		return -1;
	snprintf(text, UNDO_TEXT_MAX, "this machine's clock was off by %.6f s, and is by %.6f s",
		(double)told.last_ns / NS_PER_SEC, (double)told.error_ns / NS_PER_SEC);
	return 0;
}

int undo_run(const struct undo *undo, char text[static UNDO_TEXT_MAX], struct fail *fail)
{
	char what[UNDO_TEXT_MAX] = "";
	int result = 0;

	switch ((enum undo_kind)undo->kind) {
	case UNDO_TCX:
		result = run_tcx(undo, text, fail);
		break;
	case UNDO_FILTER:
		result = run_filter(undo, text, fail);
		break;
	case UNDO_QDISC:
		result = run_qdisc(undo, text, fail);
		break;
	case UNDO_LANE:
		result = run_lane(undo, text, fail);
		break;
	case UNDO_STOP:
		result = run_stop(undo, text, fail);
		break;
	case UNDO_FREEZE:
		result = run_freeze(undo, text, fail);
		break;
	case UNDO_GROUP:
		result = run_group(undo, text, fail);
		break;
	case UNDO_CLOCK:
		result = run_clock(undo, text, fail);
		break;
	case UNDO_GATE:
		result = run_gate(undo, text, fail);
		break;
	case UNDO_STEP:
		result = run_step(undo, text, fail);
		break;
	case UNDO_KINDS:
		return fail_set(fail, FAIL_INTERNAL, "undo record of kind %d", undo->kind);
	}
	return result < 0 ? fail_context(fail, "%s", undo_describe(undo, what)) : 0;
}
