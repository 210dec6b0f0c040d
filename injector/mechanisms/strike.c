/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/mechanisms/strike.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "contract/failpoint.h"
#include "contract/units.h"
#include "injector/host.h"
#include "injector/lists.h"
#include "injector/mechanisms/signals.h"
#include "injector/targets.h"

enum {
	CMDLINE_JSON_MAX = 88, /* PROCESSES_MAX of them stay below 64 KiB with all that is around */
	REASON_JSON_MAX = 64,
	TROUBLE_JSON_MAX = 48
};

/* Starts are told in ticks, which are rounded down. */
#define TICK_NS (10 * NS_PER_MS)

struct hit {
	enum signal_result result;
	int64_t age_ns, sent_ns, exited_ns;
	char *reason;
};

/* ---- choosing ---- */

static int choose_way(struct strike *strike, const struct signal_rule *rule,
	const struct target_guard *guard, struct fail *fail)
{
	struct fail why = FAIL_INIT;
	struct whole whole;

	if (rule->how == KILL_SIGNAL)
		return 0;
	strike->whole = targets_whole(rule->processes, guard, &whole, &why) == 0;
	if (strike->whole)
		whole_deinit(&whole);
	if (strike->whole || rule->how == KILL_AUTO)
		return 0;
	*fail = why;
	return -1;
}

int strike_choose(struct strike *strike, const struct signal_rule *rule,
	const struct target_guard *guard, struct fail *fail)
{
	if (choose_way(strike, rule, guard, fail) < 0 ||
		targets_open(rule->processes, guard, &strike->targets, fail) < 0)
		return -1;
	if (rule->every_ns && strike->targets.count > STRIKE_PROCESSES_MAX) {
		fail_set(fail, FAIL_REFUSED,
			"%zu processes match; what strikes again and again hits at most %d at a "
			"time",
			strike->targets.count, STRIKE_PROCESSES_MAX);
		targets_close(&strike->targets);
		return -1;
	}
	strike->chosen = (int64_t)strike->targets.count;
	strike->hits = must_array(strike->targets.count, sizeof(*strike->hits));
	for (size_t i = 0; i < strike->targets.count; i++)
		strike->hits[i].age_ns = host_now_ns() -
			target_began_ns(&LIST_AT(strike->targets, struct target, i)->process);
	return 0;
}

void strike_forget(struct strike *strike)
{
	for (size_t i = 0; strike->hits && i < strike->targets.count; i++)
		free(strike->hits[i].reason);
	free(strike->hits);
	strike->hits = NULL;
	targets_close(&strike->targets);
}

void strike_deinit(struct strike *strike)
{
	strike_forget(strike);
	free(strike->trouble);
}

/* ---- hitting ---- */

static void sent_to(struct strike *strike, struct hit *hit)
{
	hit->result = SIGNAL_SENT;
	hit->sent_ns = host_now_ns();
	strike->sent++;
	FAILPOINT(signal_sent);
}

static void send_to(struct strike *strike, size_t index, int number)
{
	const struct target *target = LIST_AT(strike->targets, struct target, index);
	struct hit *hit = &strike->hits[index];
	struct fail fail = FAIL_INIT;

	if (host_process_signal(target->file, number, &fail) == 0) {
		sent_to(strike, hit);
		return;
	}
	hit->result = fail.error == ESRCH ? SIGNAL_GONE : SIGNAL_FAILED;
	if (hit->result == SIGNAL_FAILED)
		hit->reason = process_text(fail.text, REASON_JSON_MAX);
}

/* It is looked at once more who lives there, since it hits everybody. */
static int kill_whole(
	const struct signal_rule *rule, const struct target_guard *guard, struct fail *fail)
{
	struct whole whole;
	int result;

	if (targets_whole(rule->processes, guard, &whole, fail) < 0)
		return -1;
	result = host_cgroup_kill(whole.cgroup, whole.id, fail);
	whole_deinit(&whole);
	return result;
}

static void hit_each(struct strike *strike, int number)
{
	strike->whole = false;
	for (size_t i = 0; i < strike->targets.count; i++)
		send_to(strike, i, number);
}

static void hit_whole(
	struct strike *strike, const struct signal_rule *rule, const struct target_guard *guard)
{
	struct fail fail = FAIL_INIT;
	int result = kill_whole(rule, guard, &fail);

	/* A cgroup that another user made may not be ours to write to; its processes may. */
	if (result < 0 && rule->how == KILL_AUTO) {
		hit_each(strike, rule->number);
		return;
	}
	for (size_t i = 0; i < strike->targets.count; i++) {
		struct hit *hit = &strike->hits[i];

		if (result == 0) {
			sent_to(strike, hit);
			continue;
		}
		hit->result = SIGNAL_FAILED;
		hit->reason = process_text(fail.text, REASON_JSON_MAX);
	}
}

/* Between arming and the start others may have come into the cgroup, or it was made anew. */
static void choose_again(
	struct strike *strike, const struct signal_rule *rule, const struct target_guard *guard)
{
	struct fail fail = FAIL_INIT;

	strike_forget(strike);
	strike->chosen = 0;
	if (strike_choose(strike, rule, guard, &fail) < 0)
		strike->trouble = process_text(fail.text, TROUBLE_JSON_MAX);
}

void strike_hit(
	struct strike *strike, const struct signal_rule *rule, const struct target_guard *guard)
{
	if (!strike->chosen || strike->whole)
		choose_again(strike, rule, guard);
	strike->at_ns = host_now_ns();
	if (strike->whole && strike->chosen)
		hit_whole(strike, rule, guard);
	else
		hit_each(strike, rule->number);
}

/* ---- exits ---- */

size_t strike_awaited(const struct strike *strike)
{
	return strike->hits ? (size_t)(strike->sent - strike->exited) : 0;
}

static bool has_parent_among(const struct strike *strike, const struct host_process *process)
{
	for (size_t i = 0; i < strike->targets.count; i++)
		if (strike->hits[i].exited_ns &&
			LIST_AT(strike->targets, struct target, i)->process.pid == process->parent)
			return true;
	return false;
}

static void count_wanted(struct strike *strike)
{
	strike->wanted = 0;
	for (size_t i = 0; i < strike->targets.count; i++)
		if (strike->hits[i].exited_ns)
			strike->wanted += !has_parent_among(
				strike, &LIST_AT(strike->targets, struct target, i)->process);
}

bool strike_look(struct strike *strike)
{
	int64_t before = strike->exited;

	for (size_t i = 0; strike->hits && i < strike->targets.count; i++) {
		struct hit *hit = &strike->hits[i];

		if (hit->result != SIGNAL_SENT || hit->exited_ns ||
			!host_process_has_exited(LIST_AT(strike->targets, struct target, i)->file))
			continue;
		hit->exited_ns = host_now_ns();
		strike->exited++;
	}
	if (strike->exited > before)
		count_wanted(strike);
	return strike->exited > before;
}

/* ---- who comes back ---- */

bool strike_expects(const struct strike *strike)
{
	return strike->wanted && !strike->back_ns;
}

static bool was_target(const struct strike *strike, const struct host_process *process)
{
	LIST_EACH(strike->targets, const struct target, target) {
		if (target->process.pid == process->pid &&
			target->process.start_ticks == process->start_ticks)
			return true;
	}
	return false;
}

static bool has_parent_in(const struct list *processes, const struct host_process *process)
{
	LIST_EACH(*processes, const struct host_process, other) {
		if (other->pid == process->parent)
			return true;
	}
	return false;
}

void strike_look_for_return(
	struct strike *strike, const struct signal_rule *rule, const struct target_guard *guard)
{
	struct fail fail = FAIL_INIT;
	struct list young = {0};
	int64_t now_ns = host_now_ns();

	/* A pidfile that is not written yet names nobody. */
	if (targets_younger(rule->processes, guard, strike->at_ns - TICK_NS, &young, &fail) < 0 &&
		fail.kind != FAIL_REFUSED)
		return;
	strike->back = 0;
	LIST_EACH(young, const struct host_process, process) {
		int64_t began_ns = target_began_ns(process);

		if (was_target(strike, process) || has_parent_in(&young, process) ||
			++strike->back != strike->wanted)
			continue;
		strike->back_pid = process->pid;
		strike->back_ns = began_ns > strike->at_ns ? began_ns : strike->at_ns;
	}
	strike->looked_ns = now_ns;
	target_list_free(&young);
}

/* ---- evidence ---- */

void strike_evidence(const struct strike *strike, const struct signal_rule *rule, bool one_of_many,
	struct list *processes)
{
	for (size_t i = 0; i < strike->targets.count; i++) {
		const struct host_process *process =
			&LIST_AT(strike->targets, struct target, i)->process;
		const struct hit *hit = &strike->hits[i];
		struct process_evidence *evidence = list_push(processes, sizeof(*evidence));

		*evidence = target_evidence(process, CMDLINE_JSON_MAX);
		evidence->signal = must_copy(rule->name);
		evidence->age_ns = hit->age_ns;
		evidence->must_exit = rule->must_exit;
		evidence->sent_ns = hit->sent_ns;
		evidence->exited_ns = hit->exited_ns;
		evidence->result = (int)hit->result;
		evidence->reason = must_copy_if(hit->reason);
		evidence->strike = one_of_many ? strike->number : 0;
	}
}

void strike_summary(const struct strike *strike, struct list *strikes)
{
	struct strike_evidence *evidence = list_push(strikes, sizeof(*evidence));

	*evidence = (struct strike_evidence){
		.at_ns = strike->at_ns,
		.whole = strike->whole,
		.chosen = strike->chosen,
		.sent = strike->sent,
		.exited = strike->exited,
		.wanted = strike->wanted,
		.back = strike->back,
		.back_pid = strike->back_pid,
		.back_ns = strike->back_ns,
		.looked_ns = strike->looked_ns,
		.trouble = must_copy_if(strike->trouble),
	};
}
