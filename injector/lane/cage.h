/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LANE_CAGE_H
#define BACKBURN_LANE_CAGE_H

#include "contract/fail.h"

/*
 * Leaves this process nothing but to read and write one descriptor, to wait, to tell the time and
 * to exit (seccomp; anything else kills it): it holds the network in its hands, and what it reads
 * may come from anybody. For good.
 */
int cage_enter(int readable_and_writable, struct fail *fail);

/*
 * Ends the process from inside of it: whatever else runs at exit makes calls that are not allowed.
 * Not declared _Noreturn, since sanitizers make some before a call of such a function, too.
 */
void cage_leave(int status);

#endif
