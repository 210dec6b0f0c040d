/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include "contract/units.h"
#include "injector/clock/step.h"
#include "injector/host.h"
#include "injector/host_real.h"
#include "injector/host_real_power.h"

/* The machine's own clock, and whether this process may mean the machine at all. */
enum {
	PATH_BYTES_MAX = 64,
	READINGS = 20
};
#define CLOSE_ENOUGH_NS 2000

/*
 * The numbers of the first namespaces, which are the same on every kernel
 * (include/linux/proc_ns.h). That of networks has none on most: it is the one of process 1, once
 * that is the machine's.
 */
static const struct {
	const char *name;
	uint64_t first;
	const char *what;
} namespaces[] = {
	{"user", UINT64_C(0xeffffffd), "a user namespace"},
	{"pid", UINT64_C(0xeffffffc), "a pid namespace, as in a container"},
	{"time", UINT64_C(0xeffffffa), "a time namespace"},
};

static int check_first(pid_t pid, size_t index, struct fail *fail)
{
	char path[PATH_BYTES_MAX];
	struct stat status;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, namespaces[index].name);
	if (stat(path, &status) < 0)
		/* A kernel that can't make any has only the first one. */
		return errno == ENOENT ? 0 : fail_errno(fail, errno, "%s", path);
	if (status.st_ino == namespaces[index].first)
		return 0;
	return fail_set(fail, FAIL_REFUSED,
		"this injector lives in %s of its own, and the clock is the whole machine's",
		namespaces[index].what);
}

static int check_network(pid_t pid, struct fail *fail)
{
	char path[PATH_BYTES_MAX];
	struct stat own, first;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	if (stat(path, &own) < 0)
		return fail_errno(fail, errno, "%s", path);
	if (stat("/proc/1/ns/net", &first) < 0)
		return fail_errno(fail, errno,
			"it can't be told whether this injector lives in the machine's own network "
			"namespace: /proc/1/ns/net");
	if (own.st_dev == first.st_dev && own.st_ino == first.st_ino)
		return 0;
	return fail_set(fail, FAIL_REFUSED,
		"this injector lives in a network namespace of its own, as the nodes of a lab do, "
		"and the clock is the whole machine's");
}

int real_machine_check(pid_t pid, struct fail *fail)
{
	for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++)
		if (check_first(pid, i, fail) < 0)
			return -1;
	if (check_network(pid, fail) < 0)
		return -1;
	if (!real_power_has(CAP_SYS_TIME))
		return fail_set(fail, FAIL_REFUSED, "this injector lacks CAP_SYS_TIME");
	return 0;
}

int host_machine_check(struct fail *fail)
{
	return real_machine_check(getpid(), fail);
}

/*
 * All are read between two readings of one, so it is known how far apart they may be; the closest
 * of some counts, since a busy machine may put anything in between.
 */
static void read_clocks(struct clock_moment *out)
{
	int64_t least_ns = INT64_MAX;

	for (int i = 0; i < READINGS && least_ns > CLOSE_ENOUGH_NS; i++) {
		struct clock_moment before, now;
		int64_t took_ns;

		host_clocks_now(&before);
		host_clocks_now(&now);
		took_ns = now.at_ns[LINE_BOOT] - before.at_ns[LINE_BOOT];
		if (took_ns >= least_ns)
			continue;
		least_ns = took_ns;
		*out = now;
	}
}

int host_machine_clock(struct machine_clock *out, struct fail *fail)
{
	struct timex steering = {.modes = 0};

	if (adjtimex(&steering) < 0)
		return fail_errno(fail, errno, "asking what steers the clock");
	read_clocks(&out->at);
	out->freq = steering.freq;
	out->tick = steering.tick;
	out->status = steering.status;
	out->maxerror_us = steering.maxerror;
	out->esterror_us = steering.esterror;
	return 0;
}

/* Returns 0 or a negative errno. */
static int adjust(struct timex *steering)
{
	bool raised = real_power_raise(CAP_SYS_TIME);
	int result = adjtimex(steering) < 0 ? -errno : 0;

	real_power_lower(CAP_SYS_TIME, raised);
	return result;
}

int host_machine_step(int64_t ns, struct fail *fail)
{
	struct timex asked = {.modes = 0}, step = {.modes = ADJ_SETOFFSET | ADJ_NANO};
	struct timex units = {.modes = ADJ_MICRO};
	int result;

	/* The fraction counts up from the second below. */
	step.time.tv_sec = ns / NS_PER_SEC - (ns % NS_PER_SEC < 0);
	step.time.tv_usec = ns % NS_PER_SEC + (ns % NS_PER_SEC < 0 ? NS_PER_SEC : 0);
	if (adjtimex(&asked) < 0)
		return fail_errno(fail, errno, "asking what steers the clock");
	result = adjust(&step);
	if (result < 0)
		return fail_errno(fail, -result, "stepping the clock");
	/* It has changed the units of others as well. */
	if (!(asked.status & STA_NANO))
		adjust(&units);
	return 0;
}

int host_machine_steer(const struct machine_clock *as, struct fail *fail)
{
	struct timex steering = {
		.modes = ADJ_FREQUENCY | ADJ_TICK | ADJ_MAXERROR | ADJ_ESTERROR | ADJ_STATUS |
			(as->status & STA_NANO ? ADJ_NANO : ADJ_MICRO),
		.freq = (long)as->freq,
		.tick = (long)as->tick,
		.maxerror = (long)as->maxerror_us,
		.esterror = (long)as->esterror_us,
		.status = (int)(as->status & ~STA_RONLY),
	};
	int result = adjust(&steering);

	return result < 0 ? fail_errno(fail, -result, "steering the clock as before") : 0;
}
