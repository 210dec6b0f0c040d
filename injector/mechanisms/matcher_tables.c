/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/units.h"
#include "injector/host.h"
#include "injector/lists.h"
#include "injector/mechanisms/matcher_parts.h"

/* The matcher's maps: peers and counters, from what the rules name to what the kernel holds. */

static void add_up(struct bb_counter *sum, const struct bb_counter *more)
{
	sum->packets += more->packets;
	sum->segments += more->segments;
	sum->bytes += more->bytes;
	sum->matched += more->matched;
	if (more->first_ns && (!sum->first_ns || more->first_ns < sum->first_ns))
		sum->first_ns = more->first_ns;
	if (more->last_ns > sum->last_ns)
		sum->last_ns = more->last_ns;
}

enum {
	COUNTERS = 2 * BB_DIRECTIONS /* of an entry's number and a slot, if it was changed */
};

/* `number`: first those of the slot's first copy. */
static struct bb_counter_key counter_key(const struct match_count *count, unsigned int number)
{
	return (struct bb_counter_key){
		.peer = count->peer,
		.slot = (uint16_t)BB_COUNTED(count->slot, number / BB_DIRECTIONS),
		.direction = (uint16_t)(number % BB_DIRECTIONS),
	};
}

static unsigned int counters_of(const struct matcher *matcher, const struct match_count *count)
{
	const struct matcher_rule *rule = matcher->rules[count->slot];

	return rule && rule->changes ? COUNTERS : BB_DIRECTIONS;
}

size_t matcher_counters(const struct matcher *matcher, const struct match_table *table)
{
	size_t counters = 0;

	LIST_EACH(table->counts, const struct match_count, count) {
		counters += counters_of(matcher, count);
	}
	return counters;
}

/* Of a rule's sums per copy, endpoint and direction. */
static size_t sum_index(const struct matcher_rule *rule, uint32_t copy, uint32_t endpoint)
{
	return (copy * rule->spec.peers->count + endpoint) * BB_DIRECTIONS;
}

static void fold(struct matcher *matcher, const struct match_count *count)
{
	struct matcher_rule *rule = matcher->rules[count->slot];

	for (unsigned int i = 0; i < COUNTERS; i++) {
		struct bb_counter_key key = counter_key(count, i);
		struct bb_counter value;

		host_matcher_read(matcher->loaded, &key, &value);
		host_matcher_uncount(matcher->loaded, &key);
		if (rule)
			add_up(&rule->folded[sum_index(rule, i / BB_DIRECTIONS, count->endpoint) +
				       i % BB_DIRECTIONS],
				&value);
	}
}

static int add_counters(struct matcher *matcher, const struct match_table *table, struct fail *fail)
{
	LIST_EACH(table->counts, const struct match_count, count) {
		if (!matcher->unsure &&
			match_table_count(&matcher->table, count->slot, count->peer))
			continue;
		for (unsigned int i = 0; i < counters_of(matcher, count); i++) {
			struct bb_counter_key key = counter_key(count, i);

			if (host_matcher_count(matcher->loaded, &key, fail) < 0)
				return -1;
		}
	}
	return 0;
}

/*
 * Inner prefixes before outer ones: where a rule that acts already gets more peers, the holes in a
 * prefix must be there before it is.
 */
static int put_entries(struct matcher *matcher, const struct match_table *table, struct fail *fail)
{
	for (size_t i = table->entries.count; i-- > 0;) {
		const struct match_entry *entry =
			LIST_AT(table->entries, const struct match_entry, i);
		const struct match_entry *before =
			match_table_find(&matcher->table, &entry->prefix);
		struct bb_entry value = {.slots = entry->slots, .peer = entry->peer};

		if (!matcher->unsure && before && before->slots == entry->slots &&
			before->peer == entry->peer)
			continue;
		if (host_matcher_put(matcher->loaded, &entry->prefix, &value, fail) < 0)
			return -1;
	}
	return 0;
}

static int remove_entries(
	struct matcher *matcher, const struct match_table *table, struct fail *fail)
{
	LIST_EACH(matcher->table.entries, const struct match_entry, entry) {
		if (match_table_find(table, &entry->prefix))
			continue;
		if (host_matcher_remove(matcher->loaded, &entry->prefix, fail) < 0)
			return -1;
	}
	return 0;
}

void matcher_fold(struct matcher *matcher, int slot)
{
	LIST_EACH(matcher->table.counts, const struct match_count, count) {
		if (count->slot == slot)
			fold(matcher, count);
	}
}

/* Where there are none the kernel does not look for them, which each packet would pay for. */
static void expect_prefixes(struct matcher *matcher, size_t count)
{
	__atomic_store_n(&host_matcher_control(matcher->loaded)->prefixes, (uint32_t)count,
		__ATOMIC_RELEASE);
}

/*
 * Counters of entries that go. Rules that go on may count there until the last packet that found
 * the entry before is through.
 */
static void fold_gone(struct matcher *matcher, const struct match_table *table)
{
	bool waited = false;

	LIST_EACH(matcher->table.counts, const struct match_count, count) {
		const struct matcher_rule *rule = matcher->rules[count->slot];

		if (match_table_count(table, count->slot, count->peer))
			continue;
		if (!waited && rule && rule->live)
			host_pause(MATCHER_IN_FLIGHT_NS);
		waited |= rule && rule->live;
		fold(matcher, count);
	}
}

int matcher_change_table(struct matcher *matcher, struct match_table *table, struct fail *fail)
{
	expect_prefixes(matcher, matcher->table.broad + table->broad);
	if (add_counters(matcher, table, fail) < 0 || put_entries(matcher, table, fail) < 0 ||
		remove_entries(matcher, table, fail) < 0) {
		match_table_merge(&matcher->table, table);
		matcher->unsure = true;
		return -1;
	}
	matcher->unsure = false;
	matcher->stale = 0;
	fold_gone(matcher, table);
	match_table_deinit(&matcher->table);
	matcher->table = *table;
	expect_prefixes(matcher, table->broad);
	return 0;
}

void matcher_build_table(
	const struct matcher *matcher, const struct matcher_rule *extra, struct match_table *out)
{
	struct list sources = {0};

	for (int slot = 0; slot < BB_SLOTS; slot++) {
		const struct matcher_rule *rule = matcher->rules[slot];
		struct match_source *source;

		if (!rule || (!rule->live && rule != extra))
			continue;
		source = list_push(&sources, sizeof(*source));
		*source = (struct match_source){.slot = slot, .peers = rule->spec.peers};
	}
	match_table_build(out, &sources, matcher->exempt, &matcher->table);
	list_free(&sources);
}

void matcher_sum(const struct matcher *matcher, const struct matcher_rule *rule, uint32_t copy,
	struct bb_counter *sums)
{
	const struct bb_counter *folded = &rule->folded[sum_index(rule, copy, 0)];

	for (size_t i = 0; i < rule->spec.peers->count * BB_DIRECTIONS; i++)
		add_up(&sums[i], &folded[i]);
	if (matcher->rules[rule->slot] != rule)
		return;
	LIST_EACH(matcher->table.counts, const struct match_count, count) {
		for (unsigned int d = 0; count->slot == rule->slot && d < BB_DIRECTIONS; d++) {
			struct bb_counter_key key = counter_key(count, copy * BB_DIRECTIONS + d);
			struct bb_counter value;

			host_matcher_read(matcher->loaded, &key, &value);
			add_up(&sums[count->endpoint * BB_DIRECTIONS + d], &value);
		}
	}
}

int matcher_count_anew(
	struct matcher *matcher, struct matcher_rule *rule, uint32_t copy, struct fail *fail)
{
	size_t size = rule->spec.peers->count * BB_DIRECTIONS;

	if (!rule->settled)
		rule->settled = must_alloc(size * sizeof(*rule->settled));
	matcher_sum(matcher, rule, copy, rule->settled);
	memset(&rule->folded[sum_index(rule, copy, 0)], 0, size * sizeof(*rule->folded));
	LIST_EACH(matcher->table.counts, const struct match_count, count) {
		for (unsigned int d = 0; count->slot == rule->slot && d < BB_DIRECTIONS; d++) {
			struct bb_counter_key key = counter_key(count, copy * BB_DIRECTIONS + d);

			host_matcher_uncount(matcher->loaded, &key);
		}
	}
	LIST_EACH(matcher->table.counts, const struct match_count, count) {
		for (unsigned int d = 0; count->slot == rule->slot && d < BB_DIRECTIONS; d++) {
			struct bb_counter_key key = counter_key(count, copy * BB_DIRECTIONS + d);

			if (host_matcher_count(matcher->loaded, &key, fail) < 0)
				return -1;
		}
	}
	return 0;
}

void matcher_count(
	const struct matcher *matcher, const struct matcher_rule *rule, struct list *counters)
{
	size_t size = rule->spec.peers->count * BB_DIRECTIONS;
	struct bb_counter *sums = must_alloc(size * sizeof(*sums));

	if (rule->settled)
		memcpy(sums, rule->settled, size * sizeof(*sums));
	matcher_sum(matcher, rule, 0, sums);
	matcher_sum(matcher, rule, 1, sums);
	for (size_t i = 0; i < size; i++) {
		struct counter *counter;

		if (!(rule->spec.directions & 1u << (i % BB_DIRECTIONS)))
			continue;
		counter = list_push(counters, sizeof(*counter));
		counter->peer = must_copy(
			LIST_AT(*rule->spec.peers, struct endpoint, i / BB_DIRECTIONS)->node);
		counter->direction = (int)(i % BB_DIRECTIONS);
		counter->packets = (int64_t)sums[i].packets;
		counter->segments = (int64_t)sums[i].segments;
		counter->bytes = (int64_t)sums[i].bytes;
		counter->matched = (int64_t)sums[i].matched;
		counter->first_ns = (int64_t)sums[i].first_ns;
		counter->last_ns = (int64_t)sums[i].last_ns;
	}
	free(sums);
}
