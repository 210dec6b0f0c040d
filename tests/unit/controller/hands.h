/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TEST_HANDS_H
#define BACKBURN_TEST_HANDS_H

#include "controller/engine/engine.h"
#include "given.h"

/*
 * Hands for an engine, in simulated time: nodes that arm and heal, a prober at 50 events a second,
 * a set workload, a lab with one service. Each behaves well unless `behave` says otherwise.
 *
 * Checked at all times: no fault is armed after a stop, and none twice on a node.
 */
enum behaviour {
	BEHAVE,
	REFUSE,        /* says no, and nothing has changed */
	SAY_NOTHING,   /* the answer is lost, but it was done */
	FAIL_SILENTLY, /* the answer is lost, and nothing was done */
	BE_SLOW,       /* does it, 3 s late */
	GET_LOST,      /* the node's injector is gone instead */
	NEVER_ANSWER
};

enum {
	NODES = 4,
	FAULTS_MAX = 4
};

struct fake_node {
	const char *name;
	bool lost, heal_failed;
	bool armed[FAULTS_MAX]; /* by the fault's place in the record */
};

struct hands {
	struct scenario scenario;
	struct catalogue *catalogue; /* borrowed, the same for all */
	struct plan plan;
	struct engine *engine;
	cJSON *journal;      /* a list */
	struct list replies; /* of struct reply: what is still on its way */
	struct fake_node nodes[NODES];

	enum behaviour (*behave)(struct hands *hands, const struct action *action);
	/* Looked at after each event; may feed further ones. */
	void (*watch)(struct hands *hands);
	void *context;

	const char *leader;             /* NULL: nobody says so */
	int64_t outage_ns;              /* after each fault's start */
	int64_t bad_from_ns, bad_to_ns; /* the current outage */
	int64_t deaf_from_ns;           /* no windows any more from then on */
	int64_t heal_lag_ns;            /* from the order to the answer */
	bool no_packets;                /* faults hit nothing */
	bool no_news;                   /* nodes say nothing that they are not asked for */

	int64_t now_ns, probes_ns, sent_events;
	bool probing, stopped, done;
	size_t inspections, arms, heals, told, queries, reads, recoveries;
};

/* Consumes the tree. The engine is started. */
void hands_init(struct hands *hands, cJSON *tree);
void hands_deinit(struct hands *hands);

/* Until the engine is done, in that state, or the time has come. Returns false for the last. */
bool hands_run(struct hands *hands, int64_t until_ns);
bool hands_run_to(struct hands *hands, enum engine_state state, int64_t until_ns);

void hands_feed(struct hands *hands, struct event event);
void hands_signal(struct hands *hands, int number);
void hands_lose(struct hands *hands, const char *node);

/* True while a fault is armed anywhere. */
bool hands_anything_armed(const struct hands *hands);
/* Events of that type in the journal. */
size_t hands_journaled(const struct hands *hands, const char *type);
const cJSON *hands_event(const struct hands *hands, const char *type);

/*
 * Judges the journal as a reader of its file would, and checks that the engine's own record gives
 * the same. Free with judgement_deinit() and record_deinit().
 */
struct judgement hands_judgement(const struct hands *hands, struct record *out_record);
/* Only the exit code. */
int hands_code(const struct hands *hands);

#endif
