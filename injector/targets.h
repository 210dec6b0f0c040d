/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_TARGETS_H
#define BACKBURN_INJECTOR_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/fail.h"
#include "contract/processes.h"
#include "contract/shape.h"
#include "injector/host.h"

struct policy;

/*
 * Which processes a selector means, and which of them are never hit, whatever it says: pid 1, this
 * injector and its ancestors (they carry the session), other processes of backburn, what a policy
 * protects, what lies outside of the confinement, and whose program can't be read. Threads of the
 * kernel and processes that have ended are no candidates at all.
 */
struct target_guard {
	int64_t self;            /* this process */
	const char *confinement; /* --cgroup: a directory, or NULL */
	const struct policy *policies;
	size_t policy_count;
};

enum target_spared {
	SPARED_INIT,
	SPARED_CARRIER,    /* this process and its ancestors */
	SPARED_UNREADABLE, /* nobody can say what it is */
	SPARED_BACKBURN,
	SPARED_POLICY,
	SPARED_OUTSIDE,
	SPARED_KINDS
};

struct target_search {
	struct list found;           /* of struct host_process, first ones first, cut to `count` */
	size_t spared[SPARED_KINDS]; /* matched, and are never hit */
};

/*
 * Looks now, for the dry run. Finding none is no failure; FAIL_REFUSED when a pidfile can't be
 * trusted, fewer match than `count` asks for, or more than PROCESSES_MAX would be hit.
 */
int targets_find(const struct process_selector *selector, const struct target_guard *guard,
	struct target_search *out, struct fail *fail);
void target_search_deinit(struct target_search *search);

/* What is said of whoever was chosen; the rest is the mechanism's. */
struct process_evidence target_evidence(
	const struct host_process *process, size_t cmdline_json_max);

/* "2 that match are left alone (1 part of backburn, 1 …)"; false when there is none. */
bool target_spared_text(const struct target_search *search, char *buffer, size_t size);

/* One process that is held: its pidfd never means another one. */
struct target {
	struct host_process process;
	int file;
};

/*
 * Looks and takes hold: list of struct target, in that order. Each is looked at again with its
 * pidfd in hand, because its pid may have been used again in between. FAIL_REFUSED, with the usual
 * causes, when nobody is left.
 */
int targets_open(const struct process_selector *selector, const struct target_guard *guard,
	struct list *out, struct fail *fail);
void targets_close(struct list *targets);
/* The same of that one process: an empty list when it does not match, or may not be hit. */
int targets_open_one(const struct process_selector *selector, const struct target_guard *guard,
	int64_t pid, struct list *out, struct fail *fail);

/* When it began: CLOCK_MONOTONIC, up to 10 ms early, since ticks are hundredths of a second. */
int64_t target_began_ns(const struct host_process *process);

/*
 * All that match now, may be hit and began after that instant, oldest first, whatever `count` says:
 * list of struct host_process, for target_list_free().
 */
int targets_younger(const struct process_selector *selector, const struct target_guard *guard,
	int64_t after_ns, struct list *out, struct fail *fail);
void target_list_free(struct list *processes);

/* ---- a whole cgroup (targets_whole.c) ---- */

/* Whether the selector names a cgroup or a unit, and nothing that would narrow it. */
bool targets_name_whole(const struct process_selector *selector);

struct whole {
	char *cgroup; /* below the cgroup v2 mount */
	uint64_t id;  /* the kernel's number of it */
};
/*
 * The cgroup that such a selector names. FAIL_REFUSED when nobody lives in it, or somebody who is
 * never hit: what acts on the whole of it spares nobody.
 */
int targets_whole(const struct process_selector *selector, const struct target_guard *guard,
	struct whole *out, struct fail *fail);
void whole_deinit(struct whole *whole);

#endif
