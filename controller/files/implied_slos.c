/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/files/implied_slos.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/memory.h"
#include "contract/units.h"
#include "controller/files/scenario.h"

/* Nobody spends the budget of an SLO that is only a way to count. */
#define IMPLIED_PERIOD_NS ((int64_t)30 * 86400 * NS_PER_SEC)

enum {
	NAME_MAX_BYTES = 64
};

static bool is_the_same(const struct slo_spec *slo, const struct holds_spec *holds)
{
	return slo->implied && strcmp(slo->probe, holds->probe) == 0 &&
		slo->objective == holds->quantile && slo->good->latency_lt_ns == holds->below_ns;
}

/* Of any other SLO, be it the file's or implied. */
static bool is_taken(const struct scenario *scenario, const char *name)
{
	return scenario_slo(scenario, name) != NULL;
}

static const char *choose_name(const struct scenario *scenario, const struct holds_spec *holds,
	char buffer[NAME_MAX_BYTES])
{
	char below[DURATION_TEXT_MAX];

	duration_format(holds->below_ns, below);
	snprintf(buffer, NAME_MAX_BYTES, "%.18s-p%.8g-below-%.10s", holds->probe,
		holds->quantile * 100, below);
	for (int number = 2; is_taken(scenario, buffer); number++)
		snprintf(buffer, NAME_MAX_BYTES, "%.18s-p%.8g-below-%.10s-%d", holds->probe,
			holds->quantile * 100, below, number);
	return buffer;
}

static const struct slo_spec *add(struct scenario *scenario, const struct holds_spec *holds)
{
	struct slo_spec *slos = reallocarray(
		scenario->slos.items, scenario->slos.count + 1, sizeof(struct slo_spec));
	char name[NAME_MAX_BYTES];
	struct slo_spec *own;

	if (!slos)
		abort();
	scenario->slos.items = slos;
	choose_name(scenario, holds, name);
	own = &slos[scenario->slos.count++];
	*own = (struct slo_spec){
		.name = must_copy(name),
		.probe = must_copy(holds->probe),
		.good = must_alloc(sizeof(struct good_spec)),
		.objective = holds->quantile,
		.period_ns = IMPLIED_PERIOD_NS,
		.implied = true,
	};
	own->good->latency_lt_ns = holds->below_ns;
	own->good->value_lt = own->good->value_le = NAN;
	own->good->value_gt = own->good->value_ge = NAN;
	return own;
}

static const struct slo_spec *find_or_add(struct scenario *scenario, const struct holds_spec *holds)
{
	LIST_EACH(scenario->slos, struct slo_spec, slo)
		if (is_the_same(slo, holds))
			return slo;
	return add(scenario, holds);
}

void scenario_imply_slos(struct scenario *scenario)
{
	LIST_EACH(scenario->invariants, struct invariant_spec, claim)
		if (claim->holds && claim->holds->quantile > 0)
			claim->holds->slo = must_copy(find_or_add(scenario, claim->holds)->name);
}
