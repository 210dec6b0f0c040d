/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause) */
#include "bpf/vmlinux_min.h"

#include <bpf/bpf_helpers.h>

#include "bpf/gate.h"
#include "bpf/task.bpf.h"

/*
 * Stops each program that is started in a cgroup, or below it, before its first instruction, and
 * tells of it. All of this ends with the process that holds the link, and at a time by itself.
 */
char _license[] SEC("license") = "Dual BSD/GPL";

enum {
	SIGSTOP = 19,
};

struct bb_gate bb_gate;

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 1);
} bb_gate_cgroup SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, BB_GATE_RING_BYTES);
} bb_newcomers SEC(".maps");

SEC("raw_tp/sched_process_exec")
int program_starts(void *context)
{
	const struct task_struct *task = (const struct task_struct *)bpf_get_current_task();
	struct bb_newcomer *newcomer;

	(void)context;
	if (bpf_ktime_get_ns() >= READ_ONCE(bb_gate.until_ns) ||
		bpf_current_task_under_cgroup(&bb_gate_cgroup, 0) != 1)
		return 0;
	newcomer = bpf_ringbuf_reserve(&bb_newcomers, sizeof(*newcomer), 0);
	if (!newcomer) {
		__sync_fetch_and_add(&bb_gate.missed, 1);
		return 0;
	}
	newcomer->pid = current_pid_within(task, bb_gate.pid_namespace);
	newcomer->unused = 0;
	newcomer->start_ticks = start_ticks_of(task);
	/* It acts when this returns to the program, so whoever is told finds it stopped. */
	if (newcomer->pid && bpf_send_signal(SIGSTOP) == 0)
		bpf_ringbuf_submit(newcomer, 0);
	else
		bpf_ringbuf_discard(newcomer, 0);
	return 0;
}
