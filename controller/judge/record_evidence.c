/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "controller/judge/record.h"
#include "controller/judge/record_apply.h"

/* What the nodes that carry a fault say that it did there; each word replaces the one before. */

/*
 * Counts of packets are added up, over all pairs of nodes. One that no kernel can have counted to
 * is taken for none: 2^46 is five days of the fastest link there is, and leaves room for sums of a
 * hundred thousand.
 */
#define PACKETS_MAX 0x1p46

static int64_t sane_count(long long count, double most)
{
	return count > 0 && (double)count <= most ? count : 0;
}

void record_free_counters(struct list *counters)
{
	LIST_EACH(*counters, struct counter, counter)
		free(counter->peer);
	free(counters->items);
	*counters = (struct list){0};
}

void record_free_measures(struct list *measures)
{
	LIST_EACH(*measures, struct measure, measure)
		shape_free(&measure_shape, measure);
	free(measures->items);
	*measures = (struct list){0};
}

void record_free_hosts(struct list *hosts)
{
	LIST_EACH(*hosts, struct host_evidence, host)
		shape_free(&host_evidence_shape, host);
	free(hosts->items);
	*hosts = (struct list){0};
}

void record_free_touched(struct list *touched)
{
	LIST_EACH(*touched, struct touched, address)
		shape_free(&touched_shape, address);
	free(touched->items);
	*touched = (struct list){0};
}

static int64_t packets_of(const cJSON *item, const char *key)
{
	return sane_count(json_i64(item, key, 0), PACKETS_MAX);
}

static void add_counter(struct fault_record *fault, struct fault_node *node, const cJSON *item)
{
	struct counter *counter = list_push(&node->counters, sizeof(*counter));

	record_replace_text(&counter->peer, json_string(item, "peer", ""));
	counter->direction = strcmp(json_string(item, "direction", ""), "egress") == 0;
	counter->packets = packets_of(item, "packets");
	counter->segments = packets_of(item, "segments");
	counter->bytes = sane_count(json_i64(item, "bytes", 0), NUMBER_MAX);
	counter->matched = packets_of(item, "matched");
	counter->first_ns = record_sane_time(json_i64(item, "first_ns", NEVER_NS));
	counter->last_ns = record_sane_time(json_i64(item, "last_ns", NEVER_NS));
	if (counter->packets > 0)
		record_took_effect(fault, counter->first_ns);
}

/*
 * A ratio is tested as hits of trials, so it is told as that too. No more can have been hit than
 * were tried.
 */
static int add_measure(
	struct fault_record *fault, struct fault_node *node, const cJSON *item, struct fail *fail)
{
	struct measure measure, *kept;

	if (shape_decode(&measure_shape, item, "measures", &measure, fail) < 0)
		return -1;
	measure.count = sane_count(measure.count, PACKETS_MAX);
	measure.hits = sane_count(measure.hits, PACKETS_MAX);
	if (measure.hits > measure.count)
		measure.hits = measure.count;
	if (measure.unit == MEASURE_RATIO && measure.count)
		measure.achieved = (double)measure.hits / (double)measure.count;
	if (measure.tolerance < 0)
		measure.tolerance = 0;
	if (fault->machine && measure.first_ns > 0)
		record_took_effect(fault, record_sane_time(measure.first_ns));
	kept = list_push(&node->measures, sizeof(*kept));
	*kept = measure;
	return 0;
}

static int add_touched(struct fault_node *node, const cJSON *item, struct fail *fail)
{
	struct touched touched;

	if (shape_decode(&touched_shape, item, "touched", &touched, fail) < 0)
		return -1;
	touched.packets = sane_count(touched.packets, PACKETS_MAX);
	touched.segments = sane_count(touched.segments, PACKETS_MAX);
	touched.connections = sane_count(touched.connections, PACKETS_MAX);
	touched.first_ns = record_sane_time(touched.first_ns);
	touched.last_ns = record_sane_time(touched.last_ns);
	*(struct touched *)list_push(&node->touched, sizeof(touched)) = touched;
	return 0;
}

static int take_touched(struct fault_node *node, const cJSON *event, struct fail *fail)
{
	const cJSON *item, *touched = cJSON_GetObjectItemCaseSensitive(event, "touched");

	record_free_touched(&node->touched);
	node->tells_touched = touched;
	node->touched_more = packets_of(event, "touched_more");
	node->untold = packets_of(event, "untold");
	cJSON_ArrayForEach(item, touched) {
		if (add_touched(node, item, fail) < 0)
			return -1;
	}
	return 0;
}

int record_apply_evidence(struct record *record, const cJSON *event, struct fail *fail)
{
	struct fault_record *fault = record_fault(record, json_string(event, "fault", ""));
	struct fault_node *node;
	const cJSON *item;

	if (!fault)
		return record_unknown_name(event, "fault", fail);
	node = record_fault_node(fault, event, fail);
	if (!node)
		return -1;
	record_free_counters(&node->counters);
	record_free_processes(&node->processes);
	record_free_strikes(&node->strikes);
	record_free_measures(&node->measures);
	record_free_hosts(&node->hosts);
	cJSON_ArrayForEach(item, record_member(event, "counters")) {
		add_counter(fault, node, item);
	}
	cJSON_ArrayForEach(item, record_member(event, "processes")) {
		if (record_add_process(fault, node, item, fail) < 0)
			return -1;
	}
	cJSON_ArrayForEach(item, record_member(event, "strikes")) {
		if (record_add_strike(node, item, fail) < 0)
			return -1;
	}
	cJSON_ArrayForEach(item, record_member(event, "measures")) {
		if (add_measure(fault, node, item, fail) < 0)
			return -1;
	}
	cJSON_ArrayForEach(item, record_member(event, "hosts")) {
		struct host_evidence host;

		if (shape_decode(&host_evidence_shape, item, "hosts", &host, fail) < 0)
			return -1;
		*(struct host_evidence *)list_push(&node->hosts, sizeof(host)) = host;
	}
	return take_touched(node, event, fail);
}
