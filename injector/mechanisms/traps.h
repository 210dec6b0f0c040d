/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_TRAPS_H
#define BACKBURN_INJECTOR_TRAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/trap.h"
#include "contract/fail.h"
#include "contract/processes.h"
#include "contract/shape.h"

struct target_guard;

/*
 * Processes that are killed at their N-th call of a kind: before it takes effect where the kernel
 * lets us refuse it, else when it returns. The kernel counts, compares the times and kills; here is
 * chosen who is meant, and seen who has ended.
 */
enum trap_when {
	TRAP_WHEN_AUTO, /* before where that is possible, else after */
	TRAP_WHEN_BEFORE,
	TRAP_WHEN_AFTER
};
extern const char *const trap_when_words[];
extern const char *const trap_call_words[]; /* of enum bb_call */

struct trap_rule {
	const struct process_selector *processes; /* borrowed from the order */
	enum bb_call call;
	enum trap_when when;
	int64_t nth;      /* from 1 */
	const char *path; /* borrowed; of a file, or of a directory with all below; NULL: any */
	int64_t port;     /* of the other end; 0: any */
	int64_t start_ns, deadline_ns;
};

/* FAIL_USAGE: a path for a call that has none, and so on. */
int trap_check(const struct trap_rule *rule, struct fail *fail);

struct traps;

/* On failure nothing is left. FAIL_UNSUPPORTED: not on this kernel. */
int traps_arm(const struct trap_rule *rule, const struct target_guard *guard, int64_t until_ns,
	struct traps **out, struct fail *fail);
void traps_lease(struct traps *traps, int64_t until_ns);
/* From here on nobody is killed any more; what has happened stays known. */
void traps_disarm(struct traps *traps);
/* "lsm" or "tracepoint" */
const char *traps_carrier(const struct traps *traps);

/* Looks for those that were killed, and for their exits. True: there is something new. */
bool traps_watch(struct traps *traps, int64_t now_ns);
int64_t traps_next_ns(const struct traps *traps);
/* Appends a struct process_evidence for each process that was chosen. */
void traps_evidence(const struct traps *traps, struct list *out);
void traps_free(struct traps *traps);

#endif
