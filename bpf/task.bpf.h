/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause) */
#ifndef BACKBURN_TASK_BPF_H
#define BACKBURN_TASK_BPF_H

#include "bpf/vmlinux_min.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Who makes this call, and on what: reads of the kernel's memory that never fail hard. */
enum {
	PID_LEVELS = 8,   /* of pid namespaces inside one another */
	PATH_LEVELS = 64, /* directories above a file that are looked at */
};

#define NS_PER_TICK 10000000

static __always_inline __u64 start_ticks_of(const struct task_struct *task)
{
	return BPF_CORE_READ(task, group_leader, start_boottime) / NS_PER_TICK;
}

/* The pid of this process in the namespace of that inode; 0: it has none there. */
static __always_inline __u32 pid_within(const struct task_struct *task, __u32 namespace)
{
	struct pid *pid = BPF_CORE_READ(task, group_leader, thread_pid);
	__u32 levels = BPF_CORE_READ(pid, level);

	for (__u32 level = 0; level < PID_LEVELS && level <= levels; level++) {
		const void *at = (const char *)pid + bpf_core_field_offset(struct pid, numbers) +
			level * sizeof(struct upid);
		struct upid number = {};

		if (bpf_probe_read_kernel(&number, sizeof(number), at) == 0 &&
			BPF_CORE_READ(number.ns, ns.inum) == namespace)
			return number.nr;
	}
	return 0;
}

/* The same of the process that runs; namespace 0: the machine's own. */
static __always_inline __u32 current_pid_within(const struct task_struct *task, __u32 namespace)
{
	return namespace ? pid_within(task, namespace) : (__u32)(bpf_get_current_pid_tgid() >> 32);
}

static __always_inline bool dentry_is(const struct dentry *dentry, __u64 inode_number, __u32 device)
{
	const struct inode *inode = BPF_CORE_READ(dentry, d_inode);

	return inode && BPF_CORE_READ(inode, i_ino) == inode_number &&
		BPF_CORE_READ(inode, i_sb, s_dev) == device;
}

/* It is that file, or lies below that directory in the same file system; by its address. */
VERIFIED_ALONE int dentry_is_below(__u64 address, __u64 inode_number, __u32 device)
{
	const struct dentry *dentry = (const struct dentry *)address;

	for (int level = 0; level < PATH_LEVELS && dentry; level++) {
		const struct dentry *parent;

		if (dentry_is(dentry, inode_number, device))
			return true;
		parent = BPF_CORE_READ(dentry, d_parent);
		if (parent == dentry)
			return false;
		dentry = parent;
	}
	return false;
}

/* NULL: this process has no such descriptor. */
static __always_inline struct file *file_of(const struct task_struct *task, __u64 descriptor)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd), *file = NULL;

	if (descriptor < BPF_CORE_READ(table, max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), files + descriptor);
	return file;
}

#endif
