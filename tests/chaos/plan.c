/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/chaos/plan.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "contract/failpoint.h"
#include "tests/chaos/draw.h"

const char *const act_words[] = {[ACT_CUT] = "cut",
	[ACT_KILL] = "kill",
	[ACT_TRAP] = "trap",
	[ACT_PAUSE] = "pause",
	[ACT_FREEZE] = "freeze",
	[ACT_SKEW] = "skew",
	[ACTS] = NULL};

bool act_needs_cgroup(enum act act)
{
	return act == ACT_FREEZE || act == ACT_SKEW;
}

const char *const kind_words[KINDS + 1] = {
	[KIND_FAILPOINT] = "failpoint",
	[KIND_KILL] = "kill",
	[KIND_STOP] = "stop",
	[KIND_FULL_DISK] = "full-disk",
	[KIND_READ_ONLY] = "read-only",
	[KIND_DESCRIPTORS] = "descriptors",
	[KIND_TWO_RUNS] = "two-runs",
	[KIND_TWO_INJECTORS] = "two-injectors",
};

const char *const role_words[ROLES + 1] = {
	[ROLE_CONTROLLER] = "controller",
	[ROLE_INJECTOR] = "injector",
	[ROLE_PROBER] = "prober",
	[ROLE_SUPERVISOR] = "supervisor",
	[ROLE_SERVICE] = "service",
};

static const char *const action_words[] = {
	[ACTION_KILL] = "kill", [ACTION_STOP] = "stop", [ACTION_ERROR] = "error"};

#define INJECTOR ROLE_INJECTOR
#define CONTROLLER ROLE_CONTROLLER
#define PROBER ROLE_PROBER
#define SUPERVISOR ROLE_SUPERVISOR
const struct failpoint_fact failpoint_facts[] = {
#define FAILPOINT_STEP(name, program, text) {#name, text, program, 0},
#define FAILPOINT_SEAM(name, program, error, text) {#name, text, program, error},
#include "contract/failpoint.def"
#undef FAILPOINT_STEP
#undef FAILPOINT_SEAM
};
#undef INJECTOR
#undef CONTROLLER
#undef PROBER
#undef SUPERVISOR

/* Half of all runs go through failpoints: there are many, and each must have its turn. */
static const enum kind turns[] = {
	KIND_FAILPOINT,
	KIND_KILL,
	KIND_FAILPOINT,
	KIND_FAILPOINT,
	KIND_STOP,
	KIND_FAILPOINT,
	KIND_FULL_DISK,
	KIND_FAILPOINT,
	KIND_TWO_RUNS,
	KIND_FAILPOINT,
	KIND_KILL,
	KIND_FAILPOINT,
	KIND_FAILPOINT,
	KIND_DESCRIPTORS,
	KIND_FAILPOINT,
	KIND_STOP,
	KIND_FAILPOINT,
	KIND_READ_ONLY,
	KIND_FAILPOINT,
	KIND_TWO_INJECTORS,
	KIND_FAILPOINT,
	KIND_FAILPOINT,
};
enum {
	LONG_STOP_MS = 1200,
	TURNS = sizeof(turns) / sizeof(turns[0])
};

static uint64_t failpoints_before(uint64_t seed)
{
	uint64_t in_turn = 0, before = 0;

	for (uint64_t i = 0; i < TURNS; i++) {
		in_turn += turns[i] == KIND_FAILPOINT;
		before += turns[i] == KIND_FAILPOINT && i < seed % TURNS;
	}
	return seed / TURNS * in_turn + before;
}

/* ---- what a failpoint needs to be reached ---- */

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

static void provide(struct chaos_plan *plan, const char *name)
{
	static const char *const by_kill[] = {"process_opened", "signal_sent", "process_open",
		"process_signal", "service_reaped", NULL};
	static const char *const by_skew[] = {"gate_taken", "gate_led", "gate_closed", NULL};
	static const char *const by_clsact[] = {"qdisc_added", "netlink_request", NULL};
	static const char *const by_tcx[] = {"bpf_attach", NULL};

	/* What acts on packets reaches most of them. */
	plan->act = is_one_of(name, by_kill) ? ACT_KILL
		: is_one_of(name, by_skew)   ? ACT_SKEW
					     : ACT_CUT;
	if (is_one_of(name, by_clsact))
		plan->clsact = true;
	if (is_one_of(name, by_tcx))
		plan->clsact = false;
	/* Recovery needs somebody who died with something to undo, and a lost lease its reason. */
	if (strncmp(name, "recover", 7) == 0) {
		plan->clsact = true;
		plan->blow = (struct blow){ROLE_INJECTOR, 0, SIGKILL, true, 300};
	}
	if (strcmp(name, "lease_lost") == 0) {
		plan->lease_ms = PLAN_SHORT_LEASE_MS;
		plan->stopped_ms = 2500;
		plan->blow = (struct blow){ROLE_CONTROLLER, 0, SIGSTOP, true, 300};
	}
}

static void draw_failpoint(struct chaos_plan *plan, struct draw *draw)
{
	uint64_t turn = failpoints_before(plan->seed);
	const struct failpoint_fact *fact = &failpoint_facts[turn % FAILPOINTS];

	plan->failpoint = (int)(turn % FAILPOINTS);
	plan->action = draw_percent(draw, 70) ? ACTION_KILL : ACTION_STOP;
	if (fact->error && draw_percent(draw, 70))
		plan->action = ACTION_ERROR;
	plan->nth = 1;
	/* The first round meets each of them for the first time, later ones further on. */
	if (turn >= FAILPOINTS)
		plan->nth = draw_percent(draw, 50) ? draw_between(draw, 1, 4)
						   : draw_between(draw, 5, 20);
	plan->all = draw_percent(draw, 20);
	provide(plan, fact->name);
}

/* ---- the others ---- */

static void draw_blow(struct chaos_plan *plan, struct draw *draw, int number)
{
	static const enum role victims[] = {ROLE_CONTROLLER, ROLE_CONTROLLER, ROLE_INJECTOR,
		ROLE_INJECTOR, ROLE_PROBER, ROLE_SUPERVISOR, ROLE_SERVICE};
	int count = sizeof(victims) / sizeof(victims[0]);

	plan->blow = (struct blow){.victim = victims[draw_between(draw, 0, count - 1)],
		.node = draw_between(draw, 0, PLAN_NODES - 1),
		.number = number,
		.when_armed = draw_percent(draw, 75)};
	plan->blow.delay_ms = draw_between(draw, 0, plan->blow.when_armed ? 2600 : 5500);
	if (plan->blow.victim == ROLE_SERVICE)
		plan->blow.node %= PLAN_NODES - 1;
	/* Who stands still because of us can't be told from who does because of the fault. */
	if (plan->blow.victim == ROLE_SERVICE && number == SIGSTOP)
		plan->act = ACT_CUT;
	/* A long stop of an injector lies across its fault's end: only the deadline can end that.
	 */
	if (plan->blow.victim == ROLE_INJECTOR && number == SIGSTOP &&
		plan->stopped_ms >= LONG_STOP_MS) {
		plan->lease_ms = PLAN_LONG_LEASE_MS;
		plan->blow.when_armed = true;
		plan->blow.delay_ms = 1500 + plan->blow.delay_ms % 700;
	}
}

void plan_draw(uint64_t seed, struct chaos_plan *out)
{
	struct draw draw = {.state = seed};

	*out = (struct chaos_plan){.seed = seed,
		.kind = turns[seed % TURNS],
		.failpoint = FAILPOINTS,
		.blow = {.victim = ROLES}};
	out->act = draw_percent(&draw, 40) ? (enum act)draw_between(&draw, ACT_KILL, ACT_SKEW)
					   : ACT_CUT;
	out->clsact = draw_percent(&draw, 50);
	out->lease_ms = draw_percent(&draw, 50) ? PLAN_SHORT_LEASE_MS : PLAN_LONG_LEASE_MS;
	out->stopped_ms = draw_percent(&draw, 50) ? draw_between(&draw, 50, 900)
						  : draw_between(&draw, LONG_STOP_MS, 4000);
	out->runtime_dir = draw_percent(&draw, 50) &&
		(out->kind == KIND_FULL_DISK || out->kind == KIND_READ_ONLY);
	out->other_runs = draw_percent(&draw, 50);
	switch (out->kind) {
	case KIND_FAILPOINT:
		draw_failpoint(out, &draw);
		break;
	case KIND_KILL:
		draw_blow(out, &draw, SIGKILL);
		break;
	case KIND_STOP:
		draw_blow(out, &draw, SIGSTOP);
		break;
	case KIND_FULL_DISK:
		out->limit = 4 * draw_between(&draw, 2, out->runtime_dir ? 8 : 40);
		break;
	case KIND_DESCRIPTORS:
		out->limit = draw_between(&draw, 5, 90);
		break;
	case KIND_TWO_RUNS:
	case KIND_TWO_INJECTORS:
		out->blow = (struct blow){.victim = ROLES,
			.node = draw_between(&draw, 0, PLAN_NODES - 1),
			.when_armed = draw_percent(&draw, 50),
			.delay_ms = draw_between(&draw, 500, 1500)};
		break;
	case KIND_READ_ONLY:
	case KINDS:
		break;
	}
}

void plan_print(const struct chaos_plan *plan, FILE *out)
{
	const struct blow *blow = &plan->blow;

	fprintf(out, "%s: %s, %s, lease %d ms", kind_words[plan->kind], act_words[plan->act],
		plan->clsact ? "clsact" : "tcx", plan->lease_ms);
	if (plan->failpoint != FAILPOINTS)
		fprintf(out, "; %s at %s %s, time %d%s", action_words[plan->action],
			role_words[failpoint_facts[plan->failpoint].role],
			failpoint_facts[plan->failpoint].name, plan->nth,
			plan->all ? ", in every process" : "");
	if (blow->victim != ROLES)
		fprintf(out, "; signal %d to %s (%d) %d ms after the %s", blow->number,
			role_words[blow->victim], blow->node, blow->delay_ms,
			blow->when_armed ? "arming" : "start");
	if (plan->action == ACTION_STOP || blow->number == SIGSTOP)
		fprintf(out, "; stopped for %d ms", plan->stopped_ms);
	if (plan->kind == KIND_FULL_DISK)
		fprintf(out, "; %s of %d KiB", plan->runtime_dir ? "runtime dir" : "run dir",
			plan->limit);
	if (plan->kind == KIND_READ_ONLY)
		fprintf(out, "; %s", plan->runtime_dir ? "runtime dir" : "run dir");
	if (plan->kind == KIND_DESCRIPTORS)
		fprintf(out, "; at most %d", plan->limit);
	if (plan->kind == KIND_TWO_RUNS)
		fprintf(out, "; %s run directory, %d ms after the %s",
			plan->other_runs ? "another" : "the same", blow->delay_ms,
			blow->when_armed ? "arming" : "start");
	if (plan->kind == KIND_TWO_INJECTORS)
		fprintf(out, "; on node %d, %d ms after the %s", blow->node, blow->delay_ms,
			blow->when_armed ? "arming" : "start");
	fputc('\n', out);
}

bool plan_order(const struct chaos_plan *plan, char *out, size_t size)
{
	if (plan->failpoint == FAILPOINTS)
		return false;
	snprintf(out, size, "%s:%s:%d%s", failpoint_facts[plan->failpoint].name,
		action_words[plan->action], plan->nth, plan->all ? ":all" : "");
	return true;
}
