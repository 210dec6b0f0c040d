/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/mechanisms/traps.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "contract/units.h"
#include "injector/host.h"
#include "injector/lists.h"
#include "injector/targets.h"

enum {
	CMDLINE_JSON_MAX = 96, /* as for signals.c */
	TRAP_TEXT_MAX = 64
};
#define LOOK_NS (50 * NS_PER_MS) /* the kernel tells nobody when it kills */

const char *const trap_when_words[] = {"auto", "before", "after", NULL};
static_assert(sizeof(trap_when_words) / sizeof(char *) == TRAP_WHEN_AFTER + 2, "a word each");
const char *const trap_call_words[] = {"read", "write", "open", "rename", "unlink", "mkdir", "sync",
	"connect", "send", "exec", NULL};
static_assert(sizeof(trap_call_words) / sizeof(char *) == BB_CALLS + 1, "a word each");

struct caught {
	struct bb_trapped seen;
	int64_t age_ns, exited_ns;
};

struct traps {
	struct trap_rule rule;
	struct host_trap *trap; /* NULL: disarmed */
	enum host_trap_side side;
	struct list targets; /* of struct target */
	struct caught *each; /* one for each */
	int64_t next_look_ns;
};

/* ---- which calls have what ---- */

/* What a call was about is known when it returns. */
static bool has_its_file_after(enum bb_call call)
{
	return call == BB_CALL_READ || call == BB_CALL_WRITE || call == BB_CALL_SYNC ||
		call == BB_CALL_OPEN || call == BB_CALL_EXEC;
}

static bool has_a_port(enum bb_call call)
{
	return call == BB_CALL_CONNECT || call == BB_CALL_SEND;
}

int trap_check(const struct trap_rule *rule, struct fail *fail)
{
	const char *call = trap_call_words[rule->call];

	if (rule->port && !has_a_port(rule->call))
		return fail_set(fail, FAIL_USAGE,
			"\"port\" is for \"connect\" and \"send\"; %s has none", call);
	if (rule->path && has_a_port(rule->call))
		return fail_set(
			fail, FAIL_USAGE, "\"path\" is for calls on files; %s has none", call);
	if (rule->when == TRAP_WHEN_BEFORE && rule->call == BB_CALL_SYNC)
		return fail_set(fail, FAIL_USAGE,
			"\"when\": \"before\": no kernel lets anybody refuse a sync; \"after\" "
			"it is, or before a write");
	if (rule->when == TRAP_WHEN_AFTER && rule->path && !has_its_file_after(rule->call))
		return fail_set(fail, FAIL_USAGE,
			"\"path\" with \"when\": \"after\": what %s was about is not known then",
			call);
	return 0;
}

/* ---- arming ---- */

static int choose(struct traps *traps, const struct target_guard *guard, struct fail *fail)
{
	if (targets_open(traps->rule.processes, guard, &traps->targets, fail) < 0)
		return -1;
	traps->each = must_array(traps->targets.count, sizeof(*traps->each));
	for (size_t i = 0; i < traps->targets.count; i++)
		traps->each[i].age_ns = host_now_ns() -
			target_began_ns(&LIST_AT(traps->targets, struct target, i)->process);
	return 0;
}

static int fill_in(
	const struct traps *traps, int64_t until_ns, struct bb_trap *out, struct fail *fail)
{
	const struct trap_rule *rule = &traps->rule;
	uint64_t inode;

	*out = (struct bb_trap){
		.lease_until_ns = (uint64_t)until_ns,
		.start_ns = (uint64_t)rule->start_ns,
		.deadline_ns = (uint64_t)rule->deadline_ns,
		.nth = (uint64_t)rule->nth,
		.call = rule->call,
		.signal = SIGKILL,
		.port = (uint16_t)rule->port,
		.filtered = rule->path || rule->port,
	};
	if (!rule->path)
		return 0;
	/* All of them are taken to see the same files. */
	if (host_path_identity(LIST_AT(traps->targets, struct target, 0)->process.pid, rule->path,
		    &inode, &out->device, fail) < 0)
		return -1;
	out->inode = inode;
	return 0;
}

static int set(struct traps *traps, const struct bb_trap *rule, struct fail *fail)
{
	enum trap_when when = traps->rule.when;
	struct trap_rule after = traps->rule;
	struct fail before = FAIL_INIT;

	traps->side = when == TRAP_WHEN_AFTER ? TRAP_AFTER : TRAP_BEFORE;
	if (when != TRAP_WHEN_AUTO)
		return host_trap_open(rule, traps->side, &traps->trap, fail);
	if (host_trap_open(rule, TRAP_BEFORE, &traps->trap, &before) == 0)
		return 0;
	traps->side = TRAP_AFTER;
	after.when = TRAP_WHEN_AFTER;
	if (trap_check(&after, fail) == 0 &&
		host_trap_open(rule, TRAP_AFTER, &traps->trap, fail) == 0)
		return 0;
	return fail_context(fail, "not before the call (%.120s), and after it", before.text);
}

static int arm(
	struct traps *traps, const struct target_guard *guard, int64_t until_ns, struct fail *fail)
{
	struct bb_trap rule;

	if (choose(traps, guard, fail) < 0 || fill_in(traps, until_ns, &rule, fail) < 0 ||
		set(traps, &rule, fail) < 0)
		return -1;
	LIST_EACH(traps->targets, const struct target, target) {
		if (host_trap_add(traps->trap, target->process.pid, target->process.start_ticks,
			    fail) < 0)
			return -1;
	}
	return 0;
}

int traps_arm(const struct trap_rule *rule, const struct target_guard *guard, int64_t until_ns,
	struct traps **out, struct fail *fail)
{
	struct traps *traps = must_alloc(sizeof(*traps));

	traps->rule = *rule;
	if (arm(traps, guard, until_ns, fail) < 0) {
		traps_free(traps);
		return -1;
	}
	*out = traps;
	return 0;
}

void traps_lease(struct traps *traps, int64_t until_ns)
{
	if (traps->trap)
		host_trap_lease(traps->trap, until_ns);
}

const char *traps_carrier(const struct traps *traps)
{
	return traps->side == TRAP_BEFORE ? "lsm" : "tracepoint";
}

/* ---- what came of it ---- */

static bool look(struct traps *traps)
{
	bool news = false;

	for (size_t i = 0; i < traps->targets.count; i++) {
		const struct target *target = LIST_AT(traps->targets, struct target, i);
		struct caught *caught = &traps->each[i];
		uint64_t hit_ns = caught->seen.hit_ns;

		if (traps->trap)
			host_trap_read(traps->trap, target->process.pid, &caught->seen);
		news |= caught->seen.hit_ns != hit_ns;
		if (caught->seen.hit_ns && !caught->exited_ns &&
			host_process_has_exited(target->file)) {
			caught->exited_ns = host_now_ns();
			news = true;
		}
	}
	return news;
}

void traps_disarm(struct traps *traps)
{
	struct host_trap *trap = traps->trap;

	/* Detached before it is read for the last time: who is hit in between is not missed. */
	if (!trap)
		return;
	host_trap_lease(trap, 0);
	look(traps);
	traps->trap = NULL;
	host_trap_close(trap);
}

/* Somebody may still be hit, or was and has not been seen to exit. */
static bool is_awaited(const struct traps *traps)
{
	for (size_t i = 0; i < traps->targets.count; i++) {
		const struct caught *caught = &traps->each[i];

		if (caught->seen.hit_ns ? !caught->exited_ns : traps->trap != NULL)
			return true;
	}
	return false;
}

bool traps_watch(struct traps *traps, int64_t now_ns)
{
	if (now_ns < traps_next_ns(traps))
		return false;
	traps->next_look_ns = now_ns + LOOK_NS;
	return look(traps);
}

int64_t traps_next_ns(const struct traps *traps)
{
	return is_awaited(traps) ? traps->next_look_ns : INT64_MAX;
}

static enum signal_result result_of(const struct traps *traps, size_t index)
{
	const struct target *target = LIST_AT(traps->targets, struct target, index);

	if (traps->each[index].seen.hit_ns)
		return SIGNAL_SENT;
	return host_process_has_exited(target->file) ? SIGNAL_GONE : SIGNAL_NOT_SENT;
}

static char *say_trap(const struct traps *traps)
{
	char text[TRAP_TEXT_MAX];

	snprintf(text, sizeof(text), "%s its %s number %lld",
		traps->side == TRAP_BEFORE ? "before" : "after", trap_call_words[traps->rule.call],
		(long long)traps->rule.nth);
	return must_copy(text);
}

void traps_evidence(const struct traps *traps, struct list *out)
{
	for (size_t i = 0; i < traps->targets.count; i++) {
		const struct host_process *process =
			&LIST_AT(traps->targets, struct target, i)->process;
		const struct caught *caught = &traps->each[i];
		struct process_evidence *evidence = list_push(out, sizeof(*evidence));

		*evidence = target_evidence(process, CMDLINE_JSON_MAX);
		evidence->signal = must_copy("KILL");
		evidence->age_ns = caught->age_ns;
		evidence->must_exit = true;
		evidence->sent_ns = (int64_t)caught->seen.hit_ns;
		evidence->exited_ns = caught->exited_ns;
		evidence->result = (int)result_of(traps, i);
		evidence->trap = say_trap(traps);
		evidence->calls = (int64_t)caught->seen.calls;
	}
}

void traps_free(struct traps *traps)
{
	if (!traps)
		return;
	host_trap_close(traps->trap);
	targets_close(&traps->targets);
	free(traps->each);
	free(traps);
}
