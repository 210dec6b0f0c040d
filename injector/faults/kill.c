/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stddef.h>

#include "injector/fault.h"

/*
 * Sends a signal to processes, once. It is over as soon as the signals are sent; whoever
 * supervises a process must start it again. Docs: docs/faults/kill.md.
 */
struct kill {
	int signal; /* index into signal_words */
};

/* Signals whose default ends a process. Those that stop one are refused below. */
/* clang-format off */
#define SIGNALS(X) \
	X(ABRT) X(ALRM) X(BUS) X(FPE) X(HUP) X(ILL) X(INT) X(KILL) \
	X(PIPE) X(QUIT) X(SEGV) X(SYS) X(TERM) X(TRAP) X(USR1) X(USR2)
#define WORD(name) #name,
#define NUMBER(name) SIG##name,
static const char *const signal_words[] = {SIGNALS(WORD) NULL};
static const int signal_numbers[] = {SIGNALS(NUMBER)};
/* clang-format on */

/* No fault may outlive its lease, and nobody would wake up what one of these stopped. */
#define STOPS "the process would stay stopped: use the fault \"pause\""
static const struct refused_word refused[] = {
	{"STOP", STOPS},
	{"TSTP", STOPS},
	{"TTIN", STOPS},
	{"TTOU", STOPS},
	{"CONT", "it changes nothing for a process that runs"},
	{NULL, NULL},
};

static const struct field fields[] = {
	{.key = "signal",
		.kind = FIELD_ENUM,
		.offset = offsetof(struct kill, signal),
		.words = signal_words,
		.refused = refused,
		.preset = "\"KILL\"",
		.help = "what is sent, without SIG; all but KILL can be handled by the process"},
};

static const struct shape shape = {
	.name = "kill",
	.size = sizeof(struct kill),
	SHAPE_FIELDS(fields),
	.help = "The processes that match when the fault is armed get a signal at its start.",
};

static int plan_kill(
	const struct fault_order *order, const void *with, struct plan *plan, struct fail *fail)
{
	const struct kill *kill = with;
	struct effect *effect;

	(void)fail; /* the session has seen to it that there are processes, and no counterpart */
	effect = plan_add(plan, EFFECT_SIGNAL);
	effect->signal = (struct signal_rule){
		.processes = order->processes,
		.name = signal_words[kill->signal],
		.number = signal_numbers[kill->signal],
		.must_exit = signal_numbers[kill->signal] == SIGKILL,
	};
	return 0;
}

const struct fault_ops fault_kill = {
	.name = "kill",
	.summary = "send a signal to processes, once; nothing is undone",
	.with = &shape,
	.on = TARGET_NODES | TARGET_PROCESSES,
	.from = 0,
	.sides = SIDES_ON,
	.expires = EXPIRES_AT_ONCE,
	.silent = false,
	.capability = "pidfd",
	.plan = plan_kill,
};
