/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_JUDGE_H
#define BACKBURN_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/judge/digest.h"
#include "controller/judge/loads.h"
#include "controller/judge/record.h"
#include "controller/measure/members.h"
#include "controller/measure/statistics.h"

/* What a record proves. Pure: the same record gives the same judgement at any time. */

enum verdict {
	VERDICT_HELD,
	VERDICT_VIOLATED,
	VERDICT_INCONCLUSIVE,
	VERDICT_NOT_JUDGED
};
extern const char *const verdict_words[]; /* "HELD", … */

/* The verdict seen against the claim's `expect`. */
enum finding {
	FINDING_AS_EXPECTED,
	FINDING_OTHERWISE,
	FINDING_KNOWN, /* otherwise, but a known issue excuses it to this day */
	FINDING_UNPROVEN,
	FINDING_NOT_JUDGED
};

enum {
	SENTENCE_MAX = 320
};

struct claim_judgement {
	const struct invariant_spec *claim;
	enum verdict verdict;
	enum finding finding;
	struct tally tally; /* holds, budget, compare, ratio: events; restarts: strikes, and those
			       not answered; of numbers: readings, and those that failed */
	/* recovers: from the instant to the recovery; restarts: the slowest; alert_fired,
	 * converges: from the instant until then; exactly_one: two, at the longest; NEVER_NS */
	int64_t after_ns;
	/* budget: share spent; compare: the difference of the shares, or
	 * how many times as long; ratio: the ratio; exactly_one: seconds without one */
	double measured;
	struct tally reference;              /* compare, ratio: of what it was compared with */
	struct statistics_interval interval; /* compare: of the difference */
	/* degraded_at_most: that are counted; found worse; found to be no worse. */
	size_t members, members_worse, members_kept;
	char text[SENTENCE_MAX];
};

/* What became of one member's share of good events. */
struct member_change {
	const char *member;         /* borrowed from the record */
	const struct slo_spec *slo; /* whose probe asks each member */
	/* Where it was looked at; NULL: in the phases of a claim. */
	const struct phase_record *phase;
	struct tally before, during; /* events, but for those that the prober spoiled */
	enum member_finding found;
	bool target; /* some fault had been on it by then */
	/* Of the difference during − before, together with those of all others. */
	struct statistics_interval interval;
};

/* Packets that a fault took from one node's way to another, both ends added. */
struct pair_effect {
	const char *from, *to; /* borrowed from the record */
	int64_t packets, segments;
	int64_t matched;         /* segments that it looked at, hit or not */
	int64_t connections;     /* live just before arming; -1: nobody was asked */
	int64_t connections_hit; /* of which packets were hit; -1: nobody told */
};

/* One process that a fault aimed at. */
struct process_effect {
	const char *node;                       /* borrowed from the record */
	const struct process_evidence *process; /* borrowed from the record */
	bool proven; /* got its signal and, where the signal can't be handled, has exited */
};

/* One time that a fault signalled processes. */
struct strike_effect {
	const char *node;                     /* borrowed from the record */
	const struct strike_evidence *strike; /* borrowed from the record */
	size_t number;                        /* on that node, from 1 */
};

enum measure_finding {
	MEASURE_AS_ASKED,
	MEASURE_DIFFERS,
	MEASURE_TOO_FEW,   /* not enough packets to tell */
	MEASURE_ONLY_TOLD, /* nothing was asked */
};
extern const char *const measure_finding_words[]; /* "as asked", "differs", "too few", "told" */

/* What was asked of a fault on one node beside what it did. It changes no exit code. */
struct measure_judgement {
	const char *node;              /* borrowed from the record */
	const struct measure *measure; /* borrowed from the record */
	enum measure_finding finding;
	bool directed; /* of one direction of packets; else of processes */
	/* MEASURE_RATIO: of confidence 99.9 % for the ratio behind `hits` of `count`. */
	struct statistics_interval interval;
};

enum effect {
	EFFECT_PROVEN,
	EFFECT_PARTIAL,
	EFFECT_NONE,
	EFFECT_NOT_INJECTED
};
extern const char *const effect_words[];

struct effect_judgement {
	const struct fault_record *fault;
	enum effect effect;
	bool ran_to_its_end;
	struct list pairs;     /* of struct pair_effect: a fault between nodes */
	struct list processes; /* of struct process_effect: a fault on processes */
	struct list strikes;   /* of struct strike_effect: likewise */
	struct list measures;  /* of struct measure_judgement */
	size_t measures_differing;
	/* Pairs of nodes with live connections, or processes, that were named before the fault. */
	size_t predicted, predicted_hit;
	char text[SENTENCE_MAX];
};

/* What was listed of a node, or of the services: what a certificate says of it. */
struct state_seen {
	const struct look *look; /* borrowed from the record; NULL: nobody looked */
	size_t lines;
	char digest[DIGEST_TEXT_MAX]; /* of its lines, sorted, each ended by a newline; "": none */
};

struct revert_judgement {
	const char *node; /* borrowed; "services" for the lab's services */
	bool touched;     /* a fault was armed there */
	bool confirmed;
	struct list missing, added; /* of char *: lines that were there before, or came */
	/*
	 * The same of what lives in a kernel's memory, when the machine has booted in between: that
	 * went with it, whatever came up then, and is not held against the run.
	 */
	struct list booted_away, booted_up;
	bool rebooted;
	struct state_seen before, after;
	char text[SENTENCE_MAX];
};

/*
 * What happened to one SLO around one fault: from its start to its heal, and after that. One that
 * is over at once is measured to the end of its phase.
 */
struct outage {
	const struct fault_record *fault;
	const struct slo_spec *slo;
	struct gap during, after;
	/*
	 * The recovery time (RTO): from the fault's start until the SLO was met again for
	 * stable_ns. 0: it was not breached. NEVER_NS: it was, and is not known to have recovered.
	 */
	int64_t rto_ns;
	int64_t stable_ns;
};

struct cost {
	const struct slo_spec *slo;
	struct tally tally;
	double budget_spent; /* share of the period's error budget */
};

struct data_summary {
	const struct workload_record *workload;
	int64_t attempted, acked, failed, unknown;
	int64_t lost, recovered, unexpected; /* slo.md 6.2: against the final reads */
	int64_t on_some;               /* acknowledged, present at some members, absent at others */
	int64_t first_lost, last_lost; /* ids; 0 when none is lost */
	size_t reads_ok, reads_failed;
};

/* A node of which some member change was found worse. */
struct degraded_node {
	const char *node; /* borrowed from the record */
	bool target;      /* some fault was on it when it got worse, or before */
	bool expected;    /* none was, but a claim says that it depends on what is hit */
	const struct member_change *worst; /* the greatest loss of those, of `changes` */
};

/*
 * Who got worse with proof, claim or no claim, wherever a probe asks each member: in each phase
 * from the first fault on, against the phases before it.
 */
struct degradation {
	/* Of struct member_change: each member, SLO and phase; worse or open, and with an interval
	 * where it is worse. All together hold with 95 % confidence. */
	struct list changes;
	struct list worse; /* of struct degraded_node, by what they lost */
	size_t members;    /* nodes that are asked so */
	size_t targets;    /* nodes that some fault was on */
	size_t targets_asked;
	size_t outside; /* of those that got worse: no fault was on them, no claim expects it */
};

enum {
	CODES_MAX = 8
};

struct judgement {
	struct list claims;  /* of struct claim_judgement */
	struct list effects; /* of struct effect_judgement */
	struct list reverts; /* of struct revert_judgement */
	struct list outages; /* of struct outage */
	struct list costs;   /* of struct cost */
	struct list data;    /* of struct data_summary */
	struct list loads;   /* of struct load_judgement */
	struct list spills;  /* of struct spill (spill.h): what was hit outside of all faults */
	struct degradation degradation;
	int codes[CODES_MAX]; /* every exit code that applies, by weight */
	size_t code_count;
	int exit_code;
	const char *headline;      /* HELD, VIOLATED, INCONCLUSIVE, STOPPED, … */
	char reason[SENTENCE_MAX]; /* one sentence: why this exit code */
};

void judge(const struct record *record, struct judgement *out);
void judgement_deinit(struct judgement *judgement);

/* Of two exit codes of runs the one that outweighs the other. */
int judge_weightier(int a, int b);
/* The code itself, or EXIT_TROUBLE for one that no run's judgement has. */
int judge_known_code(int code);
/* "HELD", "VIOLATED", …: what a run that came to its end with this code is called. */
const char *judge_headline(int code);

/* "3 lines of the journal could not be read, the first at line 17: …"; NULL: all were. */
const char *judge_unread(const struct record *record, char buffer[SENTENCE_MAX]);

/* One claim alone: the engine asks this of preconditions. */
void judge_claim(const struct record *record, const struct invariant_spec *claim,
	struct claim_judgement *out);

/* One measure of that node alone; both must outlive the judgement. */
void judge_measure(const char *node, const struct measure *measure, struct measure_judgement *out);

/* How many of the nodes that a fault on machines is on tell that it acted there. */
size_t judge_machines_hit(const struct fault_record *fault);

/* What becomes of a packet that the fault hits: "dropped"; or of a machine. */
const char *judge_did(const struct fault_record *fault);

/*
 * Live connections between two nodes that the fault would hit, as either of them said when it was
 * inspected (at most 256 a node); -1 when neither was asked.
 */
int64_t judge_connections(const struct fault_record *fault, const char *a, const char *b);

/*
 * Those of which the fault hit packets, as counted at the end that saw more of them, for one
 * connection is seen at both; NEVER_NS when neither end told.
 */
int64_t judge_connections_hit(const struct fault_record *fault, const char *a, const char *b);

/* Whether a node was struck several times: its processes are those of the last strikes only. */
bool judge_struck_again(const struct effect_judgement *effect);

/* Its phase was left out (`only_if`): that it was never injected is nobody's fault. */
bool judge_fault_left_out(const struct record *record, const struct fault_record *fault);

/* Nothing cut the fault short. */
bool judge_ran_to_its_end(const struct record *record, const struct fault_record *fault);

/* A node is never cut from itself, and two nodes that are in both sets are one pair. */
bool judge_is_pair(const struct fault_record *fault, const char *on, const char *from);

/* The instant a `recovers` claim counts from; NEVER_NS when it has not come. */
int64_t judge_instant(const struct record *record, const struct recovers_spec *recovers);

#endif
