/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/clock/tracee.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "contract/units.h"
#include "injector/host.h"
#include "injector/host_real.h"
#include "injector/host_real_power.h"
#include "injector/lists.h"

/* <sys/ptrace.h> and <linux/ptrace.h> do not go together. */
extern long ptrace(int request, ...);

enum {
	SCANS_MAX = 100,
	PROC_PATH_MAX = 64,
	STATUS_BYTES_MAX = 8192
};
#define HOLD_NS (500 * NS_PER_MS) /* a thread in a call that nothing interrupts */
#define CALL_NS (2 * NS_PER_SEC)
#define LOOK_NS NS_PER_MS /* at the latest */
#define CALL_STOP (SIGTRAP | 0x80)

/* ---- looking ---- */

static const char *status_value(const char *text, const char *key)
{
	const char *found = strstr(text, key);

	return found ? found + strlen(key) : "";
}

static int check_status(struct tracee *tracee, struct fail *fail)
{
	size_t length;
	char *text = real_proc_text(tracee->pid, "status", STATUS_BYTES_MAX, &length);
	int result = 0;

	if (!text)
		return fail_errno(fail, ESRCH, "it has ended");
	if (strchr("ZX", *status_value(text, "\nState:\t")))
		result = fail_errno(fail, ESRCH, "it has ended");
	else if (atoi(status_value(text, "\nTracerPid:\t")))
		result = fail_set(
			fail, FAIL_REFUSED, "another process traces it already (a debugger?)");
	tracee->filtered = atoi(status_value(text, "\nSeccomp:\t")) != 0;
	free(text);
	return result;
}

/* ---- holding ---- */

/* Until a thread stops or ends, of which the kernel tells by SIGCHLD; or it is time to look. */
static void await_news(void)
{
	const struct timespec latest = {.tv_nsec = LOOK_NS};
	sigset_t news;

	sigemptyset(&news);
	sigaddset(&news, SIGCHLD);
	sigtimedwait(&news, NULL, &latest);
}

static bool is_held(const struct tracee *tracee, int id)
{
	LIST_EACH(tracee->threads, const struct tracee_thread, thread) {
		if (thread->id == id)
			return true;
	}
	return false;
}

/*
 * A filter might end the process for a call that it does not know. It is set aside, or the process
 * is left alone.
 */
static int seize(struct tracee *tracee, int id, struct fail *fail)
{
	long options = PTRACE_O_TRACESYSGOOD | (tracee->filtered ? PTRACE_O_SUSPEND_SECCOMP : 0);
	bool raised = tracee->filtered && real_power_raise(CAP_SYS_ADMIN);
	long result = ptrace(PTRACE_SEIZE, id, 0, options);
	int error = errno;

	real_power_lower(CAP_SYS_ADMIN, raised);
	if (result < 0 && error == ESRCH)
		return 0;
	if (result < 0 && tracee->filtered)
		return fail_set(fail, FAIL_REFUSED,
			"its seccomp filter can't be set aside here, and might end it: %s",
			strerror(error));
	if (result < 0)
		return fail_set(fail, FAIL_REFUSED, "this host does not let it be traced: %s",
			strerror(error));
	*(struct tracee_thread *)list_push(&tracee->threads, sizeof(struct tracee_thread)) =
		(struct tracee_thread){.id = id};
	ptrace(PTRACE_INTERRUPT, id, 0, 0);
	return 1;
}

static int seize_new(struct tracee *tracee, struct fail *fail)
{
	char path[PROC_PATH_MAX];
	struct dirent *entry;
	int found = 0;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%" PRId64 "/task", tracee->pid);
	tasks = opendir(path);
	if (!tasks)
		return fail_errno(fail, ESRCH, "it has ended");
	while (found >= 0 && (entry = readdir(tasks))) {
		int id = atoi(entry->d_name), seized;

		if (id <= 0 || is_held(tracee, id))
			continue;
		seized = seize(tracee, id, fail);
		found = seized < 0 ? seized : found + seized;
	}
	closedir(tasks);
	return found;
}

static void drop(struct tracee *tracee, size_t index)
{
	*LIST_AT(tracee->threads, struct tracee_thread, index) =
		*LIST_AT(tracee->threads, struct tracee_thread, tracee->threads.count - 1);
	tracee->threads.count--;
}

/* True when all that are left have stopped. */
static bool look(struct tracee *tracee)
{
	bool all = true;

	for (size_t i = tracee->threads.count; i-- > 0;) {
		struct tracee_thread *thread = LIST_AT(tracee->threads, struct tracee_thread, i);
		int status;
		pid_t id = thread->stopped ? 0 : waitpid(thread->id, &status, __WALL | WNOHANG);

		if (id == 0) {
			all = all && thread->stopped;
		} else if (id < 0 || WIFEXITED(status) || WIFSIGNALED(status)) {
			drop(tracee, i);
		} else {
			thread->stopped = true;
			thread->signal = status >> 16 ? 0 : WSTOPSIG(status);
		}
	}
	return all;
}

static bool await_stopped(struct tracee *tracee)
{
	int64_t until_ns = host_now_ns() + HOLD_NS;

	while (!look(tracee)) {
		if (host_now_ns() >= until_ns)
			return false;
		await_news();
	}
	return true;
}

static int read_places(struct tracee *tracee, struct fail *fail)
{
	LIST_EACH(tracee->threads, struct tracee_thread, thread) {
		struct user_regs_struct registers;
		struct iovec to = {&registers, sizeof(registers)};

		if (thread->signal)
			return fail_set(fail, FAIL_BUSY, "it is about to handle a signal");
		if (ptrace(PTRACE_GETREGSET, thread->id, 1 /* NT_PRSTATUS */, &to) < 0)
			return fail_errno(fail, ESRCH, "it has ended");
		if (to.iov_len != sizeof(registers) || registers.cs != 0x33)
			return fail_set(fail, FAIL_REFUSED, "it runs 32-bit code");
		thread->at = registers.rip;
		thread->stack = registers.rsp;
	}
	return 0;
}

static int hold_all(struct tracee *tracee, uint64_t start_ticks, struct fail *fail)
{
	int found = 1;

	for (int scan = 0; found && scan < SCANS_MAX; scan++) {
		found = seize_new(tracee, fail);
		if (found < 0)
			return -1;
		if (!await_stopped(tracee))
			return fail_set(fail, FAIL_BUSY,
				"a thread of it does not stop: it is in a call that can't be "
				"interrupted");
	}
	if (found)
		return fail_set(fail, FAIL_BUSY, "it starts threads faster than they stop");
	if (!tracee->threads.count || host_process_start(tracee->pid) != start_ticks)
		return fail_errno(fail, ESRCH, "it has ended");
	return read_places(tracee, fail);
}

int tracee_hold(int64_t pid, uint64_t start_ticks, struct tracee *out, struct fail *fail)
{
	char path[PROC_PATH_MAX];

	*out = (struct tracee){.pid = pid, .memory = -1};
	if (check_status(out, fail) < 0)
		return -1;
	if (hold_all(out, start_ticks, fail) < 0) {
		tracee_release(out);
		return -1;
	}
	snprintf(path, sizeof(path), "/proc/%" PRId64 "/mem", pid);
	out->memory = open(path, O_RDONLY | O_CLOEXEC);
	if (out->memory < 0) {
		fail_errno(fail, errno, "its memory");
		tracee_release(out);
		return -1;
	}
	return 0;
}

/* One that has not stopped yet can't be let go before it has. */
void tracee_release(struct tracee *tracee)
{
	int64_t until_ns = host_now_ns() + CALL_NS;

	while (tracee->threads.count) {
		look(tracee);
		for (size_t i = tracee->threads.count; i-- > 0;) {
			struct tracee_thread *thread =
				LIST_AT(tracee->threads, struct tracee_thread, i);

			if (!thread->stopped)
				continue;
			if (ptrace(PTRACE_DETACH, thread->id, 0, (long)thread->signal) < 0 &&
				errno == ESRCH)
				thread->stopped = false;
			else
				drop(tracee, i);
		}
		if (!tracee->threads.count || host_now_ns() >= until_ns)
			break;
		await_news();
	}
	if (tracee->stop)
		kill((pid_t)tracee->pid, SIGSTOP);
	list_free(&tracee->threads);
	if (tracee->memory >= 0)
		close(tracee->memory);
	tracee->memory = -1;
}

/* ---- memory ---- */

int tracee_read(
	const struct tracee *tracee, uint64_t from, void *to, size_t bytes, struct fail *fail)
{
	ssize_t got = pread(tracee->memory, to, bytes, (off_t)from);

	return got == (ssize_t)bytes ? 0
				     : fail_errno(fail, got < 0 ? errno : EFAULT,
					       "reading its memory at %" PRIx64, from);
}

/*
 * Word by word: for a process of another user, /proc/PID/mem opens for reading only, without a
 * power over all files that the injector has given up.
 */
int tracee_write(
	const struct tracee *tracee, uint64_t to, const void *from, size_t bytes, struct fail *fail)
{
	int id = LIST_AT(tracee->threads, struct tracee_thread, 0)->id;

	for (size_t at = 0; at < bytes; at += sizeof(long)) {
		size_t part = bytes - at < sizeof(long) ? bytes - at : sizeof(long);
		long word;

		if (part < sizeof(word) &&
			tracee_read(tracee, to + at, &word, sizeof(word), fail) < 0)
			return -1;
		memcpy(&word, (const char *)from + at, part);
		if (ptrace(PTRACE_POKEDATA, id, to + at, word) < 0)
			return fail_errno(fail, errno, "writing its memory at %" PRIx64, to + at);
	}
	return 0;
}

/* ---- calls ---- */

/* In a restartable sequence a thread may not be taken elsewhere and back: it would miss its abort.
 */
static bool is_in_sequence(const struct tracee *tracee, int id)
{
	struct ptrace_rseq_configuration where = {0};
	struct fail ignored = FAIL_INIT;
	uint64_t sequence = 0;

	if (ptrace(PTRACE_GET_RSEQ_CONFIGURATION, id, sizeof(where), &where) < 0 ||
		!where.rseq_abi_pointer)
		return false;
	/* struct rseq: two words of 32 bits, then rseq_cs. */
	return tracee_read(tracee, where.rseq_abi_pointer + 8, &sequence, sizeof(sequence),
		       &ignored) < 0 ||
		sequence;
}

static struct tracee_thread *choose(const struct tracee *tracee)
{
	LIST_EACH(tracee->threads, struct tracee_thread, thread) {
		if (!thread->signal && !is_in_sequence(tracee, thread->id))
			return thread;
	}
	return NULL;
}

/* Goes on until the next stop, which is to be `wanted`: CALL_STOP, or 0 for the one we ask for. */
static int run_to(struct tracee *tracee, int id, int request, int wanted, struct fail *fail)
{
	int64_t until_ns = host_now_ns() + CALL_NS;

	for (;;) {
		int status = 0;
		pid_t got;

		if (ptrace(request, id, 0, 0) < 0)
			return fail_errno(fail, errno, "it ended meanwhile");
		while ((got = waitpid(id, &status, __WALL | WNOHANG)) == 0) {
			if (host_now_ns() >= until_ns)
				return fail_set(fail, FAIL_REFUSED, "a call of ours does not end");
			await_news();
		}
		if (got < 0 || !WIFSTOPPED(status))
			return fail_errno(fail, ESRCH, "it ended meanwhile");
		if (wanted == CALL_STOP ? WSTOPSIG(status) == CALL_STOP : status >> 16 != 0)
			return 0;
		if (!(status >> 16) && WSTOPSIG(status) == SIGSTOP)
			tracee->stop = true;
	}
}

static int set_registers(int id, const struct user_regs_struct *registers)
{
	struct iovec from = {(void *)registers, sizeof(*registers)};

	return (int)ptrace(PTRACE_SETREGSET, id, 1 /* NT_PRSTATUS */, &from);
}

/*
 * Back where it was, out of a stop of the kind that it was found in: only from there does the
 * kernel restart a call that was interrupted.
 */
static int put_back(struct tracee *tracee, int id, const struct user_regs_struct *before,
	uint64_t mask, struct fail *fail)
{
	if (ptrace(PTRACE_INTERRUPT, id, 0, 0) < 0 || run_to(tracee, id, PTRACE_CONT, 0, fail) < 0)
		return fail->kind ? -1 : fail_errno(fail, errno, "stopping it again");
	if (set_registers(id, before) < 0 || ptrace(PTRACE_SETSIGMASK, id, sizeof(mask), &mask) < 0)
		return fail_errno(fail, errno, "its registers");
	return 0;
}

static int make_call(struct tracee *tracee, int id, const struct tracee_call *call,
	struct user_regs_struct *registers, struct fail *fail)
{
	struct iovec to = {registers, sizeof(*registers)};

	registers->rip = call->at;
	registers->rax = (unsigned long long)call->number;
	registers->orig_rax = (unsigned long long)-1;
	registers->rdi = call->arguments[0];
	registers->rsi = call->arguments[1];
	registers->rdx = call->arguments[2];
	registers->r10 = call->arguments[3];
	registers->r8 = call->arguments[4];
	registers->r9 = call->arguments[5];
	if (set_registers(id, registers) < 0)
		return fail_errno(fail, errno, "its registers");
	/* Into the call, and out of it. */
	for (int stops = 0; stops < 2; stops++)
		if (run_to(tracee, id, PTRACE_SYSCALL, CALL_STOP, fail) < 0)
			return -1;
	if (ptrace(PTRACE_GETREGSET, id, 1 /* NT_PRSTATUS */, &to) < 0)
		return fail_errno(fail, errno, "its registers");
	return 0;
}

int tracee_call(struct tracee *tracee, const struct tracee_call *call, struct fail *fail)
{
	const struct tracee_thread *thread = choose(tracee);
	struct user_regs_struct before, registers;
	struct iovec to = {&before, sizeof(before)};
	uint64_t mask, all = ~UINT64_C(0);
	struct fail back = FAIL_INIT;
	long answer;

	if (!thread)
		return fail_set(fail, FAIL_BUSY, "no thread of it can be asked now");
	if (ptrace(PTRACE_GETREGSET, thread->id, 1 /* NT_PRSTATUS */, &to) < 0 ||
		ptrace(PTRACE_GETSIGMASK, thread->id, sizeof(mask), &mask) < 0 ||
		ptrace(PTRACE_SETSIGMASK, thread->id, sizeof(all), &all) < 0)
		return fail_errno(fail, errno, "its registers");
	registers = before;
	if (make_call(tracee, thread->id, call, &registers, fail) < 0) {
		put_back(tracee, thread->id, &before, mask, &back);
		return fail_context(fail, "%s", call->name);
	}
	if (put_back(tracee, thread->id, &before, mask, fail) < 0)
		return -1;
	answer = (long)registers.rax;
	if (answer < 0 && answer > -4096) {
		fail_errno(fail, (int)answer, "%s", call->name);
		fail->kind = FAIL_REFUSED;
		return -1;
	}
	return 0;
}
