/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REPORT_WORDS_H
#define BACKBURN_REPORT_WORDS_H

#include "contract/units.h"
#include "controller/report/report.h"

/* What several forms say in the same words. Texts are plain: each form escapes for itself. */

enum {
	WORDS_MAX = 192
};

/* How a verdict or a finding is to be seen: as word, shape and colour together. */
enum tone {
	TONE_GOOD,
	TONE_BAD,
	TONE_OPEN, /* unproven */
	TONE_NONE  /* not judged, or only reported */
};
enum tone tone_of_run(const struct judgement *judgement);
enum tone tone_of_claim(const struct claim_judgement *own);
enum tone tone_of_effect(const struct effect_judgement *own);
extern const char *const tone_marks[]; /* "✓", "✗", "?", "–" */
extern const char *const tone_names[]; /* "good", "bad", "open", "none" */

/* "HELD", "VIOLATED, as expected". */
const char *words_verdict(const struct claim_judgement *own, char buffer[WORDS_MAX]);

/* "T+31.976 s", "T+2:46:40" from an hour on; "–" for what never was. */
const char *words_at(int64_t at_ns, char buffer[WORDS_MAX]);
/* "10:37:36", with the date in front where the day is not the run's first; "" without a start. */
const char *words_utc(const struct record *record, int64_t at_ns, char buffer[WORDS_MAX]);
/* "2026-11-22 10:37:05 UTC". */
const char *words_started(const struct record *record, char buffer[WORDS_MAX]);

/* "30 days", "12 hours"; else as a duration. */
const char *words_period(int64_t ns, char buffer[DURATION_TEXT_MAX]);

/* How long the run was: to its end, or to its journal's. */
int64_t words_length_ns(const struct report *report);

/* "The run was cut off at T+…: …"; NULL for a run that came to its end. */
const char *words_cut(const struct report *report, char buffer[SENTENCE_MAX]);

/*
 * "3 lines of the journal could not be read, the first at line 17: …"; NULL when all of it was
 * read.
 */
const char *words_unread(const struct report *report, char buffer[SENTENCE_MAX]);

/*
 * What is not known of a run that was cut off: faults that may have acted on, nodes that nobody
 * looked at, phases, measures. Lines of char * (list_free_texts); none for a run that ended.
 */
struct list words_unknown(const struct report *report);

/*
 * What the heaviest exit code's sentence does not say: that the run was stopped, and which claims
 * came out other than expected, or would have but for a known issue. NULL when there is nothing to
 * add.
 */
const char *words_also(const struct report *report, char buffer[SENTENCE_MAX]);

/*
 * What is to be known at a glance, below the verdict: each fault with its effect, and whether all
 * is as before.
 */
struct glance {
	enum tone tone;
	char text[SENTENCE_MAX];
};
/* List of struct glance; the caller frees its items. */
struct list words_glance(const struct report *report);

/* "confirmed: 4 nodes and 3 services as before", "NOT CONFIRMED on n1: …"; its tone is returned. */
enum tone words_revert(const struct report *report, char buffer[SENTENCE_MAX]);

/* "confirmed", "NOT CONFIRMED", or "not touched" of a node that nobody compared for that. */
const char *words_confirmed(const struct report *report, const struct revert_judgement *own);
enum tone tone_of_revert(const struct report *report, const struct revert_judgement *own);

/*
 * What a certificate of the revert says of a node. "before the faults at 10:37:05 UTC
 * (T+0.120 s), after them at 10:39:01 UTC (T+116.003 s) by root@host with heal --run"; "boot 6f…
 * before and after"; "SHA-256 of 19 lines, before and after: 4be1…". The last two are NULL where
 * nothing is known.
 */
const char *words_looked(
	const struct report *report, const struct revert_judgement *own, char buffer[SENTENCE_MAX]);
const char *words_boot(const struct revert_judgement *own, char buffer[SENTENCE_MAX]);
const char *words_digests(const struct revert_judgement *own, char buffer[SENTENCE_MAX]);

/* "outage came to 5.1s of 8s without a good event, at T+36.2 s: 64 % of the way, a near miss". */
const char *words_closest(const struct closest *own, char buffer[SENTENCE_MAX]);
enum tone tone_of_closest(const struct closest *own);

/* What a claim says: "avail ≥ 99 % in before". */
const char *words_statement(const struct scenario *scenario, const struct invariant_spec *claim,
	char buffer[WORDS_MAX]);
/* "start", "first effect", "breach", "heal". */
const char *words_instant(int instant);

/*
 * "page of avail: burned 9.1 times as fast as it may over 24s and 12 times over 2s, from 8 on; over
 * 13.2s later".
 */
void words_alert(const struct alert_record *own, char buffer[SENTENCE_MAX]);

/* The numbers of a claim's row, "–" where there are none. */
struct claim_numbers {
	char samples[WORDS_MAX], bad[WORDS_MAX], allowed[WORDS_MAX], measured[WORDS_MAX];
};
void words_claim(
	const struct report *report, const struct claim_judgement *own, struct claim_numbers *out);

/* The same two of claims about numbers that probes read (words_watched.c). */
void words_watched_statement(const struct invariant_spec *claim, char buffer[WORDS_MAX]);
void words_watched_claim(const struct claim_judgement *own, struct claim_numbers *out);
/* And of those about members that got worse (words_degraded.c). */
void words_degraded_statement(const struct invariant_spec *claim, char buffer[WORDS_MAX]);
void words_degraded_claim(const struct claim_judgement *own, struct claim_numbers *out);

/*
 * Whether anything but a number depends on that SLO: a claim, a stop rule or a phase. Reports give
 * no room to others, unless there are no such SLOs at all.
 */
bool words_slo_matters(const struct scenario *scenario, const struct slo_spec *slo);

/* One figure of the cost, and what it is: "1.93s", "without a good event in avail, …". */
struct figure {
	char value[WORDS_MAX], text[SENTENCE_MAX];
};
/* List of struct figure; the caller frees its items. */
struct list words_cost(const struct report *report);

/* "partition on n3, from n1, n2"; when. */
void words_fault(const struct fault_record *fault, char buffer[SENTENCE_MAX]);
void words_times(const struct fault_record *fault, char buffer[SENTENCE_MAX]);

/* "1 node hit: n2; at most 1 at a time were declared". */
void words_radius(const struct report *report, char buffer[SENTENCE_MAX]);
/*
 * One fault's radius: "n2, against n1, n3"; "8 live connections on 2 of 2 links"; "143 packets
 * dropped on 2 of 2 links".
 */
struct radius_words {
	char declared[SENTENCE_MAX], predicted[SENTENCE_MAX], measured[SENTENCE_MAX];
};
void words_radius_of(const struct effect_judgement *own, struct radius_words *out);

/*
 * Who got worse, with proof (words_degraded.c): "1 node got worse that no fault was on: web1, by 37
 * points (33 to 41) of web in slow"; "amplification 2: 2 nodes got worse, a fault was on 1"; a line
 * for each such node (list of char *); how sure that is. NULL, and no lines, where no probe asks
 * each member or there was nothing to compare with.
 */
const char *words_degraded(const struct report *report, char buffer[SENTENCE_MAX]);
const char *words_amplification(const struct report *report, char buffer[WORDS_MAX]);
struct list words_degraded_nodes(const struct report *report);
const char *words_degraded_proof(const struct report *report, char buffer[SENTENCE_MAX]);
/* "worse by 37 points (33 to 41), no fault was on it": one that was found worse. */
const char *words_change(const struct degraded_node *node, const struct member_change *change,
	char buffer[WORDS_MAX]);
enum tone tone_of_degraded(const struct degraded_node *own);

/* "pid 4211 on n3, up 41.2s: SIGKILL at T+31.001 s, exit seen 1.21ms later; etcd runs again …". */
void words_process(
	const struct record *record, const struct process_effect *own, char buffer[SENTENCE_MAX]);
/* Its parts: the signal, the exit, and the service that it was ("" when none is known). */
const char *words_signal(const struct process_evidence *process, char buffer[WORDS_MAX]);
const char *words_exit(const struct process_evidence *process, char buffer[WORDS_MAX]);
const char *words_afterwards(
	const struct record *record, const struct process_effect *own, char buffer[WORDS_MAX]);
/* The same lab service at the end of the run; NULL when the process was none. */
const struct service_record *words_successor(
	const struct record *record, const struct process_effect *own);

/* "strike 3 on n1 at T+31.001 s"; "1 of 1 hit, 1 ended; back as pid 4711 after 1.21 s". */
const char *words_strike(const struct strike_effect *own, char buffer[WORDS_MAX]);
void words_strike_found(const struct strike_effect *own, char buffer[SENTENCE_MAX]);
/*
 * What a fault on processes has done so far: "1 of 1 process hit", "0 of 1 process hit, 57 calls so
 * far", or what became of the last of several strikes.
 */
void words_acted(const struct fault_record *fault, char buffer[SENTENCE_MAX]);
/* Good: all are back, or nobody is waited for. */
enum tone tone_of_strike(const struct strike_effect *own);

/*
 * The two spans in which a fault's gaps are looked for: "during cut-leader" and "after the heal of
 * cut-leader"; of one that is over at once "in the phase of kill-leader", and "after" that. Faults
 * that began together and cost the same share their spans, "during far and lossy", and only the
 * first of their outages is told.
 */
const char *words_span(
	const struct report *report, const struct outage *own, bool after, char buffer[WORDS_MAX]);
bool words_outage_is_told(const struct report *report, const struct outage *own);

/*
 * The recovery time and the data loss of a fault, in the words of continuity plans: "RTO in avail,
 * during cut-leader: 1.93s ± 20ms from its start until good again for 3s"; "RPO of acked: 3
 * acknowledged writes lost, within a stretch of 480ms of writing (ids 17 to 40)". NULL: nobody read
 * back what was written.
 */
const char *words_rto(
	const struct report *report, const struct outage *own, char buffer[SENTENCE_MAX]);
const char *words_rpo(const struct data_summary *own, char buffer[SENTENCE_MAX]);
/* What reads during the run found; NULL when there were none. */
const char *words_read_backs(const struct data_summary *own, char buffer[SENTENCE_MAX]);

/* "8 ok, 2 timeout": outcomes that occurred. */
const char *words_outcomes(const struct source_record *source, char buffer[WORDS_MAX]);

/* The phase of that instant; NULL: between phases. */
const char *words_phase_at(const struct record *record, int64_t at_ns);

/*
 * The first lost write as a story of a few sentences: when it was acknowledged, to whom, what went
 * on then, and when it was missed. Lines of char * (list_free_texts); none when none was lost.
 */
struct list words_data_story(const struct report *report, const struct data_summary *data);

/* What was lost when: lines of char * (list_free_texts). */
struct list words_losses(const struct report *report, const struct data_summary *data);

/* How to do it again (the command first), and what this run can't tell: lines of char *
 * (list_free_texts). */
struct list words_reproduce(const struct report *report);
struct list words_limits(const struct report *report);

/* A draft: people own it, with a name and a date of their own. */
struct finding_draft {
	char weakness[SENTENCE_MAX], evidence[SENTENCE_MAX], next[SENTENCE_MAX];
};
/* List of struct finding_draft; the caller frees its items. */
struct list words_findings(const struct report *report);

/* What to change for a clearer answer: lines of char * (list_free_texts). */
struct list words_clearer(const struct report *report);

/* The command, or the nearest to it that the journal knows. The caller frees. */
char *words_command(const struct report *report);

/* "put from client to n1": one open loop of a probe. */
const char *words_source(const struct source_record *source, char buffer[WORDS_MAX]);
/* How the events of each of them ended, by outcome, with the last error: lines of char *. */
struct list words_events(const struct report *report);

/* The numbers that one source read in one phase. */
struct value_row {
	const struct source_record *source; /* borrowed from the record, as is the phase */
	const struct phase_record *phase;
	struct values_summary summary;
};

enum {
	VALUE_ROW_MAX = 2 * WORDS_MAX
};

/* Of all probes that read numbers, in the order of sources and phases; free `items`. */
struct list words_values(const struct record *record);
/* "queue from client, cut: least 1, median 3, most 7, last 2 of 60". */
const char *words_value_row(const struct value_row *row, char buffer[VALUE_ROW_MAX]);

/* "s3.example.com on n1: 192.0.2.1, 192.0.2.2", for each name and node; list of char *. */
struct list words_hosts(const struct fault_record *fault);

/* Appends a line to a list of char *. */
void words_add(struct list *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "n1, n2, n3"; cut with "…" where it gets long. */
const char *words_join(const struct list *texts, char *buffer, size_t size);
/* The same of an array of JSON; "?" for what is no string. */
const char *words_join_json(const cJSON *texts, char *buffer, size_t size);

/*
 * The longest time between two events of a probe's sources, or between two slices, which is what
 * instants are good to.
 */
int64_t words_resolution_ns(const struct record *record, const struct slo_spec *slo);
/* What an SLO counts: "events", "slices of 1s". */
const char *words_counted(const struct slo_spec *slo, char buffer[WORDS_MAX]);

/* "3 live connections before", as was found before arming; "not asked" when nobody was. */
const char *words_live(const struct pair_effect *pair, char buffer[WORDS_MAX]);
/*
 * "n1 to n3: packets dropped 77, on the way back 66; 7 live connections before": of a pair's way
 * and the way back.
 */
void words_pair(const struct fault_record *fault, const struct pair_effect ways[2],
	char buffer[SENTENCE_MAX]);

/* "1 %", "50ms", "9.8 Mbit/s", "35 packets": a value in that enum measure_unit. */
const char *words_quantity(int unit, double value, char buffer[WORDS_MAX]);
/* "in", "out": as the node sees it. */
const char *words_direction(const struct measure_judgement *own);

/* The cells of a measure's row: "at most 10 Mbit/s"; "9.8 Mbit/s"; what that rests on; "ok". */
const char *words_asked(const struct measure *measure, char buffer[WORDS_MAX]);
const char *words_achieved(const struct measure *measure, char buffer[WORDS_MAX]);
const char *words_rests_on(const struct measure_judgement *own, char buffer[WORDS_MAX]);
const char *words_measure_found(const struct measure_judgement *own);
enum tone tone_of_measure(const struct measure_judgement *own);

/* "loss on n1, out: 4.8 %, asked 1 %". */
void words_measure(const struct measure_judgement *own, char buffer[SENTENCE_MAX]);
/* "slow did other than asked: loss on n1, …; and 3 more"; NULL when all is as asked. */
const char *words_differing(const struct effect_judgement *effect, char buffer[SENTENCE_MAX]);

/* Three digits at most, and none that says nothing: "20ms", where duration_human has "20.0ms". */
const char *words_step(int64_t ns, char buffer[DURATION_TEXT_MAX]);
/* "1 node", "3 nodes", "2 processes". */
const char *words_count(size_t count, const char *noun, char buffer[WORDS_MAX]);

#endif
