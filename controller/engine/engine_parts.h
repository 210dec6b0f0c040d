/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_ENGINE_PARTS_H
#define BACKBURN_ENGINE_PARTS_H

#include "controller/engine/engine.h"

/* What the engine's files share. */

/* One fault on one node, from the order to arm it until it is known to be gone. */
enum arm_state {
	ARM_ASKED,   /* ACTION_ARM is out */
	ARM_ARMED,   /* the node said so */
	ARM_HEALING, /* ACTION_HEAL is out */
	ARM_GONE,    /* healed, refused, its node was lost, or healing it failed */
};

struct arm {
	struct fault_record *fault;
	const char *node;
	enum arm_state state;
	bool heal_failed; /* the node could not say that it is gone: it is never logged as over */
	int64_t healed_ns;
};

struct engine {
	const struct plan *plan;
	struct engine_options options;
	struct record record;
	struct list actions; /* of struct action: taken from the front */
	size_t taken;
	enum engine_state state;
	int64_t now_ns, skew_ns;

	size_t phase;           /* index of the current phase */
	int64_t phase_start_ns; /* planned while arming, true afterwards */
	struct list arms;       /* of struct arm: of the current phase */

	/* Resolving */
	const struct group_spec *asking; /* group whose `where` is out */
	struct list asked;               /* of char *: nodes not answered yet */
	struct list matching;            /* of char *: nodes that matched */
	int64_t asking_since_ns, ask_again_ns;
	char last_answer[128];

	bool choosing;   /* DECIDING: whether the current phase is left out; else: a precondition */
	int64_t wait_ns; /* QUIESCING, DECIDING: until then */
	size_t pending;  /* answers still out: INSPECTING, AUDITING, READING */
	bool heed_nothing; /* winding down: guardrails don't fire any more */
	bool hurry;        /* a signal came: no final reads */
};

/* --- engine.c -------------------------------------------------------------------------- */

struct action *engine_push(struct engine *engine, enum action_kind kind);

/* Takes the event up into the record and journals it; one that the record refuses stops the run. */
void engine_log(struct engine *engine, cJSON *event);

/* A remark about a node that no verdict depends on. */
void engine_log_note(struct engine *engine, const char *node, const char *text);

/* Ends the run early: everything is healed first. Later calls change nothing. */
void engine_stop(struct engine *engine, enum stop_kind why, const char *id, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* --- engine_phase.c -------------------------------------------------------------------- */

const struct phase_spec *phase_current(const struct engine *engine);
void phase_enter(struct engine *engine, size_t index);
void phase_run(struct engine *engine);
void phase_decide(struct engine *engine);
/* Looks whether the current phase's `only_if` is met, as soon as that can be known. */
void phase_choose(struct engine *engine);
/* Journals the end of the current phase; `how` is one of struct phase_record's words. */
void phase_log_end(struct engine *engine, const char *how, int64_t end_ns);

/* --- engine_resolve.c ------------------------------------------------------------------ */

/* Goes on to phase_plan() when all groups of the phase are resolved. */
void phase_resolve(struct engine *engine);
void phase_answer(struct engine *engine, const struct event *event);

/* --- engine_arm.c ---------------------------------------------------------------------- */

void phase_plan(struct engine *engine);
void phase_inspected(struct engine *engine, const struct event *event);
void phase_armed(struct engine *engine, const struct event *event);

/* --- engine_heal.c --------------------------------------------------------------------- */

/* Orders the heal of a fault at every node where it is or may be. */
void heal_fault(struct engine *engine, const struct fault_record *fault);
void heal_everything(struct engine *engine);
void heal_healed(struct engine *engine, const struct event *event);
void heal_node_lost(struct engine *engine, const char *node);
/* True when no arm of the phase is left anywhere. */
bool heal_finished(const struct engine *engine);
/* True while something is asked, armed or healing on that fault. */
bool fault_is_out(const struct engine *engine, const struct fault_record *fault);

/* --- engine_end.c ---------------------------------------------------------------------- */

/* After the last phase, or after a stop when everything is healed. */
void end_begin(struct engine *engine);
/* PURPOSE_HEAL: from the audits on, each after a recovery. */
void end_again(struct engine *engine);
/* Leaves the rest for another time. */
void end_later(struct engine *engine);
void end_step(struct engine *engine, const struct event *event);

/* --- engine_guard.c -------------------------------------------------------------------- */

void guard_check(struct engine *engine);
/* After new evidence of that fault from that node: what was hit outside of what was declared stops
 * any run. */
void guard_spill(struct engine *engine, const char *fault_id, const char *node_name);

#endif
