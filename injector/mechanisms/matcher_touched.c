/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/host.h"
#include "injector/lists.h"
#include "injector/mechanisms/matcher_parts.h"
#include "injector/mechanisms/touched.h"

/* Who a rule hit, from the kernel's count to what is told. */

/* Endpoints only grow: the index is as good as the number of prefixes that it was made of. */
static const struct touched_index *index_of(
	const struct matcher *matcher, struct matcher_rule *rule)
{
	size_t prefixes = 0;

	LIST_EACH(*rule->spec.peers, const struct endpoint, peer) {
		prefixes += endpoint_prefixes(peer)->count;
	}
	if (rule->indexed == prefixes && prefixes)
		return &rule->index;
	touched_index_deinit(&rule->index);
	touched_index_init(&rule->index, rule->spec.peers, matcher->exempt);
	rule->indexed = prefixes;
	return &rule->index;
}

static struct list hits_in_kernel(const struct matcher *matcher, struct matcher_rule *rule)
{
	struct list hits = {0}, owned;

	host_matcher_touched(matcher->loaded, rule->number, &hits);
	owned = touched_own(index_of(matcher, rule), &hits);
	list_free(&hits);
	return owned;
}

static bool is_open(const struct matcher *matcher, const struct matcher_rule *rule)
{
	return matcher->rules[rule->slot] == rule && rule->live;
}

/*
 * A session remembers each fault that it had, and an index may be of a hundred thousand prefixes:
 * what was hit stays, whose it was is known by then.
 */
void matcher_keep_touched(struct matcher *matcher, struct matcher_rule *rule)
{
	struct bb_slot *slot = &host_matcher_control(matcher->loaded)->slots[rule->slot];

	list_free(&rule->hits);
	rule->hits = hits_in_kernel(matcher, rule);
	touched_index_deinit(&rule->index);
	rule->indexed = 0;
	host_matcher_forget(matcher->loaded, rule->number);
	rule->untold += slot->untold;
	slot->untold = 0;
}

bool matcher_spills(const struct matcher *matcher, struct matcher_rule *rule)
{
	struct list hits;
	bool spills;

	if (!is_open(matcher, rule))
		return touched_spills(&rule->hits);
	hits = hits_in_kernel(matcher, rule);
	spills = touched_spills(&hits);
	list_free(&hits);
	return spills;
}

void matcher_touched(
	const struct matcher *matcher, struct matcher_rule *rule, struct fault_evidence *out)
{
	bool open = is_open(matcher, rule);
	struct list hits = open ? hits_in_kernel(matcher, rule) : rule->hits;

	out->touched_more += (int64_t)touched_tell(rule->spec.peers, &hits, &out->touched);
	out->untold += (int64_t)rule->untold;
	if (!open)
		return;
	out->untold += (int64_t)host_matcher_control(matcher->loaded)->slots[rule->slot].untold;
	list_free(&hits);
}
