/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause) */
#ifndef BACKBURN_TRAP_H
#define BACKBURN_TRAP_H

/*
 * What trap.bpf.c and user space share: processes that are killed at their N-th call of a kind.
 */
#ifndef BACKBURN_VMLINUX_MIN_H
#include <linux/types.h>
#endif

enum bb_call {
	BB_CALL_READ,
	BB_CALL_WRITE,
	BB_CALL_OPEN,
	BB_CALL_RENAME,
	BB_CALL_UNLINK,
	BB_CALL_MKDIR,
	BB_CALL_SYNC,
	BB_CALL_CONNECT,
	BB_CALL_SEND,
	BB_CALL_EXEC,
	BB_CALLS
};

/* Instants are CLOCK_MONOTONIC; a call counts while start <= now < deadline and now < lease. */
struct bb_trap {
	__u64 lease_until_ns, start_ns, deadline_ns;
	__u64 nth;    /* the call that strikes, counted from 1 for each process */
	__u64 inode;  /* only calls on this file, or on what lies below this directory; 0: on any */
	__u32 device; /* of `inode`, as the kernel writes it: major << 20 | minor */
	__u32 pid_namespace; /* inode of the one that pids are of; 0: the machine's own */
	__u32 call;          /* enum bb_call */
	__u32 signal;
	__u16 port;    /* of the other end; 0: any */
	__u8 trial;    /* calls are counted whenever they come, and none strikes */
	__u8 filtered; /* of `inode` and `port` one is set */
};

/* Of one process, by its pid. */
struct bb_trapped {
	__u64 start_ticks; /* with the pid it names a process for good */
	__u64 calls;       /* that counted; the N-th and those behind it too */
	__u64 hit_ns;      /* when the N-th came; 0: not yet */
};

#define BB_TRAPPED_MAX 256
#define BB_INSIDE_MAX 4096 /* threads inside of a call at once */

#endif
