/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/judge/cusums.h"

#include <string.h>

#include "contract/list.h"
#include "controller/plan/cusum_rule.h"

void cusums_prepare(const struct scenario *scenario, struct list *out)
{
	if (!scenario->guardrails)
		return;
	LIST_EACH(scenario->guardrails->stop_if, struct stop_rule, rule)
		if (rule->cusum)
			*(struct cusum_record *)list_push(out, sizeof(struct cusum_record)) =
				(struct cusum_record){
					.rule = rule, .test = cusum_rule_test(scenario, rule)};
}

static void advance(struct cusum_record *own, const struct sli_record *sli, int64_t covered_ns)
{
	size_t end = samples_from(&sli->samples, covered_ns);

	for (; own->next < end; own->next++) {
		own->sum =
			cusum_next(&own->test, own->sum, !samples_good(&sli->samples, own->next));
		own->reached |= own->sum >= own->test.limit;
	}
}

void cusums_update(struct record *record, const struct sli_record *sli)
{
	LIST_EACH(record->cusums, struct cusum_record, own)
		if (strcmp(own->rule->slo, sli->slo->name) == 0)
			advance(own, sli, record_covered_ns(record, sli->slo));
}

const struct cusum_record *record_cusum(const struct record *record, const struct stop_rule *rule)
{
	LIST_EACH(record->cusums, const struct cusum_record, own)
		if (own->rule == rule)
			return own;
	return NULL;
}
