/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/peers.h"

#include <stdlib.h>
#include <string.h>

#include "injector/lists.h"
#include "injector/mechanisms/match_table.h"

struct peer_set *peers_find(const struct list *sets, const char *name)
{
	LIST_EACH(*sets, struct peer_set *, set) {
		if (strcmp((*set)->name, name) == 0)
			return *set;
	}
	return NULL;
}

size_t peers_total(const struct list *sets)
{
	size_t total = 0;

	LIST_EACH(*sets, struct peer_set *, set) {
		total += (*set)->prefixes.count;
	}
	return total;
}

int peers_open(struct list *sets, const char *name, struct peer_set **out, struct fail *fail)
{
	struct peer_set *set = peers_find(sets, name);

	if (!set && sets->count == PEER_SETS_MAX)
		return fail_set(
			fail, FAIL_REFUSED, "%d sets in one session are the most", PEER_SETS_MAX);
	if (!set) {
		set = must_alloc(sizeof(*set));
		set->name = must_copy(name);
		*(struct peer_set **)list_push(sets, sizeof(set)) = set;
	}
	*out = set;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return match_compare(a, b);
}

/* Each once, in order. */
static void put(struct list *out, const struct prefix *prefix)
{
	const struct prefix *last =
		out->count ? LIST_AT(*out, const struct prefix, out->count - 1) : NULL;

	if (!last || match_compare(last, prefix) != 0)
		*(struct prefix *)list_push(out, sizeof(*prefix)) = *prefix;
}

void peers_merge(const struct list *prefixes, const struct list *more, struct list *out)
{
	const struct prefix *old = prefixes->items, *new;
	struct list added = {0};
	size_t taken = 0;

	LIST_EACH(*more, const struct prefix, prefix) {
		*(struct prefix *)list_push(&added, sizeof(*prefix)) = match_normalised(prefix);
	}
	if (added.count)
		qsort(added.items, added.count, sizeof(*new), compare);
	*out = (struct list){0};
	new = added.items;
	for (size_t i = 0; i < added.count; i++) {
		for (; taken < prefixes->count && match_compare(&old[taken], &new[i]) <= 0; taken++)
			put(out, &old[taken]);
		put(out, &new[i]);
	}
	for (; taken < prefixes->count; taken++)
		put(out, &old[taken]);
	list_free(&added);
}

void peers_free(struct list *sets)
{
	LIST_EACH(*sets, struct peer_set *, set) {
		free((*set)->name);
		list_free(&(*set)->prefixes);
		free(*set);
	}
	list_free(sets);
}

int peers_bind(const struct list *sets, const struct list *endpoints, struct fail *fail)
{
	LIST_EACH(*endpoints, struct endpoint, endpoint) {
		const struct peer_set *set;

		if (!endpoint->set)
			continue;
		if (endpoint->prefixes.count)
			return fail_set(fail, FAIL_USAGE,
				"%s has \"prefixes\" and a \"set\": leave out one of the two",
				endpoint->node);
		set = peers_find(sets, endpoint->set);
		if (!set)
			return fail_set(fail, FAIL_USAGE,
				"no set \"%s\" in this session: \"peers\" comes before",
				endpoint->set);
		endpoint->known = &set->prefixes;
	}
	return 0;
}
