/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "contract/units.h"
#include "controller/judge/lost_writes.h"
#include "controller/report/words.h"

const char *words_rto(
	const struct report *report, const struct outage *own, char buffer[SENTENCE_MAX])
{
	char after[DURATION_TEXT_MAX], step[DURATION_TEXT_MAX], stable[DURATION_TEXT_MAX];
	char span[WORDS_MAX];
	size_t used = (size_t)snprintf(buffer, SENTENCE_MAX,
		"RTO in %.60s, %.100s: ", own->slo->name, words_span(report, own, false, span));

	duration_format(own->stable_ns, stable);
	if (own->rto_ns == NEVER_NS)
		snprintf(buffer + used, SENTENCE_MAX - used,
			"not seen to be good again for %s before the data end", stable);
	else if (own->rto_ns == 0)
		snprintf(buffer + used, SENTENCE_MAX - used, "never breached");
	else
		snprintf(buffer + used, SENTENCE_MAX - used,
			"%s ± %s from its start until good again for %s",
			duration_human(own->rto_ns, after),
			words_step(words_resolution_ns(&report->record, own->slo), step), stable);
	return buffer;
}

const char *words_rpo(const struct data_summary *own, char buffer[SENTENCE_MAX])
{
	const struct workload_spec *workload = own->workload->spec;
	double ids = (double)(own->last_lost - own->first_lost + 1);
	char stretch[DURATION_TEXT_MAX];

	if (!own->workload->read_done || !own->reads_ok)
		return NULL;
	if (!own->lost)
		snprintf(buffer, SENTENCE_MAX, "RPO of %.60s: no acknowledged write is lost%s",
			workload->name,
			own->reads_failed ? ", as far as members could be read" : "");
	else
		snprintf(buffer, SENTENCE_MAX,
			"RPO of %.60s: %lld acknowledged write%s lost, within a stretch of %s of "
			"writing (ids %lld to %lld)",
			workload->name, (long long)own->lost, own->lost == 1 ? "" : "s",
			duration_human(
				(int64_t)(ids / workload->rate * (double)NS_PER_SEC), stretch),
			(long long)own->first_lost, (long long)own->last_lost);
	return buffer;
}

const char *words_read_backs(const struct data_summary *own, char buffer[SENTENCE_MAX])
{
	const struct read_back_sum sum = record_read_backs(own->workload);
	const int64_t all = sum.answered + sum.failed;
	size_t used;

	if (all == 0)
		return NULL;
	used = (size_t)snprintf(buffer, SENTENCE_MAX, "read back %lld time%s during the run",
		(long long)all, all == 1 ? "" : "s");
	if (sum.failed)
		used += (size_t)snprintf(buffer + used, SENTENCE_MAX - used,
			", %lld of them in vain (%.100s)", (long long)sum.failed, sum.last_failure);
	if (!sum.answered)
		return buffer;
	if (!sum.most_missing)
		snprintf(buffer + used, SENTENCE_MAX - used,
			": no acknowledged write was missing from an answer");
	else
		snprintf(buffer + used, SENTENCE_MAX - used,
			": at most %lld acknowledged write%s missing from one answer, %lld from "
			"the last",
			(long long)sum.most_missing, sum.most_missing == 1 ? " was" : "s were",
			(long long)sum.last_missing);
	return buffer;
}
