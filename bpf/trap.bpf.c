/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause) */
#include "bpf/vmlinux_min.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "bpf/task.bpf.h"
#include "bpf/trap.bpf.h"
#include "bpf/trap.h"

/*
 * Kills a process at its N-th call of a kind. Where the kernel has BPF among its security modules,
 * before the call: it is refused, and so is each that comes behind it, so that exactly N - 1 have
 * taken effect. Else when the N-th returns. All of this ends with the process that holds the links.
 */
char _license[] SEC("license") = "Dual BSD/GPL";

enum {
	MAY_WRITE = 2,
	MAY_READ = 4,
};

/* ---- before ---- */

/* The hooks' arguments, in the order of the kernel's security_… functions. */
SEC("lsm/file_permission")
int before_io(const __u64 *hook)
{
	const struct file *file = (const struct file *)hook[0];

	if (!(hook[1] & (bb_trap.call == BB_CALL_WRITE ? MAY_WRITE : MAY_READ)))
		return 0;
	return judge(BPF_CORE_READ(file, f_path.dentry));
}

SEC("lsm/file_open")
int before_open(const __u64 *hook)
{
	const struct file *file = (const struct file *)hook[0];

	return judge(BPF_CORE_READ(file, f_path.dentry));
}

SEC("lsm/inode_rename")
int before_rename(const __u64 *hook)
{
	return judge((const struct dentry *)hook[1]);
}

SEC("lsm/inode_unlink")
int before_unlink(const __u64 *hook)
{
	return judge((const struct dentry *)hook[1]);
}

/* What does not exist yet lies below its parent all the same. */
SEC("lsm/inode_mkdir")
int before_mkdir(const __u64 *hook)
{
	return judge((const struct dentry *)hook[1]);
}

SEC("lsm/bprm_check_security")
int before_exec(const __u64 *hook)
{
	const struct linux_binprm *program = (const struct linux_binprm *)hook[0];

	return judge(BPF_CORE_READ(program, file, f_path.dentry));
}

SEC("lsm/socket_connect")
int before_connect(const __u64 *hook)
{
	struct address_head head = {};
	struct bb_trapped *own = who();

	if (!own)
		return 0;
	bpf_probe_read_kernel(&head, sizeof(head), (const void *)hook[1]);
	return port_is_meant(head.family, head.port) && strikes(own) ? DENIED : 0;
}

SEC("lsm/socket_sendmsg")
int before_send(const __u64 *hook)
{
	const struct socket *socket = (const struct socket *)hook[0];
	struct bb_trapped *own = who();
	__be16 port;

	if (!own)
		return 0;
	port = BPF_CORE_READ(socket, sk, __sk_common.skc_dport);
	return port_is_meant(AF_INET, port) && strikes(own) ? DENIED : 0;
}

/* ---- after ---- */

struct call_enter {
	__u64 common;
	__s64 number;
	__u64 arguments[6];
};

struct call_exit {
	__u64 common;
	__s64 number, result;
};

SEC("tracepoint")
int call_enters(const struct call_enter *call)
{
	const struct task_struct *task = (const struct task_struct *)bpf_get_current_task();
	__u64 thread = bpf_get_current_pid_tgid();
	__u8 yes = 1;
	bool meant;

	if (!who())
		return 0;
	if (bb_trap.call == BB_CALL_CONNECT)
		meant = address_is_meant(call->arguments[1]);
	else if (bb_trap.call == BB_CALL_SEND)
		meant = peer_is_meant(task, call->arguments[0]);
	else
		meant = descriptor_is_meant(task, call->arguments[0]);
	if (meant)
		bpf_map_update_elem(&bb_inside, &thread, &yes, BPF_ANY);
	return 0;
}

SEC("tracepoint")
int call_exits(const struct call_exit *call)
{
	const struct task_struct *task = (const struct task_struct *)bpf_get_current_task();
	__u64 thread = bpf_get_current_pid_tgid();
	struct bb_trapped *own = who();

	if (!own)
		return 0;
	/* A search along PATH is no start of a program. */
	if (bb_trap.call == BB_CALL_EXEC || (bb_trap.filtered && bb_trap.call == BB_CALL_OPEN)) {
		if (!result_is_meant(task, call->result))
			return 0;
	} else if (bb_trap.filtered && bpf_map_delete_elem(&bb_inside, &thread) < 0) {
		return 0;
	}
	strikes(own);
	return 0;
}
