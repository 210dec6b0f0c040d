/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/mechanisms/pauses.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/units.h"
#include "contract/verbs.h"
#include "injector/debt.h"
#include "injector/guard/schedule.h"
#include "injector/lists.h"
#include "injector/mechanisms/guardians.h"
#include "injector/targets.h"

/* A hold begins and ends late by what the guardian needs to wake up and the target to stop. */
#define HELD_TOLERANCE 0.05
#define HELD_TOLERANCE_NS (20 * NS_PER_MS)

enum {
	CMDLINE_JSON_MAX = 96,
	REASON_JSON_MAX = 64
};

const char *const pause_how_words[] = {"auto", "trace", "stop", "freeze", NULL};
static_assert(sizeof(pause_how_words) / sizeof(char *) == PAUSE_FREEZE + 2, "a word each");

/* One post of the guardian: a process, or the cgroup. */
struct pause {
	struct debt debt;        /* UNDO_STOP, UNDO_FREEZE; by ptrace there is none */
	struct guard_post *post; /* NULL before it is handed over, and after a guardian's death */
	struct guard_told told;  /* as it was last */
};

struct pauses {
	struct pause_rule rule;
	struct guardian_keep *keep;
	struct host_guardian *guardian; /* the one that got the orders */
	struct whole whole;             /* PAUSE_FREEZE */
	struct list targets;            /* of struct target: who was chosen, */
	int64_t chosen_ns;              /* and when */
	struct pause *each;
	size_t count;
};

int pause_choose(enum pause_how asked, const struct process_selector *processes,
	enum pause_how *out, struct fail *fail)
{
	bool whole = targets_name_whole(processes);

	if (asked == PAUSE_FREEZE && !whole)
		return fail_set(fail, FAIL_USAGE,
			"\"how\": \"freeze\" holds a whole cgroup: name a \"cgroup\" or a "
			"\"unit\" among \"processes\", and nothing else");
	*out = asked != PAUSE_AUTO ? asked : whole ? PAUSE_FREEZE : PAUSE_TRACE;
	return 0;
}

/* ---- choosing ---- */

static int choose(struct pauses *pauses, const struct target_guard *guard, struct fail *fail)
{
	const struct pause_rule *rule = &pauses->rule;

	/* The freezer holds all, so nobody may be among them who is never hit. */
	if (rule->how == PAUSE_FREEZE &&
		targets_whole(rule->processes, guard, &pauses->whole, fail) < 0)
		return -1;
	if (targets_open(rule->processes, guard, &pauses->targets, fail) < 0)
		return -1;
	pauses->chosen_ns = host_now_ns();
	pauses->count = rule->how == PAUSE_FREEZE ? 1 : pauses->targets.count;
	pauses->each = must_array(pauses->count, sizeof(*pauses->each));
	return 0;
}

/* ---- handing over ---- */

static int order_of(
	const struct pauses *pauses, size_t index, struct guard_order *out, struct fail *fail)
{
	const struct pause_rule *rule = &pauses->rule;
	const struct target *target = LIST_AT(pauses->targets, struct target, index);
	char *directory;

	*out = (struct guard_order){
		.kind = rule->how == PAUSE_FREEZE ? GRIP_FREEZE
			: rule->how == PAUSE_STOP ? GRIP_STOP
						  : GRIP_TRACE,
		.pid = target->process.pid,
		.start_ticks = (int64_t)target->process.start_ticks,
		.start_ns = rule->start_ns,
		.deadline_ns = rule->deadline_ns,
		.on_ns = rule->on_ns,
		.period_ns = rule->period_ns,
		.cgroup = pauses->whole.id,
	};
	if (rule->how != PAUSE_FREEZE)
		return 0;
	if (host_cgroup_directory(pauses->whole.cgroup, &directory, fail) < 0)
		return -1;
	if ((size_t)snprintf(out->path, sizeof(out->path), "%s", directory) >= sizeof(out->path))
		fail_set(fail, FAIL_REFUSED, "the path of cgroup %.100s is too long",
			pauses->whole.cgroup);
	free(directory);
	return fail->kind ? -1 : 0;
}

static int note(struct pauses *pauses, struct pause *pause, const struct guard_order *order,
	struct fail *fail)
{
	struct undo undo;

	if (order->kind == GRIP_TRACE)
		return 0;
	if (order->kind == GRIP_STOP)
		undo = (struct undo){
			.kind = UNDO_STOP,
			.interface = must_copy("-"),
			.pid = order->pid,
			.start_ticks = order->start_ticks,
		};
	else
		undo = (struct undo){
			.kind = UNDO_FREEZE,
			.interface = must_copy(pauses->whole.cgroup),
			.cgroup = (int64_t)order->cgroup,
		};
	return debt_note(&pause->debt, pauses->keep->ledger, undo, fail);
}

static int hand_over(struct pauses *pauses, struct fail *fail)
{
	for (size_t i = 0; i < pauses->count; i++) {
		struct pause *pause = &pauses->each[i];
		struct guard_order order;

		if (order_of(pauses, i, &order, fail) < 0 || note(pauses, pause, &order, fail) < 0)
			return -1;
		pause->post = guardian_order(pauses->guardian, &order, fail);
		if (!pause->post)
			return -1;
	}
	host_guardian_wake(pauses->guardian);
	return 0;
}

/* Until the guardian has answered for all; false when it does not. */
static bool await(const struct pauses *pauses, bool (*answered)(const struct guard_post *post))
{
	int64_t until_ns = host_now_ns() + GUARDIAN_ANSWER_NS;

	for (size_t i = 0; i < pauses->count; i++)
		if (pauses->each[i].post &&
			!guardian_await(pauses->guardian, pauses->each[i].post, answered, until_ns))
			return false;
	return true;
}

static const char *why(int error)
{
	switch (error) {
	case EBUSY:
		return "another process traces it already (a debugger?)";
	case EALREADY:
		return "it stands still already";
	case ESRCH:
	case ENOENT:
		return "it ended meanwhile";
	case EPERM:
	case EACCES:
		return "this host does not let the injector hold it";
	default:
		return strerror(error);
	}
}

static int check_answers(const struct pauses *pauses, struct fail *fail)
{
	for (size_t i = 0; i < pauses->count; i++) {
		const struct guard_order *order = &pauses->each[i].post->order;

		if (guard_state(pauses->each[i].post) != GUARD_REFUSED)
			continue;
		if (order->kind == GRIP_FREEZE)
			return fail_set(fail, FAIL_REFUSED, "cgroup %.200s can't be frozen: %s",
				pauses->whole.cgroup, why(pauses->each[i].post->told.error));
		return fail_set(fail, FAIL_REFUSED, "process %" PRId64 " can't be held: %s",
			order->pid, why(pauses->each[i].post->told.error));
	}
	return 0;
}

static int arm(struct pauses *pauses, const struct target_guard *guard, struct fail *fail)
{
	if (choose(pauses, guard, fail) < 0 || guardian_need(pauses->keep, fail) < 0)
		return -1;
	pauses->guardian = pauses->keep->guardian;
	if (hand_over(pauses, fail) < 0)
		return -1;
	if (!await(pauses, guard_is_taken))
		return fail_set(fail, FAIL_INTERNAL, "the guardian does not answer");
	return check_answers(pauses, fail);
}

int pauses_arm(const struct pause_rule *rule, const struct target_guard *guard,
	struct guardian_keep *keep, struct pauses **out, struct fail *fail)
{
	*out = must_alloc(sizeof(**out));
	(*out)->rule = *rule;
	(*out)->keep = keep;
	return arm(*out, guard, fail);
}

/* ---- healing ---- */

bool pauses_orphaned(const struct pauses *pauses)
{
	for (size_t i = 0; i < pauses->count; i++)
		if (pauses->each[i].post)
			return !host_guardian_lives(pauses->guardian);
	return false;
}

int pauses_heal(struct pauses *pauses, struct fail *fail)
{
	bool any = false, answered;
	int result = 0;

	for (size_t i = 0; i < pauses->count; i++) {
		if (!pauses->each[i].post)
			continue;
		guardian_take_back(pauses->each[i].post);
		any = true;
	}
	if (any)
		host_guardian_wake(pauses->guardian);
	answered = await(pauses, guard_is_free);
	for (size_t i = 0; i < pauses->count; i++) {
		struct pause *pause = &pauses->each[i];
		struct fail each = FAIL_INIT;

		if (pause->post)
			pause->told = pause->post->told;
		pause->post = NULL;
		/* A guardian that is dead lets nobody go: what it held by more than ptrace. */
		if (debt_settle(&pause->debt, &each) == 0)
			continue;
		if (result == 0)
			*fail = each;
		result = -1;
	}
	if (result == 0 && !answered && host_guardian_lives(pauses->guardian))
		return fail_set(fail, FAIL_BUSY, "the guardian has not let go of all within %d s",
			(int)(GUARDIAN_ANSWER_NS / NS_PER_SEC));
	return result;
}

/* ---- evidence ---- */

static struct guard_told told_of(const struct pauses *pauses, size_t index)
{
	const struct pause *pause = &pauses->each[pauses->rule.how == PAUSE_FREEZE ? 0 : index];

	return pause->post ? pause->post->told : pause->told;
}

/* The guardian may be between the two stores: then a time counts that is only just over. */
static int64_t held_ns(const struct guard_told *told, int64_t now_ns)
{
	return told->held_ns + (told->since_ns ? now_ns - told->since_ns : 0);
}

static enum signal_result result_of(const struct guard_told *told)
{
	if (told->first_ns)
		return SIGNAL_SENT;
	if (told->gone)
		return SIGNAL_GONE;
	return told->error ? SIGNAL_FAILED : SIGNAL_NOT_SENT;
}

void pauses_evidence(const struct pauses *pauses, struct list *out)
{
	for (size_t i = 0; i < pauses->targets.count; i++) {
		const struct host_process *process =
			&LIST_AT(pauses->targets, struct target, i)->process;
		struct guard_told told = told_of(pauses, i);
		struct process_evidence *evidence = list_push(out, sizeof(*evidence));

		*evidence = target_evidence(process, CMDLINE_JSON_MAX);
		evidence->signal = must_copy("STOP");
		evidence->age_ns = pauses->chosen_ns - target_began_ns(process);
		evidence->sent_ns = told.first_ns;
		evidence->result = (int)result_of(&told);
		evidence->reason =
			told.error ? process_text(why(told.error), REASON_JSON_MAX) : NULL;
		evidence->how = must_copy(pause_how_words[pauses->rule.how]);
		evidence->times = told.times;
		evidence->held_ns = held_ns(&told, host_now_ns());
	}
}

/* What was to be held up to now. */
static int64_t asked_ns(const struct pauses *pauses, int64_t now_ns)
{
	const struct guard_order order = {
		.start_ns = pauses->rule.start_ns,
		.deadline_ns = pauses->rule.deadline_ns,
		.on_ns = pauses->rule.on_ns,
		.period_ns = pauses->rule.period_ns,
	};

	return schedule_sum_ns(&order, now_ns);
}

void pauses_measure(const struct pauses *pauses, int64_t now_ns, struct list *out)
{
	int64_t asked = asked_ns(pauses, now_ns), least_ns = INT64_MAX;
	struct measure *measure;

	for (size_t i = 0; i < pauses->count; i++) {
		struct guard_told told = told_of(pauses, i);
		int64_t own_ns = held_ns(&told, now_ns);

		least_ns = own_ns < least_ns ? own_ns : least_ns;
	}
	if (asked <= 0 || !pauses->count)
		return;
	measure = list_push(out, sizeof(*measure));
	*measure = (struct measure){
		.name = must_copy("held"),
		.unit = MEASURE_DURATION,
		.bound = BOUND_ABOUT,
		.asked = (double)asked,
		.achieved = (double)least_ns,
		.tolerance = (double)asked * HELD_TOLERANCE + (double)HELD_TOLERANCE_NS,
		.count = (int64_t)pauses->count,
	};
}

void pauses_free(struct pauses *pauses)
{
	if (!pauses)
		return;
	for (size_t i = 0; i < pauses->count; i++)
		debt_forget(&pauses->each[i].debt);
	free(pauses->each);
	whole_deinit(&pauses->whole);
	targets_close(&pauses->targets);
	free(pauses);
}
