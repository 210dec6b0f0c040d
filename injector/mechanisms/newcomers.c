/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/mechanisms/newcomers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/failpoint.h"
#include "contract/units.h"
#include "contract/verbs.h"
#include "injector/clock/page.h"
#include "injector/debt.h"
#include "injector/host.h"
#include "injector/lists.h"
#include "injector/log.h"
#include "injector/mechanisms/guardians.h"
#include "injector/targets.h"

enum {
	TOLD_MAX = 32, /* in the evidence, which must fit into a line; the rest is only counted */
	CMDLINE_JSON_MAX = 96,
	REASON_JSON_MAX = 64
};
/* The gate closes before the guardian looks for the last time who stands at it. */
#define EARLY_NS (50 * NS_PER_MS)
/* So long at a time: the lease wants to be renewed while they stream in. */
#define TURN_NS (50 * NS_PER_MS)

/* What is kept for the evidence, also when it has ended. */
struct told {
	struct process_evidence evidence;
	int64_t came_ns, ended_ns; /* ended 0: it is led still */
};

struct newcomer {
	struct list target; /* of struct target: one */
	struct host_clock *clock;
	size_t told; /* index; TOLD_MAX: it is only counted */
};

struct newcomers {
	struct newcomer_rule rule;
	struct whole whole;
	struct guardian_keep *keep;
	struct host_guardian *guardian; /* the one that got the order */
	struct guard_post *post;
	struct debt debt; /* UNDO_GATE */
	struct host_gate *gate;
	struct list each; /* of struct newcomer: those that are led now */
	struct list told; /* of struct told */
	int64_t came, led;
};

/* ---- opening ---- */

void newcomers_lease(struct newcomers *newcomers, int64_t until_ns)
{
	int64_t deadline_ns = newcomers->rule.deadline_ns;

	if (newcomers->gate)
		host_gate_until(newcomers->gate,
			(until_ns < deadline_ns ? until_ns : deadline_ns) - EARLY_NS);
}

static int give_order(struct newcomers *newcomers, struct fail *fail)
{
	struct guard_order order = {
		.kind = GRIP_GATE,
		.cgroup = newcomers->whole.id,
		.start_ns = host_now_ns(),
		.deadline_ns = newcomers->rule.deadline_ns,
	};

	if ((size_t)snprintf(order.path, sizeof(order.path), "%s", newcomers->whole.cgroup) >=
		sizeof(order.path))
		return fail_set(fail, FAIL_REFUSED, "the path of cgroup %.100s is too long",
			newcomers->whole.cgroup);
	newcomers->post = guardian_order(newcomers->guardian, &order, fail);
	if (!newcomers->post)
		return -1;
	host_guardian_wake(newcomers->guardian);
	/* One that has not seen it by the end of the lease would let nobody go. */
	if (!guardian_await(newcomers->guardian, newcomers->post, guard_is_taken,
		    host_now_ns() + GUARDIAN_ANSWER_NS))
		return fail_set(fail, FAIL_INTERNAL, "the guardian does not answer");
	if (guard_state(newcomers->post) == GUARD_REFUSED)
		return fail_set(fail, FAIL_REFUSED, "the guardian will not watch cgroup %.100s",
			newcomers->whole.cgroup);
	return 0;
}

static int note(struct newcomers *newcomers, struct fail *fail)
{
	return debt_note(&newcomers->debt, newcomers->keep->ledger,
		(struct undo){
			.kind = UNDO_GATE,
			.interface = must_copy(newcomers->whole.cgroup),
			.cgroup = (int64_t)newcomers->whole.id,
			.key = newcomers->rule.key,
		},
		fail);
}

static int open_gate(
	struct newcomers *newcomers, const struct target_guard *guard, struct fail *fail)
{
	if (targets_whole(newcomers->rule.processes, guard, &newcomers->whole, fail) < 0 ||
		guardian_need(newcomers->keep, fail) < 0)
		return -1;
	newcomers->guardian = newcomers->keep->guardian;
	if (note(newcomers, fail) < 0 || give_order(newcomers, fail) < 0)
		return -1;
	return host_gate_open(newcomers->whole.cgroup, newcomers->rule.deadline_ns - EARLY_NS,
		&newcomers->gate, fail);
}

int newcomers_open(const struct newcomer_rule *rule, const struct target_guard *guard,
	struct guardian_keep *keep, struct newcomers **out, struct fail *fail)
{
	*out = must_alloc(sizeof(**out));
	(*out)->rule = *rule;
	(*out)->keep = keep;
	return open_gate(*out, guard, fail);
}

/* ---- those that end ---- */

static void let_go(struct newcomers *newcomers, size_t index)
{
	struct newcomer *each = newcomers->each.items;
	struct newcomer *own = &each[index];

	if (own->told < newcomers->told.count) {
		struct told *told = LIST_AT(newcomers->told, struct told, own->told);

		told->evidence.times = (int64_t)host_clock_calls(own->clock);
		told->ended_ns = host_now_ns();
	}
	__atomic_store_n(&host_clock_control(own->clock)->on, 0, __ATOMIC_RELEASE);
	host_clock_free(own->clock);
	targets_close(&own->target);
	*own = each[--newcomers->each.count];
}

/* What has ended, and what `pid` (0: none) was before it became another program. */
static void let_go_ended(struct newcomers *newcomers, int64_t pid)
{
	for (size_t i = newcomers->each.count; i-- > 0;) {
		const struct newcomer *own = LIST_AT(newcomers->each, struct newcomer, i);
		const struct target *target = LIST_AT(own->target, struct target, 0);

		if (target->process.pid == pid || host_process_has_exited(target->file))
			let_go(newcomers, i);
	}
}

/* ---- those that come ---- */

static size_t tell(struct newcomers *newcomers, const struct target *target)
{
	struct told *told;

	if (newcomers->told.count >= TOLD_MAX)
		return TOLD_MAX;
	told = list_push(&newcomers->told, sizeof(*told));
	told->came_ns = host_now_ns();
	told->evidence = target_evidence(&target->process, CMDLINE_JSON_MAX);
	told->evidence.signal = must_copy("CLOCK");
	told->evidence.how = must_copy("gate");
	return newcomers->told.count - 1;
}

static void tell_refusal(struct newcomers *newcomers, size_t index, const struct fail *why)
{
	struct told *told;

	if (index >= newcomers->told.count)
		return;
	told = LIST_AT(newcomers->told, struct told, index);
	told->ended_ns = host_now_ns();
	told->evidence.result = why->error == ESRCH ? SIGNAL_GONE : SIGNAL_FAILED;
	if (told->evidence.result == SIGNAL_FAILED)
		told->evidence.reason = process_text(why->text, REASON_JSON_MAX);
}

/* NULL: it can't be led, or it is none of those that are meant. */
static struct host_clock *lead(struct newcomers *newcomers, const struct target_guard *guard,
	const struct host_newcomer *came)
{
	const struct host_clock_order order = {.pid = came->pid,
		.start_ticks = came->start_ticks,
		.key = (uint64_t)newcomers->rule.key};
	struct newcomer own = {0};
	struct fail why = FAIL_INIT;

	if (targets_open_one(newcomers->rule.processes, guard, came->pid, &own.target, &why) < 0 ||
		!own.target.count)
		return NULL;
	newcomers->came++;
	own.told = tell(newcomers, LIST_AT(own.target, struct target, 0));
	FAILPOINT(gate_taken);
	if (host_clock_attach(&order, &own.clock, &why) < 0) {
		tell_refusal(newcomers, own.told, &why);
		targets_close(&own.target);
		return NULL;
	}
	newcomers->led++;
	*(struct newcomer *)list_push(&newcomers->each, sizeof(own)) = own;
	return own.clock;
}

/* Without a guardian nobody may be stopped. */
static void close_without_guardian(struct newcomers *newcomers)
{
	if (host_guardian_lives(newcomers->guardian))
		return;
	log_line("the guardian was killed: what is started from now on reads the true time");
	host_gate_until(newcomers->gate, 0);
	newcomers->post = NULL;
}

void newcomers_look(struct newcomers *newcomers, const struct target_guard *guard,
	void (*led)(void *context, struct host_clock *clock), void *context)
{
	int64_t until_ns = host_now_ns() + TURN_NS;
	struct host_newcomer came;

	if (!newcomers->gate)
		return;
	if (newcomers->post)
		close_without_guardian(newcomers);
	let_go_ended(newcomers, 0);
	while (host_now_ns() < until_ns && host_gate_next(newcomers->gate, &came)) {
		struct fail fail = FAIL_INIT;
		struct host_clock *clock;

		let_go_ended(newcomers, came.pid);
		clock = lead(newcomers, guard, &came);
		if (clock)
			led(context, clock);
		FAILPOINT(gate_led);
		if (host_gate_pass(&came, &fail) < 0)
			log_line("%s", fail.text);
	}
}

bool newcomers_wait(const struct newcomers *newcomers)
{
	return newcomers->gate && host_gate_waits(newcomers->gate);
}

void newcomers_each(const struct newcomers *newcomers,
	void (*each)(void *context, struct host_clock *clock), void *context)
{
	LIST_EACH(newcomers->each, const struct newcomer, own)
		each(context, own->clock);
}

/* ---- healing ---- */

int newcomers_heal(struct newcomers *newcomers, struct fail *fail)
{
	if (newcomers->gate)
		newcomers->came += host_gate_missed(newcomers->gate);
	host_gate_close(newcomers->gate);
	newcomers->gate = NULL;
	FAILPOINT(gate_closed);
	while (newcomers->each.count)
		let_go(newcomers, newcomers->each.count - 1);
	if (newcomers->post) {
		guardian_take_back(newcomers->post);
		host_guardian_wake(newcomers->guardian);
		newcomers->post = NULL;
	}
	return debt_settle(&newcomers->debt, fail);
}

/* ---- evidence ---- */

static const struct host_clock *clock_of(const struct newcomers *newcomers, size_t told)
{
	LIST_EACH(newcomers->each, const struct newcomer, own)
		if (own->told == told)
			return own->clock;
	return NULL;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

void newcomers_evidence(const struct newcomers *newcomers, int64_t started_ns, struct list *out)
{
	for (size_t i = 0; i < newcomers->told.count; i++) {
		const struct told *told = LIST_AT(newcomers->told, struct told, i);
		const struct host_clock *clock = clock_of(newcomers, i);
		struct process_evidence *evidence = list_push(out, sizeof(*evidence));
		int64_t until_ns = told->ended_ns ? told->ended_ns : host_now_ns();

		*evidence = told->evidence;
		evidence->cmdline = must_copy(told->evidence.cmdline);
		evidence->signal = must_copy(told->evidence.signal);
		evidence->how = must_copy(told->evidence.how);
		evidence->reason = must_copy_if(told->evidence.reason);
		if (clock)
			evidence->times = (int64_t)host_clock_calls(clock);
		if (told->evidence.result || !started_ns || until_ns <= started_ns)
			continue;
		evidence->result = SIGNAL_SENT;
		evidence->sent_ns = later(started_ns, told->came_ns);
		evidence->held_ns = until_ns - evidence->sent_ns;
	}
}

void newcomers_measure(const struct newcomers *newcomers, struct list *out)
{
	int64_t came = newcomers->came;
	struct measure *measure;

	if (newcomers->gate)
		came += host_gate_missed(newcomers->gate);
	if (!came)
		return;
	measure = list_push(out, sizeof(*measure));
	*measure = (struct measure){
		.name = must_copy("led of what was started later"),
		.unit = MEASURE_RATIO,
		.bound = BOUND_NONE,
		.achieved = (double)newcomers->led / (double)came,
		.count = came,
		.hits = newcomers->led,
	};
}

void newcomers_free(struct newcomers *newcomers)
{
	if (!newcomers)
		return;
	host_gate_close(newcomers->gate);
	LIST_EACH(newcomers->each, struct newcomer, own) {
		host_clock_free(own->clock);
		targets_close(&own->target);
	}
	list_free(&newcomers->each);
	LIST_EACH(newcomers->told, struct told, told) {
		shape_free(&process_evidence_shape, &told->evidence);
	}
	list_free(&newcomers->told);
	debt_forget(&newcomers->debt);
	whole_deinit(&newcomers->whole);
	free(newcomers);
}
