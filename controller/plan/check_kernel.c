/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "controller/plan/check_parts.h"
#include "controller/prober/kernel_metrics.h"
#include "controller/prober/orders.h"

/* Probes that read what the kernel counts where they run. */

/* Keys of the probe that only make sense where something else is asked. */
static int check_asks_nobody(const struct probe_spec *probe, const struct at *at, struct fail *fail)
{
	const char *for_urls = probe->headers ? "headers" : probe->tls ? "tls" : NULL;

	if (probe->to)
		return fail_at(fail, at_key(at, "to").path,
			"a kernel is asked at the node that probes: name the nodes in \"from\"");
	if (for_urls)
		return fail_at(fail, at_key(at, for_urls).path, "a kernel is asked, and no URL");
	return 0;
}

static int check_growth(const struct probe_spec *probe, const struct at *at, struct fail *fail)
{
	const struct kernel_metric *metric = &kernel_metrics[probe->read->kernel];
	const struct kernel_metric *per = probe->read->per == KERNEL_PER_NONE
		? NULL
		: &kernel_metrics[probe->read->per - KERNEL_PER_FIRST];
	struct at read = at_key(at, "read"), place = at_key(&read, "per");

	if (per && probe->per_second)
		return fail_at(fail, place.path,
			"the growth is divided by another counter's, or by time: \"per\" or "
			"\"per_second\"");
	if ((per || probe->per_second) && !metric->counter)
		return fail_at(fail, per ? place.path : at_key(at, "per_second").path,
			"%s is no counter: how it changes says nothing", metric->name);
	if (per && !per->counter)
		return fail_at(fail, place.path, "%s is no counter", per->name);
	if (per && per == metric)
		return fail_at(fail, place.path, "%s is divided by itself", per->name);
	if (per && per->source != metric->source &&
		strcmp(kernel_metric_scope(per), kernel_metric_scope(metric)) != 0)
		return fail_at(fail, place.path, "%s is of %s, but %s of %s", metric->name,
			kernel_metric_scope(metric), per->name, kernel_metric_scope(per));
	return 0;
}

int check_kernel_read(const struct scenario *scenario, const struct probe_spec *probe,
	const struct at *at, struct fail *fail)
{
	const struct kernel_metric *metric = &kernel_metrics[probe->read->kernel];
	const struct text_rules rules = {.scenario = scenario};
	struct at read = at_key(at, "read"), cgroup = at_key(&read, "cgroup");

	if (check_asks_nobody(probe, at, fail) < 0 || check_growth(probe, at, fail) < 0)
		return -1;
	if (!probe->read->cgroup)
		return 0;
	if (kernel_metric_cgroup(metric) == KERNEL_CGROUP_NEVER)
		return fail_at(fail, cgroup.path, "%s is of %s, not of a cgroup", metric->name,
			kernel_metric_scope(metric));
	return check_placeholders(&rules, probe->read->cgroup, &cgroup, fail);
}
