/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "injector/lists.h"
#include "injector/policy.h"
#include "injector/systemd.h"
#include "injector/targets.h"

/* A cgroup as one target: what the freezer and cgroup.kill act on. */

enum {
	SPARED_TEXT_MAX = 512
};

bool targets_name_whole(const struct process_selector *selector)
{
	return !selector->cgroup != !selector->unit && !selector->exe && !selector->cmdline &&
		!selector->pidfile && !selector->port && !selector->count;
}

/* What a unit's name comes to, by the cgroup of any process in it. */
static char *cgroup_of(const struct process_selector *selector, const struct target_search *found)
{
	const char *below;
	char *path;

	if (selector->cgroup)
		return must_copy(selector->cgroup);
	below = LIST_AT(found->found, struct host_process, 0)->cgroup;
	path = strndup(below, unit_part_of(below, selector->unit));
	if (!path)
		abort();
	return path;
}

/* Slices of the same names may stand at two places, and a unit then in both. */
static bool all_within(const struct target_search *found, const char *cgroup)
{
	LIST_EACH(found->found, const struct host_process, process) {
		if (!cgroup_is_within(process->cgroup, cgroup))
			return false;
	}
	return true;
}

void whole_deinit(struct whole *whole)
{
	free(whole->cgroup);
	*whole = (struct whole){0};
}

static int take(const struct process_selector *selector, const struct target_search *found,
	struct whole *out, struct fail *fail)
{
	char spared[SPARED_TEXT_MAX];
	const char *name = selector->cgroup ? selector->cgroup : selector->unit;
	int result;

	if (target_spared_text(found, spared, sizeof(spared)))
		return fail_set(fail, FAIL_REFUSED, "all of %s %.100s would be hit: %.300s",
			selector->cgroup ? "cgroup" : "unit", name, spared);
	if (!found->found.count)
		return fail_set(fail, FAIL_REFUSED, "nobody is in %s %.100s",
			selector->cgroup ? "cgroup" : "unit", name);
	*out = (struct whole){.cgroup = cgroup_of(selector, found)};
	if (!all_within(found, out->cgroup))
		result = fail_set(fail, FAIL_REFUSED, "there are two cgroups of unit %.100s", name);
	else
		result = host_cgroup_id(out->cgroup, &out->id, fail);
	if (result < 0)
		whole_deinit(out);
	return result;
}

int targets_whole(const struct process_selector *selector, const struct target_guard *guard,
	struct whole *out, struct fail *fail)
{
	struct target_search found;
	int result;

	if (targets_find(selector, guard, &found, fail) < 0)
		return -1;
	result = take(selector, &found, out, fail);
	target_search_deinit(&found);
	return result;
}
