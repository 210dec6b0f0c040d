/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_FAILPOINT_H
#define BACKBURN_FAILPOINT_H

/*
 * Places where a test kills, stops or fails this process (contract/failpoint.def has them all).
 * They exist only in a build with BACKBURN_FAILPOINTS; in any other the macros are nothing.
 *
 * Two variables of the environment, which children inherit and which are read once:
 *   BACKBURN_FAILPOINT_LOG=FILE             each failpoint that is reached adds a line to it
 *   BACKBURN_FAILPOINT=NAME:ACTION:N[:all]  what happens when a process reaches NAME for the N-th
 *       time (from 1): "kill" and "stop" are signals to itself, "error" lets a seam fail. Of all
 *       processes that share the log only the first does so, with "all" each.
 */
enum failpoint {
#define FAILPOINT_STEP(name, program, text) FAILPOINT_##name,
#define FAILPOINT_SEAM(name, program, error, text) FAILPOINT_##name,
#include "contract/failpoint.def"
#undef FAILPOINT_STEP
#undef FAILPOINT_SEAM
	FAILPOINTS
};

/* 0, or the negative errno that the seam is to fail with. */
int failpoint_reach(enum failpoint which);

/* From here on this process reaches none: it only tries what others do. */
void failpoints_off(void);

#ifdef BACKBURN_FAILPOINTS

#define FAILPOINT(name) ((void)failpoint_reach(FAILPOINT_##name))
#define FAILPOINT_ERROR(name) failpoint_reach(FAILPOINT_##name)
#define FAILPOINTS_OFF() failpoints_off()

#else

#define FAILPOINT(name) ((void)0)
#define FAILPOINT_ERROR(name) 0
#define FAILPOINTS_OFF() ((void)0)

#endif

#endif
