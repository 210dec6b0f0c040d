/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "contract/list.h"
#include "controller/report/escape.h"
#include "controller/report/preview.h"
#include "controller/report/words.h"

/* What whoever reads only the last lines of a plan must know. */

struct total {
	struct list nodes, idle; /* of char *: hit by some fault; faults that match nothing now */
	int64_t connections, processes;
	bool asked; /* some node was: else there are no numbers */
};

/* Of a fault on machines there is nothing to match. */
static bool matches_nothing(const struct predicted_fault *fault, const struct fault_record *record)
{
	return fault->asked && !record->machine && !fault->connection_count &&
		!fault->processes.count;
}

/* Of processes those that they serve are all that is known. */
static int64_t connections_of(const struct predicted_fault *fault)
{
	int64_t served = 0;

	if (!fault->processes.count)
		return fault->connection_count;
	LIST_EACH(fault->dependents, struct predicted_flow, flow)
		served += flow->hit ? flow->connections : 0;
	return served;
}

static void add_fault(
	const struct record *record, const struct predicted_fault *fault, struct total *total)
{
	LIST_EACH(fault->on, char *, name)
		if (!list_has_text(&total->nodes, *name))
			list_push_text(&total->nodes, *name);
	total->asked |= fault->asked;
	total->connections += connections_of(fault);
	total->processes += (int64_t)fault->processes.count;
	if (matches_nothing(fault, record_fault(record, fault->id)))
		list_push_text(&total->idle, fault->id);
}

static void print_total(FILE *out, const struct record *record, const struct total *total)
{
	char names[320];

	words_join(&total->nodes, names, sizeof(names));
	if (total->asked)
		plain_line(out,
			"would hit %s (%zu of %zu nodes): %" PRId64 " live connection%s, %" PRId64
			" process%s",
			names, total->nodes.count, record->nodes.count, total->connections,
			total->connections == 1 ? "" : "s", total->processes,
			total->processes == 1 ? "" : "es");
	else
		plain_line(out, "would hit %s (%zu of %zu nodes)", names, total->nodes.count,
			record->nodes.count);
}

void preview_end(FILE *out, const struct preview *preview)
{
	const struct record *record = preview->record;
	struct total total = {0};
	char names[320];

	LIST_EACH(preview->predicted->faults, struct predicted_fault, fault)
		add_fault(record, fault, &total);
	if (total.nodes.count)
		print_total(out, record, &total);
	else
		fputs("would hit nobody\n", out);
	if (total.idle.count)
		plain_line(out,
			"nothing that %s could hit is there now: a fault without an effect makes a "
			"run INCONCLUSIVE",
			words_join(&total.idle, names, sizeof(names)));
	if (record->stop == STOP_NONE)
		fputs("the run could begin: `backburn run` with the same arguments does it\n", out);
	list_free_texts(&total.nodes);
	list_free_texts(&total.idle);
}
