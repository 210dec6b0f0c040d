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

/* While the slot is open the kernel goes on counting; afterwards the rule has it all. */
static void hits_of(
	const struct matcher *matcher, const struct matcher_rule *rule, struct list *hits)
{
	*hits = (struct list){0};
	LIST_EACH(rule->hits, const struct host_touched, hit) {
		*(struct host_touched *)list_push(hits, sizeof(*hit)) = *hit;
	}
	if (matcher->rules[rule->slot] == rule && rule->live)
		host_matcher_touched(matcher->loaded, rule->number, hits);
}

void matcher_keep_touched(struct matcher *matcher, struct matcher_rule *rule)
{
	struct bb_slot *slot = &host_matcher_control(matcher->loaded)->slots[rule->slot];

	host_matcher_touched(matcher->loaded, rule->number, &rule->hits);
	host_matcher_forget(matcher->loaded, rule->number);
	rule->untold += slot->untold;
	slot->untold = 0;
}

bool matcher_spills(const struct matcher *matcher, struct matcher_rule *rule)
{
	struct list hits;
	bool spills;

	hits_of(matcher, rule, &hits);
	spills = touched_spills(index_of(matcher, rule), &hits);
	list_free(&hits);
	return spills;
}

void matcher_touched(
	const struct matcher *matcher, struct matcher_rule *rule, struct fault_evidence *out)
{
	struct list hits;

	hits_of(matcher, rule, &hits);
	out->touched_more += (int64_t)touched_tell(
		index_of(matcher, rule), rule->spec.peers, &hits, &out->touched);
	out->untold += (int64_t)rule->untold;
	if (matcher->rules[rule->slot] == rule && rule->live)
		out->untold +=
			(int64_t)host_matcher_control(matcher->loaded)->slots[rule->slot].untold;
	list_free(&hits);
}
