/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/units.h"
#include "injector/lists.h"
#include "injector/policy.h"
#include "tests/unit/injector/host_fake.h"

/* Processes of the machine in memory: they die of a signal at once, unless told otherwise. */

enum {
	HANDLE_FIRST = 10000,
	TICK_MS = 10
};

struct fake_process *fake_find_process(int64_t pid)
{
	LIST_EACH(fake.processes, struct fake_process, process) {
		if (process->pid == pid)
			return process;
	}
	return NULL;
}

static struct fake_process *by_handle(int file)
{
	LIST_EACH(fake.handles, const struct fake_handle, handle) {
		struct fake_process *process = fake_find_process(handle->pid);

		if (handle->file == file)
			return process && process->start_ticks == handle->start_ticks ? process
										      : NULL;
	}
	return NULL;
}

void fake_add_process(const struct fake_process *process)
{
	*(struct fake_process *)list_push(&fake.processes, sizeof(*process)) = *process;
}

void fake_reset_processes(void)
{
	list_free(&fake.processes);
	list_free(&fake.handles);
	fake_add_process(&(struct fake_process){
		.pid = 1, .start_ticks = 1, .exe = "/sbin/init", .cmdline = "init", .cgroup = "/"});
	fake_add_process(&(struct fake_process){.pid = 41,
		.start_ticks = 50,
		.exe = "/usr/sbin/sshd",
		.cmdline = "sshd: chaos",
		.socket = 5555,
		.cgroup = "/system.slice/ssh.service"});
	fake_add_process(&(struct fake_process){.pid = 42,
		.parent = 41,
		.start_ticks = 99,
		.exe = "/opt/bb/injector",
		.cmdline = "injector session",
		.cgroup = "/system.slice/ssh.service"});
}

int fake_last_signal(int64_t pid)
{
	return fake_find_process(pid)->signal;
}

/* ---- the seam ---- */

int host_process_list(struct list *pids, struct fail *fail)
{
	*pids = (struct list){0};
	if (fake_fails("process_list"))
		return fake_refuse(fail, "process_list");
	LIST_EACH(fake.processes, const struct fake_process, process) {
		*(int64_t *)list_push(pids, sizeof(int64_t)) = process->pid;
	}
	return 0;
}

char *host_process_exe(int64_t pid)
{
	const struct fake_process *process = fake_find_process(pid);

	return process ? must_copy_if(process->exe) : NULL;
}

uint64_t host_process_start(int64_t pid)
{
	const struct fake_process *process = fake_find_process(pid);

	return process ? process->start_ticks : 0;
}

int64_t host_process_parent(int64_t pid)
{
	const struct fake_process *process = fake_find_process(pid);

	return process ? process->parent : 0;
}

int host_process_sockets(int64_t pid, struct list *inodes, struct fail *fail)
{
	const struct fake_process *process = fake_find_process(pid);

	*inodes = (struct list){0};
	if (fake_fails("process_sockets"))
		return fake_refuse(fail, "process_sockets");
	if (process && process->socket)
		*(uint64_t *)list_push(inodes, sizeof(uint64_t)) = process->socket;
	return 0;
}

bool host_process_read(int64_t pid, struct host_process *out)
{
	const struct fake_process *process = fake_find_process(pid);

	if (!process)
		return false;
	*out = (struct host_process){
		.pid = pid,
		.parent = process->parent,
		.start_ticks = process->start_ticks,
		.uid = process->uid,
		.rss = process->rss,
		.kernel = process->kernel,
		.dead = process->dead,
		.exe = must_copy_if(process->exe),
		.cmdline = must_copy_if(process->cmdline),
		.cgroup = must_copy_if(process->cgroup),
	};
	snprintf(out->name, sizeof(out->name), "%s", process->name ? process->name : "child");
	return true;
}

void host_process_deinit(struct host_process *process)
{
	free(process->exe);
	free(process->cmdline);
	free(process->cgroup);
	*process = (struct host_process){0};
}

int host_process_open(int64_t pid, int *out_file, struct fail *fail)
{
	struct fake_process *process = fake_find_process(pid);
	struct fake_handle *handle;

	if (fake_fails("process_open"))
		return fake_refuse(fail, "process_open");
	if (!process || process->ends_when_opened)
		return fail_errno(fail, ESRCH, "opening process");
	if (process->reused_when_opened) {
		process->start_ticks += 1000;
		process->reused_when_opened = false;
	}
	handle = list_push(&fake.handles, sizeof(*handle));
	*handle = (struct fake_handle){.file = HANDLE_FIRST + fake.last_descriptor++,
		.pid = pid,
		.start_ticks = process->start_ticks};
	*out_file = handle->file;
	return 0;
}

void fake_close_process(int file)
{
	const struct fake_handle *handles = fake.handles.items;

	for (size_t i = fake.handles.count; i-- > 0;)
		if (handles[i].file == file)
			fake_remove_at(&fake.handles, sizeof(*handles), i);
}

int host_process_signal(int file, int number, struct fail *fail)
{
	struct fake_process *process = by_handle(file);

	if (fake_fails("process_signal"))
		return fake_refuse(fail, "process_signal");
	if (!process || process->dead)
		return fail_errno(fail, ESRCH, "sending signal %d", number);
	process->signal = number;
	process->dead = !process->survives;
	return 0;
}

bool host_process_has_exited(int file)
{
	const struct fake_process *process = by_handle(file);

	return !process || process->dead;
}

int64_t host_ticks_wall_ns(uint64_t ticks)
{
	return fake.wall_ns - fake.now_ns + (int64_t)ticks * TICK_MS * NS_PER_MS;
}

int host_pidfile_read(const char *path, struct host_pidfile *out, struct fail *fail)
{
	const char *text = fake_text(path);

	if (!text)
		return fail_errno(fail, ENOENT, "pidfile %s", path);
	*out = fake.pidfile;
	out->pid = atoll(text);
	return 0;
}

int host_cgroup_id(const char *cgroup, uint64_t *out_id, struct fail *fail)
{
	if (fake_fails("cgroup_id"))
		return fake_refuse(fail, "cgroup_id");
	if (strcmp(cgroup, "/gone") == 0)
		return fail_set(fail, FAIL_REFUSED, "there is no cgroup %s", cgroup);
	*out_id = 7000 + strlen(cgroup) + fake.cgroups_made_anew;
	return 0;
}

int host_cgroup_directory(const char *cgroup, char **out_path, struct fail *fail)
{
	if (fake_fails("cgroup_directory"))
		return fake_refuse(fail, "cgroup_directory");
	if (asprintf(out_path, "/sys/fs/cgroup%s", cgroup) < 0)
		abort();
	return 0;
}

int host_cgroup_thaw(const char *cgroup, uint64_t id, bool *out_was, struct fail *fail)
{
	(void)cgroup;
	(void)id;
	*out_was = false;
	if (fake_fails("cgroup_thaw"))
		return fake_refuse(fail, "cgroup_thaw");
	*out_was = fake.frozen;
	fake.frozen = false;
	return 0;
}

int host_cgroup_kill(const char *cgroup, uint64_t id, struct fail *fail)
{
	uint64_t now = 0;

	if (fake_fails("cgroup_kill"))
		return fake_refuse(fail, "cgroup_kill");
	if (host_cgroup_id(cgroup, &now, fail) < 0)
		return -1;
	if (now != id)
		return fail_errno(fail, ESRCH, "killing cgroup %s", cgroup);
	LIST_EACH(fake.processes, struct fake_process, process) {
		if (!cgroup_is_within(process->cgroup, cgroup))
			continue;
		process->signal = SIGKILL;
		process->dead = true;
	}
	return 0;
}

int host_cgroup_remove(const char *directory, struct fail *fail)
{
	(void)directory;
	return fake_fails("cgroup_remove") ? fake_refuse(fail, "cgroup_remove") : 0;
}

int host_process_resume(int64_t pid, uint64_t start_ticks, bool *out_was, struct fail *fail)
{
	(void)pid;
	(void)start_ticks;
	*out_was = false;
	if (fake_fails("process_resume"))
		return fake_refuse(fail, "process_resume");
	*out_was = fake.frozen;
	fake.frozen = false;
	return 0;
}

int host_cgroup_below(const char *directory, char **out_path, struct fail *fail)
{
	static const char mount[] = "/sys/fs/cgroup";

	if (strncmp(directory, mount, sizeof(mount) - 1) != 0)
		return fail_set(fail, FAIL_REFUSED, "%s lies in no cgroup v2 mount", directory);
	*out_path = must_copy(directory + sizeof(mount) - 1);
	return 0;
}
