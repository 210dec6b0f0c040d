/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/judge/radius.h"

#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "controller/judge/spill.h"

/* --- nodes ----------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct radius_node *)a)->name, ((const struct radius_node *)b)->name);
}

static struct radius_node *find(const struct radius *radius, const char *name)
{
	const struct radius_node wanted = {.name = name};

	return bsearch(&wanted, radius->nodes.items, radius->nodes.count,
		sizeof(struct radius_node), by_name);
}

static void add_node(struct radius *radius, const char *name, enum radius_role role, bool known)
{
	*(struct radius_node *)list_push(&radius->nodes, sizeof(struct radius_node)) =
		(struct radius_node){.name = name, .role = role, .known = known};
}

/* One of each name, with its heaviest role. */
static void merge_nodes(struct radius *radius)
{
	struct radius_node *nodes = radius->nodes.items;
	size_t kept = 0;

	if (!radius->nodes.count)
		return;
	qsort(nodes, radius->nodes.count, sizeof(struct radius_node), by_name);
	for (size_t i = 1; i < radius->nodes.count; i++) {
		if (strcmp(nodes[i].name, nodes[kept].name) != 0) {
			nodes[++kept] = nodes[i];
			continue;
		}
		if (nodes[i].role < nodes[kept].role)
			nodes[kept].role = nodes[i].role;
		nodes[kept].known |= nodes[i].known;
	}
	radius->nodes.count = kept + 1;
}

static void add_nodes(
	struct radius *radius, const struct record *record, const struct judgement *judgement)
{
	LIST_EACH(record->nodes, struct node_record, node)
		add_node(radius, node->node, RADIUS_APART, true);
	LIST_EACH(judgement->effects, struct effect_judgement, effect) {
		if (judge_fault_left_out(record, effect->fault))
			continue;
		LIST_EACH(effect->fault->on, char *, on)
			add_node(radius, *on, RADIUS_TARGET, false);
		LIST_EACH(effect->fault->from, char *, from)
			add_node(radius, *from, RADIUS_PEER, false);
		/* Evidence may have one sum for many prefixes, under a name of its own. */
		LIST_EACH(effect->pairs, struct pair_effect, pair)
			add_node(radius, pair->to, RADIUS_PEER, false);
	}
	LIST_EACH(judgement->spills, struct spill, spill)
		add_node(radius, spill_name(spill), RADIUS_APART, false);
	merge_nodes(radius);
}

/* --- links ----------------------------------------------------------------------------- */

static int by_ends(const void *a, const void *b)
{
	const struct radius_link *one = a, *other = b;

	if (one->a != other->a)
		return one->a < other->a ? -1 : 1;
	return one->b < other->b ? -1 : one->b > other->b;
}

/* Pairs come as a way and the way back. */
static void add_links(struct radius *radius, const struct effect_judgement *effect)
{
	const struct radius_node *first = radius->nodes.items;
	const struct pair_effect *ways = effect->pairs.items;

	for (size_t i = 0; i + 1 < effect->pairs.count; i += 2) {
		struct radius_node *from = find(radius, ways[i].from),
				   *to = find(radius, ways[i].to);
		struct radius_link *link = list_push(&radius->links, sizeof(*link));

		*link = (struct radius_link){
			.a = (size_t)((from < to ? from : to) - first),
			.b = (size_t)((from < to ? to : from) - first),
			.connections = ways[i].connections,
			.packets = ways[i].packets + ways[i + 1].packets,
		};
		from->hit |= link->packets > 0;
		to->hit |= link->packets > 0;
	}
}

static void add_spills(struct radius *radius, const struct judgement *judgement)
{
	const struct radius_node *first = radius->nodes.items;

	LIST_EACH(judgement->spills, struct spill, spill) {
		struct radius_node *from = find(radius, spill->node);
		struct radius_node *to = find(radius, spill_name(spill));

		to->hit = to->spilled = true;
		if (!from || from == to)
			continue;
		*(struct radius_link *)list_push(&radius->links, sizeof(struct radius_link)) =
			(struct radius_link){
				.a = (size_t)((from < to ? from : to) - first),
				.b = (size_t)((from < to ? to : from) - first),
				.connections = NEVER_NS,
				.packets = spill->touched->packets,
			};
	}
}

static void merge_links(struct radius *radius)
{
	struct radius_link *links = radius->links.items;
	size_t kept = 0;

	if (!radius->links.count)
		return;
	qsort(links, radius->links.count, sizeof(struct radius_link), by_ends);
	for (size_t i = 1; i < radius->links.count; i++) {
		if (by_ends(&links[i], &links[kept]) != 0) {
			links[++kept] = links[i];
			continue;
		}
		links[kept].packets += links[i].packets;
		if (links[i].connections > links[kept].connections)
			links[kept].connections = links[i].connections;
	}
	radius->links.count = kept + 1;
}

/* --- what has no links ------------------------------------------------------------------- */

static void mark_processes(struct radius *radius, const struct effect_judgement *effect)
{
	LIST_EACH(effect->processes, struct process_effect, process) {
		struct radius_node *node = find(radius, process->node);

		if (node)
			node->hit |= process->proven;
	}
}

/* A fault on machines is proven on all of its nodes, or not for sure on any. */
static void mark_machines(struct radius *radius, const struct effect_judgement *effect)
{
	if (!effect->fault->machine || effect->effect != EFFECT_PROVEN)
		return;
	LIST_EACH(effect->fault->on, char *, on)
		find(radius, *on)->hit = true;
}

void radius_init(
	struct radius *radius, const struct record *record, const struct judgement *judgement)
{
	*radius = (struct radius){0};
	add_nodes(radius, record, judgement);
	LIST_EACH(judgement->effects, struct effect_judgement, effect) {
		if (judge_fault_left_out(record, effect->fault))
			continue;
		add_links(radius, effect);
		mark_processes(radius, effect);
		mark_machines(radius, effect);
	}
	add_spills(radius, judgement);
	merge_links(radius);
}

void radius_deinit(struct radius *radius)
{
	free(radius->nodes.items);
	free(radius->links.items);
	*radius = (struct radius){0};
}

/* --- one fault ------------------------------------------------------------------------- */

struct radius_share radius_share(const struct effect_judgement *effect)
{
	const struct pair_effect *ways = effect->pairs.items;
	struct radius_share share = {.connections = NEVER_NS};

	for (size_t i = 0; i + 1 < effect->pairs.count; i += 2) {
		int64_t packets = ways[i].packets + ways[i + 1].packets;

		share.links++;
		share.links_live += ways[i].connections > 0;
		share.links_hit += packets > 0;
		share.packets += packets;
		if (ways[i].connections != NEVER_NS)
			share.connections = ways[i].connections +
				(share.connections == NEVER_NS ? 0 : share.connections);
	}
	LIST_EACH(effect->fault->inspections, struct fault_inspection, inspection)
		share.found += inspection->result.processes.count;
	LIST_EACH(effect->processes, struct process_effect, process) {
		share.processes++;
		share.processes_hit += process->proven;
	}
	return share;
}
