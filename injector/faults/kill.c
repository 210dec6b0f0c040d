/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stddef.h>

#include "contract/units.h"
#include "injector/fault.h"

/*
 * Sends a signal to processes: once, and then it is over as soon as the signals are sent; or again
 * and again, to those that run by then. Whoever supervises a process must start it again. Docs:
 * docs/faults/kill.md.
 */
struct kill {
	int signal; /* index into signal_words */
	int how;    /* enum kill_how */
	int64_t every_ns, times;
};

#define EVERY_MIN_NS (100 * NS_PER_MS)
#define EVERY_MAX_NS (24 * 3600 * NS_PER_SEC)

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

#define AT(member) .offset = offsetof(struct kill, member)

static const struct field fields[] = {
	{.key = "signal",
		.kind = FIELD_ENUM,
		AT(signal),
		.words = signal_words,
		.refused = refused,
		.preset = "\"KILL\"",
		.help = "what is sent, without SIG; all but KILL can be handled by the process"},
	{.key = "how",
		.kind = FIELD_ENUM,
		AT(how),
		.words = kill_how_words,
		.preset = "\"auto\"",
		.help = "\"signal\": each process for itself; \"cgroup\": a whole cgroup in one "
			"go, "
			"with what it forks meanwhile; \"auto\": \"cgroup\" where \"processes\" "
			"names "
			"a cgroup or unit and nothing else, the signal is KILL, and nobody is to "
			"be "
			"spared"},
	{.key = "every",
		.kind = FIELD_DURATION,
		AT(every_ns),
		.min = EVERY_MIN_NS,
		.max = EVERY_MAX_NS,
		.help = "strikes again so often, as long as the fault lasts: a crash loop; once if "
			"left out"},
	{.key = "times",
		.kind = FIELD_INTEGER,
		AT(times),
		.min = 1,
		.max = STRIKES_MAX,
		.needs = "every",
		.help = "ends with this strike; with the fault if left out, or with the 100th"},
};

static const struct shape shape = {
	.name = "kill",
	.size = sizeof(struct kill),
	SHAPE_FIELDS(fields),
	.help = "The processes that match when the fault is armed get a signal at its start; with "
		"\"every\" also those that match later.",
};

static int plan_kill(
	const struct fault_order *order, const void *with, struct plan *plan, struct fail *fail)
{
	const struct kill *kill = with;
	struct effect *effect;

	enum kill_how how;

	/* The session has seen to it that there are processes, and no counterpart. */
	if (signals_choose(kill->how, order->processes, signal_numbers[kill->signal], &how, fail) <
		0)
		return -1;
	effect = plan_add(plan, EFFECT_SIGNAL);
	effect->signal = (struct signal_rule){
		.processes = order->processes,
		.name = signal_words[kill->signal],
		.number = signal_numbers[kill->signal],
		.must_exit = signal_numbers[kill->signal] == SIGKILL,
		.how = how,
		.start_ns = order->start_ns,
		.every_ns = kill->every_ns,
		.times = kill->times ? kill->times : STRIKES_MAX,
	};
	return 0;
}

const struct fault_ops fault_kill = {
	.name = "kill",
	.summary = "send a signal to processes, once or again and again; nothing is undone",
	.with = &shape,
	.on = TARGET_NODES | TARGET_PROCESSES,
	.from = 0,
	.sides = SIDES_ON,
	.expires = EXPIRES_AT_ONCE,
	.lasts_with = "every",
	.ends_processes = true,
	.silent = false,
	.capability = "pidfd",
	.plan = plan_kill,
};
