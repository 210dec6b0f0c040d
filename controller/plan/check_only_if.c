/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "contract/units.h"
#include "controller/plan/check_parts.h"

/* `only_if` of a phase: the claim exists, and what it comes to is known when the phase would begin.
 */

static const struct invariant_spec *claim_named(const struct scenario *scenario, const char *id)
{
	LIST_EACH(scenario->invariants, struct invariant_spec, claim)
		if (strcmp(claim->id, id) == 0)
			return claim;
	return NULL;
}

/* The last phase of a `holds` must lie before. */
static int check_holds(const struct scenario *scenario, const struct phase_spec *phase,
	const struct invariant_spec *claim, const struct at *at, struct fail *fail)
{
	LIST_EACH(claim->in, char *, id) {
		const struct phase_spec *in = scenario_phase(scenario, *id);

		if (in && in >= phase)
			return fail_at(fail, at->path,
				"claim \"%s\" is about phase \"%s\", which does not lie before "
				"phase \"%s\": it can't be known by then",
				claim->id, *id, phase->id);
	}
	return 0;
}

/* As long as a recovery may take there must be phases in between; those that may be left out don't
 * count. */
static int check_recovers(const struct scenario *scenario, const struct phase_spec *phase,
	const struct invariant_spec *claim, const struct at *at, struct fail *fail)
{
	const struct recovers_spec *recovers = claim->recovers;
	int64_t needed_ns = recovers->within_ns + recovers->stable_for_ns, left_ns;
	char needed[DURATION_TEXT_MAX], left[DURATION_TEXT_MAX];
	const struct phase_spec *own = NULL;
	const struct fault_spec *fault = scenario_fault(scenario, recovers->from->fault, &own);
	bool healed = recovers->from->instant == INSTANT_HEALED;

	if (!fault)
		return 0; /* the claim itself is told of that */
	if (own >= phase)
		return fail_at(fail, at->path,
			"claim \"%s\" counts from fault \"%s\", which does not lie before phase "
			"\"%s\": it can't be known by then",
			claim->id, fault->id, phase->id);
	left_ns = healed ? 0 : phase_shortest_ns(own) - fault->at_ns;
	for (const struct phase_spec *between = own + 1; between < phase; between++)
		left_ns += between->only_if ? 0 : phase_shortest_ns(between);
	if (left_ns >= needed_ns)
		return 0;
	return fail_at(fail, at->path,
		"claim \"%s\" needs %s from its instant, and there may be %s before phase \"%s\": "
		"it "
		"can't be known by then",
		claim->id, duration_format(needed_ns, needed), duration_human(left_ns, left),
		phase->id);
}

int check_only_if(const struct scenario *scenario, const struct phase_spec *phase,
	const struct at *at, struct fail *fail)
{
	const struct only_if_spec *only_if = phase->only_if;
	struct at key = at_key(at, "only_if"), place = at_key(&key, "invariant");
	const struct invariant_spec *claim = claim_named(scenario, only_if->invariant);

	if (!claim)
		return no_such(&place, "invariant", only_if->invariant,
			nearest_named(&scenario->invariants, sizeof(struct invariant_spec),
				only_if->invariant),
			fail);
	if (claim->holds)
		return check_holds(scenario, phase, claim, &place, fail);
	if (claim->recovers)
		return check_recovers(scenario, phase, claim, &place, fail);
	return fail_at(fail, place.path,
		"only \"holds\" and \"recovers\" can decide of a phase; claim \"%s\" is a \"%s\"",
		claim->id, claim_kind(claim));
}
