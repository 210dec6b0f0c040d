/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_POLICY_H
#define BACKBURN_INJECTOR_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/address.h"
#include "contract/fail.h"
#include "contract/hours.h"
#include "contract/shape.h"
#include "contract/verbs.h"

/*
 * What the owner of a host allows, whatever a controller asks. The file's keys are those of
 * docs/scenario.md; a file that can't be read or understood allows nothing.
 */
struct policy_faults {
	struct list allow, deny; /* of char *; an empty allow list means all */
};

struct policy_protect {
	struct port_set ports; /* local ports that no packet fault hits */
	struct list cgroups;   /* of char *: processes in them are never hit */
	struct list prefixes;  /* of struct prefix: peers that are never cut off */
	struct list exe;       /* of char *: these programs are never hit */
};

struct policy_rules {
	char *schema; /* "$schema", ignored */
	int64_t version;
	struct policy_faults *faults;
	int64_t max_fault_ns; /* 0: no bound */
	double max_loss;      /* bound for faults that lose, corrupt or duplicate a share */
	struct policy_protect *protect;
	struct hours *hours;
};
extern const struct shape policy_shape;

enum {
	POLICIES = 2 /* the host's own, and the one of --policy */
};

enum policy_state {
	POLICY_ABSENT,
	POLICY_READ,
	POLICY_UNUSABLE
};

struct policy {
	enum policy_state state;
	char *path;
	char *reason; /* POLICY_UNUSABLE: why nothing is allowed */
	struct policy_rules rules;
};

#define POLICY_PATH "/etc/backburn/policy.json"

/* Never fails: what is wrong becomes POLICY_UNUSABLE. With `required`, absence is wrong too. */
void policy_load(struct policy *policy, const char *path, bool required);
void policy_deinit(struct policy *policy);

struct policy_moment {
	int64_t now_ns;  /* CLOCK_MONOTONIC, to compare with the order */
	int64_t wall_ns; /* CLOCK_REALTIME of the same instant, for `hours` */
	bool at_once;    /* the fault acts at its start and has no length */
};

/*
 * May this order be armed here? FAIL_REFUSED, with the rule that says no. For inspect, whose
 * orders have no times, duration and hours of the end are not judged.
 */
int policy_allows(const struct policy *policy, const struct fault_order *order,
	const struct list *peers, const struct policy_moment *moment, struct fail *fail);

/* Some faults need more than that nothing forbids them: FAIL_REFUSED unless faults.allow names it.
 */
int policy_names(const struct policy *policy, const char *fault, struct fail *fail);

/* The same for peers (struct endpoint) alone: none of them may be protected. */
int policy_allows_peers(const struct policy *policy, const struct list *peers, struct fail *fail);

/* The same for the share of packets that its plan says it would hit, 0..1. */
int policy_allows_share(
	const struct policy *policy, const char *fault, double share, struct fail *fail);

/* Both below the cgroup v2 mount; a cgroup lies within itself. NULL lies nowhere. */
bool cgroup_is_within(const char *cgroup, const char *outer);

/*
 * The rule that says that this process is never hit, NULL when there is none. `exe` may be NULL;
 * `cgroup` is a path below the cgroup v2 mount, or NULL.
 */
const char *policy_protects(const struct policy *policy, const char *exe, const char *cgroup);

#endif
