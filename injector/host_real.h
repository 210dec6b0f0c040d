/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_HOST_REAL_H
#define BACKBURN_INJECTOR_HOST_REAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bpf/matcher.h"
#include "contract/fail.h"

/* What the files of the real host share with one another, and nobody else. */

struct host_matcher;

/*
 * Field `number` of a text of /proc/PID/stat, counted as in proc(5), from 3 on: borrowed, and not
 * ended by NUL. "" when there is none.
 */
const char *real_stat_word(const char *stat, int number);

/* What a file of /proc/PID says, to be freed, with NUL behind it; NULL when it can't be read. */
char *real_proc_text(int64_t pid, const char *name, size_t max_bytes, size_t *out_length);

/* Continues it; one that has ended, or is another process by now, is success. */
int real_continue(int64_t pid, uint64_t start_ticks, struct fail *fail);

/* By a signal, and not held by a tracer. */
bool real_is_stopped(int64_t pid);

/* The inode of the pid namespace that this process lives in; 0: it is the machine's own. */
uint32_t real_own_pid_namespace(void);

/* What a pidfile begins with; -1 when that is no pid. */
int real_pid_parse(const char *text, int64_t *out);

/*
 * A line of mountinfo, which is taken apart: what `path` is below the root of its file system, to
 * be freed. NULL when that is not cgroup v2, or `path` does not lie in it.
 */
char *real_mount_below(char *line, const char *path);
/* The other way: the directory that shows a cgroup, which is named as in /proc/PID/cgroup. */
char *real_mount_above(char *line, const char *cgroup);

/* A number of a text of /proc/PID/fdinfo, ≥ 0; -1: it has none of that name. */
int64_t real_fdinfo_number(const char *text, const char *key);
/* The device of a mount in a text of mountinfo, as the kernel keeps it; false: no such mount. */
bool real_mount_device(const char *mounts, int64_t mount_id, uint32_t *out_device);

/* Borrowed descriptor of a loaded program. */
int real_matcher_program(const struct host_matcher *matcher, enum bb_direction direction);
int real_matcher_exit_program(const struct host_matcher *matcher);

/* Of the map with the keeper's pulse: its descriptor, borrowed, and until when it is alive. */
int real_matcher_pulse_file(const struct host_matcher *matcher);
uint64_t real_matcher_pulse(const struct host_matcher *matcher);

/* Of the maps of who was hit: their descriptors, borrowed. */
int real_matcher_touched_file(const struct host_matcher *matcher);
int real_matcher_touched_flows_file(const struct host_matcher *matcher);

/* host_machine_check() of another process of ours. */
int real_machine_check(pid_t pid, struct fail *fail);

/* Whether this kernel tells of system calls, which is the least that a trap needs. */
int real_trap_try(struct fail *fail);

/* A TAP that is gone when its descriptor is closed. */
int real_tap_open(const char *name, struct fail *fail);

/* A link of a lane goes up, without asking for an address. `mtu` 0: as it is. */
int real_lane_raise(int ifindex, uint32_t mtu, struct fail *fail);

/* A bpf filter of our own on ingress or egress; see host_filter_add(). */
struct real_filter {
	int ifindex;
	enum bb_direction direction;
	uint32_t pref;
	int program;
	const char *name;
};
int real_filter_add(const struct real_filter *filter, struct fail *fail);

#endif
