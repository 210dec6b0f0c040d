/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_RUN_PARTS_H
#define BACKBURN_RUN_PARTS_H

#include <uv.h>

#include "contract/units.h"
#include "controller/engine/engine.h"
#include "controller/journal/journal.h"
#include "controller/lab/lab.h"
#include "controller/plan/plan.h"
#include "controller/plan/plan_times.h"
#include "controller/run/link.h"
#include "controller/run/run.h"
#include "controller/run/screen.h"
#include "controller/run/secrets.h"

/* What the runner's files share: the engine's hands. All of it lives on one libuv loop. */

/* How long an injector may take to answer; its faults end by the lease in any case. */
#define REQUEST_TIMEOUT_NS ANSWER_PATIENCE_NS
/* How long it may take to heal and exit when its stdin is closed. */
#define HEAL_PATIENCE_NS (10 * NS_PER_SEC)

enum {
	RUN_WHO_MAX = 96
};

struct run;
struct http_tls;

/* A child's clock against ours: theirs = ours + offset, known to within half the round trip. */
struct clock_offset {
	int64_t offset_ns, round_trip_ns;
	int pings; /* done so far */
};

enum {
	BOOT_ID_MAX = 64
};

struct run_node {
	struct run *run;
	struct plan_node *node;
	struct link *injector, *asker;
	struct clock_offset clock;
	cJSON *audit_state, *audit_residue; /* pages so far */
	int64_t audit_page;                 /* asked for */
	const char *audit_when;             /* "before" while setting up, else NULL: the engine's */
	char boot_id[BOOT_ID_MAX]; /* of its kernel, as the injector said last; "": not told */
};

struct run_prober {
	struct run *run;
	const char *node; /* borrowed from the plan */
	struct link *link;
	struct clock_offset clock;
};

struct run {
	const struct run_options *options;
	uv_loop_t *loop;
	uv_timer_t tick, renew, halt;
	uv_signal_t sigint, sigterm, sighup;
	uv_poll_t suite; /* its `data` is set while it is in use */

	struct scenario scenario;
	struct sources sources;
	struct catalogue catalogue;
	struct secrets secrets;
	struct list tls; /* of struct tls_text */
	struct environment environment;
	struct lab_file lab;
	bool has_lab, brought_up;
	struct plan plan;
	struct engine *engine;

	char *run_id, *dir, *self_dir, *environment_file;
	struct journal journal;
	struct screen screen;
	int lock_fd;
	uint64_t zero; /* hrtime of the run's zero */

	struct run_node *nodes; /* one per plan node, same order */
	size_t node_count;
	struct run_prober *probers;
	size_t prober_count;

	size_t waiting;       /* answers that run_await() waits for */
	struct fail trouble;  /* the first failure while setting up */
	int signal;           /* received, 0: none */
	int64_t probes_at_ns; /* probes begin then; NEVER_NS: started already, or not yet ordered */
	bool done, broken;
	bool journals; /* events are kept in a file, and shown */
	int ticks, notes;
	bool heeds_halt; /* it does not begin, or go on, while one is engaged */
};

/* What a command does with an environment's nodes, from its files to its exit code. */
struct run_work {
	int (*load)(struct run *run, struct fail *fail);
	int (*carry_out)(struct run *run, struct fail *fail); /* the exit code */
	bool brings_up;                                       /* a lab that is down */
	bool journals;
	bool probes; /* so it needs the secrets */
	bool asks;   /* groups are resolved, so it needs them where a question is asked by TLS */
	bool heeds_halt;
};
int run_with(const struct run_options *options, const struct run_work *work);

int64_t run_now_ns(const struct run *run);

/* --- run_setup.c ----------------------------------------------------------------------- */

/* Files, catalogue, environment: pure but for reading. */
int run_load(struct run *run, struct fail *fail);
/* The plan's nodes, the lock; a lab that is down is brought up if that is wanted. */
int run_prepare(struct run *run, bool brings_up, struct fail *fail);
/* Run directory and journal. */
int run_open_directory(struct run *run, struct fail *fail);
/* The journal's first event. The caller deletes it. */
cJSON *run_started_event(const struct run *run);
/* The member `wall`: now, in UTC, as in "2026-01-31T23:59:30Z". */
void run_put_wall(cJSON *event);
/* Who we are, to people at another host: "pid 411 on gate"; returns buffer. */
const char *run_who(char buffer[RUN_WHO_MAX]);
/* To the suite that this run belongs to, if it does: "directory PATH", "refused TEXT". */
void run_tell(const struct run *run, const char *what, const char *text);
/* Groups that probes, workloads and final reads need; they must not depend on `where`. */
int run_resolve_static(struct run *run, struct fail *fail);
/*
 * The lab's services: as texts to be compared (services: "n1 etcd running"), and what the
 * supervisor knows of each (runs: pid, restarts, last exit). NULL without a lab.
 */
cJSON *run_services(const struct run *run);
int run_note_services(struct run *run, struct fail *fail);

/* --- run_nodes.c ----------------------------------------------------------------------- */

/* Connects every node: hello, clock, audit. Waits until all have answered. */
int run_connect(struct run *run, struct fail *fail);
struct run_node *run_find_node(struct run *run, const char *name);
void run_arm(struct run *run, const struct action *action);
void run_heal(struct run *run, const struct action *action);
void run_renew(struct run *run);
/* One session more on that node; `hello` is the caller's to say. */
int run_open_injector(struct run_node *node, struct fail *fail);
/* `looks`: a session for the proof of a revert, which arms nothing. */
cJSON *run_hello_body(const struct run *run, bool looks);

/* A request about one fault on one node, until its reply. */
struct errand {
	struct run_node *node;
	char *fault;
};

struct errand *errand_new(struct run_node *node, const char *fault);
void errand_free(struct errand *errand);
/* Answers in place of a node whose injector is gone. */
void run_refuse(struct run_node *node, enum event_kind kind, const char *fault);

/* --- run_halt.c ------------------------------------------------------------------------ */

/* FAIL_REFUSED while a halt of this environment is engaged, and this command heeds it. */
int run_check_halt(const struct run *run, struct fail *fail);
void run_start_looking_for_halt(struct run *run);
/* A halt was found: a run that has begun stops and heals, one that has not is refused. */
void run_halted(struct run *run, const struct fail *why);

/* --- run_note.c ------------------------------------------------------------------------ */

/* Takes one of those that people left for this run. */
void run_take_notes(struct run *run);

/* --- run_inspect.c --------------------------------------------------------------------- */

void run_inspect(struct run *run, const struct action *action);

/* --- run_audit.c ----------------------------------------------------------------------- */

void run_audit(struct run_node *node);
/* Which boot of its kernel an injector has told of; the next audit says it. */
void run_take_boot_id(struct run_node *node, const char *boot_id);
void run_recover(struct run_node *node);

/* --- run_probes.c ---------------------------------------------------------------------- */

int run_connect_probers(struct run *run, struct fail *fail);
void run_start_probes(struct run *run);
void run_stop_probes(struct run *run);
void run_read(struct run *run, const struct workload_spec *workload);
void run_query(struct run *run, const struct group_spec *group, const char *name);

/* --- orders.c (pure) ------------------------------------------------------------------- */

/* The order for one node; times are still ours. Free with shape_free(&fault_order_shape, …). */
void order_fault(const struct plan *plan, const struct fault_record *fault, enum fault_role role,
	const char *node, struct fault_order *out);

/* How often probers report. */
#define REPORT_WINDOW_NS (250 * NS_PER_MS)

/* What orders to probers are made from. */
struct order_context {
	const struct plan *plan;
	const struct list *groups;  /* of struct resolved_group */
	const struct list *secrets; /* of struct secret_value */
	const struct list *tls;     /* of struct tls_text; or NULL: no probe has any */
	const char *from;           /* the node that will probe */
	int64_t start_ns;           /* on the prober's clock */
};

/* Fills a zeroed order of how https is spoken. `text` may be NULL: no files. */
struct tls_text;
int order_tls(const struct tls_spec *tls, const struct tls_text *text,
	const struct plan_text *context, struct http_tls *out, struct fail *fail);

/* The nodes that a probe with `to` goes to. */
void order_members(
	const struct order_context *context, const struct probe_spec *probe, struct list *out);

/* Orders as JSON. A probe with policy `each` is ordered once for each member, others with NULL. */
cJSON *order_probe(const struct order_context *context, const struct probe_spec *probe,
	const char *member, struct fail *fail);
cJSON *order_workload(const struct plan *plan, const struct list *groups,
	const struct workload_spec *workload, int64_t start_ns, struct fail *fail);
cJSON *order_final_read(const struct plan *plan, const struct list *groups,
	const struct workload_spec *workload, struct fail *fail);

/* --- run_loop.c ------------------------------------------------------------------------- */

/* Starts the engine and carries out what it wants until it is done. */
void run_execute(struct run *run);

/* Gives the engine an event and carries out what it wants. */
void run_feed(struct run *run, struct event *event);

void run_start_handles(struct run *run);
/* Leases run from hello on, so they are renewed from the first connection on. */
void run_start_renewing(struct run *run);
void run_start_ticking(struct run *run);
/* Every child is told by the end of its stdin, and waited for: an injector heals first. */
void run_close_all(struct run *run);
void run_close_handles(struct run *run);
/* Prints and appends; a journal that can't be written stops the run. */
void run_write_journal(struct run *run, const cJSON *event);

/* While setting up: runs the loop until `waiting` is zero, something failed or a signal came. */
int run_await(struct run *run, struct fail *fail);
/* The first trouble wins. */
void run_trouble(struct run *run, const struct fail *fail);

/* A few pings, one after the other, of which the quickest counts; then `done`. */
void run_measure_clock(struct run *run, struct link *link, struct clock_offset *clock,
	void (*done)(void *context, const struct fail *why), void *context);

#endif
