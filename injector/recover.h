/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_RECOVER_H
#define BACKBURN_INJECTOR_RECOVER_H

#include <stdbool.h>
#include <stddef.h>

#include "contract/shape.h"
#include "injector/host.h"

/*
 * Undoes what dead sessions left, from their ledgers. Both functions return how many effects
 * could not be undone.
 */

/*
 * Replays the unlocked ledgers of one network namespace, which must be the one we are in.
 * Ledgers of another boot are dropped: the kernel they speak of is gone. Those of live sessions
 * are left alone. Adds lines for people to `said` (char *).
 */
size_t recover_namespace(const char *runtime_dir, const struct host_facts *facts, uint64_t cookie,
	struct list *said);

/*
 * What `recover` would find to undo now, in any namespace; a line for each session that died and
 * left something. Touches nothing; a session that begins or ends meanwhile may be missed.
 */
void recover_left(const char *runtime_dir, struct list *said);

struct recover_options {
	const char *runtime_dir;
	bool stop_live; /* end live sessions first, and undo theirs too */
	bool here;      /* this network namespace only */
};

/*
 * All namespaces that have ledgers: ours, those that still exist (a child enters them), and those
 * that don't, whose ledgers are dropped. `say` gets each line when it is true; what a child says
 * comes indented.
 */
size_t recover_all(const struct recover_options *options, void (*say)(const char *line));

#endif
