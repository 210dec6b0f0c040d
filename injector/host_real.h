/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_HOST_REAL_H
#define BACKBURN_INJECTOR_HOST_REAL_H

#include <stdint.h>

#include "bpf/matcher.h"

/* What the files of the real host share with one another, and nobody else. */

struct host_matcher;

/*
 * Field `number` of a text of /proc/PID/stat, counted as in proc(5), from 3 on: borrowed, and not
 * ended by NUL. "" when there is none.
 */
const char *real_stat_word(const char *stat, int number);

/* What a pidfile begins with; -1 when that is no pid. */
int real_pid_parse(const char *text, int64_t *out);

/*
 * A line of mountinfo, which is taken apart: what `path` is below the root of its file system, to
 * be freed. NULL when that is not cgroup v2, or `path` does not lie in it.
 */
char *real_mount_below(char *line, const char *path);

/* Borrowed descriptor of a loaded program. */
int real_matcher_program(const struct host_matcher *matcher, enum bb_direction direction);

#endif
