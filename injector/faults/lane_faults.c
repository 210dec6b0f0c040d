/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/faults/lane_faults.h"

#include "injector/lists.h"
#include "injector/mechanisms/lanes.h"

int lane_plan(const struct fault_order *order, const void *with, const struct lane_fault *fault,
	struct plan *plan, struct fail *fail)
{
	struct effect *effect = network_plan(order, fault->network, plan, fail);

	if (!effect)
		return -1;
	effect->hold = must_alloc(sizeof(*effect->hold));
	effect->hold->choice = (enum lane_choice)fault->choice;
	effect->match.action = BB_HOLD;
	effect->match.hold = effect->hold;
	return fault->spec(with, (uint64_t)order->seed, &effect->hold->spec, fail);
}
