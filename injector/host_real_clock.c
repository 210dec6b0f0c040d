/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "contract/units.h"
#include "injector/clock/detour.h"
#include "injector/clock/hold.h"
#include "injector/clock/maps.h"
#include "injector/clock/skew.h"
#include "injector/host.h"
#include "injector/host_real.h"
#include "injector/host_real_power.h"
#include "injector/lists.h"

enum {
	PROC_PATH_MAX = 96,
	MAPS_BYTES_MAX = 16 * 1024 * 1024,
	TRIES_MAX = 40, /* six tenths of a second, and what each stop takes */
	PASSES_MAX = 10
};
/*
 * Between two tries, twice as long each time: on a busy machine a thread that is let go may wait
 * for its processor for longer than the shortest, and would be stopped again where it stood.
 */
#define AGAIN_NS NS_PER_MS
#define AGAIN_MAX_NS (16 * NS_PER_MS)
#define SHARED_NAME "/dev/zero (deleted)" /* what the kernel calls shared anonymous memory */

struct host_clock {
	struct clock_control *control;
	size_t threads;
};

void host_clocks_now(struct clock_moment *out)
{
	static const clockid_t clocks[LINES] = {
		[LINE_REAL] = CLOCK_REALTIME,
		[LINE_TAI] = CLOCK_TAI,
		[LINE_MONOTONIC] = CLOCK_MONOTONIC,
		[LINE_RAW] = CLOCK_MONOTONIC_RAW,
		[LINE_BOOT] = CLOCK_BOOTTIME,
	};

	for (int line = 0; line < LINES; line++) {
		struct timespec now;

		clock_gettime(clocks[line], &now);
		out->at_ns[line] = now.tv_sec * NS_PER_SEC + now.tv_nsec;
	}
}

static char *maps_text(int64_t pid)
{
	size_t length;

	return real_proc_text(pid, "maps", MAPS_BYTES_MAX, &length);
}

static int read_maps(int64_t pid, struct list *out, struct fail *fail)
{
	char *text = maps_text(pid);

	if (!text)
		return fail_errno(fail, ESRCH, "its memory");
	maps_parse(text, out);
	free(text);
	return 0;
}

/* What a process has mapped there, to be shared with it. */
static int open_mapped(int64_t pid, uint64_t from, uint64_t to, struct fail *fail)
{
	char path[PROC_PATH_MAX];
	bool raised;
	int file, error;

	snprintf(path, sizeof(path), "/proc/%" PRId64 "/map_files/%" PRIx64 "-%" PRIx64, pid, from,
		to);
	raised = real_power_raise(CAP_SYS_ADMIN);
	file = open(path, O_RDWR | O_CLOEXEC);
	error = errno;
	real_power_lower(CAP_SYS_ADMIN, raised);
	if (file < 0)
		return fail_errno(fail, error, "its control page");
	return file;
}

/* ---- attaching ---- */

/* A shift of the steady clocks that its namespace makes would be taken for ours. */
static int check_time_namespace(int64_t pid, struct fail *fail)
{
	char path[PROC_PATH_MAX];
	struct stat own, theirs;

	snprintf(path, sizeof(path), "/proc/%" PRId64 "/ns/time", pid);
	if (stat("/proc/self/ns/time", &own) < 0 || stat(path, &theirs) < 0)
		return 0;
	return own.st_ino == theirs.st_ino
		? 0
		: fail_set(fail, FAIL_REFUSED, "it lives in a time namespace of its own");
}

/*
 * A target may have put something else there in the meantime. Nothing is written but to a file that
 * begins with what we wrote, and nothing is mapped but shared anonymous memory, which nobody can
 * cut off under us: a memfd has another name, and a file another device.
 */
static bool is_control(int file, uint64_t key)
{
	int memory = memfd_create("backburn", MFD_CLOEXEC);
	struct stat own = {0}, theirs = {0};
	struct clock_control control = {0};
	char path[PROC_PATH_MAX], name[PROC_PATH_MAX] = "";
	bool same;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	same = memory >= 0 && fstat(memory, &own) == 0 && fstat(file, &theirs) == 0 &&
		own.st_dev == theirs.st_dev && readlink(path, name, sizeof(name) - 1) > 0 &&
		strcmp(name, SHARED_NAME) == 0;
	if (memory >= 0)
		close(memory);
	return same && pread(file, &control, sizeof(control), 0) == sizeof(control) &&
		control.magic == CLOCK_MAGIC && control.key == key;
}

static int share(const struct host_clock_order *order, uint64_t pages, struct host_clock *clock,
	struct fail *fail)
{
	uint64_t from = pages + CLOCK_PAGE_BYTES;
	int file = open_mapped(order->pid, from, from + CLOCK_PAGE_BYTES, fail), result;

	if (file < 0)
		return -1;
	result = is_control(file, order->key)
		? hold_page(file, &clock->control, fail)
		: fail_set(fail, FAIL_REFUSED, "it has changed its control page");
	close(file);
	return result;
}

/* So that it is found again by whoever heals it. */
static int name_pages(int64_t pid, const struct detour *detour, uint64_t key, struct fail *fail)
{
	const struct clock_control control = {.magic = CLOCK_MAGIC, .key = key};
	uint64_t from = detour->pages + CLOCK_PAGE_BYTES;
	int file = open_mapped(pid, from, from + 2 * CLOCK_PAGE_BYTES, fail);
	ssize_t put;

	if (file < 0)
		return -1;
	put = pwrite(file, &control, sizeof(control), 0);
	close(file);
	return put == sizeof(control) ? 0 : fail_errno(fail, EIO, "its control page");
}

static int fill(struct tracee *tracee, const struct detour *detour, uint64_t key, struct fail *fail)
{
	struct fail undoing = FAIL_INIT;

	if (name_pages(tracee->pid, detour, key, fail) == 0 &&
		detour_seal(tracee, detour, fail) == 0 && detour_lead(tracee, detour, fail) == 0)
		return 0;
	if (detour_restore(tracee, detour, &undoing) < 0 ||
		detour_unmap(tracee, detour, &undoing) < 0)
		fail_context(fail, "%s; before", undoing.text);
	return -1;
}

/* ---- work on a target, in a process of its own ---- */

struct job {
	const struct host_clock_order *order;
	const struct vdso *vdso;
};

struct job_result {
	int result;
	struct fail fail;
	uint64_t pages;
	size_t threads;
	bool was;
};

/*
 * What a process does for the first time after it was forked is slow, since it touches memory that
 * it does not have yet. So it looks once while the target still runs.
 */
static void rehearse(int64_t pid)
{
	struct list maps = {0};
	struct fail ignored = FAIL_INIT;

	read_maps(pid, &maps, &ignored);
	list_free(&maps);
}

static int try_attach(const struct job *job, struct job_result *out)
{
	struct list maps = {0};
	struct tracee tracee;
	struct detour detour = {0};
	struct fail *fail = &out->fail;
	int result;

	rehearse(job->order->pid);
	if (tracee_hold(job->order->pid, job->order->start_ticks, &tracee, fail) < 0)
		return -1;
	out->threads = tracee.threads.count;
	result = read_maps(job->order->pid, &maps, fail);
	if (result == 0)
		result = detour_find(&tracee, job->vdso, &maps, &detour, fail);
	if (result == 0)
		result = detour_make_pages(&tracee, &detour, fail);
	if (result == 0)
		result = fill(&tracee, &detour, job->order->key, fail);
	out->pages = detour.pages;
	list_free(&maps);
	tracee_release(&tracee);
	return result;
}

/*
 * A thread that makes a call for us does not find back when its tracer dies in that instant. So the
 * tracer is another process, which no signal reaches that is meant for this one, and which brings
 * to its end what it has begun whatever becomes of this one.
 */
static int run_apart(int (*work)(const struct job *job, struct job_result *out),
	const struct job *job, struct job_result *out, struct fail *fail)
{
	sigset_t all, before;
	ssize_t got = -1;
	pid_t child;
	int ends[2];

	*out = (struct job_result){0};
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(fail, errno, "pipe");
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	/*
	 * Without what libraries do at a fork: in the guardian, which has closed what the injector
	 * had opened, they would close files of ours.
	 */
	child = _Fork();
	if (child == 0) {
		setsid();
		signal(SIGCHLD, SIG_DFL);
		out->result = work(job, out);
		_exit(write(ends[1], out, sizeof(*out)) == sizeof(*out) ? 0 : 1);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(ends[1]);
	if (child < 0)
		fail_errno(fail, errno, "fork");
	while (child > 0 && (got = read(ends[0], out, sizeof(*out))) < 0 && errno == EINTR)
		;
	close(ends[0]);
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	if (child < 0)
		return -1;
	if (got != sizeof(*out))
		return fail_set(fail, FAIL_SYSTEM, "what was to hold it died");
	if (out->result < 0)
		*fail = out->fail;
	return out->result;
}

static void pause_before_try(int number)
{
	int64_t again_ns = AGAIN_NS;

	while (--number > 0 && again_ns < AGAIN_MAX_NS)
		again_ns *= 2;
	host_pause(again_ns);
}

static int attach(const struct host_clock_order *order, const struct vdso *vdso,
	struct host_clock *clock, struct fail *fail)
{
	const struct job job = {.order = order, .vdso = vdso};
	struct fail undoing = FAIL_INIT;
	struct job_result told;
	size_t healed;

	for (int i = 0;; i++) {
		struct fail each = FAIL_INIT;

		if (run_apart(try_attach, &job, &told, &each) == 0)
			break;
		*fail = each;
		if (each.kind != FAIL_BUSY || i == TRIES_MAX)
			return -1;
		pause_before_try(i + 1);
	}
	*fail = FAIL_INIT;
	clock->threads = told.threads;
	if (share(order, told.pages, clock, fail) == 0)
		return 0;
	if (host_clock_heal(order->key, &healed, &undoing) < 0)
		fail_context(fail, "%s; before", undoing.text);
	return -1;
}

int host_clock_attach(
	const struct host_clock_order *order, struct host_clock **out, struct fail *fail)
{
	struct host_clock *clock;
	struct vdso vdso;

	if (detour_probe(&vdso, fail) < 0 || check_time_namespace(order->pid, fail) < 0)
		return -1;
	clock = must_alloc(sizeof(*clock));
	if (attach(order, &vdso, clock, fail) < 0) {
		free(clock);
		return -1;
	}
	*out = clock;
	return 0;
}

struct clock_control *host_clock_control(const struct host_clock *clock)
{
	return clock->control;
}

uint64_t host_clock_calls(const struct host_clock *clock)
{
	return __atomic_load_n(&hold_counts(clock->control)->calls, __ATOMIC_RELAXED);
}

size_t host_clock_threads(const struct host_clock *clock)
{
	return clock->threads;
}

void host_clock_free(struct host_clock *clock)
{
	if (!clock)
		return;
	hold_drop(clock->control);
	free(clock);
}

/* ---- healing ---- */

/* The control page of an attachment, as a process has it mapped; it is switched off at once. */
static bool find_control(int64_t pid, const struct list *maps, uint64_t key, uint64_t *out_at)
{
	LIST_EACH(*maps, const struct map, map) {
		struct fail ignored = FAIL_INIT;
		uint32_t off = 0;
		bool found;
		int file;

		if (map->rights[3] != 's' || map->offset || strcmp(map->name, SHARED_NAME) != 0)
			continue;
		file = open_mapped(pid, map->from, map->to, &ignored);
		if (file < 0)
			continue;
		found = is_control(file, key) &&
			pwrite(file, &off, sizeof(off), offsetof(struct clock_control, on)) > 0;
		close(file);
		if (!found)
			continue;
		*out_at = map->from - CLOCK_PAGE_BYTES;
		return true;
	}
	return false;
}

/* The three pages as we made them, and nothing else, are taken away. */
static bool are_ours(const struct list *maps, uint64_t at)
{
	const struct map *stub = maps_at(maps, at);
	const struct map *control = maps_at(maps, at + CLOCK_PAGE_BYTES);
	const struct map *counts = maps_at(maps, at + 2 * CLOCK_PAGE_BYTES);

	if (!stub || stub->to != at + CLOCK_PAGE_BYTES || stub->inode || !control)
		return false;
	/* Before the control page was sealed, both shared pages were one mapping. */
	if (control->to == at + 3 * CLOCK_PAGE_BYTES)
		return true;
	return counts && counts->to == at + 3 * CLOCK_PAGE_BYTES &&
		counts->inode == control->inode && strcmp(counts->device, control->device) == 0;
}

static int try_heal(const struct job *job, struct job_result *out)
{
	struct detour detour = {.vdso = job->vdso};
	struct fail *fail = &out->fail;
	int64_t pid = job->order->pid;
	struct list maps = {0};
	const struct map *map;
	struct tracee tracee;
	int result = 0;

	rehearse(pid);
	if (tracee_hold(pid, job->order->start_ticks, &tracee, fail) < 0)
		return -1;
	if (read_maps(pid, &maps, fail) < 0) {
		tracee_release(&tracee);
		return -1;
	}
	map = maps_named(&maps, "[vdso]");
	out->was = find_control(pid, &maps, job->order->key, &detour.pages);
	if (out->was && map && map->to - map->from >= job->vdso->length) {
		detour.vdso_at = map->from;
		result = detour_restore(&tracee, &detour, fail);
		if (result == 0 && are_ours(&maps, detour.pages))
			result = detour_unmap(&tracee, &detour, fail);
	}
	list_free(&maps);
	tracee_release(&tracee);
	return result;
}

static bool may_have(int64_t pid, uint64_t key)
{
	char *text = maps_text(pid);
	struct list maps;
	uint64_t at;
	bool found = false;

	if (text && strstr(text, SHARED_NAME)) {
		maps_parse(text, &maps);
		found = find_control(pid, &maps, key, &at);
		list_free(&maps);
	}
	free(text);
	return found;
}

static int heal_one(
	int64_t pid, uint64_t key, const struct vdso *vdso, size_t *healed, struct fail *fail)
{
	const struct host_clock_order order = {
		.pid = pid, .start_ticks = host_process_start(pid), .key = key};
	const struct job job = {.order = &order, .vdso = vdso};

	for (int i = 0; i < TRIES_MAX; i++) {
		struct fail each = FAIL_INIT;
		struct job_result told;

		if (run_apart(try_heal, &job, &told, &each) == 0) {
			*healed += told.was;
			return 0;
		}
		/* It ended, or runs another program by now. */
		if (each.error == ESRCH || !may_have(pid, key))
			return 0;
		*fail = each;
		if (each.kind != FAIL_BUSY)
			break;
		pause_before_try(i + 1);
	}
	return fail_context(fail, "process %" PRId64, pid);
}

/* Returns how many were found. */
static int heal_pass(uint64_t key, const struct vdso *vdso, size_t *healed, struct fail *fail)
{
	struct list pids;
	int found = 0;

	if (host_process_list(&pids, fail) < 0)
		return -1;
	LIST_EACH(pids, const int64_t, pid) {
		if (*pid == getpid() || !may_have(*pid, key))
			continue;
		if (heal_one(*pid, key, vdso, healed, fail) < 0)
			found = -1;
		else if (found >= 0)
			found++;
	}
	list_free(&pids);
	return found;
}

/* Children that it has forked since have the same pages, and new ones may come while we look. */
int host_clock_heal(uint64_t key, size_t *out_healed, struct fail *fail)
{
	struct vdso vdso;
	int found = 1;

	*out_healed = 0;
	if (detour_probe(&vdso, fail) < 0)
		return -1;
	for (int pass = 0; found > 0 && pass < PASSES_MAX; pass++)
		found = heal_pass(key, &vdso, out_healed, fail);
	if (found > 0)
		return fail_set(fail, FAIL_BUSY, "it forks faster than it is healed");
	return found;
}
