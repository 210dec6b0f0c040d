/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "controller/prober/arrivals.h"
#include "controller/prober/probe.h"
#include "controller/prober/probe_kind.h"

enum {
	CLASSES_MAX = 16,
	/*
	 * Events of all classes in one window, and of the runs that say which were late, and which
	 * dropped. In the worst case, good and bad in turn, each takes two bytes of the
	 * notification, which is one line of at most 1 MiB.
	 */
	WINDOW_JUDGEMENTS_MAX = 300 * 1000,
	SPOILED_RUNS = 2,
	LOAD_RUNS = 3, /* a run of attempts takes three bytes or four */
	ATTEMPTS_SPARE = 8,
};

const struct probe_kind *probe_kind_of(const struct probe_order *order)
{
	const struct {
		const void *given;
		const struct probe_kind *kind;
	} kinds[] = {
		{order->http, &probe_kind_http},
		{order->tcp, &probe_kind_tcp},
		{order->exec, &probe_kind_exec},
		{order->dns, &probe_kind_dns},
		{order->kernel, &probe_kind_kernel},
	};
	const struct probe_kind *found = NULL;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].given && found)
			return NULL;
		if (kinds[i].given)
			found = kinds[i].kind;
	}
	return found;
}

int probe_try_text(
	const char *text, const struct event_values *values, const char *what, struct fail *fail)
{
	char *expanded;

	if (!text)
		return 0;
	if (expand_text(text, values, &expanded, fail) < 0)
		return fail_context(fail, "%s", what);
	free(expanded);
	return 0;
}

static int check_targets(const struct probe_order *order, struct fail *fail)
{
	if (order->policy == POLICY_EACH &&
		(order->targets.count != 1 ||
			!LIST_AT(order->targets, struct probe_target, 0)->node))
		return fail_set(fail, FAIL_USAGE, "policy each needs exactly one target, a node");
	return 0;
}

static int check_value(const struct probe_order *order, struct fail *fail)
{
	const struct value_order *value = order->value;

	if (!value)
		return 0;
	if (!order->http && !order->exec && !order->kernel)
		return fail_set(fail, FAIL_USAGE,
			"a value is read of \"http\", \"exec\" and \"kernel\" only");
	if ((value->format == VALUE_KERNEL) != (order->kernel != NULL))
		return fail_set(fail, FAIL_USAGE, "value: the format is not the probe's");
	if (order->rate > VALUE_RATE_MAX)
		return fail_set(fail, FAIL_USAGE, "values are read at most %d times a second",
			VALUE_RATE_MAX);
	if ((value->format == VALUE_METRIC && !value->metric) ||
		(value->format == VALUE_JSON && !value->pointer))
		return fail_set(fail, FAIL_USAGE, "value: it is not said which one");
	if (value->per_second && order->targets.count > 1)
		return fail_set(fail, FAIL_USAGE,
			"value: per_second needs one target, whose counter is compared with "
			"itself");
	return 0;
}

static int check_load(const struct probe_order *order, struct fail *fail)
{
	const char *wrong;
	size_t step;

	if (!order->load)
		return 0;
	if (!order->http || order->value)
		return fail_set(fail, FAIL_USAGE, "a load is of \"http\" only, and reads no value");
	wrong = arrivals_check(&order->load->arrivals, &step);
	if (wrong)
		return fail_set(fail, FAIL_USAGE, "load: arrivals[%zu]: %s", step, wrong);
	if (arrivals_most(&order->load->arrivals) > order->rate)
		return fail_set(fail, FAIL_USAGE, "load: more arrivals than \"rate\" says");
	return 0;
}

/* The bytes that good and bad in turn would take, in events. */
static int check_window(const struct probe_order *order, struct fail *fail)
{
	size_t runs = order->classes.count + SPOILED_RUNS + (order->load ? LOAD_RUNS : 0);
	double judgements = order->rate * (double)order->window_ns / 1e9 * (double)runs;

	if (judgements > WINDOW_JUDGEMENTS_MAX)
		return fail_set(fail, FAIL_USAGE,
			"rate × window × (SLOs + %zu) is %.0f, more than a report can hold (%d)",
			runs - order->classes.count, judgements, WINDOW_JUDGEMENTS_MAX);
	return 0;
}

int probe_check(struct probe_order *order, struct fail *fail)
{
	const struct probe_kind *kind = probe_kind_of(order);

	if (!kind)
		return fail_set(fail, FAIL_USAGE,
			"needs exactly one of \"http\", \"tcp\", \"exec\", \"dns\" and \"kernel\"");
	if (order->classes.count > CLASSES_MAX)
		return fail_set(fail, FAIL_USAGE, "more than %d SLOs on one probe", CLASSES_MAX);
	if (check_window(order, fail) < 0)
		return -1;
	if (check_targets(order, fail) < 0 || check_value(order, fail) < 0 ||
		check_load(order, fail) < 0)
		return -1;
	/* Everything is expanded once: what fails for one event fails for all. */
	LIST_EACH(order->targets, const struct probe_target, target) {
		struct event_values values = event_values_of(order->seed, 0);

		values.target = target;
		values.secrets = &order->secrets;
		if (kind->check(order, &values, fail) < 0)
			return -1;
	}
	return 0;
}

int probe_attempts(const struct probe_order *order)
{
	int most = probe_kind_of(order)->attempts_max;
	const struct retry *retry = order->load ? order->load->retry : NULL;
	double tries = retry ? (double)retry->attempts : 1;
	double wanted = ceil(order->rate * tries * (double)order->timeout_ns / 1e9 * 1.25);

	return wanted + ATTEMPTS_SPARE > most ? most : (int)wanted + ATTEMPTS_SPARE;
}

int probe_descriptors(const struct probe_order *order)
{
	return probe_kind_of(order)->descriptors;
}
