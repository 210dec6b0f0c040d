/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "contract/list.h"
#include "controller/report/words.h"

/* The first lost write as a story, for somebody who has never heard of ids and quorums. */

static const struct loss *first_loss(const struct report *report, const struct data_summary *data)
{
	LIST_EACH(report->story.losses, struct loss, loss)
		if (loss->workload == data->workload)
			return loss;
	return NULL;
}

/* ", while cut-primary (partition on n1, from n2) acted"; "" when none did. */
static void say_fault(const struct record *record, int64_t at_ns, char buffer[SENTENCE_MAX])
{
	char what[SENTENCE_MAX];

	buffer[0] = '\0';
	LIST_EACH(record->faults, struct fault_record, fault) {
		bool over = fault->healed_ns != NEVER_NS && fault->healed_ns <= at_ns;

		if (fault->start_ns == NEVER_NS || fault->start_ns > at_ns || over)
			continue;
		words_fault(fault, what);
		snprintf(buffer, SENTENCE_MAX, ", while fault %.60s (%.160s) acted",
			fault->spec->id, what);
		return;
	}
}

static void tell_acknowledged(
	const struct report *report, const struct loss *loss, struct list *lines)
{
	const struct record *record = &report->record;
	const char *phase = words_phase_at(record, loss->acked_ns);
	char fault[SENTENCE_MAX], at[WORDS_MAX], utc[WORDS_MAX];

	say_fault(record, loss->acked_ns, fault);
	words_add(lines,
		"By %s UTC (%s)%s%s%s, the client on %s had written record %lld, and had been told "
		"that "
		"it was stored.",
		words_utc(record, loss->acked_ns, utc), words_at(loss->acked_ns, at),
		phase ? ", in phase " : "", phase ? phase : "", fault,
		loss->client ? loss->client : "an unknown node", (long long)loss->first);
}

static void tell_missed(const struct report *report, const struct loss *loss,
	const struct data_summary *data, struct list *lines)
{
	const struct record *record = &report->record;
	char at[WORDS_MAX], utc[WORDS_MAX], early[SENTENCE_MAX] = "";

	if (loss->missed_ns != NEVER_NS)
		snprintf(early, sizeof(early),
			"A read at %.24s UTC (%.24s), while the run still went on, was the first "
			"to "
			"miss it. ",
			words_utc(record, loss->missed_ns, utc), words_at(loss->missed_ns, at));
	words_add(lines,
		"%sWhen every member was asked at the end, at %s UTC (%s), none of the %zu that "
		"answered had it%s.",
		early, words_utc(record, data->workload->read_ns, utc),
		words_at(data->workload->read_ns, at), data->reads_ok,
		data->reads_failed ? "; not all of them answered" : "");
}

static void tell_others(const struct data_summary *data, struct list *lines)
{
	if (data->lost == 1)
		words_add(lines, "It is the only one of %lld acknowledged records that is gone.",
			(long long)data->acked);
	else
		words_add(lines,
			"The same became of %lld more: %lld of %lld acknowledged records are gone.",
			(long long)data->lost - 1, (long long)data->lost, (long long)data->acked);
}

struct list words_data_story(const struct report *report, const struct data_summary *data)
{
	const struct loss *loss = first_loss(report, data);
	struct list lines = {0};

	if (!data->lost || !loss || loss->acked_ns == NEVER_NS)
		return lines;
	tell_acknowledged(report, loss, &lines);
	tell_missed(report, loss, data, &lines);
	tell_others(data, &lines);
	words_add(&lines,
		"No client got an error for any of them: who wrote them believes to this day that "
		"they are stored.");
	return lines;
}
