/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "injector/fault.h"

/*
 * Kills processes at their N-th call of a kind from the fault's start on: in the middle of what
 * they do, again and again at the same place. Docs: docs/faults/kill_on_call.md.
 */
struct kill_on_call {
	int call; /* enum bb_call */
	int when; /* enum trap_when */
	int64_t nth, port;
	char *path;
};

#define AT(member) .offset = offsetof(struct kill_on_call, member)
#define NTH_MAX 1000000000
#define PORT_MAX 65535

static const struct form path_form = {
	.pattern = "^/", .says = "an absolute path: it does not begin with \"/\""};

static const struct field fields[] = {
	{.key = "call",
		.kind = FIELD_ENUM,
		AT(call),
		.words = trap_call_words,
		.required = true,
		.help = "which calls count; each word is for a family of system calls"},
	{.key = "nth",
		.kind = FIELD_INTEGER,
		AT(nth),
		.min = 1,
		.max = NTH_MAX,
		.preset = "1",
		.help = "at which of them, counted from 1 for each process"},
	{.key = "path",
		.kind = FIELD_STRING,
		AT(path),
		.form = &path_form,
		.help = "only calls on this file, or on what lies below this directory, as the "
			"process sees it"},
	{.key = "port",
		.kind = FIELD_INTEGER,
		AT(port),
		.min = 1,
		.max = PORT_MAX,
		.help = "only calls to this port of the other end; for \"connect\" and \"send\""},
	{.key = "when",
		.kind = FIELD_ENUM,
		AT(when),
		.words = trap_when_words,
		.preset = "\"auto\"",
		.help = "\"before\" the call has taken effect, which needs a kernel with BPF among "
			"its security modules; \"after\" it has; \"auto\": before where that is "
			"possible"},
};

static const struct shape shape = {
	.name = "kill_on_call",
	.size = sizeof(struct kill_on_call),
	SHAPE_FIELDS(fields),
	.help = "The processes that match when the fault is armed are killed at a call of theirs.",
};

static int plan_kill_on_call(
	const struct fault_order *order, const void *with, struct plan *plan, struct fail *fail)
{
	const struct kill_on_call *kill = with;
	struct effect *effect;
	struct trap_rule rule = {
		.processes = order->processes,
		.call = (enum bb_call)kill->call,
		.when = (enum trap_when)kill->when,
		.nth = kill->nth,
		.path = kill->path,
		.port = kill->port,
		.start_ns = order->start_ns,
		.deadline_ns = order->deadline_ns,
	};

	if (trap_check(&rule, fail) < 0)
		return -1;
	effect = plan_add(plan, EFFECT_TRAP);
	effect->trap = rule;
	return 0;
}

const struct fault_ops fault_kill_on_call = {
	.name = "kill_on_call",
	.summary = "kill processes at a system call of theirs; nothing is undone",
	.with = &shape,
	.on = TARGET_NODES | TARGET_PROCESSES,
	.from = 0,
	.sides = SIDES_ON,
	.expires = EXPIRES_KERNEL,
	.silent = false,
	.capability = "trap",
	.plan = plan_kill_on_call,
};
