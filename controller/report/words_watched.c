/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "contract/units.h"
#include "controller/plan/check.h"
#include "controller/report/words.h"

/* Claims about the numbers that probes read, in the words of people. */

static void within_of(const char *what, const struct recovers_from *from, int64_t within_ns,
	char buffer[WORDS_MAX])
{
	char within[DURATION_TEXT_MAX];

	snprintf(buffer, WORDS_MAX, "%.60s within %s of the %s of %.40s", what,
		duration_format(within_ns, within), words_instant(from->instant), from->fault);
}

void words_watched_statement(const struct invariant_spec *claim, char buffer[WORDS_MAX])
{
	char what[WORDS_MAX], none[DURATION_TEXT_MAX];

	if (claim->alert_fired) {
		snprintf(what, sizeof(what), "the alert of %.40s fires", claim->alert_fired->probe);
		within_of(what, claim->alert_fired->from, claim->alert_fired->within_ns, buffer);
		return;
	}
	if (claim->converges) {
		snprintf(what, sizeof(what), "all members agree on %.40s", claim->converges->probe);
		within_of(what, claim->converges->from, claim->converges->within_ns, buffer);
		return;
	}
	if (claim->exactly_one->none_for_at_most_ns)
		snprintf(buffer, WORDS_MAX,
			"one member at a time has %.40s = %g, none for %s at most",
			claim->exactly_one->probe, claim->exactly_one->equals,
			duration_format(claim->exactly_one->none_for_at_most_ns, none));
	else
		snprintf(buffer, WORDS_MAX, "never two members have %.40s = %g at one time",
			claim->exactly_one->probe, claim->exactly_one->equals);
}

/* Samples are readings; bad ones failed. */
void words_watched_claim(const struct claim_judgement *own, struct claim_numbers *out)
{
	const struct invariant_spec *claim = own->claim;
	char text[DURATION_TEXT_MAX];

	if (own->tally.total + own->tally.bad > 0) {
		snprintf(out->samples, sizeof(out->samples), "%lld",
			(long long)own->tally.total + own->tally.bad);
		snprintf(out->bad, sizeof(out->bad), "%lld failed", (long long)own->tally.bad);
	}
	if (claim->exactly_one) {
		snprintf(out->allowed, sizeof(out->allowed), "never two");
		if (own->after_ns > 0)
			snprintf(out->measured, sizeof(out->measured), "two for %s",
				duration_human(own->after_ns, text));
		else if (own->tally.total)
			snprintf(out->measured, sizeof(out->measured), "never two");
		return;
	}
	snprintf(out->allowed, sizeof(out->allowed), "≤ %s",
		duration_format(claim->alert_fired ? claim->alert_fired->within_ns
						   : claim->converges->within_ns,
			text));
	if (own->after_ns != NEVER_NS)
		snprintf(out->measured, sizeof(out->measured), "%s",
			duration_human(own->after_ns, text));
	else if (own->verdict == VERDICT_VIOLATED)
		snprintf(out->measured, sizeof(out->measured), "not seen");
}
