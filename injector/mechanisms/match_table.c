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
	int slot;
	uint32_t endpoint;
};

static const struct prefix ipv4_root = {
	.address = {[10] = 0xff, [11] = 0xff}, .length = 96, .ipv4 = true};

int match_compare(const struct prefix *a, const struct prefix *b)
{
	if (a->length != b->length)
		return a->length < b->length ? -1 : 1;
	return memcmp(a->address, b->address, sizeof(a->address));
}

static int compare_claims(const void *a, const void *b)
{
	return match_compare(
		&((const struct claim *)a)->prefix, &((const struct claim *)b)->prefix);
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

/* An address written in the mapped form ("::ffff:10.0.0.1") is the IPv4 address. */
static struct prefix normalised(const struct prefix *prefix)
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
			LIST_EACH(peer->prefixes, const struct prefix, prefix) {
				struct claim *claim = list_push(claims, sizeof(*claim));

				claim->prefix = normalised(prefix);
				claim->slot = source->slot;
				claim->endpoint = endpoint;
			}
			endpoint++;
		}
	}
	sort(claims, sizeof(struct claim), compare_claims);
}

static void add_entry(struct list *entries, const struct prefix *prefix)
{
	struct match_entry *entry = list_push(entries, sizeof(*entry));

	entry->prefix = normalised(prefix);
}

static void drop_repeats(struct list *entries)
{
	struct match_entry *items = entries->items;
	size_t kept = 0;

	for (size_t i = 0; i < entries->count; i++)
		if (!kept || match_compare(&items[kept - 1].prefix, &items[i].prefix) != 0)
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
		add_entry(entries, &claim->prefix);
		root_needed |= covers_ipv4_root(&claim->prefix);
	}
	LIST_EACH(*exempt, const struct prefix, prefix) {
		add_entry(entries, prefix);
	}
	if (root_needed)
		add_entry(entries, &ipv4_root);
	sort(entries, sizeof(struct match_entry), compare_entries);
	drop_repeats(entries);
}

static bool is_exempt(const struct list *exempt, const struct prefix *prefix)
{
	LIST_EACH(*exempt, const struct prefix, hole) {
		struct prefix whole = normalised(hole);

		if (prefix_contains(&whole, prefix))
			return true;
	}
	return false;
}

struct owners {
	bool claimed[BB_SLOTS];
	uint8_t length[BB_SLOTS];
	uint32_t endpoint[BB_SLOTS];
};

static void own(struct owners *owners, const struct claim *claim)
{
	int slot = claim->slot;

	if (owners->claimed[slot] && owners->length[slot] >= claim->prefix.length)
		return;
	owners->claimed[slot] = true;
	owners->length[slot] = claim->prefix.length;
	owners->endpoint[slot] = claim->endpoint;
}

/*
 * Claims are sorted by length: those shorter than the entry are looked at one by one (they are
 * few), those of the same length are found by search, since only an equal one can matter.
 */
static void find_owners(
	struct owners *owners, const struct list *claims, const struct prefix *prefix)
{
	const struct claim *items = claims->items, *same;
	const struct claim wanted = {.prefix = *prefix};

	for (size_t i = 0; i < claims->count && items[i].prefix.length < prefix->length; i++)
		if (prefix_contains(&items[i].prefix, prefix))
			own(owners, &items[i]);
	same = claims->count
		? bsearch(&wanted, items, claims->count, sizeof(*items), compare_claims)
		: NULL;
	if (!same)
		return;
	while (same > items && compare_claims(same - 1, &wanted) == 0)
		same--;
	for (; same < items + claims->count && compare_claims(same, &wanted) == 0; same++)
		own(owners, same);
}

static void fill_entry(struct match_table *table, struct match_entry *entry,
	const struct list *claims, const struct match_table *previous)
{
	const struct match_entry *before =
		previous ? match_table_find(previous, &entry->prefix) : NULL;
	struct owners owners = {0};

	entry->peer = before ? before->peer : table->next_peer++;
	find_owners(&owners, claims, &entry->prefix);
	for (int slot = 0; slot < BB_SLOTS; slot++) {
		struct match_count *count;

		if (!owners.claimed[slot])
			continue;
		entry->slots |= UINT64_C(1) << slot;
		count = list_push(&table->counts, sizeof(*count));
		*count = (struct match_count){
			.slot = (uint16_t)slot,
			.peer = entry->peer,
			.endpoint = owners.endpoint[slot],
		};
	}
}

void match_table_build(struct match_table *out, const struct list *sources,
	const struct list *exempt, const struct match_table *previous)
{
	struct list claims = {0};

	*out = (struct match_table){.next_peer = previous ? previous->next_peer : 1};
	collect(&claims, sources);
	if (claims.count)
		list_prefixes(&out->entries, &claims, exempt);
	LIST_EACH(out->entries, struct match_entry, entry) {
		if (prefix_is_address(&entry->prefix))
			out->addresses++;
		else
			out->broad++;
		if (is_exempt(exempt, &entry->prefix))
			entry->peer = 0;
		else
			fill_entry(out, entry, &claims, previous);
	}
	sort(&out->counts, sizeof(struct match_count), compare_counts);
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

const struct match_count *match_table_count(
	const struct match_table *table, uint16_t slot, uint32_t peer)
{
	const struct match_count wanted = {.slot = slot, .peer = peer};

	if (!table->counts.count)
		return NULL;
	return bsearch(
		&wanted, table->counts.items, table->counts.count, sizeof(wanted), compare_counts);
}
