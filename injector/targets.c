/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/targets.h"

#include <assert.h>
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/failpoint.h"
#include "contract/units.h"
#include "injector/listeners.h"
#include "injector/lists.h"
#include "injector/parts.h"
#include "injector/policy.h"
#include "injector/systemd.h"

enum {
	ANCESTORS_MAX = 64,
	TEXT_MAX = 512
};

/* Ticks are hundredths of a second, and a daemon may write its pidfile as its first act. */
#define PIDFILE_SLACK_NS NS_PER_SEC

static const char *const spared_words[] = {
	[SPARED_INIT] = "pid 1",
	[SPARED_CARRIER] = "this injector or what carries it",
	[SPARED_UNREADABLE] = "whose program can't be read",
	[SPARED_BACKBURN] = "part of backburn",
	[SPARED_POLICY] = "protected by this host's policy",
	[SPARED_OUTSIDE] = "outside of the cgroup that this injector is confined to",
};
static_assert(sizeof(spared_words) / sizeof(char *) == SPARED_KINDS, "a word each");

/* What a search needs and a selector does not say. */
struct look {
	const struct process_selector *selector;
	const struct target_guard *guard;
	char *confinement; /* below the cgroup v2 mount, or NULL */
	char *own_exe;
	int64_t carriers[ANCESTORS_MAX];
	size_t carrier_count;
	int64_t pidfile_pid;   /* 0: no pidfile */
	struct list listening; /* of uint64_t: inodes of the sockets that listen on the port */
};

/* ---- preparing ---- */

static void find_carriers(struct look *look)
{
	for (int64_t pid = look->guard->self; pid > 0 && look->carrier_count < ANCESTORS_MAX;
		pid = host_process_parent(pid))
		look->carriers[look->carrier_count++] = pid;
}

/*
 * A pidfile may be stale: the pid is another process's by now. That one began after the file was
 * written. And a service that may write its own pidfile must not be able to name somebody else's
 * process in it.
 */
static int read_pidfile(struct look *look, struct fail *fail)
{
	const char *path = look->selector->pidfile;
	struct host_process process;
	struct host_pidfile file;
	int result = 0;

	if (host_pidfile_read(path, &file, fail) < 0) {
		fail->kind = FAIL_REFUSED;
		return -1;
	}
	look->pidfile_pid = file.pid;
	if (!host_process_read(file.pid, &process))
		return 0;
	if (file.uid != 0 && file.uid != process.uid)
		result = fail_set(fail, FAIL_REFUSED,
			"pidfile %.200s belongs to uid %" PRId64 ", process %" PRId64
			" to uid %" PRId64 ": its owner could name anybody",
			path, file.uid, file.pid, process.uid);
	else if (host_ticks_wall_ns(process.start_ticks) > file.written_ns + PIDFILE_SLACK_NS)
		result = fail_set(fail, FAIL_REFUSED,
			"pidfile %.200s is stale: process %" PRId64
			" began after it was written (or the clock was set since)",
			path, file.pid);
	host_process_deinit(&process);
	return result;
}

static int look_init(struct look *look, const struct process_selector *selector,
	const struct target_guard *guard, struct fail *fail)
{
	struct host_process self;

	*look = (struct look){.selector = selector, .guard = guard};
	/* The table refuses this; but it would mean everybody, so it is looked at where it counts.
	 */
	if (!selector->exe && !selector->cmdline && !selector->pidfile && !selector->cgroup &&
		!selector->unit && !selector->port)
		return fail_set(fail, FAIL_INTERNAL, "a selector that would match every process");
	if (!host_process_read(guard->self, &self))
		return fail_set(fail, FAIL_SYSTEM, "this injector is not in /proc");
	look->own_exe = self.exe;
	self.exe = NULL;
	host_process_deinit(&self);
	find_carriers(look);
	if (guard->confinement &&
		host_cgroup_below(guard->confinement, &look->confinement, fail) < 0)
		return -1;
	if (selector->port && listeners_find(selector->port, &look->listening, fail) < 0)
		return -1;
	return selector->pidfile ? read_pidfile(look, fail) : 0;
}

static void look_deinit(struct look *look)
{
	free(look->confinement);
	free(look->own_exe);
	list_free(&look->listening);
}

/* ---- matching ---- */

static bool is_candidate(const struct host_process *process)
{
	return !process->kernel && !process->dead;
}

static bool looks_right(const struct look *look, const struct host_process *process)
{
	const struct process_selector *selector = look->selector;

	if (selector->exe && (!process->exe || strcmp(selector->exe, process->exe) != 0))
		return false;
	if (selector->pidfile && look->pidfile_pid != process->pid)
		return false;
	if (selector->cgroup && !cgroup_is_within(process->cgroup, selector->cgroup))
		return false;
	if (selector->unit && !unit_part_of(process->cgroup, selector->unit))
		return false;
	return !selector->cmdline ||
		(process->cmdline && fnmatch(selector->cmdline, process->cmdline, 0) == 0);
}

/* What is in its descriptors is looked at last, since that takes a system call for each. */
static int matches(
	const struct look *look, const struct host_process *process, bool *out, struct fail *fail)
{
	*out = is_candidate(process) && looks_right(look, process);
	if (!*out || !look->selector->port)
		return 0;
	return listeners_held_by(process->pid, &look->listening, out, fail);
}

static bool is_protected(const struct look *look, const struct host_process *process)
{
	for (size_t i = 0; i < look->guard->policy_count; i++)
		if (policy_protects(&look->guard->policies[i], process->exe, process->cgroup))
			return true;
	return false;
}

/* SPARED_KINDS: it may be hit. */
static enum target_spared spared_as(const struct look *look, const struct host_process *process)
{
	if (process->pid == 1)
		return SPARED_INIT;
	for (size_t i = 0; i < look->carrier_count; i++)
		if (look->carriers[i] == process->pid)
			return SPARED_CARRIER;
	if (!process->exe)
		return SPARED_UNREADABLE;
	if (part_is_ours(process->exe, look->own_exe))
		return SPARED_BACKBURN;
	if (is_protected(look, process))
		return SPARED_POLICY;
	if (look->confinement && !cgroup_is_within(process->cgroup, look->confinement))
		return SPARED_OUTSIDE;
	return SPARED_KINDS;
}

/* ---- searching ---- */

static int by_age(const void *a, const void *b)
{
	const struct host_process *x = a, *y = b;

	if (x->start_ticks != y->start_ticks)
		return x->start_ticks < y->start_ticks ? -1 : 1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

static int by_memory(const void *a, const void *b)
{
	const struct host_process *x = a, *y = b;

	if (x->rss != y->rss)
		return x->rss > y->rss ? -1 : 1;
	return by_age(a, b);
}

static int consider(
	const struct look *look, int64_t pid, struct target_search *search, struct fail *fail)
{
	enum target_spared spared;
	struct host_process process;
	bool is_meant;
	int result;

	if (!host_process_read(pid, &process))
		return 0;
	result = matches(look, &process, &is_meant, fail);
	if (result == 0 && is_meant) {
		spared = spared_as(look, &process);
		if (spared == SPARED_KINDS) {
			*(struct host_process *)list_push(&search->found, sizeof(process)) =
				process;
			return 0;
		}
		search->spared[spared]++;
	}
	host_process_deinit(&process);
	return result;
}

static int cut_to_count(
	const struct process_selector *selector, struct target_search *search, struct fail *fail)
{
	size_t count = selector->count ? (size_t)selector->count : search->found.count;
	struct host_process *found = search->found.items;

	if (search->found.count) {
		qsort(found, search->found.count, sizeof(*found),
			selector->largest == RANK_MEMORY ? by_memory : by_age);
		if (search->found.count < count)
			return fail_set(fail, FAIL_REFUSED,
				"%zu processes match, and \"count\" asks for %zu",
				search->found.count, count);
	}
	if (!selector->count && count > PROCESSES_MAX)
		return fail_set(fail, FAIL_REFUSED,
			"%zu processes match; one fault hits at most %d on a node (narrow the "
			"selection, or give a \"count\")",
			count, PROCESSES_MAX);
	while (search->found.count > count)
		host_process_deinit(&found[--search->found.count]);
	return 0;
}

int64_t target_began_ns(const struct host_process *process)
{
	int64_t age_ns = host_wall_ns() - host_ticks_wall_ns(process->start_ticks);

	return host_now_ns() - age_ns;
}

/* When it began is asked first: that is one file of each process instead of five. */
static bool began_after(int64_t pid, int64_t after_ns)
{
	const struct host_process process = {.start_ticks = host_process_start(pid)};

	return process.start_ticks && target_began_ns(&process) > after_ns;
}

/* INT64_MIN: whenever it began. */
static int search(
	const struct look *look, int64_t after_ns, struct target_search *out, struct fail *fail)
{
	struct list pids = {0};
	int result = 0;

	if (host_process_list(&pids, fail) < 0)
		return -1;
	LIST_EACH(pids, const int64_t, pid) {
		if (result == 0 && (after_ns == INT64_MIN || began_after(*pid, after_ns)))
			result = consider(look, *pid, out, fail);
	}
	list_free(&pids);
	return result;
}

static int search_all(const struct look *look, struct target_search *out, struct fail *fail)
{
	return search(look, INT64_MIN, out, fail) < 0 ? -1
						      : cut_to_count(look->selector, out, fail);
}

int targets_find(const struct process_selector *selector, const struct target_guard *guard,
	struct target_search *out, struct fail *fail)
{
	struct look look;
	int result;

	*out = (struct target_search){0};
	result = look_init(&look, selector, guard, fail);
	if (result == 0)
		result = search_all(&look, out, fail);
	look_deinit(&look);
	if (result < 0)
		target_search_deinit(out);
	return result;
}

void target_list_free(struct list *processes)
{
	LIST_EACH(*processes, struct host_process, process) {
		host_process_deinit(process);
	}
	list_free(processes);
}

void target_search_deinit(struct target_search *search)
{
	target_list_free(&search->found);
}

int targets_younger(const struct process_selector *selector, const struct target_guard *guard,
	int64_t after_ns, struct list *out, struct fail *fail)
{
	struct target_search found = {0};
	struct look look;
	int result = look_init(&look, selector, guard, fail);

	if (result == 0)
		result = search(&look, after_ns, &found, fail);
	look_deinit(&look);
	if (result < 0) {
		target_search_deinit(&found);
		return -1;
	}
	if (found.found.count)
		qsort(found.found.items, found.found.count, sizeof(struct host_process), by_age);
	*out = found.found;
	return 0;
}

struct process_evidence target_evidence(const struct host_process *process, size_t cmdline_json_max)
{
	return (struct process_evidence){
		.pid = process->pid,
		.start_ticks = (int64_t)process->start_ticks,
		.cmdline = process_text(process->cmdline ? process->cmdline : "", cmdline_json_max),
	};
}

bool target_spared_text(const struct target_search *search, char *buffer, size_t size)
{
	size_t used = 0, total = 0;

	for (int i = 0; i < SPARED_KINDS; i++)
		total += search->spared[i];
	if (!total)
		return false;
	used = (size_t)snprintf(buffer, size, "%zu that match are left alone (", total);
	for (int i = 0; i < SPARED_KINDS && used < size; i++)
		if (search->spared[i])
			used += (size_t)snprintf(buffer + used, size - used, "%s%zu %s",
				buffer[used - 1] == '(' ? "" : ", ", search->spared[i],
				spared_words[i]);
	if (used < size)
		snprintf(buffer + used, size - used, ")");
	return true;
}

/* ---- taking hold ---- */

static int nobody(const struct look *look, const struct target_search *found, struct fail *fail)
{
	char wanted[TEXT_MAX], spared[TEXT_MAX];

	process_selector_text(look->selector, wanted, sizeof(wanted));
	if (target_spared_text(found, spared, sizeof(spared)))
		return fail_set(
			fail, FAIL_REFUSED, "no process to hit with %s: %s", wanted, spared);
	return fail_set(fail, FAIL_REFUSED,
		"no process with %s (the usual causes: it does not run now; its program has "
		"another path, see /proc/PID/exe; it runs on another node)",
		wanted);
}

/* The process behind `file` is the one that was found, still matches, and may be hit. */
static bool is_still(const struct look *look, const struct host_process *found, int file)
{
	struct fail ignored = FAIL_INIT;
	struct host_process now;
	bool still;

	if (!host_process_read(found->pid, &now))
		return false;
	still = now.start_ticks == found->start_ticks &&
		matches(look, &now, &still, &ignored) == 0 && still &&
		spared_as(look, &now) == SPARED_KINDS;
	host_process_deinit(&now);
	/* As long as it has not ended, nobody else has its pid: all that was read was its own. */
	return still && !host_process_has_exited(file);
}

static int take_hold(
	const struct look *look, struct host_process *found, struct list *out, struct fail *fail)
{
	struct fail opening = FAIL_INIT;
	struct target *target;
	int file;

	if (host_process_open(found->pid, &file, &opening) < 0) {
		if (opening.error == ESRCH)
			return 0;
		*fail = opening;
		return -1;
	}
	if (!is_still(look, found, file)) {
		host_file_close(file);
		return 0;
	}
	target = list_push(out, sizeof(*target));
	*target = (struct target){.process = *found, .file = file};
	*found = (struct host_process){0};
	FAILPOINT(process_opened);
	return 0;
}

static int open_found(
	const struct look *look, struct target_search *found, struct list *out, struct fail *fail)
{
	size_t wanted = found->found.count;

	LIST_EACH(found->found, struct host_process, process) {
		if (take_hold(look, process, out, fail) < 0)
			return -1;
	}
	if (!out->count)
		return nobody(look, found, fail);
	if (look->selector->count && out->count < wanted)
		return fail_set(fail, FAIL_REFUSED,
			"%zu of %zu processes ended while they were looked at", wanted - out->count,
			wanted);
	return 0;
}

int targets_open(const struct process_selector *selector, const struct target_guard *guard,
	struct list *out, struct fail *fail)
{
	struct target_search found = {0};
	struct look look;
	int result;

	*out = (struct list){0};
	result = look_init(&look, selector, guard, fail);
	if (result == 0)
		result = search_all(&look, &found, fail);
	if (result == 0)
		result = open_found(&look, &found, out, fail);
	target_search_deinit(&found);
	look_deinit(&look);
	if (result < 0)
		targets_close(out);
	return result;
}

int targets_open_one(const struct process_selector *selector, const struct target_guard *guard,
	int64_t pid, struct list *out, struct fail *fail)
{
	struct target_search found = {0};
	struct look look;
	int result;

	*out = (struct list){0};
	result = look_init(&look, selector, guard, fail);
	if (result == 0)
		result = consider(&look, pid, &found, fail);
	if (result == 0 && found.found.count)
		result = take_hold(&look, LIST_AT(found.found, struct host_process, 0), out, fail);
	target_search_deinit(&found);
	look_deinit(&look);
	return result;
}

void targets_close(struct list *targets)
{
	LIST_EACH(*targets, struct target, target) {
		host_file_close(target->file);
		host_process_deinit(&target->process);
	}
	list_free(targets);
}
