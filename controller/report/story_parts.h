/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REPORT_STORY_PARTS_H
#define BACKBURN_REPORT_STORY_PARTS_H

#include "controller/report/story.h"

/* What the story's files share. */

/* Adds a moment; one that never came (NEVER_NS) is left out. */
void story_tell(struct story *story, int64_t at_ns, const char *actor, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * Adds what a node did; nodes that do the same at about the same time share a moment, whose time
 * is the last one's.
 */
void story_tell_node(struct story *story, int64_t at_ns, const char *node, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* A journal event as moments, if people want to see it in the time line. */
void story_tell_event(struct story *story, const struct record *record, const cJSON *event);
/* Moments that only the whole run knows. */
void story_tell_judgement(
	struct story *story, const struct record *record, const struct judgement *judgement);

/* A probe's window: latencies over time, members one by one. */
void story_add_window(struct story *story, const struct record *record, const cJSON *event);
void story_finish_latency(struct story *story);

/* Ids and when they were acknowledged; of what comes behind ACKS_MAX nobody knows when. */
enum {
	ACKS_MAX = 1 << 20,
	CLIENTS_MAX = 64
};
struct ack {
	const struct workload_record *workload;
	int64_t first, last, at_ns;
	size_t client; /* index in the story's list */
};
void story_add_acks(struct story *story, const struct record *record, const cJSON *event);
void story_find_losses(struct story *story, const struct record *record);

#endif
