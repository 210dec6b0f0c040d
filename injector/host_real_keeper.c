/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "contract/failpoint.h"
#include "contract/memory.h"
#include "injector/host.h"
#include "injector/host_real.h"
#include "injector/host_real_child.h"
#include "injector/host_real_power.h"
#include "injector/lane/lane.h"

/* The TAP, and the process that keeps it (backburn-injector lane). */
enum {
	TAP_MTU = 65521,
	TAP_QUEUE = 10000,
	END_WITHIN_MS = 500,
	/* Descriptors that the keeper finds. */
	KEEPER_TAP = 3,
	KEEPER_PULSE,
	KEEPER_MEMORY,
	KEEPER_LIFE,
	KEEPER_FILES
};

struct host_keeper {
	int ifindex;
	struct real_child child;
	struct lane_memory *memory;
};

int real_tap_open(const char *name, struct fail *fail)
{
	struct ifreq request = {/* Never one that somebody else has made. */
		.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL)};
	int file = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (file < 0)
		return fail_errno(fail, errno, "/dev/net/tun");
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(file, TUNSETIFF, &request) < 0 ||
		ioctl(file, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN) <
			0) {
		if (errno == EBUSY)
			fail_set(fail, FAIL_BUSY, "there is a link %s already", name);
		else
			fail_errno(fail, errno, "making the TAP %s", name);
		close(file);
		return -1;
	}
	return file;
}

static int set_queue(const char *name, struct fail *fail)
{
	struct ifreq request = {.ifr_qlen = TAP_QUEUE};
	int file = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), result;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	result = file >= 0 && ioctl(file, SIOCSIFTXQLEN, &request) == 0
		? 0
		: fail_errno(fail, errno, "setting the queue of %s", name);
	if (file >= 0)
		close(file);
	return result;
}

/* Never returns. Between fork and exec only calls that a signal handler might make. */
static void become_keeper(const int files[KEEPER_FILES])
{
	char *const arguments[] = {(char *)"backburn-injector", (char *)"lane", NULL};
	char *const environment[] = {NULL};

	/* First out of the way of one another. */
	int moved[KEEPER_FILES];

	for (int i = KEEPER_TAP; i < KEEPER_FILES; i++)
		moved[i] = fcntl(files[i], F_DUPFD, KEEPER_FILES);
	for (int i = KEEPER_TAP; i < KEEPER_FILES; i++)
		if (moved[i] < 0 || dup2(moved[i], i) < 0)
			_exit(1);
	if (close_range(KEEPER_FILES, ~0U, 0) < 0)
		_exit(1);
	signal(SIGPIPE, SIG_DFL);
	execve("/proc/self/exe", arguments, environment);
	_exit(1);
}

/*
 * Else packets wait for the scheduler too, and a pulse that comes late lets them pass. What they
 * waited for is told in any case.
 */
static void run_first(pid_t pid)
{
	struct sched_param real_time = {.sched_priority = 1};
	bool raised = real_power_raise(CAP_SYS_NICE);

	(void)sched_setscheduler(pid, SCHED_FIFO, &real_time);
	real_power_lower(CAP_SYS_NICE, raised);
}

static int spawn(struct host_keeper *keeper, int files[KEEPER_FILES], struct fail *fail)
{
	int life[2];
	pid_t pid;

	if (pipe2(life, O_CLOEXEC) < 0)
		return fail_errno(fail, errno, "pipe");
	files[KEEPER_LIFE] = life[0];
	pid = _Fork();
	if (pid == 0)
		become_keeper(files);
	close(life[0]);
	if (pid < 0) {
		close(life[1]);
		return fail_errno(fail, errno, "starting a lane's keeper");
	}
	run_first(pid);
	real_child_started(&keeper->child, pid, life[1]);
	return 0;
}

static int map_memory(struct host_keeper *keeper, int *out_file, struct fail *fail)
{
	/* Sealed, so that neither side can take away what the other reads. */
	int file = memfd_create("backburn-lane", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (file < 0 || ftruncate(file, sizeof(*keeper->memory)) < 0 ||
		fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		fail_errno(fail, errno, "memory for a lane");
		goto failed;
	}
	keeper->memory =
		mmap(NULL, sizeof(*keeper->memory), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (keeper->memory != MAP_FAILED) {
		*out_file = file;
		return 0;
	}
	keeper->memory = NULL;
	fail_errno(fail, errno, "mapping memory for a lane");
failed:
	if (file >= 0)
		close(file);
	return -1;
}

/* The keeper is alive when its pulse beats: then packets may come. */
static int await_pulse(struct host_matcher *matcher, struct host_keeper *keeper, struct fail *fail)
{
	int64_t until_ns = host_now_ns() + (int64_t)END_WITHIN_MS * 10 * 1000000;
	struct pollfd end = {.fd = keeper->child.pidfd, .events = POLLIN};

	while (host_now_ns() < until_ns) {
		if (real_matcher_pulse(matcher) > (uint64_t)host_now_ns())
			return 0;
		if (poll(&end, 1, 1) == 1)
			return fail_set(fail, FAIL_INTERNAL,
				"the lane's keeper ended as soon as it was started");
	}
	return fail_set(fail, FAIL_INTERNAL, "the lane's keeper does not come to life");
}

int host_keeper_start(
	struct host_matcher *matcher, const char *name, struct host_keeper **out, struct fail *fail)
{
	struct host_keeper *keeper = must_alloc(sizeof(*keeper));
	int files[KEEPER_FILES] = {[KEEPER_PULSE] = real_matcher_pulse_file(matcher),
		[KEEPER_TAP] = -1,
		[KEEPER_MEMORY] = -1};
	int result = -1;

	keeper->child = (struct real_child)REAL_CHILD_NONE;
	files[KEEPER_TAP] = real_tap_open(name, fail);
	if (files[KEEPER_TAP] < 0)
		goto out;
	if (set_queue(name, fail) < 0 || host_link_named(name, &keeper->ifindex, fail) < 0 ||
		real_lane_raise(keeper->ifindex, TAP_MTU, fail) < 0 ||
		map_memory(keeper, &files[KEEPER_MEMORY], fail) < 0)
		goto out;
	keeper->memory->until_ns = INT64_MAX; /* the caller puts the lease in */
	if (spawn(keeper, files, fail) == 0)
		result = await_pulse(matcher, keeper, fail);
out:
	if (files[KEEPER_MEMORY] >= 0)
		close(files[KEEPER_MEMORY]);
	if (files[KEEPER_TAP] >= 0)
		close(files[KEEPER_TAP]); /* the link lives as long as the keeper's copy does */
	if (result < 0)
		host_keeper_stop(keeper);
	else
		*out = keeper;
	return result;
}

int host_keeper_link(const struct host_keeper *keeper)
{
	return keeper->ifindex;
}

bool host_keeper_lives(const struct host_keeper *keeper)
{
	return real_child_lives(&keeper->child);
}

struct lane_memory *host_keeper_memory(const struct host_keeper *keeper)
{
	return keeper->memory;
}

void host_keeper_stop(struct host_keeper *keeper)
{
	if (!keeper)
		return;
	real_child_stop(&keeper->child, END_WITHIN_MS);
	host_keeper_forget(keeper);
}

void host_keeper_forget(struct host_keeper *keeper)
{
	if (!keeper)
		return;
	if (keeper->memory)
		munmap(keeper->memory, sizeof(*keeper->memory));
	real_child_forget(&keeper->child);
	free(keeper);
}
