/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/chaos/members.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract/units.h"
#include "tests/chaos/child.h"
#include "tests/chaos/pinger.h"
#include "tests/chaos/state.h"

enum {
	LOOK_EVERY_MS = 25,
	VISITOR_PATIENCE_MS = 10000,
	PIDS_MAX = 256
};
#define SHARED_NAME "/dev/zero (deleted)" /* what the kernel calls shared anonymous memory */

/* ---- who is there ---- */

static int pids_of(const struct world *world, const char *node, pid_t pids[PIDS_MAX])
{
	char path[PATH_MAX + 16], directory[PATH_MAX];
	int count = 0;
	FILE *file;

	world_cgroup(world, node, directory);
	snprintf(path, sizeof(path), "%s/cgroup.procs", directory);
	file = fopen(path, "re");
	while (file && count < PIDS_MAX && fscanf(file, "%d", &pids[count]) == 1)
		count++;
	if (file)
		fclose(file);
	return count;
}

pid_t members_first(const struct world *world, const char *node)
{
	pid_t pids[PIDS_MAX];

	return pids_of(world, node, pids) ? pids[0] : 0;
}

void members_cgroup(const struct world *world, const char *node, char *out, size_t size)
{
	char path[64], line[PATH_MAX];
	FILE *file;

	out[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/cgroup", members_first(world, node));
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "0::", 3) == 0)
			snprintf(out, size, "%s", line + 3);
	}
	if (file)
		fclose(file);
}

static bool stands(pid_t pid)
{
	char text[16], letter;

	snprintf(text, sizeof(text), "%d", pid);
	letter = state_letter(text);
	return letter == 'T' || letter == 't';
}

/* "frozen 1" in cgroup.events: all in it stand, but for their state they sleep. */
static bool is_frozen(const struct world *world, const char *node)
{
	char path[PATH_MAX + 16], directory[PATH_MAX], line[64];
	bool frozen = false;
	FILE *file;

	world_cgroup(world, node, directory);
	snprintf(path, sizeof(path), "%s/cgroup.events", directory);
	file = fopen(path, "re");
	while (file && !frozen && fgets(line, sizeof(line), file))
		frozen = strcmp(line, "frozen 1\n") == 0;
	if (file)
		fclose(file);
	return frozen;
}

static bool is_skewed(pid_t pid)
{
	char path[64], line[512];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, SHARED_NAME) != NULL;
	if (file)
		fclose(file);
	return found;
}

void members_left(const struct world *world, FILE *out)
{
	for (int i = 0; i < PING_MEMBERS; i++) {
		pid_t pids[PIDS_MAX];
		int count = pids_of(world, world_nodes[i], pids);

		if (is_frozen(world, world_nodes[i]))
			fprintf(out, "%s is frozen\n", world_nodes[i]);
		for (int at = 0; at < count; at++) {
			if (stands(pids[at]))
				fprintf(out, "process %d of %s stands still\n", pids[at],
					world_nodes[i]);
			if (is_skewed(pids[at]))
				fprintf(out, "process %d of %s reads another time\n", pids[at],
					world_nodes[i]);
		}
	}
}

/* ---- visitors ---- */

static void visit(const struct world *world)
{
	char *const arguments[] = {(char *)"true", NULL};
	char path[PATH_MAX + 16], directory[PATH_MAX];
	int file;

	world_cgroup(world, world_nodes[0], directory);
	snprintf(path, sizeof(path), "%s/cgroup.procs", directory);
	file = open(path, O_WRONLY | O_CLOEXEC);
	if (file >= 0 && write(file, "0", 1) == 1)
		execv("/bin/true", arguments);
	_exit(1);
}

static bool visitor_has_ended(struct members *members)
{
	if (members->visitor && waitpid(members->visitor, NULL, WNOHANG) == members->visitor)
		members->visitor = 0;
	return !members->visitor;
}

void members_init(struct members *members, const struct world *world, bool visitors)
{
	*members = (struct members){.world = world, .wanted = visitors};
}

void members_tick(struct members *members)
{
	if (now_ns() < members->next_ns)
		return;
	members->next_ns = now_ns() + LOOK_EVERY_MS * NS_PER_MS;
	for (int i = 0; i < PING_MEMBERS; i++) {
		pid_t pid = members_first(members->world, world_nodes[i]);

		members->stood |= pid && (stands(pid) || is_frozen(members->world, world_nodes[i]));
		members->skewed |= pid && is_skewed(pid);
	}
	if (!members->wanted || !visitor_has_ended(members))
		return;
	members->visitor = fork();
	if (members->visitor == 0)
		visit(members->world);
}

bool members_settle(struct members *members)
{
	int64_t until_ns = now_ns() + VISITOR_PATIENCE_MS * NS_PER_MS;

	members->wanted = false;
	while (!visitor_has_ended(members) && now_ns() < until_ns)
		pause_ms(5);
	if (!members->visitor)
		return true;
	kill(members->visitor, SIGKILL);
	waitpid(members->visitor, NULL, 0);
	members->visitor = 0;
	return false;
}
