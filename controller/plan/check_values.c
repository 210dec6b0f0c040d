/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "controller/files/loads.h"
#include "controller/plan/check_parts.h"
#include "controller/prober/orders.h"

/* Probes that read numbers, and what SLOs ask of these. */

bool probe_reads_values(const struct probe_spec *probe)
{
	return probe->type == PROBE_METRIC || probe->type == PROBE_PROMETHEUS;
}

int check_value_probe(const struct probe_spec *probe, const struct at *at, struct fail *fail)
{
	if (probe->rate > VALUE_RATE_MAX)
		return fail_at(fail, at_key(at, "rate").path,
			"a probe that reads numbers asks for a whole answer each time: at most %d "
			"a "
			"second",
			VALUE_RATE_MAX);
	if (probe->per_second && probe->to && probe->to->policy != POLICY_EACH)
		return fail_at(fail, at_key(at, "per_second").path,
			"each event would read another node's counter: use the policy \"each\"");
	return 0;
}

int check_read(const struct read_spec *read, const struct at *at, struct fail *fail)
{
	if (read->url && !read->metric == !read->pointer)
		return fail_at(fail, at->path,
			"with \"url\" it needs exactly one of \"metric\" and \"pointer\"");
	return 0;
}

/* --- SLOs -------------------------------------------------------------------------------- */

/* The first bound that is given; NULL: none. */
static const char *first_bound(const struct good_spec *good)
{
	const struct {
		const char *key;
		double value;
	} bounds[] = {
		{"value_lt", good->value_lt},
		{"value_le", good->value_le},
		{"value_gt", good->value_gt},
		{"value_ge", good->value_ge},
	};

	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++)
		if (!isnan(bounds[i].value))
			return bounds[i].key;
	return NULL;
}

/* fmin() and fmax() pass over what is not given. */
static bool can_be_kept(const struct good_spec *good)
{
	double below = fmin(good->value_lt, good->value_le);
	double above = fmax(good->value_gt, good->value_ge);
	bool open = good->value_lt <= below || good->value_gt >= above;

	return isnan(below) || isnan(above) || above < below || (above == below && !open);
}

static int check_attempts(const struct slo_spec *slo, const struct probe_spec *probe,
	const struct at *good, struct fail *fail)
{
	int64_t most = slo->good->attempts_le;

	if (!most)
		return 0;
	if (!probe->load)
		return fail_at(fail, at_key(good, "attempts_le").path,
			"each event of probe \"%s\" is one attempt: only loads try again",
			probe->name);
	if (most >= load_attempts(probe->load) && load_attempts(probe->load) > 1)
		return fail_at(fail, at_key(good, "attempts_le").path,
			"no request of \"%s\" takes more: its retry.attempts is %lld", probe->name,
			(long long)load_attempts(probe->load));
	return 0;
}

int check_good(const struct scenario *scenario, const struct slo_spec *slo, const struct at *at,
	struct fail *fail)
{
	const struct probe_spec *probe = scenario_probe(scenario, slo->probe);
	struct at good = at_key(at, "good");
	const char *bound = first_bound(slo->good);

	if (check_attempts(slo, probe, &good, fail) < 0)
		return -1;
	if (!bound)
		return 0;
	if (!probe_reads_values(probe))
		return fail_at(fail, at_key(&good, bound).path,
			"probe \"%s\" reads no number: only types \"metric\" and \"prometheus\" do",
			probe->name);
	if (!can_be_kept(slo->good))
		return fail_at(fail, good.path, "no value can keep these bounds");
	return 0;
}
