/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TEST_HARNESS_H
#define BACKBURN_TEST_HARNESS_H

#include <stdint.h>
#include <sys/types.h>

#include <cjson/cJSON.h>

#include "contract/wire.h"
#include "controller/prober/orders.h"

/*
 * A prober as a child process, spoken to through pipes. Everything that takes longer than
 * HARNESS_DEADLINE_MS fails the test; nothing depends on how fast this machine is.
 */
enum {
	HARNESS_DEADLINE_MS = 120 * 1000,
	HARNESS_NOTES_MAX = 4096
};

struct harness {
	pid_t pid;
	int to, from;
	uint64_t next_id;
	struct wire_reader reader;
	struct wire_message notes[HARNESS_NOTES_MAX]; /* notifications, in order */
	size_t note_count;
};

/* With a hard limit of that many descriptors (0: as it is). Says hello. */
struct harness *harness_new(unsigned int descriptors);

/* Closes its input and awaits its end; returns its exit status, and frees. */
int harness_end(struct harness *harness);

/* Sends a request with the params in `json` (printf) and awaits the reply to it. */
struct wire_message harness_call(struct harness *harness, const char *method, const char *json, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, and the reply must be a result; returned, to be deleted. */
cJSON *harness_ask(struct harness *harness, const char *method, const char *json, ...)
	__attribute__((format(printf, 3, 4)));

/* Awaits one more message and keeps it if it is a notification. -1 at the end of the stream. */
int harness_pump(struct harness *harness, struct wire_message *out_reply);

/* Awaits the end of the process; its wait status. */
int harness_wait(struct harness *harness);

int64_t harness_now_ns(void);

/* What all windows of a probe say together. Asserts that they are in order and gapless. */
struct probe_sum {
	int64_t windows, events;
	int64_t outcomes[OUTCOME_COUNT];
	int64_t good[2], bad[2];     /* of the first two classes */
	int64_t longest_bad[2];      /* run of bad events */
	int64_t good_end, bad_end;   /* of the first: how many are alike at the end */
	int64_t attempts, withheld;  /* of a load */
	struct load_share shares[2]; /* likewise; of its first targets, without names */
	int64_t latencies;           /* values in the histograms */
	int64_t late;                /* events that are marked as sent late */
	int64_t lag_max_ns;
	int64_t latency_max_ns;
	int64_t start_ns, end_ns;
	char target[64];
	char last_error[256];
};

struct probe_sum harness_sum(const struct harness *harness, const char *probe);

/*
 * Orders a probe "p" that begins now; `rest` are further members of the order. Windows of 100 ms,
 * classes "all" and "fast" (below 200 ms). Its start.
 */
int64_t harness_probe(struct harness *harness, double rate, const char *timeout, const char *rest);
/* Waits until that many events of "p" have been reported. */
void harness_await_events(struct harness *harness, int64_t count);
/* Stops the prober: nothing follows. */
struct probe_sum harness_stop(struct harness *harness);

/* What all `operations` of a workload say together: by id, how often it stood in each list. */
struct operation_lists {
	int attempted, acked, failed, unknown;
};

struct workload_sum {
	int64_t highest; /* attempted id */
	struct operation_lists by_id[4096];
	char errors[8192]; /* every last_error, a line each */
};

/* Asserts that windows are gapless. To be freed. */
struct workload_sum *harness_workload(const struct harness *harness, const char *workload);

/* Waits until `condition` is true for what has been reported so far. */
void harness_await(struct harness *harness,
	int (*condition)(const struct harness *harness, const void *context), const void *context);

#endif
