/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/plan/groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/seed.h"

static const struct list *known_nodes(const struct list *known, const char *group)
{
	LIST_EACH(*known, struct resolved_group, own)
		if (strcmp(own->group, group) == 0)
			return &own->nodes;
	return NULL;
}

/* --- candidates ------------------------------------------------------------------------ */

static bool labels_match(const struct plan_node *node, const cJSON *labels)
{
	for (const cJSON *label = labels->child; label; label = label->next) {
		const char *value = json_string(node->labels, label->string, NULL);

		if (!value || !cJSON_IsString(label) || strcmp(value, label->valuestring) != 0)
			return false;
	}
	return true;
}

static bool excluded(const struct list *known, const struct group_spec *group, const char *node)
{
	LIST_EACH(group->without, char *, name) {
		const struct list *members = known_nodes(known, *name);

		if (members ? list_has_text(members, node) : strcmp(*name, node) == 0)
			return true;
	}
	return false;
}

/* Every stated source narrows the set, but `union`, which widens it. */
static bool is_candidate(
	const struct list *known, const struct group_spec *group, const struct plan_node *node)
{
	const struct list *in = group->in ? known_nodes(known, group->in) : NULL;

	if (excluded(known, group, node->name))
		return false;
	LIST_EACH(group->unite, char *, name) {
		const struct list *members = known_nodes(known, *name);

		if (members && list_has_text(members, node->name))
			return true;
	}
	if (!group->in && !group->labels && !group->nodes.count)
		return false;
	return (!group->in || (in && list_has_text(in, node->name))) &&
		(!group->labels || labels_match(node, group->labels)) &&
		(!group->nodes.count || list_has_text(&group->nodes, node->name));
}

void group_candidates(const struct plan *plan, const struct list *known,
	const struct group_spec *group, struct list *out_nodes)
{
	LIST_EACH(plan->nodes, struct plan_node, node)
		if (is_candidate(known, group, node))
			list_push_text(out_nodes, node->name);
}

const struct group_spec *group_next(
	const struct plan *plan, const struct list *known, const char *name)
{
	const struct group_spec *group = scenario_group(plan->scenario, name), *deeper;

	if (!group || known_nodes(known, name))
		return NULL;
	if (group->in && (deeper = group_next(plan, known, group->in)))
		return deeper;
	LIST_EACH(group->without, char *, other)
		if ((deeper = group_next(plan, known, *other)))
			return deeper;
	LIST_EACH(group->unite, char *, other)
		if ((deeper = group_next(plan, known, *other)))
			return deeper;
	return group;
}

/* --- pick and count -------------------------------------------------------------------- */

static void pick_some(struct list *nodes, size_t wanted, uint64_t seed)
{
	char **names = nodes->items;

	while (nodes->count > wanted) {
		size_t victim = seed_next(&seed) % nodes->count;

		free(names[victim]);
		memmove(&names[victim], &names[victim + 1],
			(nodes->count - victim - 1) * sizeof(*names));
		nodes->count--;
	}
}

int group_finish(const struct plan *plan, const struct group_spec *group, struct list *nodes,
	struct fail *fail)
{
	char found[512] = "";
	bool few;

	if (group->pick)
		pick_some(nodes, (size_t)group->pick, (uint64_t)plan->scenario->seed);
	if ((int64_t)nodes->count >= group->count.min && (int64_t)nodes->count <= group->count.max)
		return 0;
	LIST_EACH(*nodes, char *, name) {
		size_t used = strlen(found);

		snprintf(found + used, sizeof(found) - used, "%s%s", used ? ", " : ": ", *name);
	}
	few = (int64_t)nodes->count < group->count.min;
	return fail_set(fail, FAIL_REFUSED, "group \"%s\" must have %s%lld nodes; %zu found%s",
		group->name,
		group->count.min == group->count.max ? ""
			: few                        ? "at least "
						     : "at most ",
		(long long)(few ? group->count.min : group->count.max), nodes->count, found);
}

void nodes_of_names(const struct plan *plan, const struct list *known, const struct list *names,
	struct list *out_nodes)
{
	LIST_EACH(plan->nodes, struct plan_node, node) {
		bool wanted = false;

		LIST_EACH(*names, char *, name) {
			const struct list *members = known_nodes(known, *name);

			wanted = wanted ||
				(members ? list_has_text(members, node->name)
					 : strcmp(*name, node->name) == 0);
		}
		if (wanted)
			list_push_text(out_nodes, node->name);
	}
}

/* --- limits ---------------------------------------------------------------------------- */

static int check_group_limit(const struct list *known, const struct list *targets,
	const struct group_limit *limit, struct fail *fail)
{
	const struct list *members = known_nodes(known, limit->group);
	size_t hit = 0, total = members ? members->count : 0, quorum = total / 2 + 1;

	if (!members)
		return fail_set(
			fail, FAIL_REFUSED, "limits: group \"%s\" is not resolved", limit->group);
	LIST_EACH(*members, char *, name)
		hit += list_has_text(targets, *name);
	if (total && (double)hit / (double)total > limit->max_fraction + 1e-9)
		return fail_set(fail, FAIL_REFUSED,
			"limits: %zu of the %zu nodes of group \"%s\" would be hit (%.3g); at most "
			"%.3g is allowed",
			hit, total, limit->group, (double)hit / (double)total, limit->max_fraction);
	if (limit->keep_quorum && hit && total - hit < quorum)
		return fail_set(fail, FAIL_REFUSED,
			"limits: group \"%s\" would keep %zu of %zu nodes, fewer than its quorum "
			"of "
			"%zu",
			limit->group, total - hit, total, quorum);
	return 0;
}

static int check_label_limit(const struct plan *plan, const struct list *targets,
	const struct label_limit *limit, struct fail *fail)
{
	struct list values = {0};
	size_t count;

	LIST_EACH(*targets, char *, name) {
		const char *value =
			json_string(plan_node(plan, *name)->labels, limit->label, "(none)");

		if (!list_has_text(&values, value))
			list_push_text(&values, value);
	}
	count = values.count;
	list_free_texts(&values);
	if (count <= (size_t)limit->max_values)
		return 0;
	return fail_set(fail, FAIL_REFUSED,
		"limits: nodes with %zu different values of label \"%s\" would be hit; at most "
		"%lld "
		"are allowed",
		count, limit->label, (long long)limit->max_values);
}

int limits_check(const struct plan *plan, const struct list *known, const struct list *targets,
	struct fail *fail)
{
	const struct limits_spec *limits = plan->scenario->guardrails->limits;
	struct list protected = {0};
	int outcome = 0;

	if (limits->nodes && targets->count > (size_t)limits->nodes)
		return fail_set(fail, FAIL_REFUSED,
			"limits: %zu nodes would be hit at one time; at most %lld are allowed",
			targets->count, (long long)limits->nodes);
	nodes_of_names(plan, known, &limits->protect, &protected);
	LIST_EACH(*targets, char *, name)
		if (outcome == 0 && list_has_text(&protected, *name))
			outcome = fail_set(
				fail, FAIL_REFUSED, "limits: node \"%s\" is protected", *name);
	list_free_texts(&protected);
	LIST_EACH(limits->of_group, struct group_limit, limit)
		if (outcome == 0)
			outcome = check_group_limit(known, targets, limit, fail);
	LIST_EACH(limits->per_label, struct label_limit, limit)
		if (outcome == 0)
			outcome = check_label_limit(plan, targets, limit, fail);
	return outcome;
}

/* --- where ----------------------------------------------------------------------------- */

bool where_matches(const struct where_spec *where, double value)
{
	return value == (where->http ? where->equals : 1);
}
