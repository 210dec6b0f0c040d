/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/verbs.h"
#include "injector/effects.h"
#include "injector/fault.h"
#include "injector/lists.h"
#include "injector/mechanisms/lanes.h"
#include "injector/session.h"

/* Changing a fault while it acts. */

/* All that was in effect is told in every evidence, which must fit into one line. */
enum {
	CHANGES_MAX = 16
};

static const struct field *field_of(const struct shape *shape, const char *key)
{
	for (size_t i = 0; i < shape->count; i++)
		if (strcmp(shape->fields[i].key, key) == 0)
			return &shape->fields[i];
	return NULL;
}

/* "ratio, correlation" */
static const char *live_keys(const struct shape *shape, char *text, size_t size)
{
	size_t used = 0;

	snprintf(text, size, "nothing");
	for (size_t i = 0; i < shape->count && used < size; i++)
		if (shape->fields[i].live)
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
				shape->fields[i].key);
	return text;
}

static int check(const struct session_fault *fault, const cJSON *with, struct fail *fail)
{
	const cJSON *member;
	char keys[256];

	if (fault->state != FAULT_ARMED && fault->state != FAULT_ACTIVE)
		return fail_set(fail, FAIL_USAGE, "it is %s: nothing can be changed any more",
			fault_state_word(fault->state));
	if (fault->changes.count == CHANGES_MAX)
		return fail_set(
			fail, FAIL_REFUSED, "%d changes of one fault are the most", CHANGES_MAX);
	if (!cJSON_IsObject(with) || !with->child)
		return fail_set(fail, FAIL_USAGE, "with: must be an object with what changes");
	cJSON_ArrayForEach(member, with) {
		const struct field *field = field_of(fault->ops->with, member->string);

		/* Unknown keys are the table's to refuse. */
		if (field && !field->live)
			return fail_set(fail, FAIL_USAGE,
				"with.%s: can't be changed while it acts; of %s that can: %s",
				member->string, fault->ops->name,
				live_keys(fault->ops->with, keys, sizeof(keys)));
	}
	return 0;
}

/* What was ordered, with other values in it. */
static cJSON *merged(const cJSON *with, const cJSON *changes)
{
	cJSON *out = cJSON_Duplicate(with, true);
	const cJSON *member;

	cJSON_ArrayForEach(member, changes) {
		cJSON_DeleteItemFromObjectCaseSensitive(out, member->string);
		json_put(out, member->string, cJSON_Duplicate(member, true));
	}
	return out;
}

static int carry_out(struct session *session, struct session_fault *fault,
	const struct session_fault *next, struct fail *fail)
{
	struct effect *effect = fault->plan.effects.items;
	struct fail healing = FAIL_INIT;
	bool torn = false;

	if (fault->plan.effects.count != 1 || next->plan.effects.count != 1)
		return fail_set(fail, FAIL_REFUSED, "it has nothing to change on this node");
	if (effect_change(session, effect, next->plan.effects.items, &torn, fail) == 0)
		return 0;
	if (torn && session_heal(session, fault, &healing) < 0)
		return fail_context(fail, "%s; it could not be healed, after", healing.text);
	return torn ? fail_context(fail, "it is healed, since what it does is unknown") : -1;
}

/* Its order and parameters are the new ones from here on; `next` keeps the old ones, to be freed.
 */
static void take_over(struct session_fault *fault, struct session_fault *next)
{
	struct effect *effect = fault->plan.effects.items, *changed = next->plan.effects.items;
	cJSON *with = fault->order.with;
	struct lane_order *hold = effect->hold;
	void *decoded = fault->with;

	effect->match.mtu = changed->match.mtu;
	effect->match.chance = changed->match.chance;
	effect->match.hold = changed->match.hold;
	effect->clock.skew = changed->clock.skew;
	effect->match.cgroup = changed->match.cgroup; /* the same, where it is kept from now on */
	effect->hold = changed->hold;
	changed->hold = hold;
	fault->order.with = next->order.with;
	next->order.with = with;
	fault->with = next->with;
	next->with = decoded;
}

static void keep_change(struct session_fault *fault, cJSON **with)
{
	struct fault_change *change = list_push(&fault->changes, sizeof(*change));

	change->at_ns = host_now_ns();
	change->with = *with;
	*with = NULL;
}

int session_change(
	struct session *session, struct session_fault *fault, cJSON **with, struct fail *fail)
{
	struct session_fault next = {.order = fault->order};
	int outcome;

	if (check(fault, *with, fail) < 0)
		return -1;
	next.order.with = merged(fault->order.with, *with);
	outcome = session_plan_again(session, &next, fail);
	if (outcome == 0)
		outcome = carry_out(session, fault, &next, fail);
	if (outcome == 0) {
		take_over(fault, &next);
		keep_change(fault, with);
	}
	plan_deinit(&next.plan);
	if (next.with)
		shape_free(fault->ops->with, next.with);
	free(next.with);
	cJSON_Delete(next.order.with);
	return outcome;
}
