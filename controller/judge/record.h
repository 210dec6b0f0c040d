/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_RECORD_H
#define BACKBURN_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/histogram.h"
#include "contract/verbs.h"
#include "controller/files/scenario.h"
#include "controller/judge/load_told.h"
#include "controller/judge/samples.h"
#include "controller/judge/values.h"
#include "controller/plan/plan.h"
#include "controller/prober/orders.h"
#include "controller/prober/ranges.h"
#include "controller/prober/schedule.h"

/*
 * What is known of a run, built from its journal event by event. The engine keeps one while the
 * run goes on, judge and reports build one from the file: there is no second way to know.
 *
 * All times are nanoseconds since the run's zero, on the controller's CLOCK_MONOTONIC.
 * NEVER_NS says that something has not happened.
 */
#define NEVER_NS INT64_C(-1)

struct phase_record {
	const struct phase_spec *spec;
	int64_t start_ns, end_ns;
	char how[16];  /* "time", "good", "timeout", "stopped"; "" before the end */
	bool left_out; /* its `only_if` was not met */
};

/* One fault on one node that enforces it. */
struct fault_node {
	char *node;
	int role; /* enum fault_role */
	int64_t armed_ns, healed_ns;
	int64_t late_ns;       /* so long after the fault's start it was armed; 0: in time */
	struct list counters;  /* of struct counter; times relative to the run's zero */
	struct list processes; /* of struct process_evidence; times likewise, or NEVER_NS */
	struct list strikes;   /* of struct strike_evidence; times likewise, or NEVER_NS */
	struct list measures;  /* of struct measure; `hits` is never above `count` */
	struct list hosts;     /* of struct host_evidence: what names stood for */
	struct list touched;   /* of struct touched; times likewise */
	int64_t touched_more;  /* addresses that were hit and are not in it */
	int64_t untold;        /* segments of addresses that the node had no room for */
	bool tells_touched;    /* an older injector, or a fault on processes, does not */
};

/* What a node said, before anything was armed, that the fault would hit there. */
struct fault_inspection {
	char *node;
	struct inspect_result result;
};

struct fault_record {
	const struct fault_spec *spec;
	struct list on, from;    /* of char *: resolved node names ("everything", prefixes) */
	struct list inspections; /* of struct fault_inspection */
	struct list nodes;       /* of struct fault_node */
	int64_t start_ns;        /* as the kernels compare it */
	int64_t deadline_ns;
	int64_t effect_ns; /* first packet or process hit */
	int64_t healed_ns; /* all nodes healed, or the deadline, whichever was first */
	int64_t skew_ns;   /* no node's clock is known worse than this */
	char *did;         /* what becomes of a packet that it hits, or a machine; NULL: not told */
	bool machine;      /* it acts on whole machines: neither on packets nor on processes */
	bool at_once;      /* over as soon as it has acted: its phase is what it is measured in */
};

/* The events of one SLO from one place to one member. */
struct member_sli {
	const struct slo_spec *slo;
	struct samples samples, spoiled; /* all; of these what the prober itself delayed or dropped
					  */
};

/* One prober's view: windows must be gapless to be evidence. */
struct source_record {
	char *probe, *from;
	char *to; /* the member, of a probe with policy `each`; else NULL */
	int64_t start_ns;
	double rate;              /* of a load at the least */
	struct schedule schedule; /* when its events are due; arrivals borrowed from the scenario */
	int64_t next_index;       /* first event not reported yet */
	int64_t last_heard_ns;    /* when the last window arrived; the probe's start before that */
	struct histogram *latency; /* of all windows */
	int64_t outcomes[8];       /* by enum probe_outcome */
	char *last_error;          /* of the last window that had one, or NULL */
	int64_t lag_max_ns;
	struct values values;  /* of a probe that reads numbers; at most VALUES_MAX */
	struct load_told load; /* of a load */
	struct list slis;      /* of struct member_sli: of a probe with policy `each` */
	bool sound_only;       /* what the prober spoiled is not to be counted (saturation.h) */
};

struct sli_record {
	const struct slo_spec *slo;
	struct samples samples; /* what counts: events, or slices of time (slices.h) */
	/* Of an SLO by slices alone: its events, and where the slices made of them end. */
	struct samples events;
	int64_t sliced_ns;
	/* Events: sent later than a tenth of the timeout, not begun by the prober, either. */
	struct samples late, dropped, spoiled;
};

/* From when until when somebody on call would have been told. */
struct alert_record {
	const struct slo_spec *slo;
	const struct burn_spec *burn;
	int64_t from_ns, to_ns;       /* to: NEVER_NS while it lasts */
	double long_rate, short_rate; /* when it began */
};

struct read_record {
	char *node;
	bool ok;
	char *reason;
	struct ranges present;
};

/* One read while the run went on. */
struct read_back_record {
	int64_t at_ns; /* when it was told of */
	bool ok;
	char *reason; /* when not ok */
	int64_t expected, missing_count;
	struct ranges missing; /* of the last IN_READS_MAX that were answered */
};

struct workload_record {
	const struct workload_spec *spec;
	struct ranges attempted, acked, failed, unknown;
	struct list reads;      /* of struct read_record: those at the end */
	struct list read_backs; /* of struct read_back_record */
	bool read_done;
	int64_t read_ns; /* when the final reads were told of */
};

/* When a state was listed, and by whom; NEVER_NS: it was not. */
struct look {
	int64_t at_ns;
	char *boot_id; /* of the kernel that it was listed on; NULL: not told */
	char *by;      /* who had `heal --run` look; NULL: the run itself did */
};

struct node_record {
	char *node, *host, *kernel, *tool, *attach;
	struct list addresses;       /* of char * */
	struct list also_reached_as; /* of char *: what lies in front of it, as the file says */
	cJSON *labels;               /* object of strings, or NULL */
	struct list before, after, residue_before, residue_after; /* of char * */
	bool audited_before, audited_after, lost, recovered;
	bool gone; /* its lab was taken down: with the node went all that was in it */
	char *lost_reason;
	struct look look_before, look_after;
};

/* One service of a lab, as its supervisor tells of it. */
struct service_record {
	char *node, *service;
	int64_t pid; /* 0: it did not run */
	int64_t restarts;
	char *last_exit; /* "signal 9"; NULL: it never ended */
};

enum stop_kind {
	STOP_NONE,
	STOP_GUARDRAIL,
	STOP_SIGNAL,
	STOP_PRECONDITION,
	STOP_REFUSED,
	STOP_INTERNAL,
	STOP_TIMEOUT,
	STOP_LOCKED
};
extern const char *const stop_words[];

/*
 * What of a journal could not be taken: lines that are damaged, impossible, or of a kind that this
 * version does not know. What they told is not known, so that a record with any proves nothing.
 */
struct unread {
	size_t lines;
	size_t first_line;   /* its number in the file, from 1 */
	char first_why[200]; /* as whoever refused it said */
	size_t torn_bytes;   /* behind the end of the last line: one that was never finished */
	bool given_up;       /* there were UNREAD_MAX of them, and the rest was not looked at */
};
enum {
	UNREAD_MAX = 100000
};

struct record {
	struct scenario scenario;
	char *run_id, *environment, *wall, *tool;
	struct list phases;                          /* of struct phase_record */
	struct list faults;                          /* of struct fault_record */
	struct list slis;                            /* of struct sli_record */
	struct list seconds;                         /* of struct probe_seconds (seconds.h) */
	struct list cusums;                          /* of struct cusum_record (cusums.h) */
	struct list alerts;                          /* of struct alert_record */
	struct list sources;                         /* of struct source_record */
	struct list workloads;                       /* of struct workload_record */
	struct list nodes;                           /* of struct node_record */
	struct list groups;                          /* of struct resolved_group */
	struct list services_before, services_after; /* of char *: "n1 etcd running" */
	struct look look_before, look_after;         /* at the services */
	struct list runs_before, runs_after;         /* of struct service_record */
	/* Of the event that was applied last, where that was a window: nobody decodes it twice. */
	struct probe_window latest_window;
	enum stop_kind stop; /* why the run ended early */
	char *stop_id, *stop_text;
	char *healed_by; /* who had `heal --run` begin, which is who looks from then on; or NULL */
	int stop_signal;
	int64_t stop_ns;
	bool services_known;
	bool ended; /* the journal has its last event */
	int64_t end_ns;
	struct unread unread; /* of the journal that it was made from */
};

/*
 * The first event must be run_started; it carries the scenario. Consumes nothing. Another event, or
 * a format of another version, is FAIL_PEER; a scenario that can't be decoded FAIL_BAD_FILE.
 */
int record_init(struct record *record, const cJSON *run_started, struct fail *fail);
void record_deinit(struct record *record);

/* Applies one event. An event this version does not know is FAIL_PEER. */
int record_apply(struct record *record, const cJSON *event, struct fail *fail);

/*
 * Events a second that reach the SLO's probe, from all nodes it runs at; or slices a second. Of a
 * load on the average so far.
 */
double record_rate(const struct record *record, const struct slo_spec *slo);

/* Until when every source of the probe has reported without a gap. */
int64_t record_reported_ns(const struct record *record, const char *probe);

/* The same for what the SLO counts: its last whole slice ends there. */
int64_t record_covered_ns(const struct record *record, const struct slo_spec *slo);

/* The source that a journal's event of a probe speaks of; NULL: none. */
struct source_record *record_source(const struct record *record, const cJSON *event);

/* By name or id; NULL: there is none. */
struct fault_record *record_fault(const struct record *record, const char *id);

/*
 * No two nodes of the fault began it further apart than this, and a single one no further from its
 * start: a clock can be wrong on both sides, and a node that armed late began when it had armed.
 */
int64_t record_start_bound_ns(const struct fault_record *fault);

/* The alert of that pair that lasts; NULL: none does. */
struct alert_record *record_open_alert(const struct record *record, const struct burn_spec *burn);

struct phase_record *record_phase(const struct record *record, const char *id);
struct sli_record *record_sli(const struct record *record, const char *slo);
struct node_record *record_node(const struct record *record, const char *node);
struct workload_record *record_workload(const struct record *record, const char *name);
struct resolved_group *record_group(const struct record *record, const char *group);

/*
 * The events that a class of a window tells of, each at its own instant. The window must be one
 * that record_apply() has taken.
 */
void record_add_events(struct samples *samples, const struct source_record *source,
	const struct probe_window *window, const struct class_runs *runs);

/* --- events of the journal --------------------------------------------------------------- */

enum {
	JOURNAL_VERSION = 1 /* run_started says it as `journal` */
};

/* An event with its type and time, to be completed and deleted by the caller. */
cJSON *journal_event(const char *type, int64_t at_ns);

/* A time of an event; NEVER_NS when there is none, or one that no journal can hold. */
int64_t journal_time(const cJSON *event, const char *key);

#endif
