/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/netns/victims.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/world.h"

enum {
	RUNS_WITHIN_MS = 10000
};
/* How long what was killed may need to go, on a guest that is emulated. */
#define PATIENCE_NS (30 * INT64_C(1000000000))

/* ---- directories ---- */

static void find_cgroup_mount(char out[PATH_MAX])
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char line[4096];

	assert_non_null(mounts);
	out[0] = '\0';
	while (!out[0] && fgets(line, sizeof(line), mounts))
		if (strstr(line, " - cgroup2 "))
			assert_int_equal(sscanf(line, "%*s %*s %*s %*s %4095s", out), 1);
	fclose(mounts);
	assert_true(out[0] == '/');
}

/* Where this process is, as a directory. */
static void find_home(const char *mount, char out[PATH_MAX])
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[PATH_MAX];

	assert_non_null(file);
	out[0] = '\0';
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, "0::", 3) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		assert_true((size_t)snprintf(out, PATH_MAX, "%s%s", mount, line + 3) < PATH_MAX);
	}
	fclose(file);
	assert_true(out[0] == '/');
}

static void make_cgroup(const char *parent, const char *name, char out[PATH_MAX])
{
	assert_true((size_t)snprintf(out, PATH_MAX, "%s/%s", parent, name) < PATH_MAX);
	assert_int_equal(mkdir(out, 0755), 0);
}

static void copy_program(const char *to)
{
	int in = open("/bin/sleep", O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	struct stat status = {0};

	assert_true(in >= 0 && out >= 0 && fstat(in, &status) == 0);
	assert_int_equal(sendfile(out, in, NULL, (size_t)status.st_size), status.st_size);
	close(in);
	close(out);
}

void victims_init(struct victims *victims)
{
	char mount[PATH_MAX];

	*victims = (struct victims){.listener = -1};
	snprintf(victims->dir, sizeof(victims->dir), "/tmp/backburn-victims-XXXXXX");
	assert_non_null(mkdtemp(victims->dir));
	snprintf(victims->exe, sizeof(victims->exe), "%s/victim", victims->dir);
	snprintf(victims->pidfile, sizeof(victims->pidfile), "%s/pid", victims->dir);
	snprintf(victims->policy, sizeof(victims->policy), "%s/policy.json", victims->dir);
	copy_program(victims->exe);
	find_cgroup_mount(mount);
	find_home(mount, victims->home);
	snprintf(victims->cgroup, sizeof(victims->cgroup), "/backburn-victims-%d.slice", getpid());
	snprintf(victims->unit, sizeof(victims->unit), "backburn-victims@%d\\x2da.service",
		getpid());
	make_cgroup(mount, victims->cgroup + 1, victims->outer);
	make_cgroup(victims->outer, "in", victims->inside);
}

/* A child of a shell that was killed ends by itself, and so may be there for a moment. */
static void remove_cgroup(const char *path)
{
	int64_t give_up = now_ns() + PATIENCE_NS;

	while (rmdir(path) < 0) {
		if (errno != EBUSY || now_ns() > give_up)
			fail_msg("%s: %s", path, strerror(errno));
		pause_ms(1);
	}
}

void victims_deinit(struct victims *victims)
{
	for (size_t i = 0; i < victims->count; i++) {
		if (!victims->pids[i])
			continue;
		kill(victims->pids[i], SIGKILL);
		waitpid(victims->pids[i], NULL, 0);
	}
	unlink(victims->exe);
	unlink(victims->pidfile);
	unlink(victims->policy);
	/* What were left inside of them would keep them. */
	remove_cgroup(victims->inside);
	if (victims->service[0])
		remove_cgroup(victims->service);
	remove_cgroup(victims->outer);
	assert_int_equal(rmdir(victims->dir), 0);
}

static void put(pid_t pid, const char *directory)
{
	char path[PATH_MAX + 16];
	int file;

	snprintf(path, sizeof(path), "%s/cgroup.procs", directory);
	file = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(file >= 0);
	assert_true(dprintf(file, "%d", pid) > 0);
	close(file);
}

void victims_enter(const char *directory)
{
	put(0, directory);
}

void victims_put(const struct victims *victims, pid_t pid)
{
	put(pid, victims->inside);
}

void victims_leave(const struct victims *victims)
{
	victims_enter(victims->home);
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

void victims_write_pidfile(const struct victims *victims, int pid, int age_s)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_NOW}};
	char text[32];

	snprintf(text, sizeof(text), "%d\n", pid);
	unlink(victims->pidfile);
	write_text(victims->pidfile, text);
	if (age_s)
		times[1] = (struct timespec){.tv_sec = time(NULL) - age_s};
	assert_int_equal(utimensat(AT_FDCWD, victims->pidfile, times, 0), 0);
}

void victims_write_policy(const struct victims *victims, const char *text)
{
	write_text(victims->policy, text);
}

/* ---- processes ---- */

static bool is_large(pid_t pid)
{
	char path[32];
	long pages = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fscanf(file, "%*s %ld", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * sysconf(_SC_PAGESIZE) >= VICTIM_LARGE_BYTES;
}

static bool runs_its_program(const struct victims *victims, pid_t pid)
{
	char path[32], target[PATH_MAX];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return false;
	target[length] = '\0';
	return strcmp(target, victims->exe) == 0;
}

__attribute__((noreturn)) static void become_victim(
	const struct victims *victims, enum victim_kind kind)
{
	const char *cgroup = kind == VICTIM_IN_UNIT             ? victims->service
		: kind == VICTIM_INSIDE || kind == VICTIM_LARGE ? victims->inside
								: NULL;
	char procs[PATH_MAX + 16];

	if (kind == VICTIM_IGNORES_TERM)
		signal(SIGTERM, SIG_IGN);
	if (kind == VICTIM_LISTENS && dup(victims->listener) < 0)
		_exit(125);
	if (cgroup) {
		int file;

		snprintf(procs, sizeof(procs), "%s/cgroup.procs", cgroup);
		file = open(procs, O_WRONLY | O_CLOEXEC);
		if (file < 0 || write(file, "0", 1) != 1)
			_exit(126);
	}
	if (kind == VICTIM_LARGE) {
		char *memory = malloc(VICTIM_LARGE_BYTES);

		if (memory)
			memset(memory, 1, VICTIM_LARGE_BYTES);
		while (memory)
			pause();
		_exit(124);
	}
	execl(victims->exe, "victim", kind == VICTIM_OTHER_ARGUMENT ? "86398" : VICTIM_ARGUMENT,
		(char *)NULL);
	_exit(127);
}

pid_t victim_start(struct victims *victims, enum victim_kind kind)
{
	int64_t give_up_ns = now_ns() + RUNS_WITHIN_MS * INT64_C(1000000);
	pid_t pid;

	if (kind == VICTIM_IN_UNIT && !victims->service[0])
		make_cgroup(victims->outer, victims->unit, victims->service);
	pid = fork();
	assert_true(pid >= 0 && victims->count < VICTIMS_MAX);
	if (pid == 0)
		become_victim(victims, kind);
	victims->pids[victims->count++] = pid;
	while (kind == VICTIM_LARGE ? !is_large(pid) : !runs_its_program(victims, pid)) {
		assert_true(now_ns() < give_up_ns);
		pause_ms(1);
	}
	return pid;
}

static char *stat_of(pid_t pid, char *text, size_t size)
{
	char path[32];
	FILE *file;
	size_t length;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return NULL;
	length = fread(text, 1, size - 1, file);
	fclose(file);
	text[length] = '\0';
	return strrchr(text, ')');
}

bool victim_lives(pid_t pid)
{
	char text[1024], *rest = stat_of(pid, text, sizeof(text));

	return rest && rest[2] != 'Z' && rest[2] != 'X';
}

int victims_parent_of(pid_t pid)
{
	char text[1024], *rest = stat_of(pid, text, sizeof(text));
	int parent;

	assert_non_null(rest);
	assert_int_equal(sscanf(rest + 4, "%d", &parent), 1);
	return parent;
}

int victim_signal(struct victims *victims, pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	for (size_t i = 0; i < victims->count; i++)
		if (victims->pids[i] == pid)
			victims->pids[i] = 0;
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static int64_t ticks_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * sysconf(_SC_CLK_TCK) +
		now.tv_nsec / (INT64_C(1000000000) / sysconf(_SC_CLK_TCK));
}

void victims_await_tick(void)
{
	int64_t before = ticks_now();

	while (ticks_now() <= before)
		pause_ms(1);
}

char *victims_order(const struct victims_order *order)
{
	int64_t start_ns = now_ns() + order->start_in_ms * INT64_C(1000000);
	char *text;

	assert_true(
		asprintf(&text,
			"{\"id\":\"%s\",\"fault\":\"%s\",\"scope\":{},\"role\":\"on\","
			"\"with\":%s,\"on\":[{\"node\":\"a\",\"prefixes\":[]}],\"from\":[],"
			"\"processes\":{%s},\"start_ns\":\"%" PRId64 "\",\"deadline_ns\":\"%" PRId64
			"\"}",
			order->id, order->fault, order->with ? order->with : "{}", order->processes,
			start_ns, start_ns + order->for_ms * INT64_C(1000000)) > 0);
	return text;
}

char *victims_order_for(const struct victims *victims, pid_t pid, const struct victims_order *order)
{
	struct victims_order whole = *order;
	char processes[sizeof(victims->pidfile) + 16];

	victims_write_pidfile(victims, pid, 0);
	snprintf(processes, sizeof(processes), "\"pidfile\":\"%s\"", victims->pidfile);
	whole.processes = processes;
	return victims_order(&whole);
}
