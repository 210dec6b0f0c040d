/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/faults/partition_shape.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "contract/memory.h"
#include "contract/seed.h"

const char *const cut_shape_words[] = {[CUT_SIDES] = "sides",
	[CUT_HALVES] = "halves",
	[CUT_ONE] = "one",
	[CUT_MAJORITY] = "majority",
	[CUT_BRIDGE] = "bridge",
	[CUT_RING] = "ring",
	[CUT_RANDOM] = "random",
	NULL};
static_assert(sizeof(cut_shape_words) / sizeof(char *) == CUT_SHAPES + 1, "a word each");

/* The fewest nodes with which a shape says anything: a ring of three cuts nothing. */
static const size_t fewest[] = {[CUT_HALVES] = 2,
	[CUT_ONE] = 2,
	[CUT_MAJORITY] = 3,
	[CUT_BRIDGE] = 3,
	[CUT_RING] = 4,
	[CUT_RANDOM] = 2};
static_assert(sizeof(fewest) / sizeof(fewest[0]) == CUT_SHAPES, "a number each");

static const char *name_at(const struct fault_order *order, size_t index)
{
	return LIST_AT(order->on, struct endpoint, index)->node;
}

/* The place of a node in `on`; its count: none has that name. */
static size_t index_of(const struct fault_order *order, const char *name)
{
	size_t index = 0;

	while (index < order->on.count && strcmp(name_at(order, index), name) != 0)
		index++;
	return index;
}

static int unknown_node(
	const struct fault_order *order, const char *key, const char *name, struct fail *fail)
{
	(void)order;
	return fail_set(
		fail, FAIL_REFUSED, "%s: \"%.63s\" is none of the nodes in \"on\"", key, name);
}

/* --- shapes: by the nodes' places in a row ----------------------------------------------- */

static bool apart_at(size_t border, size_t a, size_t b)
{
	return (a < border) != (b < border);
}

/*
 * Jepsen's majorities ring, made symmetric: each node sees as many neighbours on either side as
 * make a majority with itself. With four and five nodes that is one on either side.
 */
static bool apart_on_ring(size_t count, size_t a, size_t b)
{
	size_t reach = (count / 2 + 1) / 2, distance = a > b ? a - b : b - a;

	return (distance < count - distance ? distance : count - distance) > reach;
}

static bool apart(enum cut_shape shape, size_t count, size_t a, size_t b)
{
	size_t half = count / 2;

	switch (shape) {
	case CUT_HALVES:
	case CUT_RANDOM:
		return apart_at(half, a, b);
	case CUT_ONE:
		return apart_at(1, a, b);
	case CUT_MAJORITY:
		return apart_at((count - 1) / 2, a, b);
	case CUT_BRIDGE:
		return a != half && b != half && apart_at(half, a, b);
	case CUT_RING:
		return apart_on_ring(count, a, b);
	case CUT_SIDES:
	case CUT_SHAPES:
		break;
	}
	return false;
}

/* Fisher and Yates. */
static void shuffle(size_t *places, size_t count, uint64_t seed)
{
	for (size_t i = count; i > 1; i--) {
		size_t other = seed_next(&seed) % i, kept = places[i - 1];

		places[i - 1] = places[other];
		places[other] = kept;
	}
}

/* The place of each node in the shape's row; NULL when `who` is nobody. The caller frees. */
static size_t *places_of(
	const struct fault_order *order, const struct partition_shape *shape, struct fail *fail)
{
	size_t count = order->on.count, who = 0, *places;

	if (shape->shape == CUT_ONE && shape->who) {
		who = index_of(order, shape->who);
		if (who == count) {
			unknown_node(order, "who", shape->who, fail);
			return NULL;
		}
	}
	places = must_alloc(count * sizeof(*places));
	for (size_t i = 0; i < count; i++)
		places[i] = i == who ? 0 : i < who ? i + 1 : i;
	if (shape->shape == CUT_RANDOM)
		shuffle(places, count, (uint64_t)order->seed);
	return places;
}

static int peers_of_shape(const struct fault_order *order, const struct partition_shape *shape,
	struct list *peers, struct fail *fail)
{
	size_t self = index_of(order, order->self), count = order->on.count, *places;

	if (count < fewest[shape->shape])
		return fail_set(fail, FAIL_REFUSED,
			"shape \"%s\" needs at least %zu nodes in \"on\", not %zu",
			cut_shape_words[shape->shape], fewest[shape->shape], count);
	places = places_of(order, shape, fail);
	if (!places)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (apart(shape->shape, count, places[self], places[i]))
			*(struct endpoint *)list_push(peers, sizeof(struct endpoint)) =
				*LIST_AT(order->on, struct endpoint, i);
	free(places);
	return 0;
}

/* --- drops: named one by one -------------------------------------------------------------- */

static int check_drops(const struct fault_order *order, const cJSON *drops, struct fail *fail)
{
	for (const cJSON *node = drops->child; node; node = node->next) {
		if (index_of(order, node->string) == order->on.count)
			return unknown_node(order, "drops", node->string, fail);
		for (const cJSON *peer = node->child; peer; peer = peer->next) {
			if (index_of(order, peer->valuestring) == order->on.count)
				return unknown_node(order, "drops", peer->valuestring, fail);
			if (strcmp(peer->valuestring, node->string) == 0)
				return fail_set(fail, FAIL_REFUSED,
					"drops: \"%.63s\" can't drop its own packets",
					node->string);
		}
	}
	return 0;
}

static bool drops_from(const cJSON *drops, const char *node, const char *peer)
{
	const cJSON *name;

	cJSON_ArrayForEach(name, cJSON_GetObjectItemCaseSensitive(drops, node)) {
		if (strcmp(name->valuestring, peer) == 0)
			return true;
	}
	return false;
}

static void peers_of_drops(const struct fault_order *order, const cJSON *drops,
	struct list *drops_of, struct list *dropped_by)
{
	LIST_EACH(order->on, const struct endpoint, peer) {
		if (drops_from(drops, order->self, peer->node))
			*(struct endpoint *)list_push(drops_of, sizeof(*peer)) = *peer;
		if (drops_from(drops, peer->node, order->self))
			*(struct endpoint *)list_push(dropped_by, sizeof(*peer)) = *peer;
	}
}

/* --- both ---------------------------------------------------------------------------------- */

int partition_shape_peers(const struct fault_order *order, const struct partition_shape *shape,
	struct list *drops_of, struct list *dropped_by, struct fail *fail)
{
	if (!order->self || index_of(order, order->self) == order->on.count)
		return fail_set(fail, FAIL_REFUSED,
			"the order does not say which of the nodes in \"on\" this one is");
	if (shape->drops) {
		if (check_drops(order, shape->drops, fail) < 0)
			return -1;
		peers_of_drops(order, shape->drops, drops_of, dropped_by);
		return 0;
	}
	/* Two nodes that are parted drop each other's packets. */
	if (peers_of_shape(order, shape, drops_of, fail) < 0)
		return -1;
	LIST_EACH(*drops_of, const struct endpoint, peer)
		*(struct endpoint *)list_push(dropped_by, sizeof(*peer)) = *peer;
	return 0;
}
