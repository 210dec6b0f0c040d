/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause) */
#ifndef BACKBURN_GATE_H
#define BACKBURN_GATE_H

/*
 * What gate.bpf.c and user space share: programs that are stopped as they are started in a cgroup.
 */
#ifndef BACKBURN_VMLINUX_MIN_H
#include <linux/types.h>
#endif

struct bb_gate {
	__u64 until_ns;      /* CLOCK_MONOTONIC; from then on nobody is stopped */
	__u64 missed;        /* how many were let through, since nobody read the ring */
	__u32 pid_namespace; /* inode of the one that pids are of; 0: the machine's own */
	__u32 unused;
};

/* One that stands before its first instruction. */
struct bb_newcomer {
	__u32 pid;
	__u32 unused;
	__u64 start_ticks;
};

#define BB_GATE_RING_BYTES 65536

#endif
