/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_PRIVILEGE_H
#define BACKBURN_INJECTOR_PRIVILEGE_H

#include <stdbool.h>
#include <stddef.h>

#include "contract/fail.h"

/*
 * What the injector keeps of root's powers, and why. docs/safety.md has this table; a test holds
 * both against a running session.
 */
struct kept_capability {
	int number;       /* CAP_… */
	const char *name; /* as capabilities(7) has it */
	bool at_times;    /* in effect only while host_real_power.h raises it */
	const char *why;
};
extern const struct kept_capability kept_capabilities[];
extern const size_t kept_capability_count;

/*
 * Gives up for good whatever this process does not need: all capabilities but those above (with
 * `bare`: all), also in the bounding set; no exec gives any back (securebits, no_new_privs); files
 * it makes are its own; whoever has the same uid can't look into it. Descriptors that were
 * inherited are closed, but for the first `given` above standard error; standard ones that are
 * missing lead to /dev/null.
 *
 * Powers that it does not have are not asked for: in a container it makes do with what is there.
 */
int privilege_reduce(bool bare, int given, struct fail *fail);

/*
 * Before and after that, so that a child may lock its memory and lower its oom_score_adj to -1000
 * without the powers that this takes: the kernel takes the lowest value that a privileged process
 * has set as the bound for those that come after it. What is denied is left out.
 */
enum {
	PRIVILEGE_SCORE_MAX = 16
};
void privilege_allow_guardian(char score[PRIVILEGE_SCORE_MAX]);
void privilege_restore_score(const char *score);

#endif
