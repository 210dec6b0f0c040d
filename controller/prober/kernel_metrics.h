/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_KERNEL_METRICS_H
#define BACKBURN_KERNEL_METRICS_H

#include <stdbool.h>
#include <stddef.h>

#include "contract/fail.h"

/*
 * What the kernel counts without being asked: of a network namespace (TCP's troubles), of a cgroup
 * and of the whole machine (utilisation). Whoever may look at /proc and at the cgroup may read it:
 * no privilege is needed. Counters only grow while namespace and cgroup live.
 */
enum kernel_source {
	KERNEL_SNMP,      /* /proc/net/snmp, of the network namespace */
	KERNEL_NETSTAT,   /* /proc/net/netstat, likewise */
	KERNEL_SOCKETS,   /* the established connections of the network namespace */
	KERNEL_CGROUP,    /* a file of the cgroup */
	KERNEL_PRESSURE,  /* a file of the cgroup in the form of pressure stall information */
	KERNEL_PROCESSES, /* the processes of the cgroup and of those below it */
	KERNEL_HOST_CPU,
	KERNEL_HOST_MEMORY,
	KERNEL_SOURCES
};

struct kernel_metric {
	const char *name; /* as a scenario says it: "tcp_retransmits" */
	enum kernel_source source;
	const char *group, *field; /* kernel_metrics.def */
	double factor;             /* from the kernel's unit to that of the name */
	bool counter;
	const char *remark; /* for people; one sentence or two */
};

extern const struct kernel_metric kernel_metrics[];
extern const size_t kernel_metric_count;

/* The names in the order of kernel_metrics, NULL behind the last. */
extern const char *const kernel_metric_words[];
/* "none", then the same names. */
extern const char *const kernel_per_words[];
enum {
	KERNEL_PER_NONE = 0,
	KERNEL_PER_FIRST /* of the metrics: index + KERNEL_PER_FIRST */
};

/* Whose it is, for people: "the network namespace", "a cgroup", "the whole machine". */
const char *kernel_metric_scope(const struct kernel_metric *metric);

/* Whether a cgroup makes a difference. */
enum kernel_cgroup {
	KERNEL_CGROUP_NEVER,
	KERNEL_CGROUP_MAY, /* without one it is of the whole network namespace */
	KERNEL_CGROUP_MUST
};
enum kernel_cgroup kernel_metric_cgroup(const struct kernel_metric *metric);

/*
 * Reads it now. `cgroup` is the directory of the cgroup, or NULL where there is none: then what
 * needs one is FAIL_REFUSED. NAN where there is nothing now that could be measured, such as a round
 * trip without a connection. FAIL_UNSUPPORTED for what this kernel or this cgroup does not count (a
 * controller that is off), FAIL_SYSTEM for what can't be read.
 */
int kernel_metric_read(
	const struct kernel_metric *metric, const char *cgroup, double *out, struct fail *fail);

#endif
