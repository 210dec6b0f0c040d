/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/verbs.h"
#include "injector/lists.h"
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

/* `grown` is taken over when it succeeds. */
static int replace(
	struct session *session, const char *name, const struct list *grown, struct fail *fail)
{
	struct peer_set *set;

	if (peers_open(&session->sets, name, &set, fail) < 0)
		return -1;
	return session_grow(session, &set->prefixes, grown, fail);
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
