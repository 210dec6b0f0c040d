/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REPORT_STORY_H
#define BACKBURN_REPORT_STORY_H

#include <cjson/cJSON.h>

#include "controller/judge/judge.h"

/*
 * What a report tells beyond the record, which keeps only what verdicts need: the order of things,
 * latencies over time, when a lost write was acknowledged. Built from the same journal, event by
 * event beside the record. Times are nanoseconds since the run's zero.
 */

/* One line of the time line. */
struct moment {
	int64_t at_ns;
	size_t order;      /* moments of one instant stay in the order they were told */
	const char *actor; /* who: "controller", "fault", "node", "guardrail", "probe", "person" */
	char *text;        /* owned */
	char *nodes; /* owned: of what several nodes did alike, who; NULL: it is no such thing */
};

enum {
	MOMENTS_MAX = 2000, /* beyond that they are counted, not kept */
	MOMENT_BYTES_MAX = 2000,
	BINS_MAX = 240 /* of a series: twice as long a run makes bins twice as wide */
};

/* Latencies of the answered events that were due in one bin; count 0: none was answered. */
struct latency_bin {
	int64_t count;
	int64_t median_ns, p99_ns;
	struct histogram *histogram; /* NULL once the story is finished */
};

/* One probe's latencies, of all its sources. Bin i covers [from + i · bin, from + (i+1) · bin). */
struct latency_series {
	const struct probe_spec *probe;
	int64_t from_ns, bin_ns;
	size_t count;
	struct latency_bin bins[BINS_MAX];
};

/* The events of one SLO at one member, of a probe with policy `each`. */
struct member_series {
	const struct slo_spec *slo;
	char *member; /* owned */
	struct samples samples;
};

/* A run of acknowledged ids that no member had at the end. */
struct loss {
	const struct workload_record *workload;
	int64_t first, last;
	int64_t acked_ns; /* when the journal heard of the first one's acknowledgement; NEVER_NS */
	const char *client; /* who had that acknowledgement; borrowed from the story; or NULL */
	int64_t missed_ns;  /* when a read during the run missed the first one, if one was kept */
};

enum {
	LOSSES_MAX = 10 /* of one workload; what is more is in its count */
};

struct story {
	cJSON *scenario; /* as it ran: parts, parameters and settings are in their places */
	char *scenario_file;
	char *command;       /* words quoted for a shell; NULL in journals that do not have it */
	int64_t last_ns;     /* of the run's last event, not of what heal --run added to it */
	char *healed_wall;   /* when heal --run looked at the nodes last; NULL: it never did */
	struct list moments; /* of struct moment */
	size_t moments_left_out;
	struct list latency; /* of struct latency_series */
	struct list members; /* of struct member_series, in the order of their first events */
	struct list losses;  /* of struct loss */
	struct list acks;    /* of struct ack */
	struct list clients; /* of char *: who writes */
	struct list targets; /* of char *: where each probe's source pointed last */
};

/* The first event. */
void story_begin(struct story *story, const cJSON *run_started);
/* An event that the record has taken already. */
void story_apply(struct story *story, const struct record *record, const cJSON *event);
/* After the last one: what the judgement adds, everything in order. */
void story_finish(
	struct story *story, const struct record *record, const struct judgement *judgement);
void story_deinit(struct story *story);

/*
 * The width of bins for events that come `rate` a second over that time: a second or 2^n of them,
 * so that there are at most BINS_MAX - 1 and each has a handful of events (or every other bin of a
 * slow probe would look like a hole in the data).
 */
int64_t story_bin_ns(int64_t length_ns, double rate);

#endif
