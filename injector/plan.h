/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_PLAN_H
#define BACKBURN_INJECTOR_PLAN_H

#include "contract/shape.h"
#include "injector/mechanisms/clocks.h"
#include "injector/mechanisms/matcher.h"
#include "injector/mechanisms/pauses.h"
#include "injector/mechanisms/signals.h"
#include "injector/mechanisms/steps.h"
#include "injector/mechanisms/traps.h"

/*
 * What a fault wants of the mechanisms, as data. A fault's plan() only fills this in; arming
 * carries it out in order, and healing undoes it in the reverse order.
 */
enum effect_kind {
	EFFECT_MATCH,  /* a rule of the packet matcher */
	EFFECT_SIGNAL, /* a signal to processes, once */
	EFFECT_PAUSE,  /* processes held still for a time */
	EFFECT_TRAP,   /* a signal to processes, at a call of theirs */
	EFFECT_CLOCK,  /* processes that read another time */
	EFFECT_STEP,   /* the machine's clock, stepped for a time */
	EFFECT_KINDS
};

struct effect {
	enum effect_kind kind;
	struct match_rule match;    /* EFFECT_MATCH */
	struct lane_order *hold;    /* owned; what match.hold points to, or NULL */
	struct matcher_rule *armed; /* set while it is in force */
	struct signal_rule signal;  /* EFFECT_SIGNAL */
	struct signals *signals;    /* set when it is armed */
	struct pause_rule pause;    /* EFFECT_PAUSE */
	struct pauses *pauses;      /* set when it is armed */
	struct trap_rule trap;      /* EFFECT_TRAP */
	struct traps *traps;        /* set when it is armed */
	struct clock_rule clock;    /* EFFECT_CLOCK */
	struct clocks *clocks;      /* set when it is armed */
	struct step_rule step;      /* EFFECT_STEP */
	struct steps *steps;        /* set when it is armed */
};

struct plan {
	struct list effects; /* of struct effect */
	struct list lists;   /* of struct list *: made by plan_list() */
};

/* A new effect at the end, zeroed but for its kind. */
struct effect *plan_add(struct plan *plan, enum effect_kind kind);

/*
 * A new, empty list that lives as long as the plan, for a rule to point to: for peers that are not
 * just one side of the order. Its items must need no freeing of their own.
 */
struct list *plan_list(struct plan *plan);

/* Frees memory only: what is in force must have been undone. */
void plan_deinit(struct plan *plan);

/* Whether it has an effect of that kind. */
bool plan_has(const struct plan *plan, enum effect_kind kind);

/* "drop packets from n2 (ingress, tcp, ports 2379-2380)" and how that ends; list of char *. */
void plan_describe(const struct plan *plan, struct list *effects, struct list *undo);

#endif
