/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/plan/check.h"
#include "controller/plan/check_parts.h"

/* A fault against what its kind says of itself in the catalogue. */

static int check_counterpart(const struct catalogue_fault *kind, const struct fault_spec *fault,
	const struct at *at, struct fail *fail)
{
	const struct fault_from *from = fault->from;
	int counterparts = (from->nodes.count > 0) + (from->prefixes.count > 0) + from->everything;
	struct at place = at_key(at, "from");

	if (!catalogue_has_from(kind) && counterparts)
		return fail_at(fail, place.path, "%s has no counterpart: leave \"from\" out",
			fault->fault);
	if (!catalogue_has_from(kind))
		return 0;
	if (!counterparts)
		return fail_at(fail, at->path,
			"%s needs the key \"from\", with exactly one of \"nodes\", \"prefixes\" "
			"and \"everything\"",
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
	const struct at *at, struct fail *fail)
{
	struct at on = at_key(at, "on"), place = at_key(&on, "processes");

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
	const struct at *at, struct fail *fail)
{
	const struct catalogue_fault *kind = catalogue_find(catalogue, fault->fault);
	struct at name = at_key(at, "fault"), lasts = at_key(at, "for"), with = at_key(at, "with");

	if (!kind)
		return no_such(&name, "fault", fault->fault,
			catalogue_nearest(catalogue, fault->fault), fail);
	if (check_counterpart(kind, fault, at, fail) < 0 ||
		check_processes(kind, fault, at, fail) < 0)
		return -1;
	if (kind->at_once && fault->for_ns)
		return fail_at(fail, lasts.path,
			"%s is over as soon as it has acted: leave \"for\" out", fault->fault);
	return shape_decode(kind->params, fault->with, with.path, NULL, fail);
}
