/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/verbs.h"
#include "injector/effects.h"
#include "injector/lists.h"
#include "injector/log.h"
#include "injector/mechanisms/matcher.h"
#include "injector/peers.h"
#include "injector/session.h"
#include "injector/verb.h"

/* Address sets are filled, before faults name them or while faults act on them. */

static int check_policies(
	const struct session *session, const struct peers_params *peers, struct fail *fail)
{
	struct endpoint all = {.node = peers->set, .prefixes = peers->prefixes};
	const struct list endpoints = {.items = &all, .count = 1};

	for (size_t i = 0; i < POLICIES; i++)
		if (policy_allows_peers(&session->policies[i], &endpoints, fail) < 0)
			return -1;
	return 0;
}

static int check_total(
	const struct session *session, size_t before, size_t after, struct fail *fail)
{
	size_t total = peers_total(&session->sets) - before + after;

	if (total <= PEERS_MAX)
		return 0;
	return fail_set(fail, FAIL_REFUSED,
		"that would be %zu addresses and prefixes in the sets of this session, and %d are "
		"the most",
		total, PEERS_MAX);
}

static bool uses(const struct session_fault *fault, const struct peer_set *set)
{
	LIST_EACH(fault->plan.effects, const struct effect, effect) {
		if (effect->kind != EFFECT_MATCH)
			continue;
		LIST_EACH(*effect->match.peers, const struct endpoint, peer) {
			if (peer->known == &set->prefixes)
				return true;
		}
	}
	return false;
}

/*
 * Neither forward nor back: who is hit now is not what anybody ordered, so nobody shall be. What is
 * not healed at once is tried again as any other.
 */
static void heal_users(struct session *session, const struct peer_set *set)
{
	LIST_EACH(session->faults, struct session_fault *, fault) {
		struct fail healing = FAIL_INIT;

		if (!fault_state_needs_healing((*fault)->state) || !uses(*fault, set))
			continue;
		log_line("fault %s is healed: its set could not be changed, nor be as before",
			(*fault)->order.id);
		if (session_heal(session, *fault, &healing) < 0)
			log_line("%s", healing.text);
	}
}

static int grow(
	struct session *session, struct peer_set *set, const struct list *grown, struct fail *fail)
{
	struct list before = set->prefixes;
	struct fail undoing = FAIL_INIT;

	set->prefixes = *grown;
	if (matcher_peers_changed(session->matcher, fail) == 0) {
		list_free(&before);
		return 0;
	}
	set->prefixes = before;
	if (matcher_peers_changed(session->matcher, &undoing) < 0) {
		heal_users(session, set);
		fail_context(fail, "%s; the faults that use it are healed; first", undoing.text);
	}
	return -1;
}

static bool is_used(const struct session *session, const struct peer_set *set)
{
	LIST_EACH(session->faults, struct session_fault *, fault) {
		if (fault_state_needs_healing((*fault)->state) && uses(*fault, set))
			return true;
	}
	return false;
}

/* `grown` is taken over when it succeeds. */
static int replace(
	struct session *session, const char *name, const struct list *grown, struct fail *fail)
{
	struct peer_set *set;

	if (peers_open(&session->sets, name, &set, fail) < 0)
		return -1;
	if (is_used(session, set))
		return grow(session, set, grown, fail);
	list_free(&set->prefixes);
	set->prefixes = *grown;
	return 0;
}

int verb_peers(struct session *session, void *params, void *result, struct fail *fail)
{
	const struct peers_params *peers = params;
	const struct peer_set *set = peers_find(&session->sets, peers->set);
	const struct list none = {0}, *before = set ? &set->prefixes : &none;
	struct peers_result *out = result;
	struct list grown;

	if (check_policies(session, peers, fail) < 0)
		return -1;
	matcher_expect_sets(session->matcher);
	peers_merge(before, &peers->prefixes, &grown);
	if (check_total(session, before->count, grown.count, fail) < 0 ||
		replace(session, peers->set, &grown, fail) < 0) {
		list_free(&grown);
		return fail_context(fail, "set %s", peers->set);
	}
	out->size = (int64_t)grown.count;
	out->total = (int64_t)peers_total(&session->sets);
	return 0;
}
