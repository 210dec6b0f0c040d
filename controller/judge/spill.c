/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/judge/spill.h"

#include <stdio.h>
#include <string.h>

#include "contract/list.h"

static bool is_named(const struct fault_record *fault, const char *node)
{
	return list_has_text(&fault->on, node) || list_has_text(&fault->from, node);
}

/* NULL: nobody's. Of several owners one that the fault names, if there is one. */
static const char *owner_of(const struct record *record, const struct fault_record *fault,
	const struct touched *touched)
{
	char text[PREFIX_TEXT_MAX];
	const char *owner = NULL;

	prefix_format(&touched->address, text);
	LIST_EACH(record->nodes, struct node_record, node) {
		if (!list_has_text(&node->addresses, text))
			continue;
		if (!owner || is_named(fault, node->node))
			owner = node->node;
	}
	return owner;
}

/* Its own, or one that the environment says to lead there, such as an address that moves. */
static bool leads_to(const struct node_record *node, const struct touched *touched)
{
	char text[PREFIX_TEXT_MAX];

	prefix_format(&touched->address, text);
	return list_has_text(&node->addresses, text) || list_has_text(&node->also_reached_as, text);
}

/*
 * Most is what its peer has for its own, which is soon seen: whose it is else is asked of the rest
 * alone.
 */
static bool is_spill(const struct record *record, const struct fault_record *fault,
	const struct touched *touched)
{
	const struct node_record *peer;
	const char *owner;

	if (!touched->peer)
		return true;
	peer = record_node(record, touched->peer);
	if (!peer || leads_to(peer, touched))
		return false;
	owner = owner_of(record, fault, touched);
	return owner && !is_named(fault, owner);
}

void spills_find_at(const struct record *record, const struct fault_record *fault,
	const struct fault_node *node, struct list *spills)
{
	LIST_EACH(node->touched, struct touched, touched) {
		struct spill *spill;

		if (!is_spill(record, fault, touched))
			continue;
		spill = list_push(spills, sizeof(*spill));
		*spill = (struct spill){.fault = fault,
			.node = node->node,
			.victim = owner_of(record, fault, touched),
			.touched = touched};
		prefix_format(&touched->address, spill->address);
	}
}

void spills_find(const struct record *record, struct list *spills)
{
	*spills = (struct list){0};
	LIST_EACH(record->faults, struct fault_record, fault)
		LIST_EACH(fault->nodes, struct fault_node, node)
			spills_find_at(record, fault, node, spills);
}

const char *spill_name(const struct spill *spill)
{
	return spill->victim ? spill->victim : spill->address;
}

const char *spill_text(const struct spill *spill, char buffer[SPILL_TEXT_MAX])
{
	const struct touched *touched = spill->touched;
	const char *named = "which it does not name", *address = spill->address;
	char victim[160];

	if (spill->victim)
		snprintf(victim, sizeof(victim), "%.63s (%s)", spill->victim, address);
	else
		snprintf(victim, sizeof(victim), "%s", address);
	if (spill->victim && is_named(spill->fault, spill->victim))
		named = "which is protected there";
	snprintf(buffer, SPILL_TEXT_MAX,
		"fault %.63s on %.63s hit %s, %s: %lld packet%s of %lld connection%s",
		spill->fault->spec->id, spill->node, victim, named, (long long)touched->packets,
		touched->packets == 1 ? "" : "s", (long long)touched->connections,
		touched->connections == 1 ? "" : "s");
	return buffer;
}
