/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_RECORD_APPLY_H
#define BACKBURN_RECORD_APPLY_H

#include <stdint.h>

#include "contract/shape.h"

struct fault_node;
struct fault_record;

/* Parts of the record that its files share. */
enum {
	JOURNAL_VERSION = 1
};

/* Of times and counts: beyond that a double is not exact, and sums of a few would leave 63 bits. */
#define NUMBER_MAX 0x1p53

/* Something was hit at that instant; the first one is kept. Negative: it was not. */
void record_took_effect(struct fault_record *fault, int64_t at_ns);
/* One struct process_evidence of a journal. */
int record_add_process(
	struct fault_record *fault, struct fault_node *node, const cJSON *item, struct fail *fail);
/* A lab's services: appends a struct service_record for each item of `runs` (or NULL). */
void record_add_runs(struct list *list, const cJSON *runs);

/* Frees a list of struct counter. */
void record_free_counters(struct list *counters);
void record_free_processes(struct list *processes);

#endif
