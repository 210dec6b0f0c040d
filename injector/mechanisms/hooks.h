/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_HOOKS_H
#define BACKBURN_INJECTOR_HOOKS_H

#include "contract/fail.h"
#include "contract/shape.h"
#include "contract/verbs.h"
#include "injector/host.h"

struct ledger;

/*
 * Where the packet matcher hangs: both directions of every link but loopback and those that stand
 * on others, either by tcx at the head of the chain, or as a direct-action filter of a clsact qdisc
 * at the lowest free pref. What is attached is shared by all faults of the session.
 */
struct hooks {
	struct host_matcher *matcher; /* borrowed */
	struct ledger *ledger;        /* borrowed */
	enum attach_mode mode;        /* ATTACH_TCX or ATTACH_CLSACT */
	struct list hooks;            /* of struct hook, in the order of attaching */
};

/* Hooked on a bridge and on its port, a packet would be lost, delayed and counted twice. */
bool hooks_wanted(const struct host_link *link);

/* Attaches to the links that have no hook yet, and forgets hooks of links that are gone. */
int hooks_sync(struct hooks *hooks, const struct list *links, struct fail *fail);

/*
 * Takes everything off again. Goes on past a failure and reports the first; what failed stays in
 * the ledger, and in here for another try.
 */
int hooks_release(struct hooks *hooks, struct fail *fail);

/* Frees memory only: what is attached stays, as when a process dies. */
void hooks_deinit(struct hooks *hooks);

/* Names of the hooked links (char *), each once. */
void hooks_names(const struct hooks *hooks, struct list *names);

/* The pref that our filter would get there: the lowest that nobody uses. */
uint32_t hooks_free_pref(const struct list *filters);

#endif
