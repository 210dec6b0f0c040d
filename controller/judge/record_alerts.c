/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/json.h"
#include "contract/list.h"
#include "controller/judge/record_apply.h"

/* When somebody on call would have been told, as the journal keeps it. */

struct alert_record *record_open_alert(const struct record *record, const struct burn_spec *burn)
{
	LIST_EACH(record->alerts, struct alert_record, alert)
		if (alert->burn == burn && alert->to_ns == NEVER_NS)
			return alert;
	return NULL;
}

/* The pair of windows that an event speaks of, by its place in the SLO's list. */
static const struct burn_spec *pair_of(
	const struct record *record, const cJSON *event, const struct slo_spec **out_slo)
{
	double pair = json_number(event, "pair", -1);

	*out_slo = scenario_slo(&record->scenario, json_string(event, "slo", ""));
	if (!*out_slo || !(pair >= 0 && pair < (double)(*out_slo)->burn.count))
		return NULL;
	return LIST_AT((*out_slo)->burn, struct burn_spec, (size_t)pair);
}

int record_apply_alert(struct record *record, const cJSON *event, struct fail *fail)
{
	const struct slo_spec *slo;
	const struct burn_spec *burn = pair_of(record, event, &slo);
	struct alert_record *alert;

	if (!burn || record_open_alert(record, burn))
		return fail_set(fail, FAIL_PEER, "journal: an impossible alert");
	alert = list_push(&record->alerts, sizeof(*alert));
	*alert = (struct alert_record){
		.slo = slo,
		.burn = burn,
		.from_ns = journal_time(event, "at_ns"),
		.to_ns = NEVER_NS,
		.long_rate = json_number(event, "long_rate", 0),
		.short_rate = json_number(event, "short_rate", 0),
	};
	return 0;
}

int record_apply_alert_over(struct record *record, const cJSON *event, struct fail *fail)
{
	const struct slo_spec *slo;
	const struct burn_spec *burn = pair_of(record, event, &slo);
	struct alert_record *alert = burn ? record_open_alert(record, burn) : NULL;
	int64_t at_ns = journal_time(event, "at_ns");

	if (!alert || at_ns == NEVER_NS)
		return fail_set(fail, FAIL_PEER, "journal: the end of no alert");
	alert->to_ns = at_ns;
	return 0;
}
