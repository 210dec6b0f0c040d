/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/trap.h"
#include "bpf/trap.skel.h"
#include "contract/failpoint.h"
#include "injector/host.h"
#include "injector/host_real.h"
#include "injector/host_real_power.h"
#include "injector/lists.h"

enum {
	SYSCALLS_MAX = 8,
	LINKS_MAX = 2 * SYSCALLS_MAX,
	ID_TEXT_MAX = 32
};

/* How a kind of call is seen: by a program of trap.bpf.c, and by the tracepoints of system calls.
 */
static const struct call {
	const char *before;
	const char *after[SYSCALLS_MAX];
} calls[] = {
	[BB_CALL_READ] = {"before_io", {"read", "pread64", "readv", "preadv", "preadv2"}},
	[BB_CALL_WRITE] = {"before_io", {"write", "pwrite64", "writev", "pwritev", "pwritev2"}},
	[BB_CALL_OPEN] = {"before_open", {"open", "openat", "openat2", "creat"}},
	[BB_CALL_RENAME] = {"before_rename", {"rename", "renameat", "renameat2"}},
	[BB_CALL_UNLINK] = {"before_unlink", {"unlink", "unlinkat"}},
	[BB_CALL_MKDIR] = {"before_mkdir", {"mkdir", "mkdirat"}},
	[BB_CALL_SYNC] = {NULL, {"fsync", "fdatasync"}},
	[BB_CALL_CONNECT] = {"before_connect", {"connect"}},
	[BB_CALL_SEND] = {"before_send", {"sendto", "sendmsg", "sendmmsg"}},
	[BB_CALL_EXEC] = {"before_exec", {"execve", "execveat"}},
};

struct host_trap {
	struct trap *skeleton;
	struct bpf_link *links[LINKS_MAX];
	size_t count;
};

static struct bpf_program *program_named(const struct host_trap *trap, const char *name)
{
	return bpf_object__find_program_by_name(trap->skeleton->obj, name);
}

static int targets_file(const struct host_trap *trap)
{
	return bpf_map__fd(trap->skeleton->maps.bb_trapped);
}

void host_trap_close(struct host_trap *trap)
{
	if (!trap)
		return;
	for (size_t i = 0; i < trap->count; i++)
		bpf_link__destroy(trap->links[i]);
	trap__destroy(trap->skeleton);
	free(trap);
}

/* ---- loading ---- */

static bool is_wanted(const char *name, const char *const wanted[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(wanted[i], name) == 0)
			return true;
	return false;
}

static int load(struct host_trap *trap, const char *const wanted[], size_t count, struct fail *fail)
{
	struct bpf_program *program = NULL;
	int error;

	libbpf_set_print(NULL);
	trap->skeleton = trap__open();
	if (!trap->skeleton)
		return fail_errno(fail, errno, "opening the trap");
	while ((program = bpf_object__next_program(trap->skeleton->obj, program)))
		bpf_program__set_autoload(
			program, is_wanted(bpf_program__name(program), wanted, count));
	error = FAILPOINT_ERROR(bpf_load);
	if (!error)
		error = trap__load(trap->skeleton);
	return error ? fail_errno(fail, error, "loading the trap") : 0;
}

static int keep(struct host_trap *trap, struct bpf_link *link, const char *what, struct fail *fail)
{
	if (!link)
		return fail_errno(fail, errno, "attaching the trap to %s", what);
	trap->links[trap->count++] = link;
	return 0;
}

/* ---- before: the kernel's security hooks ---- */

static int attach_before(struct host_trap *trap, const char *name, struct fail *fail)
{
	return keep(trap, bpf_program__attach(program_named(trap, name)), name, fail);
}

/*
 * A kernel takes such programs also when BPF is not among its security modules, and then never
 * calls them. So a write of our own must be seen.
 */
static int try_own_write(struct host_trap *trap, struct fail *fail)
{
	struct bb_trap *rule = &trap->skeleton->bss->bb_trap;
	struct bb_trapped own = {.start_ticks = host_process_start(getpid())};
	uint32_t pid = (uint32_t)getpid(), call = rule->call;
	uint64_t inode = rule->inode;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(fail, errno, "pipe");
	rule->call = BB_CALL_WRITE;
	rule->inode = 0;
	rule->trial = 1;
	if (bpf_map_update_elem(targets_file(trap), &pid, &own, BPF_ANY) == 0) {
		if (write(ends[1], "", 1) != 1)
			own.calls = 0;
		bpf_map_lookup_elem(targets_file(trap), &pid, &own);
		bpf_map_delete_elem(targets_file(trap), &pid);
	}
	rule->call = call;
	rule->inode = inode;
	rule->trial = 0;
	close(ends[0]);
	close(ends[1]);
	return own.calls ? 0
			 : fail_set(fail, FAIL_UNSUPPORTED,
				   "BPF is not among this kernel's security modules");
}

static int open_before(struct host_trap *trap, const struct bb_trap *rule, struct fail *fail)
{
	static const char trial[] = "before_io";
	const char *own = calls[rule->call].before, *const wanted[] = {trial, own};

	if (!own)
		return fail_set(fail, FAIL_UNSUPPORTED, "no kernel can refuse this call");
	if (load(trap, wanted, 2, fail) < 0)
		return -1;
	trap->skeleton->bss->bb_trap = *rule;
	trap->skeleton->bss->bb_trap.pid_namespace = real_own_pid_namespace();
	if (attach_before(trap, trial, fail) < 0 || try_own_write(trap, fail) < 0)
		return -1;
	if (strcmp(own, trial) == 0)
		return 0;
	bpf_link__destroy(trap->links[--trap->count]);
	return attach_before(trap, own, fail);
}

/* ---- after: tracepoints ---- */

/*
 * The kernel's list of tracepoints, by a mount that nobody else sees: hosts may have none, and a
 * network namespace that was entered by `ip netns exec` has another /sys.
 */
static int open_tracefs(struct fail *fail)
{
	bool raised = real_power_raise(CAP_SYS_ADMIN);
	int context = fsopen("tracefs", FSOPEN_CLOEXEC), mount = -1, error;

	if (context >= 0 && fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		mount = fsmount(context, FSMOUNT_CLOEXEC, 0);
	error = errno;
	if (context >= 0)
		close(context);
	real_power_lower(CAP_SYS_ADMIN, raised);
	return mount >= 0 ? mount : fail_errno(fail, error, "tracefs");
}

/* 0: this kernel has no such tracepoint. */
static uint64_t tracepoint_id(int tracefs, const char *name)
{
	char path[128], text[ID_TEXT_MAX] = "";
	int file;

	snprintf(path, sizeof(path), "events/syscalls/%s/id", name);
	file = openat(tracefs, path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return 0;
	if (read(file, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(file);
	return strtoull(text, NULL, 10);
}

int real_trap_try(struct fail *fail)
{
	int tracefs = open_tracefs(fail);
	bool found;

	if (tracefs < 0)
		return -1;
	found = tracepoint_id(tracefs, "sys_exit_write") != 0;
	close(tracefs);
	return found ? 0
		     : fail_set(fail, FAIL_UNSUPPORTED,
			       "this kernel has no tracepoints of system calls");
}

static int attach_tracepoint(
	struct host_trap *trap, const char *program, uint64_t id, struct fail *fail)
{
	struct perf_event_attr attributes = {.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attributes),
		.config = id,
		.sample_period = 1};
	/* Debian's kernels want more than CAP_PERFMON for it. */
	bool raised = real_power_raise(CAP_SYS_ADMIN);
	int event = (int)syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC),
	    error = errno;
	struct bpf_link *link;

	real_power_lower(CAP_SYS_ADMIN, raised);
	if (event < 0)
		return fail_errno(fail, error, "opening a tracepoint");
	link = bpf_program__attach_perf_event(program_named(trap, program), event);
	if (!link)
		close(event);
	return keep(trap, link, "a tracepoint", fail);
}

static int attach_syscall(struct host_trap *trap, int tracefs, const char *name, struct fail *fail)
{
	static const char *const ways[][2] = {
		{"sys_exit_", "call_exits"}, {"sys_enter_", "call_enters"}};
	const struct bb_trap *rule = &trap->skeleton->bss->bb_trap;
	/* What was opened or started is known when it is. */
	int filtered = rule->filtered && rule->call != BB_CALL_OPEN && rule->call != BB_CALL_EXEC;

	for (int way = 0; way <= filtered; way++) {
		char point[64];
		uint64_t id;

		snprintf(point, sizeof(point), "%s%s", ways[way][0], name);
		id = tracepoint_id(tracefs, point);
		/* Architectures lack some of the old calls. */
		if (id && attach_tracepoint(trap, ways[way][1], id, fail) < 0)
			return -1;
	}
	return 0;
}

static int open_after(struct host_trap *trap, const struct bb_trap *rule, struct fail *fail)
{
	static const char *const wanted[] = {"call_exits", "call_enters"};
	int tracefs, result = 0;

	if (load(trap, wanted, 2, fail) < 0)
		return -1;
	trap->skeleton->bss->bb_trap = *rule;
	trap->skeleton->bss->bb_trap.pid_namespace = real_own_pid_namespace();
	tracefs = open_tracefs(fail);
	if (tracefs < 0)
		return -1;
	for (int i = 0; result == 0 && i < SYSCALLS_MAX && calls[rule->call].after[i]; i++)
		result = attach_syscall(trap, tracefs, calls[rule->call].after[i], fail);
	close(tracefs);
	if (result == 0 && !trap->count)
		return fail_set(fail, FAIL_UNSUPPORTED, "this kernel has no such tracepoints");
	return result;
}

int host_trap_open(const struct bb_trap *rule, enum host_trap_side side, struct host_trap **out,
	struct fail *fail)
{
	struct host_trap *trap = must_alloc(sizeof(*trap));

	if ((side == TRAP_BEFORE ? open_before : open_after)(trap, rule, fail) < 0) {
		host_trap_close(trap);
		return -1;
	}
	*out = trap;
	return 0;
}

/* ---- who is in it ---- */

int host_trap_add(struct host_trap *trap, int64_t pid, uint64_t start_ticks, struct fail *fail)
{
	struct bb_trapped own = {.start_ticks = start_ticks};
	uint32_t key = (uint32_t)pid;

	if (bpf_map_update_elem(targets_file(trap), &key, &own, BPF_ANY) < 0)
		return fail_errno(fail, errno, "setting the trap for process %" PRId64, pid);
	return 0;
}

void host_trap_lease(struct host_trap *trap, int64_t until_ns)
{
	__atomic_store_n(
		&trap->skeleton->bss->bb_trap.lease_until_ns, (uint64_t)until_ns, __ATOMIC_RELEASE);
}

void host_trap_read(const struct host_trap *trap, int64_t pid, struct bb_trapped *out)
{
	uint32_t key = (uint32_t)pid;

	if (bpf_map_lookup_elem(targets_file(trap), &key, out) < 0)
		*out = (struct bb_trapped){0};
}
