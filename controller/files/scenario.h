/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_SCENARIO_H
#define BACKBURN_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/hours.h"
#include "contract/processes.h"
#include "contract/shape.h"
#include "controller/files/source.h"
#include "controller/prober/arrivals.h"
#include "controller/prober/retry.h"
#include "controller/texts/text_match.h"

/*
 * A scenario as people write it, typed: one struct per object of the format, decoded through the
 * tables in scenario_tables*.c and probe_tables.c. docs/scenario.md describes every key. Nothing
 * here is resolved: groups and nodes are still names.
 */
struct owner {
	char *team, *contact;
};

enum param_type {
	PARAM_DURATION,
	PARAM_RATIO,
	PARAM_INTEGER,
	PARAM_NUMBER,
	PARAM_STRING
};
extern const char *const param_type_words[];

struct param_spec {
	char *name;
	int type;         /* enum param_type */
	cJSON *preset;    /* key "default" */
	cJSON *min, *max; /* NULL: no bound */
	char *help;
};

struct secret_spec {
	char *name;
	char *env, *file; /* one of them; the other is NULL */
};

/* --- groups ---------------------------------------------------------------------------- */

struct tls_spec {
	char *ca, *cert; /* names of files */
	cJSON *key;      /* the name of a file, or a secret */
	char *server_name;
	bool verify;
};

struct where_http {
	char *url;
	int64_t timeout_ns;
	struct tls_spec *tls; /* NULL: as every client of that host speaks it */
};

struct where_spec {
	struct where_http *http; /* this and the next two, or what follows them */
	char *metric;
	cJSON *labels; /* object of strings; NULL: any */
	double equals;
	struct list exec; /* of char *: a program that each candidate runs */
	int64_t exit_code;
	char *first_line; /* NULL: any */
};

struct probe_spec;

struct group_spec {
	char *name;
	cJSON *labels;     /* object of strings */
	struct list nodes; /* of char * */
	char *in;
	struct list without; /* key "not": of char * */
	struct list unite;   /* key "union": of char * */
	int64_t pick;        /* 0: all */
	struct count count;
	int64_t within_ns;
	struct where_spec *where;
	struct probe_spec *observe; /* but for its `to`; NULL: nobody asks each of them */
};

/* --- probes, SLOs, workloads ----------------------------------------------------------- */

struct probe_to {
	char *group;
	int policy; /* enum probe_policy */
};

struct probe_body {
	cJSON *json;
	cJSON *text;           /* a string or a secret */
	struct list base64_at; /* of char * */
};

struct probe_expect {
	struct list status;        /* of int64_t */
	struct text_match *body;   /* of HTTP */
	struct text_match *answer; /* of TCP, and of DNS */
	int rcode;                 /* enum dns_rcode */
	int64_t exit_code;
	struct text_match *output; /* key "stdout" */
};

/* Where a number is read. */
struct read_spec {
	cJSON *url;       /* a string or a secret; or `exec`, or `kernel` */
	struct list exec; /* of char * */
	int kernel;       /* index into kernel_metrics (prober/kernel_metrics.h) */
	int per;          /* of kernel_per_words */
	char *cgroup;     /* NULL: the node's */
	char *metric;     /* of the answer; or `pointer` */
	cJSON *labels;    /* object of strings */
	int aggregate;    /* enum value_aggregate */
	char *pointer;
};

enum probe_type {
	PROBE_HTTP,
	PROBE_TCP,
	PROBE_EXEC,
	PROBE_DNS,
	PROBE_METRIC,
	PROBE_PROMETHEUS
};
extern const char *const probe_type_words[];

/* Which keys belong to which type its table says; those of `expect` plan/check_probes.c. */
struct probe_spec {
	char *name;
	int type;         /* enum probe_type */
	struct list from; /* of char *: nodes or groups */
	struct probe_to *to;
	char *method;
	cJSON *url;     /* a string or a secret */
	cJSON *headers; /* object of strings and secrets */
	struct probe_body *body;
	int connection; /* enum http_connection */
	struct tls_spec *tls;
	char *address;
	cJSON *send;            /* a string or a secret */
	struct list exec;       /* of char * */
	cJSON *env;             /* object of strings */
	cJSON *input;           /* key "stdin": a string or a secret */
	char *server;           /* of DNS; NULL: those of the host that probes */
	char *lookup;           /* key "name" */
	int record;             /* enum dns_record */
	struct read_spec *read; /* of metric */
	cJSON *query;           /* of prometheus: a string or a secret */
	bool per_second;
	struct probe_expect *expect;
	double rate; /* events a second, from each `from` and, with `each`, to each member; of a
			load the highest */
	int64_t timeout_ns;
	bool inside_radius;
	/* No key: the load that this is the probe of, borrowed (files/loads.h); else NULL. */
	const struct workload_spec *load;
	bool observes; /* no key: it stands for a group's `observe` (files/observed.h) */
};

struct good_spec {
	int outcome;                                   /* 0, "ok": the only one there is */
	int64_t latency_lt_ns;                         /* 0: any */
	double value_lt, value_le, value_gt, value_ge; /* NAN: any */
	int64_t attempts_le;                           /* of a load's requests; 0: any */
};

enum burn_severity {
	BURN_ALERT,
	BURN_PAGE
};
extern const char *const burn_severity_words[];

enum budgeting {
	BUDGETING_OCCURRENCES,
	BUDGETING_TIMESLICES
};

/*
 * A pair of windows, over both of which the error budget burns `rate` times as fast as it may. What
 * is left out plan/burn.h derives.
 */
struct burn_spec {
	int severity; /* enum burn_severity; of an SLO's pairs only */
	double rate;
	int64_t long_ns;
	int64_t short_ns; /* 0: derived */
	int64_t min_bad;  /* 0: derived */
};

struct slo_spec {
	char *name;
	char *probe;    /* also that of a load */
	char *workload; /* a load, in place of `probe`; else NULL */
	struct good_spec *good;
	double objective;
	int64_t period_ns;
	int budgeting;    /* enum budgeting */
	int64_t slice_ns; /* 0: by occurrences */
	double slice_objective;
	struct list burn; /* of struct burn_spec: when somebody on call would be told */
	bool implied;     /* no key: it stands for a claim on a quantile (files/implied_slos.h) */
	bool observes;    /* no key: of a group's `observe` (files/observed.h) */
};

struct final_read_spec {
	char *from_each; /* a group */
	int64_t quiesce_ns, timeout_ns;
};

enum workload_model {
	WORKLOAD_SET, /* integers, which are read back */
	WORKLOAD_LOAD /* requests, which are tried again */
};
extern const char *const workload_model_words[];

/* Which keys belong to which model its table says. */
struct workload_spec {
	char *name;
	int model;        /* enum workload_model */
	struct list from; /* of char * */
	int64_t timeout_ns;

	double rate;      /* operations a second */
	struct list exec; /* of char * */
	struct final_read_spec *final_read;
	int64_t read_every_ns; /* 0: at the end only */
	int64_t read_timeout_ns;

	struct probe_spec *http; /* only what a request is: url, method, headers, … */
	struct probe_to *to;
	struct list arrivals; /* of struct arrival */
	struct retry *retry;  /* NULL: one attempt for each request */
	bool inside_radius;
};

/* --- phases ---------------------------------------------------------------------------- */

struct fault_on {
	struct list nodes;                  /* of char *: groups or nodes */
	struct process_selector *processes; /* on each of them; NULL: the node itself */
};

struct fault_from {
	struct list nodes;
	struct list prefixes; /* of struct prefix */
	struct list hosts;    /* of char *: names that each node resolves for itself */
	bool everything;
};

struct fault_spec {
	char *id;
	char *fault;
	struct fault_on *on;
	struct fault_from *from; /* never NULL; empty for a fault without counterpart */
	cJSON *with;
	int64_t at_ns;
	int64_t for_ns; /* 0: to the end of the phase */
};

struct until_spec {
	char *slo;
	int64_t good_for_ns;
};

enum only_if_verdict {
	ONLY_IF_HELD,
	ONLY_IF_VIOLATED,
	ONLY_IF_INCONCLUSIVE
};
extern const char *const only_if_words[];

struct only_if_spec {
	char *invariant;
	int verdict; /* enum only_if_verdict */
};

enum on_timeout {
	TIMEOUT_FAIL,
	TIMEOUT_GO_ON,
	TIMEOUT_STOP
};

struct phase_spec {
	char *id;
	int64_t for_ns; /* 0: `until` says */
	struct until_spec *until;
	int64_t at_most_ns;
	int on_timeout;               /* enum on_timeout */
	struct only_if_spec *only_if; /* NULL: always */
	struct list faults;           /* of struct fault_spec */
};

/* --- invariants ------------------------------------------------------------------------ */

enum claim_gate {
	GATE_MUST,
	GATE_SHOULD,
	GATE_REPORT,
	GATE_PRECONDITION
};
extern const char *const gate_words[];
enum claim_expect {
	EXPECT_HELD,
	EXPECT_VIOLATED
};

struct holds_spec {
	char *slo; /* or what the next three say; then the name of an implied one */
	char *probe;
	double quantile; /* 0: none */
	int64_t below_ns;
};

enum fault_instant {
	INSTANT_START,
	INSTANT_EFFECT,
	INSTANT_BREACH,
	INSTANT_HEALED
};
extern const char *const instant_words[];

struct recovers_from {
	char *fault;
	int instant; /* enum fault_instant */
};

struct recovers_spec {
	char *slo;
	struct recovers_from *from;
	int64_t within_ns, stable_for_ns;
};

struct data_spec {
	char *workload;
	int64_t max_lost;
};

struct budget_spec {
	char *slo;
	double max_spent;
};

struct restarts_spec {
	char *fault;
	int64_t within_ns;
};

/* What something is compared with: the same SLO in other phases, or another one, or both. */
struct reference_spec {
	struct list in; /* of char *: phases; empty: the claim's own */
	char *slo;      /* NULL: the same */
	char *probe;    /* likewise, where latencies are compared */
};

struct compare_spec {
	char *slo; /* or the next; each with what is allowed of it */
	char *probe;
	double quantile; /* of the probe's latency in each second */
	struct reference_spec *with;
	double worse_by_at_most;  /* of the share of good events */
	double slower_by_at_most; /* a factor, 1 or more */
};

struct ratio_spec {
	char *slo;
	struct reference_spec *to;
	double at_least, at_most; /* one of them; the other is 0 */
};

/* How many of those that no fault was on may get worse; see plan/degraded_claims.h. */
struct degraded_spec {
	char *slo;
	int64_t members;         /* at most */
	struct list baseline;    /* of char *: phases; never empty but where there are none */
	double worse_by_at_most; /* of the share of good events */
	struct list expected;    /* of char *: nodes or groups that are not counted */
};

/* The next three: of probes that read numbers. */
struct alert_fired_spec {
	char *probe;
	struct recovers_from *from;
	int64_t within_ns;
};

struct converges_spec {
	char *probe;
	struct recovers_from *from;
	int64_t within_ns, stable_for_ns;
	double differ_by_at_most;
};

struct exactly_one_spec {
	char *probe;
	double equals;
	int64_t none_for_at_most_ns; /* 0: any time */
};

/* A violation that people know of: it warns until its date. */
struct known_issue_spec {
	char *ticket;
	char *until; /* the last day, "2026-12-31" in UTC */
	char *why;
};

struct invariant_spec {
	char *id;
	struct list in; /* of char *: phases */
	int64_t skip_first_ns;
	struct holds_spec *holds;
	struct recovers_spec *recovers;
	struct data_spec *data;
	struct budget_spec *budget;
	struct restarts_spec *restarts;
	struct compare_spec *compare;
	struct ratio_spec *ratio;
	struct degraded_spec *degraded; /* key "degraded_at_most" */
	struct alert_fired_spec *alert_fired;
	struct converges_spec *converges;
	struct exactly_one_spec *exactly_one;
	int expect; /* enum claim_expect */
	int gate;   /* enum claim_gate */
	char *why;
	double confidence; /* 0: the usual one; see claim_alpha() */
	struct known_issue_spec *known_issue;
};

/* --- guardrails ------------------------------------------------------------------------ */

struct group_limit {
	char *group;
	double max_fraction;
	bool keep_quorum;
};

struct label_limit {
	char *label;
	int64_t max_values;
};

struct limits_spec {
	int64_t nodes;         /* 0: no limit stated */
	struct list of_group;  /* of struct group_limit */
	struct list per_label; /* of struct label_limit */
	int64_t concurrent_faults;
	int64_t fault_ns, run_ns, lease_ns;
	struct list protect; /* of char * */
};

enum {
	IN_READS_MAX = 10
};

struct cusum_spec {
	double rate;       /* times the share of bad events that the objective allows */
	double false_stop; /* at most: the chance that a run that meets the objective is stopped */
};

struct stop_rule {
	char *id;
	char *slo;
	int64_t no_good_for_ns, no_data_for_ns; /* one of these six; the others are 0 or NULL */
	struct burn_spec *burn;
	struct cusum_spec *cusum;
	double budget_spent;
	char *workload; /* with the next two: more than `lost_writes` */
	int64_t lost_writes, in_reads;
};

/* Where and when the scenario may run at all. */
struct allow_spec {
	struct list classes; /* of int, as struct environment.class; empty: any */
	struct hours *hours; /* NULL: always */
};

struct guardrails_spec {
	struct allow_spec *allow; /* NULL: anywhere, always */
	struct limits_spec *limits;
	struct list stop_if; /* of struct stop_rule */
	char *no_stop_because;
};

struct scenario {
	char *schema;
	int64_t version;
	char *name, *title, *hypothesis;
	struct owner *owner;
	cJSON *links;
	struct list tags; /* of char * */
	int64_t seed;
	struct list use;        /* of char * */
	struct list params;     /* of struct param_spec */
	struct list secrets;    /* of struct secret_spec */
	struct list groups;     /* of struct group_spec */
	struct list probes;     /* of struct probe_spec */
	struct list slos;       /* of struct slo_spec */
	struct list workloads;  /* of struct workload_spec: sets */
	struct list phases;     /* of struct phase_spec, in the order of time */
	struct list invariants; /* of struct invariant_spec */
	struct guardrails_spec *guardrails;

	struct list loads; /* of struct workload_spec: what `workloads` has of that model */

	/* What was decoded: parts merged, parameters put in; what the journal keeps. Owned. */
	cJSON *merged;
};

extern const struct shape scenario_shape;
/* A part alone; it decodes into a struct scenario of which only the shared sections are set. */
extern const struct shape part_shape;

/* A --param NAME=VALUE or --set PATH=JSON of the command line. */
struct param_value {
	const char *name, *text;
};

struct param_values {
	const struct param_value *items;
	size_t count;
	const struct param_value *sets; /* files/override.h */
	size_t set_count;
};

/*
 * Loads a scenario with its parts, puts parameters in their places and decodes it. `sources`
 * receives every file read (for later errors; sources_deinit() also after a failure).
 * References and claims are not checked yet: scenario_check() does that. Failure: FAIL_BAD_FILE
 * with file and line, or FAIL_USAGE for a value of the command line; `out` is untouched.
 */
int scenario_load(struct scenario *out, struct sources *sources, const char *path,
	const struct param_values *values, struct fail *fail);

/* Decodes a merged tree, as the journal keeps it. Consumes `merged` also on failure. */
int scenario_from_merged(struct scenario *out, cJSON *merged, struct fail *fail);

void scenario_deinit(struct scenario *scenario);

/* By its name or id; NULL: there is none. */
const struct group_spec *scenario_group(const struct scenario *scenario, const char *name);
const struct probe_spec *scenario_probe(const struct scenario *scenario, const char *name);
const struct slo_spec *scenario_slo(const struct scenario *scenario, const char *name);
const struct workload_spec *scenario_workload(const struct scenario *scenario, const char *name);
const struct workload_spec *scenario_load_named(const struct scenario *scenario, const char *name);
const struct phase_spec *scenario_phase(const struct scenario *scenario, const char *id);
const struct fault_spec *scenario_fault(
	const struct scenario *scenario, const char *id, const struct phase_spec **out_phase);

/* What neither a URL nor a program says: the kernel itself is asked. */
bool read_of_kernel(const struct read_spec *read);

/* True for {"secret": "name"}; *out_name is borrowed. */
bool secret_reference(const cJSON *value, const char **out_name);

#endif
