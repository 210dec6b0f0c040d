/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROCESSES_H
#define BACKBURN_PROCESSES_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/shape.h"

/*
 * Processes as targets: how a scenario and an order name them, and what is said of those that are
 * found and hit. The same table decodes `on.processes` of a scenario and `processes` of an order.
 */

enum {
	/* One fault on one node; evidence of all of them must fit into a line of 64 KiB. */
	PROCESSES_MAX = 128
};

/* Of whom `count` takes the first. */
enum process_rank {
	RANK_AGE,
	RANK_MEMORY /* resident */
};

/* Several keys narrow: a process must have all of them. Strings that are absent are NULL. */
struct process_selector {
	char *exe;     /* path of /proc/PID/exe, exactly */
	char *cmdline; /* all arguments joined by one blank; '*' and '?' as in fnmatch(3) */
	char *pidfile; /* path of a file on the host whose first line is the pid */
	char *cgroup;  /* path below the cgroup v2 mount: all in it and below */
	char *unit;    /* a service or scope of the host's systemd: all in its cgroup and below */
	int64_t port;  /* TCP: who holds a socket that listens on it; 0: whoever */
	int64_t count; /* the first so many of them; 0: all */
	int largest;   /* enum process_rank: which are the first */
};
extern const struct shape process_selector_shape;

/* "exe /usr/bin/etcd, cgroup /lab/n1; the oldest 1", cut to size - 1 bytes; buffer is returned. */
const char *process_selector_text(
	const struct process_selector *selector, char *buffer, size_t size);

/* One that a fault would hit now. Texts are cut and escaped (process_text). */
struct process_target {
	int64_t pid;
	int64_t start_ticks; /* since boot; with the pid it names a process for good */
	char *exe, *cmdline;
	int64_t uid; /* effective */
	char *cgroup;
};
extern const struct shape process_target_shape;

enum signal_result {
	SIGNAL_NOT_SENT, /* armed, or disarmed before its time */
	SIGNAL_SENT,
	SIGNAL_GONE, /* the process had ended before */
	SIGNAL_FAILED
};
extern const char *const signal_result_words[];

/* What became of one target. */
struct process_evidence {
	int64_t pid, start_ticks;
	char *cmdline;
	char *signal;      /* "KILL" */
	int64_t age_ns;    /* how long it had run when it was chosen */
	bool must_exit;    /* the signal can't be handled: only the exit is the proof */
	int64_t sent_ns;   /* 0: not sent */
	int64_t exited_ns; /* when the exit was seen; 0: not seen */
	int result;        /* enum signal_result */
	char *reason;      /* of FAILED, else NULL */
	int64_t strike;    /* in which of many it was hit, from 1; 0: there was one only */
	/* Of one that was to be killed at a call, else NULL and 0. */
	char *trap;    /* "before its write number 5", "after …" */
	int64_t calls; /* that counted */
	/* Of one that was held still, else NULL and 0. */
	char *how;       /* "trace", "stop", "freeze" */
	int64_t times;   /* how often */
	int64_t held_ns; /* how long in all */
	/* Of one whose clock is skewed (how "detour", times: readings answered), else 0. */
	int64_t threads; /* that it had when it was attached */
};
extern const struct shape process_evidence_shape;
/* What was done to it is another time: from the fault's start, or from its own on. */
bool process_is_skewed(const struct process_evidence *process);
/* It was started while the fault lasted. */
bool process_came_later(const struct process_evidence *process);

enum {
	STRIKES_MAX = 100 /* of one fault on one node */
};

/* One time that a fault signalled processes, and who came in their places. */
struct strike_evidence {
	int64_t at_ns;
	bool whole;                   /* a cgroup in one go */
	int64_t chosen, sent, exited; /* processes; more may have been in a cgroup */
	/* Who must come back: those that exited, but for those whose parent did, too. */
	int64_t wanted;
	int64_t back;      /* how many did */
	int64_t back_pid;  /* the one that made it complete; 0: it is not */
	int64_t back_ns;   /* when that began, in hundredths of a second; 0: it did not */
	int64_t looked_ns; /* until then it was looked for; 0: not at all */
	char *trouble;     /* why nobody was chosen, or NULL */
};
extern const struct shape strike_evidence_shape;

/*
 * Text that a process chose for itself, made fit to be shown: printable ASCII, all else as \xNN,
 * cut with "..." so that as JSON it has at most `json_max` bytes. The caller frees.
 */
char *process_text(const char *text, size_t json_max);

/*
 * What the supervisor of a lab calls itself (/proc/PID/comm): it has the command line of the `run`
 * or `lab up` that it was forked from.
 */
#define SUPERVISOR_NAME "backburn-lab"

#endif
