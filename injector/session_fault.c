/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/failpoint.h"
#include "contract/units.h"
#include "contract/verbs.h"
#include "injector/effects.h"
#include "injector/fault.h"
#include "injector/hosts.h"
#include "injector/ledger.h"
#include "injector/lists.h"
#include "injector/mechanisms/chance.h"
#include "injector/mechanisms/matcher.h"
#include "injector/owners.h"
#include "injector/peers.h"
#include "injector/registry.h"
#include "injector/session.h"
#include "injector/targets.h"

/* Planning, arming and healing of one fault. */

void session_fault_free(struct session_fault *fault)
{
	if (!fault)
		return;
	plan_deinit(&fault->plan);
	if (fault->with)
		shape_free(fault->ops->with, fault->with);
	free(fault->with);
	shape_free(&fault_order_shape, &fault->order);
	hosts_free(&fault->hosts);
	LIST_EACH(fault->changes, struct fault_change, change) {
		shape_free(&fault_change_shape, change);
	}
	list_free(&fault->changes);
	free(fault);
}

static int check_scope(const struct scope *scope, struct fail *fail)
{
	const char *named = scope->netns ? "netns"
		: scope->cgroup          ? "cgroup"
		: scope->container       ? "container"
					 : NULL;

	if (named)
		return fail_set(
			fail, FAIL_UNSUPPORTED, "scope %s: not supported in this version", named);
	return 0;
}

/*
 * Whoever the fault may act against here, borrowed from the order: the other side or, without
 * "from", every other node in "on", for which of them it will be only its own plan knows.
 */
static struct list peers_of(const struct session_fault *fault)
{
	const struct fault_order *order = &fault->order;
	bool within = fault->ops->within && !order->from.count;
	const struct list *side = order->role == ROLE_ON && !within ? &order->from : &order->on;
	struct list peers = {0};

	LIST_EACH(*side, const struct endpoint, peer) {
		if (!within || !order->self || strcmp(peer->node, order->self) != 0)
			*(struct endpoint *)list_push(&peers, sizeof(*peer)) = *peer;
	}
	return peers;
}

/* The hours of a policy are not put off by a clock that this session has stepped. */
static int64_t wall_ns(const struct session *session)
{
	LIST_EACH(session->faults, struct session_fault *, fault) {
		LIST_EACH((*fault)->plan.effects, const struct effect, effect) {
			if (effect->steps && steps_in_force(effect->steps))
				return steps_wall_ns(effect->steps);
		}
	}
	return host_wall_ns();
}

static int check_policies(
	struct session *session, const struct session_fault *fault, struct fail *fail)
{
	struct policy_moment moment = {.now_ns = host_now_ns(),
		.wall_ns = wall_ns(session),
		.at_once = fault_is_at_once(fault->ops, fault->order.with)};
	struct list peers = peers_of(fault);
	int outcome = 0;

	for (size_t i = 0; i < POLICIES; i++)
		if (outcome == 0)
			outcome = policy_allows(
				&session->policies[i], &fault->order, &peers, &moment, fail);
	list_free(&peers);
	return outcome;
}

/*
 * A partition and an MTU hole draw no chances: what loses everything is allowed or denied by its
 * name.
 */
static bool hits_a_share(const struct effect *effect)
{
	return effect->kind == EFFECT_MATCH &&
		(effect->match.action == BB_LOSE || effect->match.action == BB_CORRUPT ||
			effect->match.action == BB_DUPLICATE);
}

static int check_shares(
	struct session *session, const struct session_fault *fault, struct fail *fail)
{
	LIST_EACH(fault->plan.effects, const struct effect, effect) {
		double share;

		if (!hits_a_share(effect))
			continue;
		share = chance_ratio(&effect->match.chance);
		for (size_t i = 0; i < POLICIES; i++)
			if (policy_allows_share(
				    &session->policies[i], fault->ops->name, share, fail) < 0)
				return -1;
	}
	return 0;
}

static int check_owners(
	const struct session *session, const struct session_fault *fault, struct fail *fail)
{
	struct target_guard guard = session_guard(session);

	LIST_EACH(fault->plan.effects, const struct effect, effect) {
		if (effect->kind == EFFECT_MATCH && effect->match.cgroup &&
			owner_check(effect->match.cgroup, &guard, fail) < 0)
			return -1;
	}
	return 0;
}

/* The word of a host's owner is the file of the host: --policy is what a controller may say. */
static int check_machine(
	const struct session *session, const struct session_fault *fault, struct fail *fail)
{
	if (!fault->ops->machine)
		return 0;
	if (session->config.cgroup)
		return fail_set(fail, FAIL_REFUSED,
			"%s acts on the whole machine, and this injector is confined to a cgroup",
			fault->ops->name);
	if (host_machine_check(fail) < 0)
		return -1;
	return policy_names(&session->policies[0], fault->ops->name, fail);
}

/* A skewed clock compares its end with the wall clock, which must not be stepped under it. */
static int check_clocks(
	const struct session *session, const struct session_fault *fault, struct fail *fail)
{
	bool steps = plan_has(&fault->plan, EFFECT_STEP);

	if (!steps && !plan_has(&fault->plan, EFFECT_CLOCK))
		return 0;
	LIST_EACH(session->faults, struct session_fault *, other) {
		const struct plan *plan = &(*other)->plan;

		if (fault_state_needs_healing((*other)->state) &&
			(plan_has(plan, EFFECT_STEP) || (steps && plan_has(plan, EFFECT_CLOCK))))
			return fail_set(fail, FAIL_REFUSED,
				"fault %s has the clocks of this machine, and is not over",
				(*other)->order.id);
	}
	LIST_EACH(fault->plan.effects, const struct effect, effect) {
		if (effect->kind == EFFECT_STEP && steps_check(&effect->step, fail) < 0)
			return -1;
	}
	return 0;
}

/* The controller has checked the same against the catalogue; this side trusts nobody. */
static int check_targets(
	const struct fault_ops *ops, const struct fault_order *order, struct fail *fail)
{
	bool processes = ops->on & TARGET_PROCESSES;

	if (processes && !order->processes)
		return fail_set(fail, FAIL_USAGE, "%s needs \"processes\"", ops->name);
	if (!processes && order->processes)
		return fail_set(fail, FAIL_USAGE, "%s hits no processes", ops->name);
	if (ops->from && !order->from.count && !ops->within)
		return fail_set(fail, FAIL_USAGE, "%s needs a counterpart", ops->name);
	if (!ops->from && order->from.count)
		return fail_set(fail, FAIL_USAGE, "%s has no counterpart", ops->name);
	if (ops->sides == SIDES_ON && order->role == ROLE_FROM)
		return fail_set(
			fail, FAIL_USAGE, "%s is armed on the nodes of \"on\" only", ops->name);
	return 0;
}

int session_plan_again(struct session *session, struct session_fault *fault, struct fail *fail)
{
	struct fault_order *order = &fault->order;

	if (check_scope(order->scope, fail) < 0 ||
		peers_bind(&session->sets, &order->on, fail) < 0 ||
		peers_bind(&session->sets, &order->from, fail) < 0)
		return -1;
	fault->ops = registry_find(order->fault, fail);
	if (!fault->ops || check_targets(fault->ops, order, fail) < 0)
		return -1;
	fault->with = must_alloc(fault->ops->with->size);
	if (shape_decode(fault->ops->with, order->with, "with", fault->with, fail) < 0) {
		/* The place is one in the controller's words, not in a file of its user. */
		char path[FAIL_PATH_MAX];

		memcpy(path, fail->path, sizeof(path));
		fail->path[0] = '\0';
		return fail_context(fail, "%s", path);
	}
	if (check_machine(session, fault, fail) < 0 || check_policies(session, fault, fail) < 0)
		return -1;
	if (fault->ops->plan(order, fault->with, &fault->plan, fail) < 0)
		return -1;
	if (check_shares(session, fault, fail) < 0 || check_clocks(session, fault, fail) < 0)
		return -1;
	return check_owners(session, fault, fail);
}

int session_plan(struct session *session, struct fault_order *order, struct session_fault **out,
	struct fail *fail)
{
	struct session_fault *fault = must_alloc(sizeof(*fault));

	fault->order = *order;
	*order = (struct fault_order){0};
	session_take_hosts(session, &fault->hosts);
	hosts_bind(&fault->hosts, &fault->order.on);
	hosts_bind(&fault->hosts, &fault->order.from);
	if (session_plan_again(session, fault, fail) < 0) {
		fail_context(fail, "fault %s", fault->order.id);
		session_fault_free(fault);
		return -1;
	}
	*out = fault;
	return 0;
}

static void close_idle_ledger(struct session *session)
{
	if (!session->ledger || !matcher_is_idle(session->matcher) ||
		ledger_pending(session->ledger))
		return;
	ledger_close(session->ledger);
	session->ledger = NULL;
}

static int undo_effects(struct session *session, struct session_fault *fault, struct fail *fail)
{
	struct effect *effects = fault->plan.effects.items;
	int result = 0;

	for (size_t i = fault->plan.effects.count; i-- > 0;) {
		struct fail each = FAIL_INIT;

		if (effect_undo(session, &effects[i], &each) == 0)
			continue;
		if (result == 0)
			*fail = each;
		result = -1;
	}
	return result;
}

static void keep(struct session *session, struct session_fault *fault)
{
	*(struct session_fault **)list_push(&session->faults, sizeof(fault)) = fault;
}

/* What can't be unmade now is healed again and again, like what can't be healed. */
static void unmake(struct session *session, struct session_fault *fault, struct fail *fail)
{
	struct fail undoing = FAIL_INIT;
	bool left = undo_effects(session, fault, &undoing) < 0;

	if (left)
		fail_context(fail, "and then %s", undoing.text);
	fail_context(fail, "fault %s", fault->order.id);
	if (!left) {
		session_fault_free(fault);
		return;
	}
	fault->healed_ns = host_now_ns();
	fault_state_go(&fault->state, FAULT_FAILED);
	keep(session, fault);
}

int session_arm(struct session *session, struct session_fault *fault, struct fail *fail)
{
	LIST_EACH(fault->plan.effects, struct effect, effect) {
		if (effect_arm(session, effect, fail) == 0)
			continue;
		unmake(session, fault, fail);
		close_idle_ledger(session);
		return -1;
	}
	fault_state_go(&fault->state, FAULT_ARMED);
	keep(session, fault);
	return 0;
}

void session_start(struct session *session, struct session_fault *fault)
{
	fault_state_go(&fault->state, FAULT_ACTIVE);
	FAILPOINT(start_passed);
	LIST_EACH(fault->plan.effects, struct effect, effect) {
		effect_start(session, effect);
	}
}

bool session_go_on(struct session *session, struct session_fault *fault, int64_t now_ns)
{
	bool news = false;

	LIST_EACH(fault->plan.effects, struct effect, effect) {
		news |= effect_go_on(session, effect, now_ns);
	}
	return news;
}

/* One that leaves this node alone, and has no effect, lasts as long as on the others. */
bool session_fault_is_over(const struct session_fault *fault)
{
	bool over = fault->plan.effects.count > 0;

	LIST_EACH(fault->plan.effects, const struct effect, effect) {
		over = over && effect_is_over(effect);
	}
	return over;
}

void session_lease(struct session *session, int64_t until_ns)
{
	session->lease_until_ns = until_ns;
	matcher_lease(session->matcher, until_ns);
	guardian_lease(&session->guardian, until_ns);
	LIST_EACH(session->faults, struct session_fault *, fault) {
		LIST_EACH((*fault)->plan.effects, struct effect, effect) {
			effect_lease(effect, until_ns);
		}
	}
}

int session_heal(struct session *session, struct session_fault *fault, struct fail *fail)
{
	int result;

	if (!fault_state_needs_healing(fault->state))
		return 0;
	fault_state_go(&fault->state, FAULT_HEALING);
	FAILPOINT(heal_begun);
	result = undo_effects(session, fault, fail);
	close_idle_ledger(session);
	fault->healed_ns = host_now_ns();
	fault_state_go(&fault->state, result < 0 ? FAULT_FAILED : FAULT_HEALED);
	return result < 0 ? fail_context(fail, "healing %s", fault->order.id) : 0;
}

int session_heal_all(struct session *session, struct fail *fail)
{
	struct session_fault **faults = session->faults.items;
	int result = 0;

	for (size_t i = session->faults.count; i-- > 0;) {
		struct fail each = FAIL_INIT;

		if (session_heal(session, faults[i], &each) == 0)
			continue;
		if (result == 0)
			*fail = each;
		result = -1;
	}
	return result;
}
