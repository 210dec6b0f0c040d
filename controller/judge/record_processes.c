/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "controller/judge/record.h"
#include "controller/judge/record_apply.h"

/* What the journal says of single processes: those that a fault hit, and a lab's services. */

/* A journal's number that can't be one of these is taken for none. */
static int64_t small_number(const cJSON *item, const char *key)
{
	double number = json_number(item, key, 0);

	return number > 0 && number <= NUMBER_MAX ? (int64_t)number : 0;
}

void record_free_runs(struct list *runs)
{
	LIST_EACH(*runs, struct service_record, run) {
		free(run->node);
		free(run->service);
		free(run->last_exit);
	}
	free(runs->items);
	*runs = (struct list){0};
}

void record_take_runs(struct list *list, const cJSON *runs)
{
	const cJSON *item;

	record_free_runs(list);
	cJSON_ArrayForEach(item, runs) {
		struct service_record *run = list_push(list, sizeof(*run));

		run->node = must_copy(json_string(item, "node", "?"));
		run->service = must_copy(json_string(item, "service", "?"));
		run->pid = small_number(item, "pid");
		run->restarts = small_number(item, "restarts");
		run->last_exit = must_copy_if(json_string(item, "last_exit", NULL));
	}
}

void record_free_processes(struct list *processes)
{
	LIST_EACH(*processes, struct process_evidence, process)
		shape_free(&process_evidence_shape, process);
	free(processes->items);
	*processes = (struct list){0};
}

void record_free_strikes(struct list *strikes)
{
	LIST_EACH(*strikes, struct strike_evidence, strike)
		shape_free(&strike_evidence_shape, strike);
	free(strikes->items);
	*strikes = (struct list){0};
}

int record_add_strike(struct fault_node *node, const cJSON *item, struct fail *fail)
{
	struct strike_evidence evidence;

	if (shape_decode(&strike_evidence_shape, item, "strikes", &evidence, fail) < 0)
		return -1;
	evidence.at_ns = record_sane_time(evidence.at_ns);
	evidence.back_ns = record_sane_time(evidence.back_ns);
	evidence.looked_ns = record_sane_time(evidence.looked_ns);
	/* No more can have ended than were hit, nor been hit than were chosen. */
	if (evidence.sent > evidence.chosen)
		evidence.sent = evidence.chosen;
	if (evidence.exited > evidence.sent)
		evidence.exited = evidence.sent;
	*(struct strike_evidence *)list_push(&node->strikes, sizeof(evidence)) = evidence;
	return 0;
}

void record_took_effect(struct fault_record *fault, int64_t at_ns)
{
	if (at_ns >= 0 && (fault->effect_ns == NEVER_NS || at_ns < fault->effect_ns))
		fault->effect_ns = at_ns;
}

int64_t record_sane_time(int64_t at_ns)
{
	return at_ns >= 0 && (double)at_ns <= NUMBER_MAX ? at_ns : NEVER_NS;
}

int record_add_process(
	struct fault_record *fault, struct fault_node *node, const cJSON *item, struct fail *fail)
{
	struct process_evidence evidence, *kept;

	if (shape_decode(&process_evidence_shape, item, "processes", &evidence, fail) < 0)
		return -1;
	evidence.sent_ns = record_sane_time(evidence.sent_ns);
	evidence.exited_ns = record_sane_time(evidence.exited_ns);
	evidence.calls = evidence.calls > 0 ? evidence.calls : 0;
	evidence.held_ns = evidence.held_ns > 0 ? record_sane_time(evidence.held_ns) : 0;
	if (evidence.result == SIGNAL_SENT)
		record_took_effect(fault, evidence.sent_ns);
	kept = list_push(&node->processes, sizeof(*kept));
	*kept = evidence;
	return 0;
}
