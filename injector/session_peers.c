/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/verbs.h"
#include "injector/lists.h"
#include "injector/log.h"
#include "injector/mechanisms/matcher.h"
#include "injector/session.h"

/* Addresses that faults borrow, and that get more while the faults act. */

static bool uses(const struct session_fault *fault, const struct list *prefixes)
{
	LIST_EACH(fault->plan.effects, const struct effect, effect) {
		if (effect->kind != EFFECT_MATCH)
			continue;
		LIST_EACH(*effect->match.peers, const struct endpoint, peer) {
			if (peer->known == prefixes)
				return true;
		}
	}
	return false;
}

static bool is_used(const struct session *session, const struct list *prefixes)
{
	LIST_EACH(session->faults, struct session_fault *, fault) {
		if (fault_state_needs_healing((*fault)->state) && uses(*fault, prefixes))
			return true;
	}
	return false;
}

/*
 * Neither forward nor back: who is hit now is not what anybody ordered, so nobody shall be. What is
 * not healed at once is tried again as any other.
 */
static void heal_users(struct session *session, const struct list *prefixes)
{
	LIST_EACH(session->faults, struct session_fault *, fault) {
		struct fail healing = FAIL_INIT;

		if (!fault_state_needs_healing((*fault)->state) || !uses(*fault, prefixes))
			continue;
		log_line("fault %s is healed: its peers could not be changed, nor be as before",
			(*fault)->order.id);
		if (session_heal(session, *fault, &healing) < 0)
			log_line("%s", healing.text);
	}
}

int session_grow(
	struct session *session, struct list *prefixes, const struct list *grown, struct fail *fail)
{
	struct list before = *prefixes;
	struct fail undoing = FAIL_INIT;

	*prefixes = *grown;
	if (!is_used(session, prefixes) || matcher_peers_changed(session->matcher, fail) == 0) {
		list_free(&before);
		return 0;
	}
	*prefixes = before;
	if (matcher_peers_changed(session->matcher, &undoing) < 0) {
		heal_users(session, prefixes);
		fail_context(fail, "%s; the faults that use it are healed; first", undoing.text);
	}
	return -1;
}
