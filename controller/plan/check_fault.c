/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/json.h"
#include "controller/plan/check.h"

/* A fault against what its kind says of itself in the catalogue. */

struct place {
	char path[JSON_PATH_MAX];
};

static struct place place_of(const char *path, const char *key)
{
	struct place place;

	json_path_key(place.path, path, key);
	return place;
}

static int check_counterpart(const struct catalogue_fault *kind, const struct fault_spec *fault,
	const char *path, struct fail *fail)
{
	const struct fault_from *from = fault->from;
	int counterparts = (from->nodes.count > 0) + (from->prefixes.count > 0) + from->everything;
	struct place place = place_of(path, "from");

	if (!catalogue_has_from(kind) && counterparts)
		return fail_at(fail, place.path, "%s has no counterpart: leave \"from\" out",
			fault->fault);
	if (!catalogue_has_from(kind))
		return 0;
	if (!counterparts)
		return fail_at(fail, path,
			"%s needs the key \"from\", with exactly one of \"nodes\", \"prefixes\" "
			"and "
			"\"everything\"",
			fault->fault);
	if (counterparts > 1)
		return fail_at(fail, place.path,
			"needs exactly one of \"nodes\", \"prefixes\" and \"everything\"");
	if ((from->nodes.count && !kind->from_nodes) ||
		(from->prefixes.count && !kind->from_prefixes) ||
		(from->everything && !kind->from_everything))
		return fail_at(
			fail, place.path, "%s does not support this counterpart", fault->fault);
	return 0;
}

static int check_processes(const struct catalogue_fault *kind, const struct fault_spec *fault,
	const char *path, struct fail *fail)
{
	struct place on = place_of(path, "on"), place = place_of(on.path, "processes");

	if (!kind->on_processes && fault->on->processes)
		return fail_at(fail, place.path,
			"%s hits nodes, not single processes: leave \"processes\" out",
			fault->fault);
	if (!kind->on_processes)
		return 0;
	if (!fault->on->processes)
		return fail_at(fail, on.path,
			"%s needs the key \"processes\": which of them on these nodes, by \"exe\", "
			"\"cmdline\", \"pidfile\" or \"cgroup\"",
			fault->fault);
	return 0; /* its own table has said the rest */
}

int check_fault_kind(const struct catalogue *catalogue, const struct fault_spec *fault,
	const char *path, struct fail *fail)
{
	const struct catalogue_fault *kind = catalogue_find(catalogue, fault->fault);
	const char *nearest = kind ? NULL : catalogue_nearest(catalogue, fault->fault);

	if (!kind)
		return fail_at(fail, place_of(path, "fault").path, "no fault named \"%s\"%s%s%s",
			fault->fault, nearest ? " (did you mean \"" : "", nearest ? nearest : "",
			nearest ? "\"?)" : "");
	if (check_counterpart(kind, fault, path, fail) < 0 ||
		check_processes(kind, fault, path, fail) < 0)
		return -1;
	if (kind->at_once && fault->for_ns)
		return fail_at(fail, place_of(path, "for").path,
			"%s is over as soon as it has acted: leave \"for\" out", fault->fault);
	return shape_decode(kind->params, fault->with, place_of(path, "with").path, NULL, fail);
}
