/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_EXIT_CODE_H
#define BACKBURN_EXIT_CODE_H

#include "contract/fail.h"

/*
 * What backburn's commands exit with; docs/scenario.md tells them to people. A run has one of the
 * first seven, or of the last three; which of several wins is in judge/codes.c.
 */
enum exit_code {
	EXIT_HELD = 0, /* of a command that judges nothing: done */
	EXIT_VIOLATED = 1,
	EXIT_INCONCLUSIVE = 2,
	EXIT_STOPPED = 3,
	EXIT_REFUSED = 4,
	EXIT_NOT_REVERTED = 5,
	EXIT_NOT_STEADY = 6,
	EXIT_USAGE = 64, /* from here on as in sysexits.h */
	EXIT_BAD_FILE = 65,
	EXIT_TROUBLE = 70,
	EXIT_LOCKED = 75,
	EXIT_SIGNAL = 128 /* and the signal's number */
};

/*
 * What a failure means for whoever started us: wrong usage, a wrong file, refused or not possible,
 * locked; anything else is trouble of our own.
 */
int exit_code_of(enum fail_kind kind);

#endif
