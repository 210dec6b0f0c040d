/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract/failpoint.h"
#include "contract/verbs.h"
#include "injector/host.h"
#include "injector/host_real.h"
#include "injector/host_real_power.h"
#include "injector/lists.h"
#include "injector/netlink.h"

/*
 * What this kernel can do, found by doing it: configuration files and version numbers lie.
 * Runs in a child, in an empty network namespace that dies with it.
 */
enum {
	REASON_MAX = 256,
	LOOPBACK = 1,
	EXIT_WITHIN_MS = 5000
};

typedef bool trial(struct host_matcher *matcher, char reason[REASON_MAX]);

static bool say(char reason[REASON_MAX], bool ok, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static bool say(char reason[REASON_MAX], bool ok, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason, REASON_MAX, format, args);
	va_end(args);
	return ok;
}

static bool try_partition(struct host_matcher *matcher, char reason[REASON_MAX])
{
	/* When it could not be loaded, the reason stands there already. */
	return matcher ? say(reason, true, "the packet matcher loads") : false;
}

static bool try_tcx(struct host_matcher *matcher, char reason[REASON_MAX])
{
	struct fail fail = FAIL_INIT;
	int link;

	if (!matcher)
		return say(reason, false, "the packet matcher does not load");
	if (!host_tcx_present(reason))
		return false;
	if (host_tcx_attach(matcher, LOOPBACK, BB_INGRESS, &link, &fail) < 0)
		return say(reason, false, "%s", fail.text);
	/* Not detached: that waits for the kernel, and the namespace goes anyway. */
	return say(reason, true, "attached in a namespace of its own");
}

static bool try_clsact(struct host_matcher *matcher, char reason[REASON_MAX])
{
	struct fail fail = FAIL_INIT;

	if (!matcher)
		return say(reason, false, "the packet matcher does not load");
	if (host_clsact_add(LOOPBACK, &fail) < 0 ||
		host_filter_add(matcher, LOOPBACK, BB_EGRESS, 1, &fail) < 0)
		return say(reason, false, "%s", fail.text);
	return say(reason, true, "qdisc and filter added in a namespace of its own");
}

/*
 * For children of a trial: an injector that is killed meanwhile must leave none behind, because
 * they hold what it held, its lock too.
 */
static pid_t fork_mortal(void)
{
	pid_t parent = getpid(), child = fork();

	if (child == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent))
		_exit(1);
	return child;
}

/* One that does nothing. -1, with the reason. */
static pid_t fork_idle(char reason[REASON_MAX])
{
	pid_t child = fork_mortal();

	if (child == 0) {
		for (;;)
			pause();
	}
	if (child < 0)
		say(reason, false, "fork: %s", strerror(errno));
	return child;
}

/* A child of our own is opened, killed, and seen to have ended. */
static bool try_pidfd(struct host_matcher *matcher, char reason[REASON_MAX])
{
	struct fail fail = FAIL_INIT;
	pid_t child = fork_idle(reason);
	bool ok = false;
	int file;

	(void)matcher;
	if (child < 0)
		return false;
	if (host_process_open(child, &file, &fail) == 0) {
		struct pollfd end = {.fd = file, .events = POLLIN};

		ok = host_process_signal(file, SIGKILL, &fail) == 0 &&
			poll(&end, 1, EXIT_WITHIN_MS) == 1;
		close(file);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	if (ok)
		return say(reason, true, "a process was signalled, and its exit seen");
	return say(reason, false, "%.200s", fail.kind ? fail.text : "an exit was not seen");
}

/* A child of our own is held still by ptrace, and let go. */
static bool try_pause(struct host_matcher *matcher, char reason[REASON_MAX])
{
	pid_t child = fork_idle(reason);
	const char *failed = NULL;
	int status, error = 0;

	(void)matcher;
	if (child < 0)
		return false;
	if (ptrace(PTRACE_SEIZE, child, 0, 0) < 0 || ptrace(PTRACE_INTERRUPT, child, 0, 0) < 0)
		failed = "ptrace";
	else if (waitpid(child, &status, __WALL) != child || !WIFSTOPPED(status))
		failed = "stopping it";
	else if (ptrace(PTRACE_DETACH, child, 0, 0) < 0)
		failed = "letting it go";
	error = errno;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return failed ? say(reason, false, "%s: %s", failed, strerror(error))
		      : say(reason, true, "a process was held, and let go");
}

static bool try_trap(struct host_matcher *matcher, char reason[REASON_MAX])
{
	struct fail fail = FAIL_INIT;

	(void)matcher;
	if (real_trap_try(&fail) < 0)
		return say(reason, false, "%.200s", fail.text);
	return say(reason, true, "system calls have tracepoints");
}

/* A child of our own is led through a stub, and back; what it reads is not looked at. */
static bool try_clock_skew(struct host_matcher *matcher, char reason[REASON_MAX])
{
	struct host_clock_order order = {.key = (uint64_t)host_now_ns()};
	struct host_clock *clock = NULL;
	struct fail fail = FAIL_INIT;
	pid_t child = fork_idle(reason);
	bool done;

	(void)matcher;
	if (child < 0)
		return false;
	order.pid = child;
	order.start_ticks = host_process_start(child);
	done = host_clock_attach(&order, &clock, &fail) == 0;
	host_clock_free(clock);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return done ? say(reason, true, "a process was led through a stub")
		    : say(reason, false, "%.200s", fail.text);
}

/* Nothing is tried with the clock: it is everybody's. This child's network is not the injector's.
 */
static bool try_clock_step(struct host_matcher *matcher, char reason[REASON_MAX])
{
	struct fail fail = FAIL_INIT;

	(void)matcher;
	if (real_machine_check(getppid(), &fail) < 0)
		return say(reason, false, "%.200s", fail.text);
	return say(
		reason, true, "the machine's own clock; its policy must name clock_step as well");
}

static bool try_wire(struct host_matcher *matcher, char reason[REASON_MAX])
{
	struct host_pair pair = {.entry = "wire", .exit = "wire-x", .as_wire = true};
	struct fail fail = FAIL_INIT;

	if (!matcher)
		return say(reason, false, "the packet matcher does not load");
	if (host_pair_add(&pair, &fail) < 0)
		return say(reason, false, "%.200s", fail.text);
	return say(reason, true, "a veth pair was made that takes packets apart");
}

static bool try_lane(struct host_matcher *matcher, char reason[REASON_MAX])
{
	struct fail fail = FAIL_INIT;
	int file;

	if (!matcher)
		return say(reason, false, "the packet matcher does not load");
	file = real_tap_open("lane", &fail);
	if (file < 0)
		return say(reason, false, "%.200s", fail.text);
	close(file);
	return say(reason, true, "a TAP was made");
}

static bool try_netem(struct host_matcher *matcher, char reason[REASON_MAX])
{
	struct tc_netem_qopt options = {.limit = 1000};
	struct tcmsg tc = {
		.tcm_family = AF_UNSPEC, .tcm_ifindex = LOOPBACK, .tcm_parent = TC_H_ROOT};
	struct nl_msg *message = netlink_message(
		RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &tc, sizeof(tc));
	int error;

	(void)matcher;
	if (nla_put_string(message, TCA_KIND, "netem") < 0 ||
		nla_put(message, TCA_OPTIONS, sizeof(options), &options) < 0)
		abort();
	error = netlink_request(message);
	if (error == -ENOENT)
		return say(reason, false, "this kernel has no sch_netem, built in or as a module");
	return error ? say(reason, false, "%s", strerror(-error))
		     : say(reason, true, "qdisc added in a namespace of its own");
}

static bool try_btf(struct host_matcher *matcher, char reason[REASON_MAX])
{
	(void)matcher;
	return host_file_exists("/sys/kernel/btf/vmlinux")
		? say(reason, true, "/sys/kernel/btf/vmlinux")
		: say(reason, false, "/sys/kernel/btf/vmlinux does not exist");
}

static bool try_lockdown(struct host_matcher *matcher, char reason[REASON_MAX])
{
	struct fail fail = FAIL_INIT;
	size_t length;
	char *text;
	bool off;

	(void)matcher;
	if (host_file_read("/sys/kernel/security/lockdown", REASON_MAX, &text, &length, &fail) < 0)
		return say(reason, false, "not known: %.200s", fail.text);
	text[strcspn(text, "\n")] = '\0';
	off = strstr(text, "[none]") != NULL;
	say(reason, off, "%.200s", text);
	free(text);
	return off;
}

static bool try_cgroup2(struct host_matcher *matcher, char reason[REASON_MAX])
{
	enum {
		MOUNTS_BYTES_MAX = 16 * 1024 * 1024
	};
	struct fail fail = FAIL_INIT;
	char *text, *line, *rest = NULL;
	bool found = false;
	size_t length;

	(void)matcher;
	if (host_file_read("/proc/self/mountinfo", MOUNTS_BYTES_MAX, &text, &length, &fail) < 0)
		return say(reason, false, "%.200s", fail.text);
	for (line = strtok_r(text, "\n", &rest); line && !found;
		line = strtok_r(NULL, "\n", &rest)) {
		char root[128], point[128];

		if (strstr(line, " - cgroup2 ") &&
			sscanf(line, "%*s %*s %*s %127s %127s", root, point) == 2)
			found = say(reason, true, "mounted at %s", point);
	}
	free(text);
	return found || say(reason, false, "no cgroup2 file system is mounted");
}

static bool try_tracing(enum bpf_prog_type type, enum bpf_attach_type attach, const char *hook,
	char reason[REASON_MAX])
{
	/* r0 = 0; exit */
	static const struct bpf_insn instructions[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K}, {.code = BPF_JMP | BPF_EXIT}};
	int id = libbpf_find_vmlinux_btf_id(hook, attach);
	struct bpf_prog_load_opts options = {.sz = sizeof(options), .expected_attach_type = attach};
	int program;

	if (id < 0)
		return say(reason, false, "no BTF for %s", hook);
	options.attach_btf_id = (__u32)id;
	program = bpf_prog_load(type, NULL, "GPL", instructions, 2, &options);
	if (program < 0)
		return say(reason, false, "loading: %s%s", strerror(errno),
			errno == EPERM ? " (kernel lockdown refuses it)" : "");
	close(program);
	return say(reason, true, "a program for %s loads", hook);
}

static bool try_fentry(struct host_matcher *matcher, char reason[REASON_MAX])
{
	(void)matcher;
	return try_tracing(BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, "vfs_read", reason);
}

static bool try_lsm(struct host_matcher *matcher, char reason[REASON_MAX])
{
	(void)matcher;
	return try_tracing(BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "file_open", reason);
}

static const struct {
	const char *name;
	trial *fn;
	bool deep; /* only doctor asks */
} trials[] = {
	{"partition", try_partition, false},
	{"tcx", try_tcx, false},
	{"clsact", try_clsact, false},
	{"pidfd", try_pidfd, false},
	{"pause", try_pause, false},
	{"trap", try_trap, false},
	{"clock_skew", try_clock_skew, false},
	{"clock_step", try_clock_step, false},
	{"wire", try_wire, false},
	{"lane", try_lane, false},
	{"netem", try_netem, true},
	{"cgroup2", try_cgroup2, true},
	{"btf", try_btf, true},
	{"lockdown_off", try_lockdown, true},
	{"fentry", try_fentry, true},
	{"bpf_lsm", try_lsm, true},
};
enum {
	TRIALS = sizeof(trials) / sizeof(trials[0])
};

struct report {
	bool ok, tried;
	char reason[REASON_MAX];
};

static void run_trials(bool deep, int to)
{
	const struct host_matcher_sizes sizes = {
		.addresses = 1, .prefixes = 1, .counters = 1, .new_flows = 16};
	struct report reports[TRIALS] = {0};
	struct host_matcher *matcher = NULL;
	struct fail fail = FAIL_INIT;

	bool raised = real_power_raise(CAP_SYS_ADMIN);
	int separated = unshare(CLONE_NEWNET);

	real_power_lower(CAP_SYS_ADMIN, raised);
	FAILPOINTS_OFF();
	if (separated < 0)
		fail_errno(&fail, errno, "a network namespace to try things in");
	else
		host_matcher_load(&sizes, &matcher, &fail);
	for (int i = 0; i < TRIALS; i++) {
		if (trials[i].deep && !deep)
			continue;
		reports[i].tried = true;
		snprintf(reports[i].reason, REASON_MAX, "%.*s", REASON_MAX - 1, fail.text);
		reports[i].ok = trials[i].fn(matcher, reports[i].reason);
	}
	if (write(to, reports, sizeof(reports)) != sizeof(reports))
		_exit(1);
}

static int read_all(int from, void *to, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t got = read(from, (char *)to + used, size - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		used += (size_t)got;
	}
	return 0;
}

int host_try_capabilities(bool deep, struct list *capabilities, struct fail *fail)
{
	struct report reports[TRIALS] = {0};
	int ends[2], result;
	pid_t child;

	if (pipe(ends) < 0)
		return fail_errno(fail, errno, "pipe");
	child = fork_mortal();
	if (child == 0) {
		run_trials(deep, ends[1]);
		_exit(0);
	}
	close(ends[1]);
	result = child < 0 ? fail_errno(fail, errno, "fork")
			   : read_all(ends[0], reports, sizeof(reports));
	close(ends[0]);
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	if (child > 0 && result < 0)
		return fail_set(fail, FAIL_SYSTEM, "the trial of this kernel's abilities died");
	for (int i = 0; result == 0 && i < TRIALS; i++) {
		struct capability *capability;

		if (!reports[i].tried)
			continue;
		capability = list_push(capabilities, sizeof(*capability));
		capability->name = must_copy(trials[i].name);
		capability->ok = reports[i].ok;
		capability->reason = must_copy(reports[i].reason);
	}
	return result;
}
