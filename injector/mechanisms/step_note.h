/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_STEP_NOTE_H
#define BACKBURN_INJECTOR_STEP_NOTE_H

#include <stddef.h>

#include "contract/fail.h"
#include "contract/shape.h"

struct clock_step;
struct host_facts;

/*
 * A note beside the ledger that outlives a boot: a machine that goes down while its clock is
 * stepped may have left the wrong time in its real-time clock, which is all that the next boot
 * begins with. Of a machine that goes on, the ledger tells more: the note is then not looked at.
 */
#define STATE_DIR "/var/lib/backburn"
#define STEP_NOTE "/clock_step" /* below that */

/* Where none is yet: one of another boot is to be looked into first. */
int step_note_write(
	const char *path, const char *boot_id, const struct clock_step *step, struct fail *fail);
/* One that is gone is removed already. */
int step_note_remove(const char *path, struct fail *fail);

/*
 * After a boot. Where it can be shown that the clock is right by now (a time service has
 * synchronised it), or that it is wrong by just that step (it tells an instant that had passed
 * before), the clock is right in the end and the note is gone; else what to do is said. Returns 1
 * when it is left, else 0.
 */
size_t step_note_recover(const char *path, const struct host_facts *facts, struct list *said);
/* Says that there is one of another boot; touches nothing. */
void step_note_left(const char *path, const struct host_facts *facts, struct list *said);

#endif
