/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/lab/services.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract/failpoint.h"
#include "contract/memory.h"
#include "contract/units.h"
#include "controller/lab/lab_command.h"
#include "controller/lab/lab_start.h"
#include "controller/lab/lab_time.h"
#include "controller/lab/supervisor.h"

#define PAUSE_FIRST_NS (100 * NS_PER_MS)
#define PAUSE_MAX_NS (5 * NS_PER_SEC)
/* Who lived that long is not in a crash loop: the next pause is the first one again. */
#define LIVED_NS (10 * NS_PER_SEC)
/*
 * A kill counts as healed once its signal is delivered, so the word of the heal may come before
 * the death: whoever dies that soon after it is started again.
 */
#define HEAL_GRACE_NS (2 * NS_PER_SEC)
#define NEVER INT64_MAX

enum {
	LOG_MAX_BYTES = 16 * 1024 * 1024,
	LOG_KEEP_BYTES = 256 * 1024
};

struct service_run {
	size_t node;
	const struct lab_service *service;
	struct lab_command command;
	pid_t pid; /* 0 unless running */
	enum service_state state;
	int64_t starts;
	int64_t started_ns, healed_ns, due_ns, pause_ns;
	char last_exit[256];
};

static void run_init(struct service_run *run, size_t node, const struct lab_service *service)
{
	*run = (struct service_run){.node = node,
		.service = service,
		.command = {.log = -1},
		.state = SERVICE_WAITING,
		.healed_ns = -HEAL_GRACE_NS,
		.due_ns = NEVER,
		.pause_ns = PAUSE_FIRST_NS};
}

static size_t count_services(const struct lab_file *file)
{
	size_t count = 0;

	LIST_EACH(file->nodes, struct lab_node_spec, node)
		count += node->services.count;
	return count;
}

int services_init(struct services *services, const struct lab_file *file, struct fail *fail)
{
	struct services made = {.file = file};

	made.runs = must_array(count_services(file) + 1, sizeof(*made.runs));
	for (size_t node = 0; node < file->nodes.count; node++) {
		LIST_EACH(lab_file_node(file, node)->services, struct lab_service, service) {
			struct service_run *run = &made.runs[made.count++];

			run_init(run, node, service);
			if (lab_command_init(&run->command, file, node, service, fail) < 0)
				goto bad;
			run->command.log = lab_log_open(file, node, service->name, fail);
			if (run->command.log < 0)
				goto bad;
		}
	}
	*services = made;
	return 0;
bad:
	services_deinit(&made);
	return -1;
}

void services_deinit(struct services *services)
{
	for (size_t i = 0; i < services->count; i++)
		lab_command_deinit(&services->runs[i].command);
	free(services->runs);
	*services = (struct services){.runs = NULL};
}

static int start(struct services *services, struct service_run *run, struct fail *fail)
{
	run->due_ns = NEVER;
	run->starts++;
	run->started_ns = lab_now_ns();
	if (lab_start_service(&run->command, services->file, run->node, &run->pid, fail) < 0) {
		run->pid = 0;
		snprintf(run->last_exit, sizeof(run->last_exit), "%.255s", fail->text);
		return -1;
	}
	run->state = SERVICE_RUNNING;
	FAILPOINT(service_started);
	return 0;
}

int services_start_all(struct services *services, struct fail *fail)
{
	for (size_t i = 0; i < services->count; i++)
		if (start(services, &services->runs[i], fail) < 0)
			return -1;
	return 0;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void plan_restart(struct service_run *run, int64_t now_ns)
{
	run->state = SERVICE_WAITING;
	switch ((enum lab_restart)run->service->restart) {
	case LAB_RESTART_NEVER:
		run->state = SERVICE_EXITED;
		run->due_ns = NEVER;
		break;
	case LAB_RESTART_ON_HEAL:
		run->due_ns = now_ns - run->healed_ns < HEAL_GRACE_NS
			? now_ns + run->service->restart_after_ns
			: NEVER;
		break;
	case LAB_RESTART_ALWAYS:
		if (now_ns - run->started_ns > LIVED_NS)
			run->pause_ns = PAUSE_FIRST_NS;
		run->due_ns = now_ns + larger(run->pause_ns, run->service->restart_after_ns);
		run->pause_ns = run->pause_ns * 2 < PAUSE_MAX_NS ? run->pause_ns * 2 : PAUSE_MAX_NS;
		break;
	}
}

static void ended(struct service_run *run, int status, int64_t now_ns)
{
	FAILPOINT(service_reaped);
	run->pid = 0;
	if (WIFEXITED(status))
		snprintf(run->last_exit, sizeof(run->last_exit), "exit %d", WEXITSTATUS(status));
	else
		snprintf(run->last_exit, sizeof(run->last_exit), "signal %d", WTERMSIG(status));
	plan_restart(run, now_ns);
}

void services_reap(struct services *services, int64_t now_ns)
{
	int status;
	pid_t pid;

	/* Also orphans of the services come here: the supervisor is their reaper. */
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < services->count; i++)
			if (services->runs[i].pid == pid)
				ended(&services->runs[i], status, now_ns);
}

int64_t services_start_due(struct services *services, int64_t now_ns)
{
	int64_t next_ns = NEVER;

	for (size_t i = 0; i < services->count; i++) {
		struct service_run *run = &services->runs[i];
		struct fail fail;

		if (run->due_ns <= now_ns && start(services, run, &fail) < 0)
			plan_restart(run, now_ns);
		if (run->due_ns < next_ns)
			next_ns = run->due_ns;
	}
	return next_ns;
}

int services_healed(struct services *services, const char *node, int64_t now_ns, struct fail *fail)
{
	int index = lab_file_find(services->file, node);

	if (index < 0)
		return fail_set(fail, FAIL_REFUSED, "lab %s has no node called \"%s\"",
			services->file->name, node);
	for (size_t i = 0; i < services->count; i++) {
		struct service_run *run = &services->runs[i];

		if (run->node != (size_t)index)
			continue;
		run->healed_ns = now_ns;
		/* What is due already does not wait longer for a second heal. */
		if (run->state == SERVICE_WAITING)
			run->due_ns = smaller(run->due_ns, now_ns + run->service->restart_after_ns);
	}
	return 0;
}

/*
 * The service keeps its descriptor and appends, so the file is cut in place: a pipe through the
 * supervisor would stop the service whenever the supervisor is gone.
 */
static void cut_log(int log, off_t size)
{
	static char kept[LOG_KEEP_BYTES];
	ssize_t count = pread(log, kept, sizeof(kept), size - (off_t)sizeof(kept));
	static const char note[] = "[cut: the log had grown above 16 MiB]\n";

	if (ftruncate(log, 0) < 0 || write(log, note, sizeof(note) - 1) < 0)
		return;
	if (count > 0 && write(log, kept, (size_t)count) < 0)
		return;
}

void services_bound_logs(struct services *services)
{
	struct stat status;

	for (size_t i = 0; i < services->count; i++)
		if (fstat(services->runs[i].command.log, &status) == 0 &&
			status.st_size > LOG_MAX_BYTES)
			cut_log(services->runs[i].command.log, status.st_size);
}

cJSON *services_describe(const struct services *services)
{
	struct service_status *all = must_array(services->count + 1, sizeof(*all));
	struct service_list list = {.services = {.items = all, .count = services->count}};
	cJSON *description;

	for (size_t i = 0; i < services->count; i++) {
		struct service_run *run = &services->runs[i];

		all[i] = (struct service_status){
			.node = lab_file_node(services->file, run->node)->name,
			.service = run->service->name,
			.pid = run->pid,
			.state = (int)run->state,
			.restarts = run->starts > 0 ? run->starts - 1 : 0,
			.last_exit = run->last_exit[0] ? run->last_exit : NULL,
		};
	}
	description = shape_encode(&service_list_shape, &list);
	free(all);
	return description;
}

void services_kill(struct services *services)
{
	for (size_t i = 0; i < services->count; i++)
		if (services->runs[i].pid > 0)
			kill(services->runs[i].pid, SIGKILL);
}
