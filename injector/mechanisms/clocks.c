/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/mechanisms/clocks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "contract/verbs.h"
#include "injector/debt.h"
#include "injector/host.h"
#include "injector/lists.h"
#include "injector/mechanisms/guardians.h"
#include "injector/mechanisms/newcomers.h"
#include "injector/targets.h"

enum {
	CMDLINE_JSON_MAX = 96,
	REASON_JSON_MAX = 64
};

/* One process that was chosen. */
struct clock {
	struct debt debt;        /* UNDO_CLOCK */
	struct host_clock *host; /* NULL: could not be led, or is not any more */
	enum signal_result result;
	char *reason; /* of SIGNAL_FAILED */
	uint64_t calls;
	size_t threads; /* that it had when it was attached */
};

struct clocks {
	struct clock_rule rule;
	struct guardian_keep *keep;
	struct newcomers *newcomers; /* NULL: who comes later reads the true time */
	struct list targets;         /* of struct target */
	struct clock *each;          /* one for each */
	/* As all control pages are meant to be: what targets make of theirs is never read. */
	struct clock_control model;
	int64_t lease_ns, started_ns, ended_ns;
	int64_t first_ns, last_ns; /* how far the wall clock was off */
};

/* ---- pages ---- */

static void publish(void *context, struct host_clock *clock)
{
	const struct clocks *clocks = context;
	const struct clock_control *model = &clocks->model;
	struct clock_control *control = host_clock_control(clock);
	uint32_t slot = model->slot & 1;

	control->slots[slot] = model->slots[slot];
	for (int line = 0; line < LINES; line++)
		__atomic_store_n(&control->until_ns[line], model->until_ns[line], __ATOMIC_RELAXED);
	__atomic_store_n(&control->slot, slot, __ATOMIC_RELEASE);
	__atomic_store_n(&control->on, model->on, __ATOMIC_RELEASE);
}

static void publish_all(struct clocks *clocks)
{
	for (size_t i = 0; i < clocks->targets.count; i++)
		if (clocks->each[i].host)
			publish(clocks, clocks->each[i].host);
	if (clocks->newcomers)
		newcomers_each(clocks->newcomers, publish, clocks);
}

static void set_until(struct clocks *clocks, const struct clock_moment *now)
{
	int64_t until_ns = clocks->rule.deadline_ns;

	skew_until(&clocks->model, clocks->lease_ns < until_ns ? clocks->lease_ns : until_ns, now);
}

void clocks_lease(struct clocks *clocks, int64_t until_ns)
{
	struct clock_moment now;

	clocks->lease_ns = until_ns;
	host_clocks_now(&now);
	set_until(clocks, &now);
	publish_all(clocks);
	if (clocks->newcomers)
		newcomers_lease(clocks->newcomers, until_ns);
}

void clocks_look(struct clocks *clocks, const struct target_guard *guard)
{
	if (clocks->newcomers)
		newcomers_look(clocks->newcomers, guard, publish, clocks);
}

int64_t clocks_next_ns(const struct clocks *clocks)
{
	return clocks->newcomers && newcomers_wait(clocks->newcomers) ? host_now_ns() : INT64_MAX;
}

void clocks_start(struct clocks *clocks)
{
	struct clock_moment now;

	if (clocks->started_ns || clocks->ended_ns)
		return;
	host_clocks_now(&now);
	clocks->started_ns = host_now_ns();
	skew_write(&clocks->model, &clocks->rule.skew, &now);
	set_until(clocks, &now);
	publish_all(clocks);
	clocks->first_ns = skew_wall_ns(&clocks->model, &now);
}

void clocks_change(struct clocks *clocks, const struct clock_skew *skew)
{
	struct clock_moment now;

	clocks->rule.skew = *skew;
	if (!clocks->started_ns)
		return;
	host_clocks_now(&now);
	skew_write(&clocks->model, skew, &now);
	publish_all(clocks);
}

/* ---- taking hold ---- */

int64_t clocks_new_key(void)
{
	static int64_t keys; /* two of one instant differ */

	return host_now_ns() + keys++;
}

static int note(
	struct clocks *clocks, const struct target *target, struct clock *clock, struct fail *fail)
{
	return debt_note(&clock->debt, clocks->keep->ledger,
		(struct undo){
			.kind = UNDO_CLOCK,
			.interface = must_copy("-"),
			.pid = target->process.pid,
			.start_ticks = (int64_t)target->process.start_ticks,
			.key = clocks_new_key(),
		},
		fail);
}

/* What only this one can't do is no failure. */
static int take(
	struct clocks *clocks, const struct target *target, struct clock *clock, struct fail *fail)
{
	struct host_clock_order order = {
		.pid = target->process.pid, .start_ticks = target->process.start_ticks};
	struct fail why = FAIL_INIT;

	if (note(clocks, target, clock, fail) < 0)
		return -1;
	order.key = (uint64_t)clock->debt.undo.key;
	if (host_clock_attach(&order, &clock->host, &why) == 0) {
		clock->threads = host_clock_threads(clock->host);
		publish(clocks, clock->host);
		return 0;
	}
	clock->host = NULL;
	if (why.error != ESRCH && why.kind != FAIL_REFUSED && why.kind != FAIL_BUSY) {
		*fail = why;
		return fail_context(fail, "process %" PRId64, order.pid);
	}
	clock->result = why.error == ESRCH ? SIGNAL_GONE : SIGNAL_FAILED;
	if (clock->result == SIGNAL_FAILED)
		clock->reason = process_text(why.text, REASON_JSON_MAX);
	return debt_settle(&clock->debt, fail);
}

static int take_all(struct clocks *clocks, struct fail *fail)
{
	const struct target *targets = clocks->targets.items;
	size_t taken = 0;

	for (size_t i = 0; i < clocks->targets.count; i++) {
		if (take(clocks, &targets[i], &clocks->each[i], fail) < 0)
			return -1;
		taken += clocks->each[i].host != NULL;
	}
	if (!taken)
		return fail_set(fail, FAIL_REFUSED,
			"the clock of process %" PRId64 " can't be skewed: %s",
			targets[0].process.pid,
			clocks->each[0].reason ? clocks->each[0].reason : "it has ended");
	return 0;
}

/* The gate first: between the two looks nobody can come unseen. */
static int open_gate(struct clocks *clocks, const struct target_guard *guard, struct fail *fail)
{
	const struct newcomer_rule rule = {
		.processes = clocks->rule.processes,
		.key = clocks_new_key(),
		.deadline_ns = clocks->rule.deadline_ns,
	};

	if (!clocks->rule.later)
		return 0;
	return newcomers_open(&rule, guard, clocks->keep, &clocks->newcomers, fail);
}

static int arm(struct clocks *clocks, const struct target_guard *guard, struct fail *fail)
{
	struct clock_moment now;

	if (open_gate(clocks, guard, fail) < 0 ||
		targets_open(clocks->rule.processes, guard, &clocks->targets, fail) < 0)
		return -1;
	clocks->each = must_array(clocks->targets.count, sizeof(*clocks->each));
	host_clocks_now(&now);
	set_until(clocks, &now);
	return take_all(clocks, fail);
}

int clocks_arm(const struct clock_rule *rule, const struct target_guard *guard,
	struct guardian_keep *keep, struct clocks **out, struct fail *fail)
{
	*out = must_alloc(sizeof(**out));
	(*out)->rule = *rule;
	(*out)->keep = keep;
	(*out)->lease_ns = rule->deadline_ns;
	return arm(*out, guard, fail);
}

/* ---- healing ---- */

static void let_go(struct clock *clock)
{
	if (!clock->host)
		return;
	clock->calls = host_clock_calls(clock->host);
	__atomic_store_n(&host_clock_control(clock->host)->on, 0, __ATOMIC_RELEASE);
	host_clock_free(clock->host);
	clock->host = NULL;
	clock->result = SIGNAL_SENT;
}

static int heal_newcomers(struct clocks *clocks, struct fail *fail)
{
	return clocks->newcomers ? newcomers_heal(clocks->newcomers, fail) : 0;
}

int clocks_heal(struct clocks *clocks, struct fail *fail)
{
	struct clock_moment now;
	int result;

	if (!clocks->ended_ns && clocks->started_ns) {
		host_clocks_now(&now);
		clocks->last_ns = skew_wall_ns(&clocks->model, &now);
	}
	clocks->ended_ns = clocks->ended_ns ? clocks->ended_ns : host_now_ns();
	for (size_t i = 0; i < clocks->targets.count; i++)
		let_go(&clocks->each[i]);
	result = heal_newcomers(clocks, fail);
	for (size_t i = 0; i < clocks->targets.count; i++) {
		struct fail each = FAIL_INIT;

		if (debt_settle(&clocks->each[i].debt, &each) == 0)
			continue;
		if (result == 0)
			*fail = each;
		result = -1;
	}
	return result;
}

/* ---- evidence ---- */

static uint64_t calls_of(const struct clock *clock)
{
	return clock->host ? host_clock_calls(clock->host) : clock->calls;
}

/* It is proven by calls that were answered, not by a detour that nobody takes. */
static int64_t skewed_for_ns(const struct clocks *clocks, const struct clock *clock)
{
	int64_t until_ns = clocks->ended_ns ? clocks->ended_ns : host_now_ns();

	return clocks->started_ns && calls_of(clock) ? until_ns - clocks->started_ns : 0;
}

static enum signal_result result_of(const struct clocks *clocks, const struct clock *clock)
{
	if (clock->result == SIGNAL_GONE || clock->result == SIGNAL_FAILED)
		return clock->result;
	return clocks->started_ns ? SIGNAL_SENT : SIGNAL_NOT_SENT;
}

/* The target can write the counter: it is cut to what a number of JSON can say. */
#define CALLS_MAX (UINT64_C(1) << 53)

void clocks_evidence(const struct clocks *clocks, struct list *out)
{
	for (size_t i = 0; i < clocks->targets.count; i++) {
		const struct host_process *process =
			&LIST_AT(clocks->targets, struct target, i)->process;
		const struct clock *clock = &clocks->each[i];
		struct process_evidence *evidence = list_push(out, sizeof(*evidence));
		uint64_t calls = calls_of(clock);

		*evidence = (struct process_evidence){
			.pid = process->pid,
			.start_ticks = (int64_t)process->start_ticks,
			.cmdline = process_text(
				process->cmdline ? process->cmdline : "", CMDLINE_JSON_MAX),
			.signal = must_copy("CLOCK"),
			.age_ns = host_wall_ns() - host_ticks_wall_ns(process->start_ticks),
			.sent_ns = result_of(clocks, clock) == SIGNAL_SENT ? clocks->started_ns : 0,
			.result = (int)result_of(clocks, clock),
			.reason = must_copy_if(clock->reason),
			.how = must_copy("detour"),
			.times = (int64_t)(calls < CALLS_MAX ? calls : CALLS_MAX),
			.held_ns = skewed_for_ns(clocks, clock),
			.threads = (int64_t)clock->threads,
		};
	}
	if (clocks->newcomers)
		newcomers_evidence(clocks->newcomers, clocks->started_ns, out);
}

static void push_measure(struct list *out, const char *name, int64_t skew_ns, size_t count)
{
	struct measure *measure = list_push(out, sizeof(*measure));

	*measure = (struct measure){
		.name = must_copy(name),
		.unit = MEASURE_DURATION,
		.bound = BOUND_NONE,
		.achieved = (double)skew_ns,
		.count = (int64_t)count,
	};
}

void clocks_measure(const struct clocks *clocks, struct list *out)
{
	struct clock_moment now;
	int64_t last_ns = clocks->last_ns;

	if (!clocks->started_ns)
		return;
	if (!clocks->ended_ns) {
		host_clocks_now(&now);
		last_ns = skew_wall_ns(&clocks->model, &now);
	}
	push_measure(out, "skew at start", clocks->first_ns, clocks->targets.count);
	push_measure(out, "skew at end", last_ns, clocks->targets.count);
	if (clocks->newcomers)
		newcomers_measure(clocks->newcomers, out);
}

void clocks_free(struct clocks *clocks)
{
	if (!clocks)
		return;
	for (size_t i = 0; i < clocks->targets.count; i++) {
		host_clock_free(clocks->each[i].host);
		free(clocks->each[i].reason);
		debt_forget(&clocks->each[i].debt);
	}
	free(clocks->each);
	newcomers_free(clocks->newcomers);
	targets_close(&clocks->targets);
	free(clocks);
}
