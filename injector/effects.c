/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/effects.h"

#include <assert.h>
#include <stdlib.h>

#include "contract/verbs.h"
#include "injector/ledger.h"
#include "injector/lists.h"
#include "injector/log.h"
#include "injector/mechanisms/clocks.h"
#include "injector/mechanisms/matcher.h"
#include "injector/mechanisms/pauses.h"
#include "injector/mechanisms/signals.h"
#include "injector/mechanisms/steps.h"
#include "injector/mechanisms/traps.h"
#include "injector/plan.h"
#include "injector/session.h"
#include "injector/targets.h"
#include "injector/transport.h"

/* ---- packets ---- */

static int open_ledger(struct session *session, struct fail *fail)
{
	const struct host_facts *facts = &session->facts;
	struct ledger_header header = {
		.boot_id = (char *)facts->boot_id,
		.session = session->name,
		.controller = session->controller,
		.pid = facts->pid,
		.start_ticks = (int64_t)facts->start_ticks,
		.netns_cookie = (int64_t)facts->netns_cookie,
	};

	if (session->ledger)
		return 0;
	if (ledger_open(session->config.runtime_dir, &header, &session->ledger, fail) < 0)
		return -1;
	session->guardian.ledger = session->ledger;
	return 0;
}

static int match_arm(struct session *session, struct effect *effect, struct fail *fail)
{
	struct list flows;

	if (open_ledger(session, fail) < 0 || transport_flows(session->facts.pid, &flows, fail) < 0)
		return -1;
	matcher_protect(session->matcher, &flows);
	list_free(&flows);
	return matcher_arm(session->matcher, &effect->match, session->ledger, &effect->armed, fail);
}

static int match_change(struct session *session, struct effect *effect, const struct effect *wanted,
	bool *out_torn, struct fail *fail)
{
	return matcher_change(session->matcher, effect->armed, &wanted->match, out_torn, fail);
}

static int match_undo(struct session *session, struct effect *effect, struct fail *fail)
{
	return effect->armed ? matcher_heal(session->matcher, effect->armed, fail) : 0;
}

static void match_evidence(
	const struct session *session, const struct effect *effect, struct fault_evidence *out)
{
	if (!effect->armed)
		return;
	matcher_count(session->matcher, effect->armed, &out->counters);
	matcher_measure(session->matcher, effect->armed, &out->measures);
	matcher_touched(session->matcher, effect->armed, out);
}

static bool match_spills(const struct session *session, const struct effect *effect)
{
	return effect->armed && matcher_spills(session->matcher, effect->armed);
}

static void match_carrier(
	const struct session *session, const struct effect *effect, struct arm_result *out)
{
	(void)effect;
	out->attach = must_copy(attach_words[matcher_mode(session->matcher)]);
	matcher_links(session->matcher, &out->interfaces);
}

/* ---- signals ---- */

struct target_guard session_guard(const struct session *session)
{
	return (struct target_guard){
		.self = session->facts.pid,
		.confinement = session->config.cgroup,
		.policies = session->policies,
		.policy_count = POLICIES,
	};
}

/*
 * The ledger has no part in it. Until the signals are sent nothing has happened, and who would
 * send them is gone when this process is; afterwards there is nothing that could be undone.
 */
static int signal_arm(struct session *session, struct effect *effect, struct fail *fail)
{
	struct target_guard guard = session_guard(session);

	return signals_arm(&effect->signal, &guard, &effect->signals, fail);
}

static void signal_start(struct session *session, struct effect *effect)
{
	struct target_guard guard = session_guard(session);

	signals_fire(effect->signals, &guard);
}

static bool signal_go_on(struct session *session, struct effect *effect, int64_t now_ns)
{
	struct target_guard guard = session_guard(session);

	return signals_go_on(effect->signals, &guard, now_ns);
}

static bool signal_is_over(const struct effect *effect)
{
	return signals_over(effect->signals);
}

static int signal_undo(struct session *session, struct effect *effect, struct fail *fail)
{
	(void)session;
	(void)fail;
	if (effect->signals)
		signals_disarm(effect->signals);
	return 0;
}

static void signal_evidence(
	const struct session *session, const struct effect *effect, struct fault_evidence *out)
{
	(void)session;
	if (effect->signals)
		signals_evidence(effect->signals, &out->processes, &out->strikes);
}

static void signal_carrier(
	const struct session *session, const struct effect *effect, struct arm_result *out)
{
	(void)session;
	(void)effect;
	out->attach = must_copy("pidfd");
}

static bool signal_watch(struct session *session, struct effect *effect, int64_t now_ns)
{
	struct target_guard guard = session_guard(session);

	return effect->signals && signals_watch(effect->signals, &guard, now_ns);
}

static int64_t signal_next_ns(const struct effect *effect)
{
	return effect->signals ? signals_next_ns(effect->signals) : INT64_MAX;
}

/* ---- pauses ---- */

static int pause_arm(struct session *session, struct effect *effect, struct fail *fail)
{
	struct target_guard guard = session_guard(session);

	if (open_ledger(session, fail) < 0)
		return -1;
	return pauses_arm(&effect->pause, &guard, &session->guardian, &effect->pauses, fail);
}

static int pause_undo(struct session *session, struct effect *effect, struct fail *fail)
{
	(void)session;
	return effect->pauses ? pauses_heal(effect->pauses, fail) : 0;
}

static void pause_evidence(
	const struct session *session, const struct effect *effect, struct fault_evidence *out)
{
	(void)session;
	if (!effect->pauses)
		return;
	pauses_evidence(effect->pauses, &out->processes);
	pauses_measure(
		effect->pauses, out->healed ? out->healed_ns : host_now_ns(), &out->measures);
}

/* A guardian that was killed has let go what it traced; the rest is let go here and now. */
static bool pause_watch(struct session *session, struct effect *effect, int64_t now_ns)
{
	struct fail fail = FAIL_INIT;

	(void)session;
	(void)now_ns;
	if (!effect->pauses || !pauses_orphaned(effect->pauses))
		return false;
	log_line("the guardian was killed: what it held goes on");
	if (pauses_heal(effect->pauses, &fail) < 0)
		log_line("%s", fail.text);
	return true;
}

/* Of what the guardian holds. */
static int64_t guarded_next_ns(const struct effect *effect)
{
	(void)effect;
	return INT64_MAX; /* a session with something armed looks often enough */
}

static void guarded_carrier(
	const struct session *session, const struct effect *effect, struct arm_result *out)
{
	(void)session;
	(void)effect;
	out->attach = must_copy("guardian");
}

/* ---- traps ---- */

/* The ledger has no part in it: programs and their links go with this process. */
static int trap_arm(struct session *session, struct effect *effect, struct fail *fail)
{
	struct target_guard guard = session_guard(session);

	return traps_arm(&effect->trap, &guard, session->lease_until_ns, &effect->traps, fail);
}

static int trap_undo(struct session *session, struct effect *effect, struct fail *fail)
{
	(void)session;
	(void)fail;
	if (effect->traps)
		traps_disarm(effect->traps);
	return 0;
}

static void trap_lease(struct effect *effect, int64_t until_ns)
{
	if (effect->traps)
		traps_lease(effect->traps, until_ns);
}

static void trap_evidence(
	const struct session *session, const struct effect *effect, struct fault_evidence *out)
{
	(void)session;
	if (effect->traps)
		traps_evidence(effect->traps, &out->processes);
}

static bool trap_watch(struct session *session, struct effect *effect, int64_t now_ns)
{
	(void)session;
	return effect->traps && traps_watch(effect->traps, now_ns);
}

static int64_t trap_next_ns(const struct effect *effect)
{
	return effect->traps ? traps_next_ns(effect->traps) : INT64_MAX;
}

static void trap_carrier(
	const struct session *session, const struct effect *effect, struct arm_result *out)
{
	(void)session;
	out->attach = must_copy(traps_carrier(effect->traps));
}

/* ---- clocks ---- */

static int clock_arm(struct session *session, struct effect *effect, struct fail *fail)
{
	struct target_guard guard = session_guard(session);

	if (open_ledger(session, fail) < 0)
		return -1;
	if (clocks_arm(&effect->clock, &guard, &session->guardian, &effect->clocks, fail) < 0)
		return -1;
	clocks_lease(effect->clocks, session->lease_until_ns);
	return 0;
}

static void clock_start(struct session *session, struct effect *effect)
{
	(void)session;
	clocks_start(effect->clocks);
}

static void clock_lease(struct effect *effect, int64_t until_ns)
{
	if (effect->clocks)
		clocks_lease(effect->clocks, until_ns);
}

static int clock_change(struct session *session, struct effect *effect, const struct effect *wanted,
	bool *out_torn, struct fail *fail)
{
	(void)session;
	(void)out_torn;
	(void)fail;
	clocks_change(effect->clocks, &wanted->clock.skew);
	return 0;
}

static bool clock_watch(struct session *session, struct effect *effect, int64_t now_ns)
{
	struct target_guard guard = session_guard(session);

	(void)now_ns;
	if (effect->clocks)
		clocks_look(effect->clocks, &guard);
	/* Many may come, and the next report is never far. */
	return false;
}

static int64_t clock_next_ns(const struct effect *effect)
{
	return effect->clocks ? clocks_next_ns(effect->clocks) : INT64_MAX;
}

static int clock_undo(struct session *session, struct effect *effect, struct fail *fail)
{
	(void)session;
	return effect->clocks ? clocks_heal(effect->clocks, fail) : 0;
}

static void clock_evidence(
	const struct session *session, const struct effect *effect, struct fault_evidence *out)
{
	(void)session;
	if (!effect->clocks)
		return;
	clocks_evidence(effect->clocks, &out->processes);
	clocks_measure(effect->clocks, &out->measures);
}

static void clock_carrier(
	const struct session *session, const struct effect *effect, struct arm_result *out)
{
	(void)session;
	(void)effect;
	out->attach = must_copy("vdso");
}

/* ---- the machine's clock ---- */

static int step_arm(struct session *session, struct effect *effect, struct fail *fail)
{
	const struct step_place place = {
		.state_dir = session->config.state_dir, .boot_id = session->facts.boot_id};

	if (open_ledger(session, fail) < 0)
		return -1;
	return steps_arm(&effect->step, &session->guardian, &place, &effect->steps, fail);
}

static int step_heal(struct session *session, struct effect *effect, struct fail *fail)
{
	(void)session;
	return effect->steps ? steps_heal(effect->steps, fail) : 0;
}

static void step_evidence(
	const struct session *session, const struct effect *effect, struct fault_evidence *out)
{
	(void)session;
	if (effect->steps)
		steps_measure(effect->steps, &out->measures);
}

/* A guardian that was killed has set nothing right: that is done here and now. */
static bool step_watch(struct session *session, struct effect *effect, int64_t now_ns)
{
	struct fail fail = FAIL_INIT;

	(void)session;
	(void)now_ns;
	if (!effect->steps || !steps_orphaned(effect->steps))
		return false;
	log_line("the guardian was killed: the clock is set right");
	if (steps_heal(effect->steps, &fail) < 0)
		log_line("%s", fail.text);
	return true;
}

/* ---- all of them ---- */

static const struct {
	int (*arm)(struct session *session, struct effect *effect, struct fail *fail);
	void (*start)(struct session *session, struct effect *effect); /* NULL: the kernel does */
	bool (*go_on)(struct session *session, struct effect *effect,
		int64_t now_ns);                      /* NULL: its start was all */
	bool (*is_over)(const struct effect *effect); /* NULL: never before it is healed */
	int (*change)(struct session *session, struct effect *effect, const struct effect *wanted,
		bool *out_torn, struct fail *fail); /* NULL: it has nothing that could be changed */
	void (*lease)(struct effect *effect, int64_t until_ns); /* NULL: not its business */
	int (*undo)(struct session *session, struct effect *effect, struct fail *fail);
	void (*evidence)(const struct session *session, const struct effect *effect,
		struct fault_evidence *out);
	bool (*spills)(const struct session *session,
		const struct effect *effect); /* NULL: it hits what it was told, one by one */
	bool (*watch)(struct session *session, struct effect *effect,
		int64_t now_ns);                         /* NULL: nothing follows */
	int64_t (*next_ns)(const struct effect *effect); /* with `watch` */
	void (*carrier)(
		const struct session *session, const struct effect *effect, struct arm_result *out);
} kinds[] = {
	[EFFECT_MATCH] = {.arm = match_arm,
		.change = match_change,
		.undo = match_undo,
		.evidence = match_evidence,
		.spills = match_spills,
		.carrier = match_carrier},
	[EFFECT_SIGNAL] = {.arm = signal_arm,
		.start = signal_start,
		.go_on = signal_go_on,
		.is_over = signal_is_over,
		.undo = signal_undo,
		.evidence = signal_evidence,
		.watch = signal_watch,
		.next_ns = signal_next_ns,
		.carrier = signal_carrier},
	[EFFECT_PAUSE] = {.arm = pause_arm,
		.undo = pause_undo,
		.evidence = pause_evidence,
		.watch = pause_watch,
		.next_ns = guarded_next_ns,
		.carrier = guarded_carrier},
	[EFFECT_TRAP] = {.arm = trap_arm,
		.undo = trap_undo,
		.evidence = trap_evidence,
		.lease = trap_lease,
		.watch = trap_watch,
		.next_ns = trap_next_ns,
		.carrier = trap_carrier},
	[EFFECT_CLOCK] = {.arm = clock_arm,
		.start = clock_start,
		.change = clock_change,
		.lease = clock_lease,
		.undo = clock_undo,
		.evidence = clock_evidence,
		.watch = clock_watch,
		.next_ns = clock_next_ns,
		.carrier = clock_carrier},
	[EFFECT_STEP] = {.arm = step_arm,
		.undo = step_heal,
		.evidence = step_evidence,
		.watch = step_watch,
		.next_ns = guarded_next_ns,
		.carrier = guarded_carrier},
};
static_assert(sizeof(kinds) / sizeof(kinds[0]) == EFFECT_KINDS, "a row for each kind");

int effect_arm(struct session *session, struct effect *effect, struct fail *fail)
{
	return kinds[effect->kind].arm(session, effect, fail);
}

void effect_start(struct session *session, struct effect *effect)
{
	if (kinds[effect->kind].start)
		kinds[effect->kind].start(session, effect);
}

bool effect_go_on(struct session *session, struct effect *effect, int64_t now_ns)
{
	return kinds[effect->kind].go_on && kinds[effect->kind].go_on(session, effect, now_ns);
}

bool effect_is_over(const struct effect *effect)
{
	return kinds[effect->kind].is_over && kinds[effect->kind].is_over(effect);
}

int effect_change(struct session *session, struct effect *effect, const struct effect *wanted,
	bool *out_torn, struct fail *fail)
{
	if (!kinds[effect->kind].change || effect->kind != wanted->kind)
		return fail_set(fail, FAIL_REFUSED, "it has nothing that could be changed");
	return kinds[effect->kind].change(session, effect, wanted, out_torn, fail);
}

void effect_lease(struct effect *effect, int64_t until_ns)
{
	if (kinds[effect->kind].lease)
		kinds[effect->kind].lease(effect, until_ns);
}

int effect_undo(struct session *session, struct effect *effect, struct fail *fail)
{
	return kinds[effect->kind].undo(session, effect, fail);
}

void effect_evidence(
	const struct session *session, const struct effect *effect, struct fault_evidence *out)
{
	kinds[effect->kind].evidence(session, effect, out);
}

bool effect_spills(const struct session *session, const struct effect *effect)
{
	return kinds[effect->kind].spills && kinds[effect->kind].spills(session, effect);
}

bool effect_watch(struct session *session, struct effect *effect, int64_t now_ns)
{
	return kinds[effect->kind].watch && kinds[effect->kind].watch(session, effect, now_ns);
}

int64_t effect_next_ns(const struct effect *effect)
{
	return kinds[effect->kind].next_ns ? kinds[effect->kind].next_ns(effect) : INT64_MAX;
}

void effect_carrier(
	const struct session *session, const struct effect *effect, struct arm_result *out)
{
	kinds[effect->kind].carrier(session, effect, out);
}
