/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_CLOCK_TRACEE_H
#define BACKBURN_INJECTOR_CLOCK_TRACEE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/fail.h"
#include "contract/shape.h"

/*
 * A process all of whose threads are held by ptrace for a moment, to be changed. When this process
 * dies meanwhile the kernel lets them go, but the thread that makes a call of ours (some tens of
 * microseconds) would not find back: so it is done by a child that lives for nothing else, in which
 * all signals are blocked and SIGCHLD is not ignored.
 */
struct tracee {
	int64_t pid;
	struct list threads; /* of struct tracee_thread */
	int memory;          /* /proc/PID/mem, or -1 */
	bool filtered;       /* by seccomp, which is set aside as long as it is held */
	bool stop;           /* a SIGSTOP came meanwhile, and is sent again at the end */
};

struct tracee_thread {
	int id, signal; /* the signal that it stopped with, and gets at the end; 0 */
	bool stopped;
	uint64_t at, stack; /* instruction and stack pointers */
};

/*
 * FAIL_BUSY: not in this moment, but it may succeed soon. FAIL_REFUSED with a reason otherwise;
 * `error` ESRCH inside `fail` when it is gone. On failure all are let go.
 */
int tracee_hold(int64_t pid, uint64_t start_ticks, struct tracee *out, struct fail *fail);
void tracee_release(struct tracee *tracee);

int tracee_read(
	const struct tracee *tracee, uint64_t from, void *to, size_t bytes, struct fail *fail);
/* Also where the process itself may not write. */
int tracee_write(const struct tracee *tracee, uint64_t to, const void *from, size_t bytes,
	struct fail *fail);

/* One system call made by a thread of it, with the instruction at `at`. */
struct tracee_call {
	uint64_t at;
	long number;
	uint64_t arguments[6];
	const char *name; /* for people */
};
/* FAIL_BUSY when no thread can make it now. A call that fails is FAIL_REFUSED, with its errno. */
int tracee_call(struct tracee *tracee, const struct tracee_call *call, struct fail *fail);

#endif
