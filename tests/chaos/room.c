/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/chaos/room.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/lab/lab_paths.h"

#define RUNTIME_ROOT "/run/backburn"

/*
 * A runtime directory of its own, so that `backburn heal`, which ends all sessions of a host, ends
 * nobody else's. The labs lie below it, and must stay where they are.
 */
static int cover_runtime(const struct world *world, const char *options)
{
	char stash[PATH_MAX + 16];

	snprintf(stash, sizeof(stash), "%s/stash", world->dir);
	if (mkdir(stash, 0700) < 0 ||
		mount(LAB_RUN_ROOT, stash, NULL, MS_BIND | MS_REC, NULL) < 0 ||
		mount("tmpfs", RUNTIME_ROOT, "tmpfs", 0, options) < 0 ||
		mkdir(LAB_RUN_ROOT, 0700) < 0)
		return -1;
	return mount(stash, LAB_RUN_ROOT, NULL, MS_BIND | MS_REC, NULL);
}

static int furnish(
	const struct room *room, const struct chaos_plan *plan, const struct world *world)
{
	static const char plenty[] = "mode=0755,size=1m";
	char tight[64];

	snprintf(tight, sizeof(tight), "mode=0755,size=%dk",
		plan->kind == KIND_FULL_DISK ? plan->limit : 1024);
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		cover_runtime(world, plan->runtime_dir ? tight : plenty) < 0)
		return -1;
	if (!plan->runtime_dir && room->disk[0] &&
		mount("tmpfs", room->disk, "tmpfs", 0, tight) < 0)
		return -1;
	return plan->kind == KIND_READ_ONLY
		? mount(NULL, room->disk, NULL, MS_REMOUNT | MS_RDONLY, NULL)
		: 0;
}

__attribute__((noreturn)) static void keep(const struct room *room, const struct chaos_plan *plan,
	const struct world *world, int ready)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (furnish(room, plan, world) < 0) {
		perror("the room of this run");
		_exit(1);
	}
	if (write(ready, "", 1) != 1)
		_exit(1);
	close(ready);
	for (;;)
		pause();
}

int room_open(struct room *room, const struct chaos_plan *plan, struct world *world)
{
	char path[64], byte;
	int ready[2];

	*room = (struct room){.mounts = -1};
	if (plan->kind == KIND_FULL_DISK || plan->kind == KIND_READ_ONLY)
		snprintf(room->disk, sizeof(room->disk), "%s",
			plan->runtime_dir ? RUNTIME_ROOT : world->runs);
	if (pipe2(ready, O_CLOEXEC) < 0)
		return -1;
	room->keeper = fork();
	if (room->keeper == 0)
		keep(room, plan, world, ready[1]);
	close(ready[1]);
	if (room->keeper > 0 && read(ready[0], &byte, 1) == 1) {
		snprintf(path, sizeof(path), "/proc/%d/ns/mnt", room->keeper);
		room->mounts = open(path, O_RDONLY | O_CLOEXEC);
		snprintf(world->view, sizeof(world->view), "/proc/%d/root", room->keeper);
	}
	close(ready[0]);
	return room->mounts < 0 ? -1 : 0;
}

int room_relieve(const struct room *room)
{
	pid_t child;
	int status = 1;

	if (!room->disk[0])
		return 0;
	child = fork();
	if (child == 0)
		_exit(setns(room->mounts, CLONE_NEWNS) < 0 ||
			mount(NULL, room->disk, NULL, MS_REMOUNT, "size=64m") < 0);
	return child > 0 && waitpid(child, &status, 0) == child && status == 0 ? 0 : -1;
}

void room_close(struct room *room, struct world *world)
{
	world->view[0] = '\0';
	if (room->mounts >= 0)
		close(room->mounts);
	if (room->keeper > 0) {
		kill(room->keeper, SIGKILL);
		waitpid(room->keeper, NULL, 0);
	}
	*room = (struct room){.mounts = -1};
}
