/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/plan.h"

#include <stdlib.h>

#include "injector/lists.h"

struct effect *plan_add(struct plan *plan, enum effect_kind kind)
{
	struct effect *effect = list_push(&plan->effects, sizeof(*effect));

	effect->kind = kind;
	return effect;
}

struct list *plan_list(struct plan *plan)
{
	struct list *list = must_alloc(sizeof(*list));

	*(struct list **)list_push(&plan->lists, sizeof(list)) = list;
	return list;
}

void plan_deinit(struct plan *plan)
{
	LIST_EACH(plan->effects, struct effect, effect) {
		matcher_rule_free(effect->armed);
		free(effect->hold);
		signals_free(effect->signals);
		pauses_free(effect->pauses);
		traps_free(effect->traps);
		clocks_free(effect->clocks);
		steps_free(effect->steps);
	}
	LIST_EACH(plan->lists, struct list *, list) {
		list_free(*list);
		free(*list);
	}
	list_free(&plan->effects);
	list_free(&plan->lists);
}

bool plan_has(const struct plan *plan, enum effect_kind kind)
{
	LIST_EACH(plan->effects, const struct effect, effect) {
		if (effect->kind == kind)
			return true;
	}
	return false;
}
