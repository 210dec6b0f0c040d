/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/mechanisms/match_table.h"

#include <stdlib.h>
#include <string.h>

#include "bpf/matcher.h"
#include "contract/verbs.h"
#include "injector/lists.h"

/* One prefix of one endpoint of one fault. */
struct claim {
	struct prefix prefix;
	uint8_t slot;
	uint32_t endpoint;
};

static const struct prefix ipv4_root = {
	.address = {[10] = 0xff, [11] = 0xff}, .length = 96, .ipv4 = true};

int match_compare(const struct prefix *a, const struct prefix *b)
{
	int order = memcmp(a->address, b->address, sizeof(a->address));

	return order ? order : (a->length > b->length) - (a->length < b->length);
}

/* The first of several claims on one prefix is the one that counts. */
static int compare_claims(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int order = match_compare(&x->prefix, &y->prefix);

	if (order)
		return order;
	if (x->slot != y->slot)
		return x->slot < y->slot ? -1 : 1;
	return (x->endpoint > y->endpoint) - (x->endpoint < y->endpoint);
}

static int compare_entries(const void *a, const void *b)
{
	return match_compare(
		&((const struct match_entry *)a)->prefix, &((const struct match_entry *)b)->prefix);
}

static int compare_counts(const void *a, const void *b)
{
	const struct match_count *x = a, *y = b;

	if (x->slot != y->slot)
		return x->slot < y->slot ? -1 : 1;
	return (x->peer > y->peer) - (x->peer < y->peer);
}

static void sort(struct list *list, size_t size, int (*compare)(const void *, const void *))
{
	if (list->count)
		qsort(list->items, list->count, size, compare);
}

struct prefix match_normalised(const struct prefix *prefix)
{
	struct prefix copy = *prefix;

	if (copy.length >= 96 && memcmp(copy.address, ipv4_root.address, 12) == 0)
		copy.ipv4 = true;
	return copy;
}

static void collect(struct list *claims, const struct list *sources)
{
	LIST_EACH(*sources, const struct match_source, source) {
		uint32_t endpoint = 0;

		LIST_EACH(*source->peers, const struct endpoint, peer) {
			LIST_EACH(*endpoint_prefixes(peer), const struct prefix, prefix) {
				struct claim *claim = list_push(claims, sizeof(*claim));

				claim->prefix = match_normalised(prefix);
				claim->slot = (uint8_t)source->slot;
				claim->endpoint = endpoint;
			}
			endpoint++;
		}
	}
	sort(claims, sizeof(struct claim), compare_claims);
}

/* ---- which prefixes there are ---- */

static void add_entry(struct list *entries, const struct prefix *prefix, bool exempt)
{
	struct match_entry *entry = list_push(entries, sizeof(*entry));

	entry->prefix = match_normalised(prefix);
	entry->exempt = exempt;
}

static void drop_repeats(struct list *entries)
{
	struct match_entry *items = entries->items;
	size_t kept = 0;

	for (size_t i = 0; i < entries->count; i++)
		if (kept && match_compare(&items[kept - 1].prefix, &items[i].prefix) == 0)
			items[kept - 1].exempt |= items[i].exempt;
		else
			items[kept++] = items[i];
	entries->count = kept;
}

/*
 * In the maps IPv4 lies inside ::/0, but nobody who writes ::/0 means IPv4: the root of IPv4
 * stops the lookup where only IPv6 prefixes are above.
 */
static bool covers_ipv4_root(const struct prefix *prefix)
{
	struct prefix as_ipv6 = ipv4_root;

	as_ipv6.ipv4 = false;
	return !prefix->ipv4 && prefix->length <= 96 && prefix_contains(prefix, &as_ipv6);
}

static void list_prefixes(
	struct list *entries, const struct list *claims, const struct list *exempt)
{
	bool root_needed = false;

	LIST_EACH(*claims, const struct claim, claim) {
		add_entry(entries, &claim->prefix, false);
		root_needed |= covers_ipv4_root(&claim->prefix);
	}
	LIST_EACH(*exempt, const struct prefix, prefix) {
		add_entry(entries, prefix, true);
	}
	if (root_needed)
		add_entry(entries, &ipv4_root, false);
	sort(entries, sizeof(struct match_entry), compare_entries);
	drop_repeats(entries);
}

/* ---- whose each prefix is ---- */

/* Which endpoint of which fault packets of an entry are counted for. */
struct owners {
	uint64_t slots;
	uint32_t endpoint[BB_SLOTS]; /* of a slot in `slots`; 0 otherwise */
};

/* A prefix whose inner ones are being looked at: they begin with all that it has. */
struct level {
	struct prefix prefix;
	bool exempt;
	struct owners owners;
};
enum {
	LEVELS = 129 /* one for each length */
};

/* Entries with the same owners: they share one number, and so their counters. */
struct group {
	struct owners owners;
	uint32_t peer; /* 0: none yet */
	uint32_t next; /* in its bucket, counted from 1; 0: the last */
};

struct building {
	struct match_table *out;
	const struct match_table *previous; /* NULL at first */
	const struct claim *claim, *claims_end;
	struct level *levels; /* the innermost last */
	size_t depth;
	struct list groups; /* of struct group */
	uint32_t *buckets;  /* of groups, counted from 1 */
	uint8_t *kept;      /* a bit for each number of `previous` that a group has */
};
enum {
	BUCKETS = 4096
};

/* Of either family, as the kernel's trie sees it. */
static bool lies_in(const struct prefix *outer, const struct prefix *inner)
{
	struct prefix a = *outer, b = *inner;

	a.ipv4 = b.ipv4 = false;
	return prefix_contains(&a, &b);
}

/* Entries come with outer prefixes before inner ones, and claims in the same order. */
static const struct level *enter(struct building *building, const struct match_entry *entry)
{
	const struct level *above;
	struct level *level;

	while (building->depth &&
		!lies_in(&building->levels[building->depth - 1].prefix, &entry->prefix))
		building->depth--;
	above = building->depth ? &building->levels[building->depth - 1] : NULL;
	level = &building->levels[building->depth++];
	/* Inside ::/0, but not what is meant by it. */
	if (above && above->prefix.ipv4 == entry->prefix.ipv4)
		*level = *above;
	else
		*level = (struct level){0};
	level->prefix = entry->prefix;
	level->exempt |= entry->exempt;
	for (uint64_t own = 0; building->claim < building->claims_end &&
		match_compare(&building->claim->prefix, &entry->prefix) == 0;
		building->claim++) {
		uint64_t bit = UINT64_C(1) << building->claim->slot;

		if (own & bit)
			continue;
		own |= bit;
		level->owners.slots |= bit;
		level->owners.endpoint[building->claim->slot] = building->claim->endpoint;
	}
	return level;
}

static uint32_t hash(const struct owners *owners)
{
	uint64_t sum = owners->slots * UINT64_C(0x9e3779b97f4a7c15);

	for (int slot = 0; slot < BB_SLOTS; slot++)
		sum = (sum ^ owners->endpoint[slot]) * UINT64_C(0x100000001b3);
	return (uint32_t)(sum >> 32) % BUCKETS;
}

/* Its index. */
static uint32_t group_of(struct building *building, const struct owners *owners)
{
	uint32_t *bucket = &building->buckets[hash(owners)];
	struct group *group;

	for (uint32_t i = *bucket; i; i = group->next) {
		group = LIST_AT(building->groups, struct group, i - 1);
		if (memcmp(&group->owners, owners, sizeof(*owners)) == 0)
			return i - 1;
	}
	group = list_push(&building->groups, sizeof(*group));
	group->owners = *owners;
	group->next = *bucket;
	*bucket = (uint32_t)building->groups.count;
	return *bucket - 1;
}

/* Whether what the number has counted so far was for the same endpoints. */
static bool counts_the_same(
	const struct match_table *previous, uint32_t peer, const struct owners *owners)
{
	for (int slot = 0; slot < BB_SLOTS; slot++) {
		const struct match_count *count;

		if (!(owners->slots >> slot & 1))
			continue;
		count = match_table_count(previous, (uint16_t)slot, peer);
		if (count && count->endpoint != owners->endpoint[slot])
			return false;
	}
	return true;
}

/* Counters that go on must not move: a group keeps the number of one of its entries. */
static void keep_number(
	struct building *building, struct group *group, const struct match_entry *entry)
{
	const struct match_entry *before =
		building->previous ? match_table_find(building->previous, &entry->prefix) : NULL;
	uint32_t peer = before ? before->peer : 0;

	if (!peer || building->kept[peer / 8] >> peer % 8 & 1 ||
		!counts_the_same(building->previous, peer, &group->owners))
		return;
	building->kept[peer / 8] |= (uint8_t)(1 << peer % 8);
	group->peer = peer;
}

/* `peer` is the group's index until all groups have numbers. */
static void own_entry(struct building *building, struct match_entry *entry)
{
	const struct level *level = enter(building, entry);
	struct group *group;

	if (prefix_is_address(&entry->prefix))
		building->out->addresses++;
	else
		building->out->broad++;
	entry->exempt = level->exempt;
	if (entry->exempt)
		return;
	entry->slots = level->owners.slots;
	entry->peer = group_of(building, &level->owners);
	group = LIST_AT(building->groups, struct group, entry->peer);
	if (!group->peer)
		keep_number(building, group, entry);
}

static void number_groups(struct building *building)
{
	struct match_table *out = building->out;

	LIST_EACH(building->groups, struct group, group) {
		if (!group->peer)
			group->peer = out->next_peer++;
		for (int slot = 0; slot < BB_SLOTS; slot++)
			if (group->owners.slots >> slot & 1)
				*(struct match_count *)list_push(&out->counts,
					sizeof(struct match_count)) = (struct match_count){
					.slot = (uint16_t)slot,
					.peer = group->peer,
					.endpoint = group->owners.endpoint[slot],
				};
	}
	LIST_EACH(out->entries, struct match_entry, entry) {
		if (!entry->exempt)
			entry->peer = LIST_AT(building->groups, struct group, entry->peer)->peer;
	}
	sort(&out->counts, sizeof(struct match_count), compare_counts);
}

static void own_entries(
	struct match_table *out, const struct list *claims, const struct match_table *previous)
{
	struct building building = {
		.out = out,
		.previous = previous,
		.claim = claims->items,
		.claims_end = (const struct claim *)claims->items + claims->count,
		.levels = must_alloc(LEVELS * sizeof(struct level)),
		.buckets = must_alloc(BUCKETS * sizeof(uint32_t)),
		.kept = must_alloc(out->next_peer / 8 + 1),
	};

	LIST_EACH(out->entries, struct match_entry, entry) {
		own_entry(&building, entry);
	}
	number_groups(&building);
	free(building.levels);
	free(building.buckets);
	free(building.kept);
	list_free(&building.groups);
}

void match_table_build(struct match_table *out, const struct list *sources,
	const struct list *exempt, const struct match_table *previous)
{
	struct list claims = {0};

	*out = (struct match_table){
		.next_peer = previous && previous->next_peer ? previous->next_peer : 1};
	collect(&claims, sources);
	if (claims.count) {
		list_prefixes(&out->entries, &claims, exempt);
		own_entries(out, &claims, previous);
	}
	list_free(&claims);
}

void match_table_merge(struct match_table *table, const struct match_table *more)
{
	struct match_table both = *table;

	both.entries = both.counts = (struct list){0};
	LIST_EACH(table->entries, const struct match_entry, entry) {
		*(struct match_entry *)list_push(&both.entries, sizeof(*entry)) = *entry;
	}
	LIST_EACH(more->entries, const struct match_entry, entry) {
		if (!match_table_find(table, &entry->prefix))
			*(struct match_entry *)list_push(&both.entries, sizeof(*entry)) = *entry;
	}
	LIST_EACH(table->counts, const struct match_count, count) {
		*(struct match_count *)list_push(&both.counts, sizeof(*count)) = *count;
	}
	LIST_EACH(more->counts, const struct match_count, count) {
		if (!match_table_count(table, count->slot, count->peer))
			*(struct match_count *)list_push(&both.counts, sizeof(*count)) = *count;
	}
	sort(&both.entries, sizeof(struct match_entry), compare_entries);
	sort(&both.counts, sizeof(struct match_count), compare_counts);
	both.next_peer = more->next_peer;
	match_table_deinit(table);
	*table = both;
}

void match_table_deinit(struct match_table *table)
{
	list_free(&table->entries);
	list_free(&table->counts);
	*table = (struct match_table){0};
}

const struct match_entry *match_table_find(
	const struct match_table *table, const struct prefix *prefix)
{
	const struct match_entry wanted = {.prefix = *prefix};

	if (!table->entries.count)
		return NULL;
	return bsearch(&wanted, table->entries.items, table->entries.count, sizeof(wanted),
		compare_entries);
}

const struct match_entry *match_table_lookup(
	const struct match_table *table, const struct prefix *address)
{
	struct prefix part = *address;
	const struct match_entry *entry = match_table_find(table, &part);

	while (!entry && part.length) {
		part.length--;
		part.address[part.length / 8] &= (uint8_t) ~(0x80 >> part.length % 8);
		entry = match_table_find(table, &part);
	}
	return entry;
}

const struct match_count *match_table_count(
	const struct match_table *table, uint16_t slot, uint32_t peer)
{
	const struct match_count wanted = {.slot = slot, .peer = peer};

	if (!table->counts.count)
		return NULL;
	return bsearch(
		&wanted, table->counts.items, table->counts.count, sizeof(wanted), compare_counts);
}
