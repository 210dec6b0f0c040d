/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TEST_TOLD_H
#define BACKBURN_TEST_TOLD_H

#include "../controller/given.h"
#include "controller/report/report.h"

/* A journal that a test writes line by line, and the report of it. Everything asserts. */
struct told {
	char dir[64], path[96];
	FILE *file;
	int64_t index;   /* of the probe's next event */
	int64_t next_id; /* of the workload */
};

/* In a directory of its own; run_started with that scenario, which is consumed. */
void told_begin(struct told *told, cJSON *tree);
void told_end(struct told *told);

/* A line: type, instant, other members as given_event_json() takes them. */
void told_event(struct told *told, const char *type, int64_t at_ns, const char *members_format, ...)
	__attribute__((format(printf, 4, 5)));
/* A line as it is, without a check. */
void told_line(struct told *told, const char *text);

/* A second of the probe "put": runs of good and bad ("g50"), and the latency of the good ones. */
void told_second(struct told *told, const char *runs, int64_t latency_ns);
void told_seconds(struct told *told, int count, const char *runs);
/* 50 writes that were acknowledged. */
void told_writes(struct told *told, int64_t at_ns);

/*
 * The scenario etcd-leader-cut as it should go: before to 30 s, cut 31 to 41 s on n2 with 2 s of
 * failures, settle to 46 s, after to 66 s. Up to, but without, the lines of its end.
 */
void told_run(struct told *told);
/*
 * Says of that fault that it delays and loses packets, and what was asked of it beside what it did:
 * measures that are as asked, that differ (loss out, 4.8 % for 1 %; 35 packets lost to a full
 * lane), that rest on too little, and one that nobody asked for. After told_run().
 */
void told_slow(struct told *told);
/*
 * The lines of its end, five seconds after its probes: final reads with ids 1..last from n1 to n3,
 * audits, run_ended.
 */
void told_run_ends(struct told *told, int64_t last_id);

/*
 * A whole run in which two processes on n2 are killed: 411 is seen to exit, and its service is back
 * as 900; of 412 no exit is seen. Begins the journal, and ends it.
 */
void told_kill(struct told *told);
/* A crash loop on n2 from 31 s on: a strike that is answered, one in vain, one not answered yet. */
void told_loop(struct told *told);

/*
 * A second of a probe "put" with policy `each` at one member, whose event `first` comes next: 50
 * events.
 */
void told_member_second(struct told *told, const char *member, int64_t first, const char *runs);

/* The report of what was written so far; report_deinit() after use. */
void told_report(struct told *told, struct report *report);

/* A form as text; the caller frees. */
char *told_form(const struct report *report, void (*form)(FILE *out, const struct report *report));

/* That form, when nothing more is wanted of the journal: told_end() included. The caller frees. */
char *told_finish(struct told *told, void (*form)(FILE *out, const struct report *report));

void assert_has(const char *text, const char *part);
void assert_has_not(const char *text, const char *part);
size_t count_of(const char *text, const char *part);

#endif
