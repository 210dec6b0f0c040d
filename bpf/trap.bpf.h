/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause) */
#ifndef BACKBURN_TRAP_BPF_H
#define BACKBURN_TRAP_BPF_H

#include "bpf/vmlinux_min.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/task.bpf.h"
#include "bpf/trap.h"

/* Whose call is it, is it one that is meant, and which one is it? */
enum {
	AF_INET = 2,
	AF_INET6 = 10,
};

struct bb_trap bb_trap;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, struct bb_trapped);
	__uint(max_entries, BB_TRAPPED_MAX);
} bb_trapped SEC(".maps");

/* Threads inside of a call that the filter means. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, __u64);
	__type(value, __u8);
	__uint(max_entries, BB_INSIDE_MAX);
} bb_inside SEC(".maps");

/* NULL for nearly everybody: this runs for each call of that kind on the machine. */
static __always_inline struct bb_trapped *who(void)
{
	const struct task_struct *task = (const struct task_struct *)bpf_get_current_task();
	__u32 pid = current_pid_within(task, bb_trap.pid_namespace);
	struct bb_trapped *own = bpf_map_lookup_elem(&bb_trapped, &pid);

	return own && own->start_ticks == start_ticks_of(task) ? own : NULL;
}

/* Counts a call; true when it is the N-th, or behind that. */
static __always_inline bool strikes(struct bb_trapped *own)
{
	__u64 now = bpf_ktime_get_ns(), number;

	if (bb_trap.trial) {
		__sync_fetch_and_add(&own->calls, 1);
		return false;
	}
	if (now < bb_trap.start_ns || now >= bb_trap.deadline_ns ||
		now >= READ_ONCE(bb_trap.lease_until_ns))
		return false;
	number = __sync_fetch_and_add(&own->calls, 1) + 1;
	if (number == bb_trap.nth) {
		WRITE_ONCE(own->hit_ns, now);
		bpf_send_signal(bb_trap.signal);
	}
	return number >= bb_trap.nth;
}

static __always_inline bool is_meant(const struct dentry *dentry)
{
	return !bb_trap.inode || dentry_is_below((__u64)dentry, bb_trap.inode, bb_trap.device);
}

static __always_inline bool port_is_meant(__u16 family, __be16 port)
{
	if (!bb_trap.port)
		return true;
	return (family == AF_INET || family == AF_INET6) && bpf_ntohs(port) == bb_trap.port;
}

/* The family of an address, and where IPv4 and IPv6 alike have the port. */
struct address_head {
	__u16 family;
	__be16 port;
};

static __always_inline bool descriptor_is_meant(const struct task_struct *task, __u64 descriptor)
{
	const struct file *file = file_of(task, descriptor);

	return file && is_meant(BPF_CORE_READ(file, f_path.dentry));
}

/* What was opened, or which program runs, is known only when the call returns. */
static __always_inline bool result_is_meant(const struct task_struct *task, __s64 result)
{
	if (result < 0)
		return false;
	if (bb_trap.call == BB_CALL_EXEC)
		return is_meant(BPF_CORE_READ(task, mm, exe_file, f_path.dentry));
	return descriptor_is_meant(task, (__u64)result);
}

static __always_inline bool peer_is_meant(const struct task_struct *task, __u64 descriptor)
{
	const struct file *file = file_of(task, descriptor);
	const struct socket *socket = file ? BPF_CORE_READ(file, private_data) : NULL;

	return socket && port_is_meant(AF_INET, BPF_CORE_READ(socket, sk, __sk_common.skc_dport));
}

static __always_inline bool address_is_meant(__u64 address)
{
	struct address_head head = {};

	bpf_probe_read_user(&head, sizeof(head), (const void *)address);
	return port_is_meant(head.family, head.port);
}

#define DENIED (-1) /* EPERM */

/*
 * Stacked file systems, as overlayfs below most containers, do a call once more, on the layer
 * below, in the same process but with the rights of who mounted them. That is no call of the
 * process.
 */
static __always_inline bool is_call_within_call(void)
{
	const struct task_struct *task = (const struct task_struct *)bpf_get_current_task();

	return BPF_CORE_READ(task, cred) != BPF_CORE_READ(task, real_cred);
}

/* What a security hook answers. */
static __always_inline int judge(const struct dentry *dentry)
{
	struct bb_trapped *own = who();

	return own && !is_call_within_call() && is_meant(dentry) && strikes(own) ? DENIED : 0;
}

#endif
