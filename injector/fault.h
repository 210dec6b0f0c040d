/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_FAULT_H
#define BACKBURN_INJECTOR_FAULT_H

#include <stdbool.h>

#include "contract/fail.h"
#include "contract/shape.h"
#include "contract/verbs.h"
#include "injector/plan.h"

/*
 * A kind of fault: one .c in injector/faults/ that ends in one const struct fault_ops named
 * fault_<name>, one line in registry.def, and nothing else anywhere.
 */
enum target_kind {
	TARGET_NODES = 1 << 0,
	TARGET_PROCESSES = 1 << 1,
	TARGET_PREFIXES = 1 << 2,
	TARGET_HOSTS = 1 << 3,
	TARGET_EVERYTHING = 1 << 4,
};

enum fault_sides {
	SIDES_ON,   /* armed on the nodes it hits */
	SIDES_BOTH, /* armed on the counterparts too, with role "from" */
};

enum fault_expiry {
	EXPIRES_KERNEL,   /* the kernel compares the deadline itself */
	EXPIRES_GUARDIAN, /* a process beside it must undo it */
	EXPIRES_AT_ONCE,  /* it acts at its start and is over: the deadline is the latest start */
};

struct fault_ops {
	const char *name, *summary;
	const struct shape *with; /* its parameters */
	unsigned int on, from;    /* bits of enum target_kind that make sense */
	enum fault_sides sides;
	enum fault_expiry expires;
	/* Of EXPIRES_AT_ONCE: with this parameter it acts up to its deadline; or NULL. */
	const char *lasts_with;
	bool ends_processes; /* who comes back after that is in the evidence */
	bool silent; /* the victim's system calls succeed as on a network that loses packets */
	/* What happened to a packet that it hit, "dropped", or to a machine; NULL for processes. */
	const char *did;
	bool alone; /* two of these on one path, or machine, at one time contradict each other */
	/*
	 * It acts on the machine itself, which others than its node may live on: refused where the
	 * injector is in namespaces of its own, and where the host's own policy does not name it.
	 */
	bool machine;
	bool within;            /* "from" may be left out: it then acts between the nodes of "on" */
	const char *capability; /* of host_try_capabilities(): without it a run is refused */

	/*
	 * Pure: what this fault wants, from the order and its decoded parameters, both of which
	 * outlive the plan. FAIL_REFUSED or FAIL_USAGE when the order makes no sense.
	 */
	int (*plan)(const struct fault_order *order, const void *with, struct plan *plan,
		struct fail *fail);
};

#endif
