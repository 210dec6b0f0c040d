/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "contract/failpoint.h"
#include "contract/units.h"
#include "contract/verbs.h"
#include "injector/effects.h"
#include "injector/host.h"
#include "injector/lists.h"
#include "injector/session.h"
#include "injector/verb.h"

/* A session's faults stay listed after they are healed; nobody arms this many on one node. */
enum {
	SESSION_FAULTS_MAX = 512
};

static int check_times(
	const struct session *session, const struct fault_order *order, struct fail *fail)
{
	int64_t now_ns = host_now_ns();

	if (session_find(session, order->id))
		return fail_set(fail, FAIL_USAGE, "fault %s exists already", order->id);
	if (session->faults.count >= SESSION_FAULTS_MAX)
		return fail_set(fail, FAIL_REFUSED, "%d faults in one session are the most",
			SESSION_FAULTS_MAX);
	if (order->start_ns <= 0 || order->deadline_ns <= order->start_ns)
		return fail_set(fail, FAIL_USAGE,
			"fault %s: start_ns and deadline_ns must be instants, in this order",
			order->id);
	if (order->deadline_ns <= now_ns)
		return fail_set(fail, FAIL_REFUSED,
			"fault %s: its deadline is over since %" PRId64 " ms", order->id,
			(now_ns - order->deadline_ns) / NS_PER_MS);
	if (order->deadline_ns - now_ns > DURATION_MAX_NS)
		return fail_set(
			fail, FAIL_USAGE, "fault %s: its deadline is years away", order->id);
	return 0;
}

int verb_arm(struct session *session, void *params, void *result, struct fail *fail)
{
	struct arm_result *armed = result;
	struct session_fault *fault;
	int parked;

	if (session_check_halts(session, fail) < 0)
		return -1;
	parked = session_park(session, params, fail);
	FAILPOINT(arm_taken);
	if (parked)
		return parked;
	if (check_times(session, params, fail) < 0 ||
		session_plan(session, params, &fault, fail) < 0)
		return -1;
	if (session_arm(session, fault, fail) < 0)
		return -1;
	armed->armed_ns = host_now_ns();
	if (armed->armed_ns > fault->order.start_ns)
		armed->late_ns = armed->armed_ns - fault->order.start_ns;
	/* A node that a fault leaves alone is armed all the same: whoever ordered it may heal it.
	 */
	if (fault->plan.effects.count)
		effect_carrier(session, LIST_AT(fault->plan.effects, struct effect, 0), armed);
	else
		armed->attach = must_copy("nothing");
	FAILPOINT(arm_done);
	return 0;
}

int verb_update(struct session *session, void *params, void *result, struct fail *fail)
{
	struct update_params *update = params;
	struct session_fault *fault = session_find(session, update->fault);
	struct update_result *out = result;

	if (!fault)
		return fail_set(fail, FAIL_USAGE, "no fault \"%s\" in this session", update->fault);
	if (session_change(session, fault, &update->with, fail) < 0)
		return fail_context(fail, "fault %s", update->fault);
	out->change = (int64_t)fault->changes.count;
	out->changed_ns =
		LIST_AT(fault->changes, struct fault_change, fault->changes.count - 1)->at_ns;
	return 0;
}

static int check_known(const struct session *session, const struct list *ids, struct fail *fail)
{
	LIST_EACH(*ids, char *, id) {
		if (!session_find(session, *id))
			return fail_set(fail, FAIL_USAGE, "no fault \"%s\" in this session", *id);
	}
	return 0;
}

int verb_heal(struct session *session, void *params, void *result, struct fail *fail)
{
	const struct heal_params *heal = params;
	int outcome = 0;

	session_refuse_parked(session, &heal->faults);
	if (check_known(session, &heal->faults, fail) < 0)
		return -1;
	if (heal->faults.count == 0)
		outcome = session_heal_all(session, fail);
	LIST_EACH(heal->faults, char *, id) {
		struct fail each = FAIL_INIT;

		if (session_heal(session, session_find(session, *id), &each) == 0)
			continue;
		if (outcome == 0)
			*fail = each;
		outcome = -1;
	}
	if (outcome < 0)
		return -1;
	session_evidence(session, &heal->faults, host_now_ns(), result);
	FAILPOINT(heal_done);
	return 0;
}

int verb_evidence(struct session *session, void *params, void *result, struct fail *fail)
{
	const struct heal_params *asked = params;

	if (check_known(session, &asked->faults, fail) < 0)
		return -1;
	session_evidence(session, &asked->faults, host_now_ns(), result);
	return 0;
}
