/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/mechanisms/touched.h"

#include <stdlib.h>
#include <string.h>

#include "contract/verbs.h"
#include "injector/host.h"
#include "injector/lists.h"
#include "injector/mechanisms/match_table.h"

#define NOBODY (-1)

/* One prefix of one endpoint, or of nobody. */
struct place {
	struct prefix prefix;
	int32_t endpoint;
};

/* Nobody's before an endpoint's: what is protected stays so, whoever names it too. */
static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = match_compare(&x->prefix, &y->prefix);

	return order ? order : (x->endpoint > y->endpoint) - (x->endpoint < y->endpoint);
}

static void add(struct touched_index *index, const struct prefix *prefix, int32_t endpoint)
{
	struct place *place = list_push(&index->places, sizeof(*place));

	place->prefix = match_normalised(prefix);
	place->endpoint = endpoint;
	index->lengths[prefix->length / 64] |= UINT64_C(1) << prefix->length % 64;
}

void touched_index_init(
	struct touched_index *index, const struct list *peers, const struct list *exempt)
{
	int32_t endpoint = 0;

	*index = (struct touched_index){0};
	LIST_EACH(*peers, const struct endpoint, peer) {
		LIST_EACH(*endpoint_prefixes(peer), const struct prefix, prefix) {
			add(index, prefix, endpoint);
		}
		endpoint++;
	}
	LIST_EACH(*exempt, const struct prefix, prefix) {
		add(index, prefix, NOBODY);
	}
	if (index->places.count)
		qsort(index->places.items, index->places.count, sizeof(struct place),
			compare_places);
}

void touched_index_deinit(struct touched_index *index)
{
	list_free(&index->places);
}

/* The first of equals, as in the order. NULL: there is none. */
static const struct place *find(const struct touched_index *index, const struct prefix *prefix)
{
	const struct place *places = index->places.items;
	size_t low = 0, high = index->places.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (match_compare(&places[middle].prefix, prefix) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < index->places.count && match_compare(&places[low].prefix, prefix) == 0
		? &places[low]
		: NULL;
}

int32_t touched_owner(const struct touched_index *index, const struct prefix *address)
{
	struct prefix part = match_normalised(address);

	for (;;) {
		const struct place *place = NULL;

		if (index->lengths[part.length / 64] >> part.length % 64 & 1)
			place = find(index, &part);
		/* IPv4 lies in no prefix of IPv6, whatever its mapped form looks like. */
		if (place && place->prefix.ipv4 == match_normalised(address).ipv4)
			return place->endpoint;
		if (!part.length)
			return NOBODY;
		part.length--;
		part.address[part.length / 8] &= (uint8_t) ~(0x80 >> part.length % 8);
	}
}

struct list touched_own(const struct touched_index *index, const struct list *hits)
{
	struct list owned = {0};

	LIST_EACH(*hits, const struct host_touched, hit) {
		*(struct owned_hit *)list_push(&owned, sizeof(struct owned_hit)) =
			(struct owned_hit){*hit, touched_owner(index, &hit->address)};
	}
	return owned;
}

static int compare_weight(const void *a, const void *b)
{
	const struct owned_hit *x = *(const struct owned_hit *const *)a;
	const struct owned_hit *y = *(const struct owned_hit *const *)b;
	const struct bb_touched *one = &x->hit.counts, *other = &y->hit.counts;

	if ((x->owner == NOBODY) != (y->owner == NOBODY))
		return x->owner == NOBODY ? -1 : 1;
	if (one->packets != other->packets)
		return one->packets > other->packets ? -1 : 1;
	return match_compare(&x->hit.address, &y->hit.address);
}

static void tell(const struct owned_hit *own, const struct list *peers, struct list *out)
{
	const struct bb_touched *counts = &own->hit.counts;

	*(struct touched *)list_push(out, sizeof(struct touched)) = (struct touched){
		.address = own->hit.address,
		.peer = own->owner == NOBODY
			? NULL
			: must_copy(LIST_AT(*peers, struct endpoint, (size_t)own->owner)->node),
		.packets = (int64_t)counts->packets,
		.segments = (int64_t)counts->segments,
		.connections = (int64_t)counts->connections,
		.first_ns = (int64_t)counts->first_ns,
		.last_ns = (int64_t)counts->last_ns,
	};
}

size_t touched_tell(const struct list *peers, const struct list *hits, struct list *out)
{
	const struct owned_hit **sorted = must_alloc((hits->count + 1) * sizeof(*sorted));
	size_t told = hits->count < TOUCHED_MAX ? hits->count : TOUCHED_MAX;

	for (size_t i = 0; i < hits->count; i++)
		sorted[i] = LIST_AT(*hits, const struct owned_hit, i);
	if (hits->count)
		qsort(sorted, hits->count, sizeof(*sorted), compare_weight);
	for (size_t i = 0; i < told; i++)
		tell(sorted[i], peers, out);
	free(sorted);
	return hits->count - told;
}

bool touched_spills(const struct list *hits)
{
	LIST_EACH(*hits, const struct owned_hit, own) {
		if (own->owner == NOBODY)
			return true;
	}
	return false;
}
