/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "controller/judge/judge_parts.h"

/* Is everything as before? Each node's state, and the services', as it was listed twice. */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Lines of `a` that are not in `b`, each as often as it is missing; both are sorted. */
static void subtract(const struct list *a, const struct list *b, struct list *out)
{
	char *const *left = a->items, *const *right = b->items;
	size_t i = 0, j = 0;

	while (i < a->count) {
		int order = j < b->count ? strcmp(left[i], right[j]) : -1;

		if (order == 0) {
			i++;
			j++;
		} else if (order > 0) {
			j++;
		} else {
			list_push_text(out, left[i++]);
		}
	}
}

/* Copies, because the record stays as it is. */
static struct list sorted_copy(const struct list *lines)
{
	struct list copy = {0};

	LIST_EACH(*lines, char *, line)
		list_push_text(&copy, *line);
	if (copy.count)
		qsort(copy.items, copy.count, sizeof(char *), by_text);
	return copy;
}

static void take_state(const struct look *look, const struct list *sorted, struct state_seen *out)
{
	if (look->at_ns == NEVER_NS)
		return;
	out->look = look;
	out->lines = sorted->count;
	digest_of_lines(sorted, out->digest);
}

/* What the injectors list lives in the kernel's memory, but for the machine's own clock. */
static bool outlives_a_boot(const char *line)
{
	return strncmp(line, "clock ", strlen("clock ")) == 0;
}

static void set_apart(struct list *differing, struct list *booted)
{
	size_t kept = 0;

	LIST_EACH(*differing, char *, line)
		if (outlives_a_boot(*line))
			*LIST_AT(*differing, char *, kept++) = *line;
		else
			*(char **)list_push(booted, sizeof(char *)) = *line;
	differing->count = kept;
}

/* One state as it was listed twice. */
struct states {
	const struct list *before, *after; /* of char * */
	const struct look *look_before, *look_after;
	bool comparable;
};

static void take_states(const struct states *states, struct revert_judgement *out)
{
	struct list old = sorted_copy(states->before), new = sorted_copy(states->after);
	const char *boot_before = states->look_before->boot_id;
	const char *boot_after = states->look_after->boot_id;

	take_state(states->look_before, &old, &out->before);
	take_state(states->look_after, &new, &out->after);
	out->rebooted = boot_before && boot_after && strcmp(boot_before, boot_after) != 0;
	if (states->comparable) {
		subtract(&old, &new, &out->missing);
		subtract(&new, &old, &out->added);
	}
	if (out->rebooted) {
		set_apart(&out->missing, &out->booted_away);
		set_apart(&out->added, &out->booted_up);
	}
	list_free_texts(&old);
	list_free_texts(&new);
}

/* Armed there, or ordered to arm by a controller that did not live to hear the answer. */
static bool node_touched(const struct record *record, const char *node)
{
	LIST_EACH(record->faults, struct fault_record, fault) {
		if (!record->ended && fault->start_ns != NEVER_NS &&
			(list_has_text(&fault->on, node) || list_has_text(&fault->from, node)))
			return true;
		LIST_EACH(fault->nodes, struct fault_node, own)
			if (strcmp(own->node, node) == 0)
				return true;
	}
	return false;
}

static void say_rebooted(const struct node_record *node, struct revert_judgement *out)
{
	size_t changed = out->booted_away.count + out->booted_up.count;

	if (changed)
		snprintf(out->text, sizeof(out->text),
			"its machine has booted since, and what the run did in its kernel went "
			"with that; %zu facts came up differently",
			changed);
	else
		snprintf(out->text, sizeof(out->text),
			"%zu facts as before, and its machine has booted since: what the run did "
			"in its kernel went with that",
			node->after.count);
}

static void judge_node(
	const struct record *record, const struct node_record *node, struct revert_judgement *out)
{
	const struct states states = {.before = &node->before,
		.after = &node->after,
		.look_before = &node->look_before,
		.look_after = &node->look_after,
		.comparable = !node->gone && node->audited_before && node->audited_after};

	*out = (struct revert_judgement){
		.node = node->node, .touched = node_touched(record, node->node)};
	take_states(&states, out);
	if (node->gone) {
		out->confirmed = true;
		snprintf(out->text, sizeof(out->text),
			"gone with its lab, and with it all that was done there");
		return;
	}
	if (!states.comparable) {
		out->confirmed = !out->touched && !record->unread.lines;
		snprintf(out->text, sizeof(out->text),
			!out->touched ? "not touched, not compared%s%s"
				: record->ended || node->lost
				? "could not be looked at afterwards%s%s"
				: "not looked at since the run was cut "
				  "off%s%s",
			node->lost ? ": " : "", node->lost ? node->lost_reason : "");
		return;
	}
	out->confirmed = out->missing.count + out->added.count == 0;
	if (out->confirmed && out->rebooted)
		say_rebooted(node, out);
	else if (out->confirmed)
		snprintf(out->text, sizeof(out->text), "%zu facts as before%s", node->after.count,
			node->lost && node->recovered
				? ", after its injector was lost and recovered"
				: node->recovered ? ", after it was recovered later"
						  : "");
	else
		snprintf(out->text, sizeof(out->text), "%zu facts missing, %zu new",
			out->missing.count, out->added.count);
}

static void judge_services(const struct record *record, struct revert_judgement *out)
{
	const struct states states = {.before = &record->services_before,
		.after = &record->services_after,
		.look_before = &record->look_before,
		.look_after = &record->look_after,
		.comparable = true};

	*out = (struct revert_judgement){.node = "services", .touched = true};
	take_states(&states, out);
	out->confirmed = out->missing.count + out->added.count == 0;
	if (out->confirmed)
		snprintf(out->text, sizeof(out->text), "%zu service%s as before",
			record->services_after.count, record->services_after.count == 1 ? "" : "s");
	else
		snprintf(out->text, sizeof(out->text), "%zu service%s not as before",
			out->missing.count, out->missing.count == 1 ? " is" : "s are");
}

static int by_node(const void *a, const void *b)
{
	return strcmp(((const struct revert_judgement *)a)->node,
		((const struct revert_judgement *)b)->node);
}

void judge_reverts(const struct record *record, struct list *reverts)
{
	LIST_EACH(record->nodes, struct node_record, node)
		judge_node(record, node, list_push(reverts, sizeof(struct revert_judgement)));
	/* Nodes answer in any order; a report should not. */
	if (reverts->count)
		qsort(reverts->items, reverts->count, sizeof(struct revert_judgement), by_node);
	if (record->services_before.count && record->services_known)
		judge_services(record, list_push(reverts, sizeof(struct revert_judgement)));
}
