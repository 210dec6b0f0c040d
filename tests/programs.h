/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_PROGRAMS_H
#define BACKBURN_TESTS_PROGRAMS_H

/*
 * Our BPF programs on this machine, which has one list of them for all network namespaces, while
 * other tests may run beside this one. A program that a living process holds which is none of ours
 * is theirs; one that ours hold, or nobody, counts. Ours have a variable in their environment that
 * the first call puts there, so that it must come before the first child.
 */

/* Sorted lines of name and tag. The caller frees. */
char *programs_list(void);

/*
 * Fails the running test when there are more than `before` and do not go: the kernel frees a
 * program after a grace period. Frees `before`.
 */
void assert_no_new_programs(char *before);

#endif
