/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_HOST_REAL_H
#define BACKBURN_INJECTOR_HOST_REAL_H

#include "bpf/matcher.h"

/* What the files of the real host share with one another, and nobody else. */

struct host_matcher;

/*
 * Field `number` of a text of /proc/PID/stat, counted as in proc(5), from 3 on: borrowed, and not
 * ended by NUL. "" when there is none.
 */
const char *real_stat_word(const char *stat, int number);

/* Borrowed descriptor of a loaded program. */
int real_matcher_program(const struct host_matcher *matcher, enum bb_direction direction);

#endif
