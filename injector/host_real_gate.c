/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "bpf/gate.h"
#include "bpf/gate.skel.h"
#include "contract/failpoint.h"
#include "contract/units.h"
#include "injector/host.h"
#include "injector/host_real.h"
#include "injector/lists.h"

enum {
	CALL_BYTES_MAX = 256,
	STATUS_BYTES_MAX = 8192,
	LOOKS_MAX = 10
};
/* From the kernel's word that one stands until it does. */
#define ARRIVAL_NS (5 * NS_PER_SEC)
#define LOOK_NS (20 * NS_PER_US)
/* What a processor may need for a run of the program that it has begun. */
#define LAST_RUN_NS NS_PER_MS

struct host_gate {
	struct gate *skeleton;
	struct bpf_link *link;
	struct ring_buffer *ring;
	struct list came; /* of struct bb_newcomer: read, and not taken yet */
	size_t taken;     /* of them */
};

static int watched = -1;

int host_gate_watch(int *out_file, struct fail *fail)
{
	if (watched < 0)
		watched = epoll_create1(EPOLL_CLOEXEC);
	if (watched < 0)
		return fail_errno(fail, errno, "epoll");
	*out_file = watched;
	return 0;
}

void host_gate_close(struct host_gate *gate)
{
	if (!gate)
		return;
	/* Who has passed the comparison by now has been stopped before we go on. */
	if (gate->link) {
		host_gate_until(gate, 0);
		host_pause(LAST_RUN_NS);
	}
	bpf_link__destroy(gate->link);
	ring_buffer__free(gate->ring);
	gate__destroy(gate->skeleton);
	list_free(&gate->came);
	free(gate);
}

/* ---- opening ---- */

static int note_newcomer(void *context, void *data, size_t size)
{
	struct host_gate *gate = context;

	if (size >= sizeof(struct bb_newcomer))
		*(struct bb_newcomer *)list_push(&gate->came, sizeof(struct bb_newcomer)) =
			*(const struct bb_newcomer *)data;
	return 0;
}

static int load(struct host_gate *gate, int64_t until_ns, struct fail *fail)
{
	int error = FAILPOINT_ERROR(bpf_load);

	libbpf_set_print(NULL);
	gate->skeleton = gate__open();
	if (!gate->skeleton)
		return fail_errno(fail, errno, "opening the gate");
	if (!error)
		error = gate__load(gate->skeleton);
	if (error)
		return fail_errno(fail, error, "loading the gate");
	gate->skeleton->bss->bb_gate.pid_namespace = real_own_pid_namespace();
	host_gate_until(gate, until_ns);
	return 0;
}

static int set_cgroup(const struct host_gate *gate, const char *cgroup, struct fail *fail)
{
	char *directory;
	uint32_t first = 0, file;
	int opened, result = 0;

	if (host_cgroup_directory(cgroup, &directory, fail) < 0)
		return -1;
	opened = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(directory);
	if (opened < 0)
		return fail_errno(fail, errno, "cgroup %.200s", cgroup);
	file = (uint32_t)opened;
	if (bpf_map_update_elem(
		    bpf_map__fd(gate->skeleton->maps.bb_gate_cgroup), &first, &file, BPF_ANY) < 0)
		result = fail_errno(fail, errno, "watching cgroup %.200s", cgroup);
	close(opened);
	return result;
}

static int watch(struct host_gate *gate, struct fail *fail)
{
	struct epoll_event event = {.events = EPOLLIN};
	int file = -1;

	gate->ring = ring_buffer__new(
		bpf_map__fd(gate->skeleton->maps.bb_newcomers), note_newcomer, gate, NULL);
	if (!gate->ring)
		return fail_errno(fail, errno, "the ring of the gate");
	if (host_gate_watch(&file, fail) < 0)
		return -1;
	if (epoll_ctl(file, EPOLL_CTL_ADD, ring_buffer__epoll_fd(gate->ring), &event) < 0)
		return fail_errno(fail, errno, "watching the gate");
	return 0;
}

static int attach(struct host_gate *gate, struct fail *fail)
{
	gate->link = bpf_program__attach(gate->skeleton->progs.program_starts);
	return gate->link ? 0 : fail_errno(fail, errno, "attaching the gate");
}

int host_gate_open(const char *cgroup, int64_t until_ns, struct host_gate **out, struct fail *fail)
{
	struct host_gate *gate = must_alloc(sizeof(*gate));

	if (load(gate, until_ns, fail) < 0 || set_cgroup(gate, cgroup, fail) < 0 ||
		watch(gate, fail) < 0 || attach(gate, fail) < 0) {
		host_gate_close(gate);
		return -1;
	}
	*out = gate;
	return 0;
}

void host_gate_until(struct host_gate *gate, int64_t until_ns)
{
	__atomic_store_n(
		&gate->skeleton->bss->bb_gate.until_ns, (uint64_t)until_ns, __ATOMIC_RELEASE);
}

int64_t host_gate_missed(const struct host_gate *gate)
{
	return (int64_t)__atomic_load_n(&gate->skeleton->bss->bb_gate.missed, __ATOMIC_RELAXED);
}

/* ---- who came ---- */

/* It was sent SIGSTOP and has not come to stand: on a busy machine that may take its time. */
static bool is_on_its_way(int64_t pid)
{
	static const char key[] = "\nShdPnd:\t";
	size_t length;
	char *text = real_proc_text(pid, "status", STATUS_BYTES_MAX, &length);
	const char *pending = text ? strstr(text, key) : NULL;
	bool comes = pending && strtoull(pending + strlen(key), NULL, 16) >> (SIGSTOP - 1) & 1;

	free(text);
	return comes;
}

static void await_arrival(int64_t pid)
{
	int64_t until_ns = host_now_ns() + ARRIVAL_NS;

	while (is_on_its_way(pid) && host_now_ns() < until_ns)
		host_pause(LOOK_NS);
}

bool host_gate_next(struct host_gate *gate, struct host_newcomer *out)
{
	const struct bb_newcomer *came;

	if (gate->taken == gate->came.count) {
		list_free(&gate->came);
		gate->taken = 0;
		ring_buffer__consume(gate->ring);
	}
	if (gate->taken == gate->came.count)
		return false;
	came = LIST_AT(gate->came, struct bb_newcomer, gate->taken++);
	*out = (struct host_newcomer){.pid = came->pid, .start_ticks = came->start_ticks};
	await_arrival(out->pid);
	return true;
}

bool host_gate_waits(const struct host_gate *gate)
{
	return gate->taken < gate->came.count;
}

/* SIGCONT also takes away a SIGSTOP that has not acted yet. */
int host_gate_pass(const struct host_newcomer *newcomer, struct fail *fail)
{
	return real_continue(newcomer->pid, newcomer->start_ticks, fail);
}

/* ---- who is left ---- */

/*
 * "59 0x0 0x0 0x0 0x0 0x0 0x0 0x7ffc… 0x7f…": the kernel has emptied the registers for the new
 * program, and it has made no call yet. Inside of an execve() there would be arguments.
 */
static bool stands_at_its_start(int64_t pid)
{
	static const char arguments[] = " 0x0 0x0 0x0 0x0 0x0 0x0 ";
	size_t length;
	char *text;
	bool stands;

	if (!real_is_stopped(pid))
		return false;
	text = real_proc_text(pid, "syscall", CALL_BYTES_MAX, &length);
	stands = text &&
		strncmp(text + strspn(text, "0123456789"), arguments, strlen(arguments)) == 0;
	free(text);
	return stands;
}

static int release_one(int64_t pid, size_t *count, struct fail *fail)
{
	uint64_t start_ticks = host_process_start(pid);
	bool was = false;
	int result = 0;

	await_arrival(pid);
	if (stands_at_its_start(pid))
		result = host_process_resume(pid, start_ticks, &was, fail);
	*count += was;
	return result;
}

/* In the cgroup and below it. One that goes meanwhile has nobody left. */
static void add_members(const char *directory, struct list *pids)
{
	char *const roots[] = {(char *)directory, NULL};
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	const FTSENT *entry;

	while (tree && (entry = fts_read(tree))) {
		FILE *file;
		int64_t pid;

		if (strcmp(entry->fts_name, "cgroup.procs") != 0)
			continue;
		file = fopen(entry->fts_path, "re");
		while (file && fscanf(file, "%" SCNd64, &pid) == 1)
			*(int64_t *)list_push(pids, sizeof(pid)) = pid;
		if (file)
			fclose(file);
	}
	if (tree)
		fts_close(tree);
}

static int release_all(const char *directory, size_t *count, struct fail *fail)
{
	struct list pids = {0};
	int result = 0;

	add_members(directory, &pids);
	LIST_EACH(pids, const int64_t, pid) {
		if (*pid > 0 && release_one(*pid, count, fail) < 0)
			result = -1;
	}
	list_free(&pids);
	return result;
}

int host_gate_release(const char *cgroup, uint64_t id, size_t *out_count, struct fail *fail)
{
	struct fail gone = FAIL_INIT;
	size_t before = SIZE_MAX;
	char *directory;
	uint64_t now = 0;
	int result = 0;

	*out_count = 0;
	/* A cgroup that is gone has nobody in it. */
	if (host_cgroup_id(cgroup, &now, &gone) < 0 || now != id)
		return 0;
	if (host_cgroup_directory(cgroup, &directory, fail) < 0)
		return -1;
	for (int look = 0; look < LOOKS_MAX && result == 0 && *out_count != before; look++) {
		before = *out_count;
		result = release_all(directory, out_count, fail);
	}
	free(directory);
	return result;
}
