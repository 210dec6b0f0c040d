/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/lane/cage.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	INSTRUCTIONS_MAX = 256,
	/* ppoll() refuses more descriptors than the limit of open ones, so the limit can't be 0. */
	POLLED = 2
};

/* With any arguments. */
static const int calls[] = {
	SCMP_SYS(ppoll),
	SCMP_SYS(clock_gettime), /* where the vDSO has no clock that it can read */
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall), /* what a stop and SIGCONT do to a call that waits */
	SCMP_SYS(exit_group),
};
static const int calls_with_file[] = {SCMP_SYS(readv), SCMP_SYS(writev)};

static int add_rules(scmp_filter_ctx filter, int file)
{
	struct scmp_arg_cmp its_file = {.arg = 0, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)file};
	int result = 0;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]) && result == 0; i++)
		result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, calls[i], 0, NULL);
	for (size_t i = 0; i < sizeof(calls_with_file) / sizeof(calls_with_file[0]) && result == 0;
		i++)
		result = seccomp_rule_add_array(
			filter, SCMP_ACT_ALLOW, calls_with_file[i], 1, &its_file);
	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	return result;
}

/*
 * The filter as the kernel takes it. libseccomp's own seccomp_load() frees memory after loading,
 * and that may be a system call which the filter kills for.
 */
static int compile(int file, struct sock_filter *program, unsigned short *length, struct fail *fail)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int memory = memfd_create("filter", MFD_CLOEXEC), error;
	ssize_t size = -1;

	error = filter && memory >= 0 ? add_rules(filter, file) : -ENOMEM;
	if (error == 0)
		error = seccomp_export_bpf(filter, memory);
	if (error == 0)
		size = pread(memory, program, INSTRUCTIONS_MAX * sizeof(*program), 0);
	if (memory >= 0)
		close(memory);
	seccomp_release(filter);
	if (error || size <= 0 || size == INSTRUCTIONS_MAX * (ssize_t)sizeof(*program))
		return fail_errno(fail, error ? error : E2BIG, "making the seccomp filter");
	*length = (unsigned short)((size_t)size / sizeof(*program));
	return 0;
}

static int limit(int resource, rlim_t value)
{
	return setrlimit(resource, &(struct rlimit){.rlim_cur = value, .rlim_max = value});
}

int cage_enter(int readable_and_writable, struct fail *fail)
{
	static struct sock_filter instructions[INSTRUCTIONS_MAX];
	struct sock_fprog program = {.filter = instructions};

	if (compile(readable_and_writable, instructions, &program.len, fail) < 0)
		return -1;
	if (limit(RLIMIT_NOFILE, POLLED) < 0 || limit(RLIMIT_CORE, 0) < 0)
		return fail_errno(fail, errno, "setrlimit");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail_errno(fail, errno, "no_new_privs");
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		return fail_errno(fail, errno, "seccomp");
	return 0;
}

void cage_leave(int status)
{
	/* Not _exit(), in which sanitizers look for leaks. */
	syscall(SYS_exit_group, status);
}
