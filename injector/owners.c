/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/owners.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "injector/host.h"
#include "injector/lists.h"
#include "injector/policy.h"
#include "injector/targets.h"

/* With one of these a path would lead elsewhere than its text says. */
static bool has_dots(const char *path)
{
	while (*path) {
		size_t length;

		path += strspn(path, "/");
		length = strcspn(path, "/");
		if ((length == 1 && path[0] == '.') || (length == 2 && strncmp(path, "..", 2) == 0))
			return true;
		path += length;
	}
	return false;
}

static int check_confinement(const char *cgroup, const char *confinement, struct fail *fail)
{
	char *bounds = NULL;
	int result = 0;

	if (host_cgroup_below(confinement, &bounds, fail) < 0)
		return -1;
	if (!cgroup_is_within(cgroup, bounds))
		result = fail_set(fail, FAIL_REFUSED,
			"cgroup %.200s lies outside of %.200s, which this injector is confined to",
			cgroup, bounds);
	free(bounds);
	return result;
}

int owner_check(const char *cgroup, const struct target_guard *guard, struct fail *fail)
{
	if (has_dots(cgroup))
		return fail_set(
			fail, FAIL_REFUSED, "cgroup %.200s: a path without . and ..", cgroup);
	for (size_t i = 0; i < guard->policy_count; i++)
		if (policy_protects(&guard->policies[i], NULL, cgroup))
			return fail_set(fail, FAIL_REFUSED,
				"refused by this host's policy %s: cgroup %.200s is protected",
				guard->policies[i].path, cgroup);
	return guard->confinement ? check_confinement(cgroup, guard->confinement, fail) : 0;
}

static int add_sockets(int64_t pid, const char *cgroup, struct list *inodes, struct fail *fail)
{
	struct host_process process;
	struct list held;
	bool within;

	if (!host_process_read(pid, &process))
		return 0;
	within = cgroup_is_within(process.cgroup, cgroup);
	host_process_deinit(&process);
	if (!within)
		return 0;
	if (host_process_sockets(pid, &held, fail) < 0)
		return -1;
	LIST_EACH(held, const uint64_t, inode) {
		*(uint64_t *)list_push(inodes, sizeof(*inode)) = *inode;
	}
	list_free(&held);
	return 0;
}

int owner_sockets(const char *cgroup, struct list *inodes, struct fail *fail)
{
	struct list pids;
	int result = 0;

	*inodes = (struct list){0};
	if (host_process_list(&pids, fail) < 0)
		return fail_context(fail, "looking for the sockets of cgroup %.200s", cgroup);
	LIST_EACH(pids, const int64_t, pid) {
		if (result == 0)
			result = add_sockets(*pid, cgroup, inodes, fail);
	}
	list_free(&pids);
	if (result < 0)
		list_free(inodes);
	return result;
}
