/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/json_loads.h"

#include "contract/json.h"
#include "controller/judge/judge.h"
#include "controller/report/json_parts.h"
#include "controller/report/words_loads.h"

static void put_sum(cJSON *item, const struct load_sum *sum)
{
	cJSON *spread = json_array();

	json_put_number(item, "requests", (double)sum->requests);
	json_put_number(item, "begun", (double)sum->begun);
	json_put_number(item, "attempts", (double)sum->attempts);
	json_put_number(item, "retries", (double)sum->retries);
	json_put_number(item, "retry_ratio", load_retry_ratio(sum));
	json_put_number(item, "withheld", (double)sum->withheld);
	LIST_EACH(sum->shares, const struct load_share, share) {
		cJSON *own = json_object();

		json_put_string(own, "node", share->node);
		json_put_number(own, "attempts", (double)share->attempts);
		json_put_number(own, "failed", (double)share->failed);
		json_put_number(own, "share", load_share_of(sum, share));
		json_append(spread, own);
	}
	json_put(item, "spread", spread);
}

static cJSON *phases_of(const struct load_judgement *load)
{
	cJSON *list = json_array();

	LIST_EACH(load->phases, const struct load_phase, own) {
		cJSON *item = json_object();

		json_put_string(item, "phase", own->phase->spec->id);
		json_put_number(item, "asked_per_s", load_phase_asked(own));
		json_put_number(item, "begun_per_s", load_phase_begun(own));
		put_sum(item, &own->sum);
		json_append(list, item);
	}
	return list;
}

static cJSON *faults_of(const struct load_judgement *load)
{
	cJSON *list = json_array();

	LIST_EACH(load->faults, const struct load_fault, own) {
		cJSON *item = json_object();

		json_put_string(item, "fault", own->fault->spec->id);
		json_put_number(item, "attempts_each_before", own->before);
		json_put_number(item, "attempts_each_during", own->during);
		json_put(item, "amplification",
			load_amplification(own) > 0 ? cJSON_CreateNumber(load_amplification(own))
						    : cJSON_CreateNull());
		json_append(list, item);
	}
	return list;
}

static cJSON *recoveries_of(const struct load_judgement *load)
{
	cJSON *list = json_array();

	LIST_EACH(load->recoveries, const struct load_recovery, own) {
		cJSON *item = json_object();

		json_put_string(item, "fault", own->fault->spec->id);
		json_put_string(item, "slo", own->slo->name);
		json_put_string(item, "recovery", load_recovery_words[own->kind]);
		json_put_seconds(item, "after_s", own->after_ns);
		json_put_seconds(item, "stable_for_s", own->stable_ns);
		json_append(list, item);
	}
	return list;
}

cJSON *json_loads(const struct judgement *judgement)
{
	cJSON *list = json_array();

	LIST_EACH(judgement->loads, const struct load_judgement, own) {
		cJSON *item = json_object();

		json_put_string(item, "workload", own->probe->name);
		put_sum(item, &own->all);
		json_put(item, "phases", phases_of(own));
		json_put(item, "faults", faults_of(own));
		json_put(item, "recoveries", recoveries_of(own));
		json_append(list, item);
	}
	return list;
}
