/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/guard/grip.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "contract/units.h"
#include "injector/host.h"
#include "injector/lists.h"
#include "injector/log.h"

enum {
	SCANS_MAX = 100, /* for threads, while new ones come */
	PROC_PATH_MAX = 64,
	STATUS_BYTES_MAX = 8192,
	EVENTS_BYTES_MAX = 256
};

/* ---- by ptrace ---- */

static bool is_traced(const struct grip *grip, pid_t id)
{
	LIST_EACH(grip->threads, const struct grip_thread, thread) {
		if (thread->id == id)
			return true;
	}
	return false;
}

/* Whether it was there; an error only when another traces it or it may not be traced. */
static int seize(struct grip *grip, pid_t id)
{
	if (ptrace(PTRACE_SEIZE, id, 0, 0) < 0)
		return errno == ESRCH ? 0 : -errno;
	*(struct grip_thread *)list_push(&grip->threads, sizeof(struct grip_thread)) =
		(struct grip_thread){.id = id};
	return ptrace(PTRACE_INTERRUPT, id, 0, 0) < 0 && errno != ESRCH ? -errno : 1;
}

/* Threads that are not traced yet. Returns how many it found. */
static int seize_new(struct grip *grip)
{
	char path[PROC_PATH_MAX];
	struct dirent *entry;
	int found = 0;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%lld/task", (long long)grip->order.pid);
	tasks = opendir(path);
	if (!tasks)
		return errno == ENOENT ? 0 : -errno;
	while (found >= 0 && (entry = readdir(tasks))) {
		pid_t id = (pid_t)atoi(entry->d_name);
		int seized;

		if (id <= 0 || is_traced(grip, id))
			continue;
		seized = seize(grip, id);
		found = seized < 0 ? seized : found + seized;
	}
	closedir(tasks);
	return found;
}

static struct grip_thread *thread_at(const struct grip *grip, size_t index)
{
	return LIST_AT(grip->threads, struct grip_thread, index);
}

static void drop_thread(struct grip *grip, struct grip_thread *thread)
{
	*thread = *thread_at(grip, --grip->threads.count);
}

/* What threads have come to since; true when all that are left have stopped. */
static bool look_at_threads(struct grip *grip)
{
	bool all = true;

	for (size_t i = grip->threads.count; i-- > 0;) {
		struct grip_thread *thread = thread_at(grip, i);
		int status;
		pid_t id = waitpid(thread->id, &status, __WALL | WNOHANG);

		if (id == 0) {
			all = all && thread->stopped;
		} else if (id < 0 || WIFEXITED(status) || WIFSIGNALED(status)) {
			drop_thread(grip, thread);
		} else {
			/* A trap of ours has the event in its upper half. A signal has not. */
			thread->stopped = true;
			thread->signal = status >> 16 ? 0 : WSTOPSIG(status);
		}
	}
	return all;
}

static void await_child(int64_t until_ns)
{
	int64_t left_ns = until_ns - host_now_ns();
	struct timespec patience = {
		.tv_sec = left_ns / NS_PER_SEC, .tv_nsec = left_ns % NS_PER_SEC};
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	if (left_ns > 0)
		sigtimedwait(&child, NULL, &patience);
}

static int count_loose(const struct grip *grip)
{
	int loose = 0;

	LIST_EACH(grip->threads, const struct grip_thread, thread) {
		loose += !thread->stopped;
	}
	return loose;
}

/* Threads start others until they stop: looked for until a look finds none. */
static int hold_traced(struct grip *grip)
{
	int64_t until_ns = host_now_ns() + GRIP_WAIT_NS;

	for (int scan = 0; scan < SCANS_MAX; scan++) {
		int found = seize_new(grip);

		if (found < 0)
			return found;
		while (!look_at_threads(grip) && host_now_ns() < until_ns)
			await_child(until_ns);
		if (!found)
			break;
	}
	/* Its number may have become another's just before it was seized. */
	if (!grip->threads.count ||
		host_process_start(grip->order.pid) != (uint64_t)grip->order.start_ticks) {
		grip->gone = true;
		return -ESRCH;
	}
	return count_loose(grip);
}

static void let_threads_go(struct grip *grip)
{
	for (size_t i = grip->threads.count; i-- > 0;) {
		struct grip_thread *thread = thread_at(grip, i);

		if (!thread->stopped)
			continue;
		/* ESRCH: it was killed meanwhile, and its end is still to be waited for. */
		if (ptrace(PTRACE_DETACH, thread->id, 0, thread->signal) < 0 && errno == ESRCH)
			thread->stopped = false;
		else
			drop_thread(grip, thread);
	}
	grip->leaving = grip->threads.count > 0;
	if (!grip->leaving)
		list_free(&grip->threads);
}

/* ---- by signals ---- */

static int send_signal(const struct grip *grip, int number)
{
	return pidfd_send_signal(grip->file, number, NULL, 0) < 0 ? -errno : 0;
}

/* ---- by the freezer ---- */

static int read_below(int directory, const char *name, char *text, size_t size)
{
	int file = openat(directory, name, O_RDONLY | O_CLOEXEC);
	ssize_t got = file < 0 ? -1 : read(file, text, size - 1);
	int error = errno;

	text[got > 0 ? got : 0] = '\0';
	if (file >= 0)
		close(file);
	return got < 0 ? -error : 0;
}

static int write_freeze(const struct grip *grip, const char *digit)
{
	int file = openat(grip->file, "cgroup.freeze", O_WRONLY | O_CLOEXEC);
	int result = file >= 0 && write(file, digit, 1) == 1 ? 0 : -errno;

	if (file >= 0)
		close(file);
	return result;
}

static bool is_frozen(int events)
{
	char text[EVENTS_BYTES_MAX];
	ssize_t got = pread(events, text, sizeof(text) - 1, 0);

	text[got > 0 ? got : 0] = '\0';
	return strstr(text, "frozen 1") != NULL;
}

/* The kernel tells of a change of cgroup.events as urgent data. */
static int await_frozen(const struct grip *grip)
{
	int events = openat(grip->file, "cgroup.events", O_RDONLY | O_CLOEXEC);
	int64_t until_ns = host_now_ns() + GRIP_WAIT_NS;
	struct pollfd change = {.fd = events, .events = POLLPRI};
	bool frozen;

	if (events < 0)
		return -errno;
	while (!(frozen = is_frozen(events)) && host_now_ns() < until_ns)
		poll(&change, 1, (int)((until_ns - host_now_ns()) / NS_PER_MS) + 1);
	close(events);
	return frozen ? 0 : 1;
}

static int hold_frozen(struct grip *grip)
{
	int result = write_freeze(grip, "1");

	if (result == -ENODEV || result == -ENOENT)
		grip->gone = true;
	return result < 0 ? result : await_frozen(grip);
}

/* ---- what the host does ---- */

/* An errno says little of it; the rest is for whoever reads what the injector says. */
static int host_error(const struct fail *fail)
{
	log_line("guardian: %s", fail->text);
	return fail->error ? -fail->error : -EIO;
}

static int release_gate(const struct grip *grip)
{
	struct fail fail = FAIL_INIT;
	size_t count;

	return host_gate_release(grip->order.path, grip->order.cgroup, &count, &fail) < 0
		? host_error(&fail)
		: 0;
}

static int step_clock(struct grip *grip)
{
	struct fail fail = FAIL_INIT;

	return step_make(&grip->order.step, &grip->step, &fail) < 0 ? host_error(&fail) : 0;
}

static int set_clock_right(struct grip *grip)
{
	struct fail fail = FAIL_INIT;

	return step_undo(&grip->order.step, &grip->step, &fail) < 0 ? host_error(&fail) : 0;
}

/* ---- taking ---- */

/* "State:\tT (stopped)", "TracerPid:\t0". */
static int check_status(int64_t pid)
{
	char path[PROC_PATH_MAX], text[STATUS_BYTES_MAX];
	const char *state, *tracer;
	int result;

	snprintf(path, sizeof(path), "/proc/%lld/status", (long long)pid);
	result = read_below(AT_FDCWD, path, text, sizeof(text));
	if (result < 0)
		return result == -ENOENT ? -ESRCH : result;
	state = strstr(text, "\nState:\t");
	tracer = strstr(text, "\nTracerPid:\t");
	if (!state || !tracer)
		return -EIO;
	if (strchr("ZX", state[strlen("\nState:\t")]))
		return -ESRCH;
	if (atoi(tracer + strlen("\nTracerPid:\t")))
		return -EBUSY;
	return state[strlen("\nState:\t")] == 'T' ? -EALREADY : 0;
}

static int take_process(struct grip *grip)
{
	grip->file = pidfd_open((pid_t)grip->order.pid, 0);
	if (grip->file < 0)
		return -errno;
	if (host_process_start(grip->order.pid) != (uint64_t)grip->order.start_ticks)
		return -ESRCH;
	return check_status(grip->order.pid);
}

static int take_cgroup(struct grip *grip)
{
	char text[EVENTS_BYTES_MAX];
	struct stat status;
	int result;

	grip->order.path[GUARD_PATH_MAX - 1] = '\0';
	grip->file = open(grip->order.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (grip->file < 0)
		return -errno;
	if (fstat(grip->file, &status) < 0 || status.st_ino != grip->order.cgroup)
		return -ENOENT;
	if (faccessat(grip->file, "cgroup.freeze", W_OK, AT_EACCESS) < 0)
		return -errno;
	result = read_below(grip->file, "cgroup.freeze", text, sizeof(text));
	if (result < 0)
		return result;
	return text[0] == '1' ? -EALREADY : 0;
}

int grip_take(struct grip *grip, const struct guard_order *order)
{
	int result = -EINVAL;

	*grip = (struct grip){.order = *order, .file = -1};
	switch ((enum grip_kind)order->kind) {
	case GRIP_TRACE:
	case GRIP_STOP:
		result = take_process(grip);
		break;
	case GRIP_FREEZE:
		result = take_cgroup(grip);
		break;
	case GRIP_GATE:
		grip->order.path[GUARD_PATH_MAX - 1] = '\0';
		result = 0;
		break;
	case GRIP_STEP:
		result = 0;
		break;
	}
	if (result < 0 && grip->file >= 0) {
		close(grip->file);
		grip->file = -1;
	}
	return result;
}

/* ---- holding and letting go ---- */

int grip_hold(struct grip *grip)
{
	int result = -EINVAL;

	if (grip->gone || grip->leaving)
		return grip->gone ? -ESRCH : -EBUSY;
	switch ((enum grip_kind)grip->order.kind) {
	case GRIP_TRACE:
		result = hold_traced(grip);
		if (result < 0)
			let_threads_go(grip);
		break;
	case GRIP_STOP:
		result = send_signal(grip, SIGSTOP);
		grip->gone = result == -ESRCH;
		break;
	case GRIP_FREEZE:
		result = hold_frozen(grip);
		break;
	case GRIP_GATE:
		result = 0;
		break;
	case GRIP_STEP:
		result = step_clock(grip);
		break;
	}
	grip->held = result >= 0;
	return result;
}

int grip_let_go(struct grip *grip)
{
	int result = 0;

	if (!grip->held)
		return 0;
	grip->held = false;
	switch ((enum grip_kind)grip->order.kind) {
	case GRIP_TRACE:
		look_at_threads(grip);
		let_threads_go(grip);
		break;
	case GRIP_STOP:
		result = send_signal(grip, SIGCONT);
		break;
	case GRIP_FREEZE:
		result = write_freeze(grip, "0");
		break;
	case GRIP_GATE:
		result = release_gate(grip);
		break;
	case GRIP_STEP:
		result = set_clock_right(grip);
		break;
	}
	/* What has ended needs no letting go. */
	if (result == -ESRCH || result == -ENODEV || result == -ENOENT) {
		grip->gone = true;
		result = 0;
	}
	return result;
}

void grip_settle(struct grip *grip)
{
	if (grip->order.kind != GRIP_TRACE || !grip->threads.count)
		return;
	look_at_threads(grip);
	if (grip->leaving)
		let_threads_go(grip);
	else if (!grip->threads.count)
		grip->gone = true;
}

void grip_drop(struct grip *grip)
{
	grip_let_go(grip);
	list_free(&grip->threads);
	if (grip->file >= 0)
		close(grip->file);
	grip->file = -1;
}
