/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_RECORD_APPLY_H
#define BACKBURN_RECORD_APPLY_H

#include <stdint.h>

#include "contract/shape.h"
#include "controller/judge/record.h"

/* Parts of the record that its files share. */
/* Of times and counts: beyond that a double is not exact, and sums of a few would leave 63 bits. */
#define NUMBER_MAX 0x1p53

/* Something was hit at that instant; the first one is kept. Negative: it was not. */
void record_took_effect(struct fault_record *fault, int64_t at_ns);
/* One struct process_evidence of a journal. */
int record_add_process(
	struct fault_record *fault, struct fault_node *node, const cJSON *item, struct fail *fail);
/* One struct strike_evidence of a journal. */
int record_add_strike(struct fault_node *node, const cJSON *item, struct fail *fail);
/*
 * A lab's services: a struct service_record for each item of `runs` (or NULL), in the place of what
 * `list` had.
 */
void record_take_runs(struct list *list, const cJSON *runs);

/* Free a list of struct service_record, struct counter, struct process_evidence, struct measure. */
void record_free_runs(struct list *runs);
void record_free_counters(struct list *counters);
void record_free_processes(struct list *processes);
void record_free_strikes(struct list *strikes);
void record_free_hosts(struct list *hosts);
void record_free_touched(struct list *touched);
void record_free_measures(struct list *measures);

/* The fault's entry for the event's node, a new one if there is none; NULL: there are too many. */
struct fault_node *record_fault_node(
	struct fault_record *fault, const cJSON *event, struct fail *fail);

/* Of nodes, groups, sources: more than any run has, and few enough to be looked through. */
enum {
	RECORD_NAMES_MAX = 4096
};
/* Always -1. */
int record_too_many(const char *what, struct fail *fail);

/* The time itself, or NEVER_NS for one that no journal can hold. */
int64_t record_sane_time(int64_t at_ns);
const cJSON *record_member(const cJSON *event, const char *key);
void record_replace_text(char **slot, const char *text);
/* Always -1: the event's `key` names something that the scenario does not have. */
int record_unknown_name(const cJSON *event, const char *key, struct fail *fail);

/* record_evidence.c */
int record_apply_evidence(struct record *record, const cJSON *event, struct fail *fail);

/* record_alerts.c: "alert" and "alert_over". */
int record_apply_alert(struct record *record, const cJSON *event, struct fail *fail);
int record_apply_alert_over(struct record *record, const cJSON *event, struct fail *fail);

/* record_measures.c: kinds of events. */
int record_apply_source(struct record *record, const cJSON *event, struct fail *fail);
int record_apply_window(struct record *record, const cJSON *event, struct fail *fail);
int record_apply_operations(struct record *record, const cJSON *event, struct fail *fail);
int record_apply_final_read(struct record *record, const cJSON *event, struct fail *fail);

#endif
