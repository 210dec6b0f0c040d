/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_ENGINE_H
#define BACKBURN_ENGINE_H

#include "controller/judge/record.h"
#include "controller/plan/plan.h"

/*
 * The run as a reducer: an event goes in, actions come out. No clock, no socket, no file: the time
 * is an argument, and whoever calls carries the actions out and brings their results back as
 * events. Unit tests drive it at any speed, controller/run drives it on libuv.
 *
 * Whatever the engine learns it writes as a journal event first (ACTION_JOURNAL) and takes up from
 * there into its record; so the journal of a run is all that the engine ever knew.
 *
 * Times are nanoseconds since the run's zero.
 */

/* Life of a run. The comment says which events move it on. */
enum engine_state {
	ENGINE_NEW,        /* engine_start() */
	ENGINE_STARTING,   /* waits for EVENT_PROBES_STARTED */
	ENGINE_RESOLVING,  /* a phase's groups: EVENT_ANSWER; at most the group's `within` */
	ENGINE_INSPECTING, /* what a phase's faults would hit: EVENT_INSPECTED of each node */
	ENGINE_ARMING,     /* a phase's faults: EVENT_ARMED of each node */
	ENGINE_RUNNING,    /* the phase's time or condition: EVENT_TICK, EVENT_WINDOW */
	ENGINE_HEALING,    /* EVENT_HEALED of each node */
	ENGINE_DECIDING,   /* waits for the data that a precondition needs */
	ENGINE_STOPPING,   /* as HEALING, for everything, after a stop */
	ENGINE_QUIESCING,  /* waits out `quiesce` before the final reads */
	ENGINE_SILENCING,  /* waits for EVENT_PROBES_STOPPED */
	ENGINE_READING,    /* waits for EVENT_READ of each workload */
	ENGINE_AUDITING,   /* waits for EVENT_AUDITED of each node, then EVENT_SERVICES */
	ENGINE_DONE,
};

enum event_kind {
	EVENT_TICK,
	EVENT_PROBES_STARTED,
	EVENT_ANSWER,     /* name = group, node, ok, value */
	EVENT_INSPECTED,  /* name = fault, node; data = struct inspect_result as JSON, or fail */
	EVENT_ARMED,      /* name = fault, node; ok with at_ns, late_ns, or fail */
	EVENT_HEALED,     /* name = fault, node; ok with at_ns, or fail */
	EVENT_EVIDENCE,   /* name = fault, node; data = {counters, processes, measures} */
	EVENT_WINDOW,     /* name = probe, node = from; data */
	EVENT_OPERATIONS, /* name = workload; data */
	EVENT_READ_BACK,  /* name = workload; data */
	EVENT_PROBES_STOPPED,
	EVENT_READ,        /* name = workload; data, or fail */
	EVENT_AUDITED,     /* node; data = {state, residue}, or fail */
	EVENT_RECOVERED,   /* node; after EVENT_NODE_LOST and ACTION_RECOVER; ok or fail */
	EVENT_SERVICES,    /* data = {services, runs}; NULL when there is no lab */
	EVENT_NODE_LOST,   /* node; fail */
	EVENT_PROBER_LOST, /* node = from; fail */
	EVENT_SIGNAL,      /* value = number */
	EVENT_HALT,        /* fail: an emergency stop is engaged, by whom and why */
	EVENT_NOTE,        /* data = {text, by}: what a person says of this moment */
	EVENT_BROKEN,      /* fail: the controller itself can't go on (disk full, …) */
	EVENT_KINDS
};

struct event {
	enum event_kind kind;
	int64_t now_ns;
	const char *name, *node;
	bool ok;
	double value;
	int64_t at_ns, late_ns;
	const cJSON *data;       /* borrowed */
	const struct fail *fail; /* borrowed; when !ok */
};

enum action_kind {
	ACTION_JOURNAL,      /* data: the event, to be appended */
	ACTION_START_PROBES, /* all probes and workloads */
	ACTION_QUERY,        /* ask group's `where` of node */
	ACTION_INSPECT,      /* fault on node in its role: what would be hit */
	ACTION_ARM,          /* fault on node in its role */
	ACTION_HEAL,         /* fault on node */
	ACTION_TELL_HEALED,  /* the lab's supervisor: a fault on node is over */
	ACTION_STOP_PROBES,
	ACTION_READ,     /* final read of workload */
	ACTION_AUDIT,    /* node */
	ACTION_RECOVER,  /* node, whose injector was lost: undo what it left, look again */
	ACTION_SERVICES, /* ask the lab for its services */
	ACTION_DONE,
};

struct action {
	enum action_kind kind;
	cJSON *data;      /* owned */
	const char *node; /* borrowed from the plan or the record */
	const struct group_spec *group;
	const struct fault_record *fault;
	const struct workload_spec *workload;
	enum fault_role role;
};

enum engine_purpose {
	PURPOSE_RUN,
	/* Every phase is resolved and inspected, one after the other; nothing is probed or armed.
	 */
	PURPOSE_PLAN,
	/*
	 * A run that has ended or was cut off: every node is recovered and looked at once more. The
	 * run's earlier events are brought in with engine_note().
	 */
	PURPOSE_HEAL,
};

struct engine_options {
	enum engine_purpose purpose;
	/* From the arm order to the fault's start: time for the slowest node to prepare. */
	int64_t lead_ns;
};

struct engine;

/*
 * `run_started` is the journal's first event (journal_event("run_started") with the scenario); it
 * is returned as the first ACTION_JOURNAL. `plan` must outlive the engine.
 */
struct engine *engine_new(const struct plan *plan, const struct engine_options *options,
	const cJSON *run_started, struct fail *fail);
void engine_free(struct engine *engine);

/* Takes over facts that were learnt before the start (nodes, audits), as journal events. */
int engine_note(struct engine *engine, cJSON *journal_event, struct fail *fail);

/* Bound of the clocks' error between nodes, for the report; known once they are connected. */
void engine_set_skew(struct engine *engine, int64_t skew_ns);

/* Begins the run. Actions are collected; take them with engine_action(). */
void engine_start(struct engine *engine, int64_t now_ns);
void engine_step(struct engine *engine, const struct event *event);

/*
 * The next action, oldest first; false when there is none. `data` belongs to the caller; borrowed
 * pointers are valid until the engine is freed.
 */
bool engine_action(struct engine *engine, struct action *out);

enum engine_state engine_state(const struct engine *engine);
const struct record *engine_record(const struct engine *engine);

#endif
