/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_VICTIMS_H
#define BACKBURN_TESTS_VICTIMS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Processes to be hit: children of the test that run a program of its own (a copy of sleep(1) in a
 * directory of its own), so that no selector of a test can mean anybody else. Everything asserts.
 */
enum {
	VICTIMS_MAX = 8
};
#define VICTIM_ARGUMENT "86397"
#define VICTIM_LARGE_BYTES (32 * 1024 * 1024)

enum victim_kind {
	VICTIM_PLAIN,
	VICTIM_OTHER_ARGUMENT,
	VICTIM_IGNORES_TERM,
	VICTIM_INSIDE,  /* in the cgroup `inside` */
	VICTIM_IN_UNIT, /* in the cgroup of `unit` */
	VICTIM_LISTENS, /* holds `listener` */
	VICTIM_LARGE /* in the cgroup `inside`, with VICTIM_LARGE_BYTES; runs the test's program */
};

struct victims {
	char dir[64], exe[96], pidfile[96], policy[96];
	char outer[PATH_MAX], inside[PATH_MAX]; /* cgroups: directories */
	char service[PATH_MAX];                 /* that of `unit`, in `outer`; "": not needed yet */
	char unit[96];                          /* as systemd would call it */
	char home[PATH_MAX];                    /* where this process was before: likewise */
	char cgroup[96];                        /* `outer` below the mount */
	int listener;                           /* the caller's; -1: none */
	pid_t pids[VICTIMS_MAX];
	size_t count;
};

void victims_init(struct victims *victims);
/* Ends those that still live, and removes everything. */
void victims_deinit(struct victims *victims);

/* This process steps into a cgroup (a directory), and back to where it was at victims_init(). */
void victims_enter(const char *directory);
void victims_leave(const struct victims *victims);
/* Another process steps into the cgroup `inside`. */
void victims_put(const struct victims *victims, pid_t pid);

/* Returns when the program runs. */
pid_t victim_start(struct victims *victims, enum victim_kind kind);
/* Neither ended nor a zombie. */
bool victim_lives(pid_t pid);
/* Waits for its end, and says which signal ended it; 0: none. */
int victim_signal(struct victims *victims, pid_t pid);
/* Whoever is started from now on is younger, as /proc tells ages. */
void victims_await_tick(void);

/* With the time of its last change so long ago. */
void victims_write_pidfile(const struct victims *victims, int pid, int age_s);
void victims_write_policy(const struct victims *victims, const char *text);
int victims_parent_of(pid_t pid);

struct victims_order {
	const char *fault, *id;
	const char *processes; /* the selector's members */
	const char *with;      /* NULL: {} */
	int start_in_ms, for_ms;
};
/* The JSON of an order for a fault on processes of node a. To be freed. */
char *victims_order(const struct victims_order *order);
/* The same, on one process that the pid file names. */
char *victims_order_for(
	const struct victims *victims, pid_t pid, const struct victims_order *order);

#endif
