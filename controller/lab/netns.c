/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/lab/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/lab/lab_paths.h"

#define THREAD_NETNS "/proc/thread-self/ns/net"

static int open_home(struct fail *fail)
{
	int home = open(THREAD_NETNS, O_RDONLY | O_CLOEXEC);

	if (home < 0)
		return fail_errno(fail, errno, THREAD_NETNS);
	return home;
}

void netns_leave(int home)
{
	/* Going on in the wrong namespace would let later work touch the wrong machine. */
	if (setns(home, CLONE_NEWNET) < 0)
		abort();
	close(home);
}

int netns_enter(const char *path, int *out_home, struct fail *fail)
{
	int target = open(path, O_RDONLY | O_CLOEXEC);
	int home, error;

	if (target < 0)
		return fail_errno(fail, errno, "network namespace %s", path);
	home = open_home(fail);
	error = home >= 0 && setns(target, CLONE_NEWNET) < 0 ? errno : 0;
	close(target);
	if (home < 0)
		return -1;
	if (error) {
		close(home);
		return fail_errno(fail, error, "entering network namespace %s", path);
	}
	*out_home = home;
	return 0;
}

/* Best effort: a kernel without IPv6 has none of these. /proc/sys/net shows the caller's own. */
static void set_sysctl(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, value, strlen(value)) < 0)
		errno = 0;
	close(fd);
}

static int bind_new(const char *path, struct fail *fail)
{
	int home = open_home(fail), error = 0;

	if (home < 0)
		return -1;
	if (unshare(CLONE_NEWNET) < 0) {
		error = errno;
		close(home);
		return fail_errno(fail, error, "creating a network namespace");
	}
	set_sysctl("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
	set_sysctl("/proc/sys/net/ipv6/conf/default/accept_ra", "0");
	if (mount(THREAD_NETNS, path, "none", MS_BIND, NULL) < 0)
		error = errno;
	netns_leave(home);
	if (error)
		return fail_errno(fail, error, "binding a network namespace to %s", path);
	return 0;
}

static void leave_mark(void)
{
	int file = open(LAB_NETNS_MARK, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (file >= 0)
		close(file);
}

/*
 * Makes the directory a mount of its own that is shared, as `ip netns add` does unless it finds
 * that done. Done by somebody else later, it would cover our namespaces with copies of themselves,
 * and those below could not be unmounted by name any more.
 */
static int prepare_root(struct fail *fail)
{
	if (mount("", LAB_NETNS_ROOT, "none", MS_SHARED | MS_REC, NULL) == 0)
		return 0;
	if (errno == EINVAL) { /* no mount yet */
		leave_mark();
		if (mount(LAB_NETNS_ROOT, LAB_NETNS_ROOT, "none", MS_BIND | MS_REC, NULL) == 0 &&
			mount("", LAB_NETNS_ROOT, "none", MS_SHARED | MS_REC, NULL) == 0)
			return 0;
	}
	return fail_errno(fail, errno, "making %s a shared mount", LAB_NETNS_ROOT);
}

void netns_remove_root(void)
{
	/* Fails while a namespace is mounted in it, whosever that is: then it stays. */
	if (access(LAB_NETNS_MARK, F_OK) == 0 && umount2(LAB_NETNS_ROOT, UMOUNT_NOFOLLOW) == 0)
		unlink(LAB_NETNS_MARK);
	rmdir(LAB_NETNS_ROOT);
}

int netns_create(const char *path, struct fail *fail)
{
	int fd = -1;

	/* Again: another lab that goes down removes an empty LAB_NETNS_ROOT. */
	for (int again = 0; again < 3 && fd < 0; again++) {
		if (mkdir(LAB_NETNS_ROOT, 0755) < 0 && errno != EEXIST)
			return fail_errno(fail, errno, LAB_NETNS_ROOT);
		if (prepare_root(fail) < 0) {
			if (fail->error != ENOENT)
				return -1;
			continue;
		}
		fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
		if (fd < 0 && errno != ENOENT)
			break;
	}
	if (fd < 0 && errno == EEXIST)
		return fail_set(fail, FAIL_REFUSED, "network namespace %s exists already", path);
	if (fd < 0)
		return fail_errno(fail, errno, "%s", path);
	close(fd);
	if (bind_new(path, fail) < 0) {
		unlink(path);
		return -1;
	}
	return 0;
}

int netns_delete(const char *path, struct fail *fail)
{
	while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
	/* EINVAL: not a mount, a leftover of a creation that was cut short. */
	if (errno != EINVAL && errno != ENOENT)
		return fail_errno(fail, errno, "unbinding network namespace %s", path);
	if (unlink(path) < 0 && errno != ENOENT)
		return fail_errno(fail, errno, "removing network namespace %s", path);
	return 0;
}
