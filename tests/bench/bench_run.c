/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/bench/bench.h"
#include "tests/netns/world.h"

/* What a whole run costs the machine: each process of ours, looked at until it is gone. */

enum {
	PROCESSES_MAX = 64,
	LOOK_MS = 100,
	LINE_MAX_BYTES = 512,
	ROLE_MAX = 64
};

struct process {
	pid_t pid;
	char role[ROLE_MAX];
	int64_t cpu_ms, peak_kib;
};

struct household {
	struct process processes[PROCESSES_MAX];
	size_t count;
};

static bool read_proc(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t got;
	int file;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return false;
	got = read(file, text, size - 1);
	close(file);
	text[got > 0 ? got : 0] = '\0';
	return got > 0;
}

static pid_t parent_of(pid_t pid, int64_t *out_cpu_ms)
{
	unsigned long user = 0, system = 0;
	char text[1024], *after;
	int parent = 0;

	if (!read_proc(pid, "stat", text, sizeof(text)) || !(after = strrchr(text, ')')) ||
		sscanf(after + 2, "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &parent,
			&user, &system) != 3)
		return 0;
	*out_cpu_ms = (int64_t)(user + system) * 1000 / sysconf(_SC_CLK_TCK);
	return parent;
}

static int64_t peak_kib_of(pid_t pid)
{
	char text[4096];
	const char *peak;

	if (!read_proc(pid, "status", text, sizeof(text)) || !(peak = strstr(text, "VmHWM:")))
		return 0;
	return strtoll(peak + strlen("VmHWM:"), NULL, 10);
}

/* From its argument vector: which program, and of ours which part. */
static void role_of(pid_t pid, char role[ROLE_MAX])
{
	char text[LINE_MAX_BYTES] = "", *name, *second;

	if (!read_proc(pid, "cmdline", text, sizeof(text)))
		return;
	name = strrchr(text, '/');
	name = name ? name + 1 : text;
	second = text + strlen(text) + 1;
	snprintf(role, ROLE_MAX, "%.40s %.20s", name,
		strncmp(name, "backburn", 8) == 0 ? second : "");
}

static struct process *process_of(struct household *household, pid_t pid)
{
	for (size_t i = 0; i < household->count; i++)
		if (household->processes[i].pid == pid)
			return &household->processes[i];
	if (household->count == PROCESSES_MAX)
		return NULL;
	household->processes[household->count].pid = pid;
	return &household->processes[household->count++];
}

static bool descends(pid_t pid, pid_t root)
{
	int64_t unused;

	for (int depth = 0; pid > 1 && depth < 16; depth++) {
		if (pid == root)
			return true;
		pid = parent_of(pid, &unused);
	}
	return false;
}

static void look(struct household *household, pid_t root)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	assert_non_null(proc);
	while ((entry = readdir(proc))) {
		pid_t pid = atoi(entry->d_name);
		struct process *process;
		int64_t cpu_ms = 0, peak_kib;

		if (pid <= 0 || !descends(pid, root))
			continue;
		process = process_of(household, pid);
		if (!process || !parent_of(pid, &cpu_ms))
			continue;
		process->cpu_ms = cpu_ms;
		peak_kib = peak_kib_of(pid);
		if (peak_kib > process->peak_kib)
			process->peak_kib = peak_kib;
		role_of(pid, process->role);
	}
	closedir(proc);
}

/* All of that role together, and the largest of them. */
static void print(
	struct page *page, const struct household *household, const char *role, double seconds)
{
	int64_t cpu_ms = 0, peak_kib = 0;
	char what[96];
	int count = 0;

	for (size_t i = 0; i < household->count; i++) {
		const struct process *process = &household->processes[i];

		if (strncmp(process->role, role, strlen(role)) != 0)
			continue;
		count++;
		cpu_ms += process->cpu_ms;
		if (process->peak_kib > peak_kib)
			peak_kib = process->peak_kib;
	}
	assert_true(count > 0);
	snprintf(what, sizeof(what), "`%s`, %d process%s", role, count, count == 1 ? "" : "es");
	page_fact(page, what, "%.2f %% of a core, %.1f MiB at the peak",
		100 * (double)cpu_ms / 1000 / seconds, (double)peak_kib / 1024);
}

static pid_t start(const char *const *words)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	assert_int_equal(posix_spawn(&pid, words[0], &actions, NULL,
				 (char *const *)(uintptr_t)words, environ),
		0);
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

void bench_run(struct page *page)
{
	const char *source = getenv("BACKBURN_SOURCE"), *build = getenv("BACKBURN_BUILD");
	char program[256], scenario[256], environment[256], runs[] = "/tmp/backburn-bench-XXXXXX";
	struct household household = {0};
	int64_t from_ns = now_ns();
	double seconds;
	int status;
	pid_t pid;

	assert_true(source && build && mkdtemp(runs));
	page_chapter(page, "What a run itself takes",
		"The game day of the demo on three etcd nodes: probes at 50 a second, 20 writes a "
		"second,\n"
		"a partition of the leader. CPU time and peak memory (VmHWM) from /proc, looked at "
		"ten\n"
		"times a second; the cluster's own processes are not counted.");
	snprintf(program, sizeof(program), "%s/bin/backburn", build);
	snprintf(scenario, sizeof(scenario), "%s/scenarios/etcd-leader-cut.json", source);
	snprintf(environment, sizeof(environment), "%s/scenarios/env/lab-etcd.json", source);
	pid = start((const char *const[]){
		program, "run", scenario, "--on", environment, "--runs", runs, "--quiet", NULL});
	while (waitpid(pid, &status, WNOHANG) == 0) {
		look(&household, pid);
		pause_ms(LOOK_MS);
	}
	seconds = (double)(now_ns() - from_ns) / 1e9;
	page_facts(page);
	page_fact(page, "the run, lab up and down included", "%.0f s, exit status %d", seconds,
		WEXITSTATUS(status));
	print(page, &household, "backburn run", seconds);
	print(page, &household, "backburn probe", seconds);
	print(page, &household, "backburn-injector session", seconds);
	assert_true(WIFEXITED(status));
	world_run("rm", "-rf", runs, NULL);
}
