/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/cgroups.h"
#include "contract/memory.h"
#include "controller/prober/kernel_metrics.h"
#include "controller/prober/probe_kind.h"

/*
 * Probes that read what the kernel counts where they run. A reading takes microseconds, or for the
 * round trips of thousands of connections a millisecond: it is made at once, in begin().
 */
enum {
	ATTEMPTS_MAX = 8 /* each is over before the next begins */
};

struct kernel_reader {
	const struct kernel_metric *metric, *per; /* per: NULL where nothing is divided */
	char cgroup[PATH_MAX];                    /* its directory; "": none */
	double earlier, earlier_per;              /* counters at the last event; NAN: none */
};

static int find_directory(const char *cgroup, char out[PATH_MAX], struct fail *fail)
{
	char mount[PATH_MAX];

	out[0] = '\0';
	if (!cgroup)
		return 0;
	if (cgroup_mount(mount, fail) < 0)
		return -1;
	/* What a variable put in nobody has looked at. */
	if (strstr(cgroup, "/..") || *cgroup != '/')
		return fail_set(fail, FAIL_REFUSED, "\"%.100s\" is no path of a cgroup", cgroup);
	if (snprintf(out, PATH_MAX, "%s%s", mount, cgroup) >= PATH_MAX)
		return fail_set(fail, FAIL_REFUSED, "the cgroup's path is too long");
	return 0;
}

static int reader_init(
	struct kernel_reader *reader, const struct kernel_order *order, struct fail *fail)
{
	reader->metric = &kernel_metrics[order->metric];
	reader->per = order->per == KERNEL_PER_NONE
		? NULL
		: &kernel_metrics[order->per - KERNEL_PER_FIRST];
	reader->earlier = reader->earlier_per = NAN;
	return find_directory(order->cgroup, reader->cgroup, fail);
}

static int read_one(const struct kernel_reader *reader, const struct kernel_metric *metric,
	double *out, struct fail *fail)
{
	return kernel_metric_read(metric, reader->cgroup[0] ? reader->cgroup : NULL, out, fail);
}

/*
 * How much the one counter grew for each step of the other since the last event. NAN where there is
 * none to compare with, where nothing happened that could be divided by, and where they began anew.
 */
static double share_of(struct kernel_reader *reader, double now, double now_per)
{
	double grown = now - reader->earlier, grown_per = now_per - reader->earlier_per;

	reader->earlier = now;
	reader->earlier_per = now_per;
	return grown >= 0 && grown_per > 0 ? grown / grown_per : NAN;
}

/* The number of one event. Returns 1 where there is nothing now that could be measured. */
static int read_event(struct kernel_reader *reader, double *out, struct fail *fail)
{
	double per;

	if (read_one(reader, reader->metric, out, fail) < 0)
		return -1;
	if (!reader->per)
		return isnan(*out) ? 1 : 0;
	if (read_one(reader, reader->per, &per, fail) < 0)
		return -1;
	*out = share_of(reader, *out, per);
	return 0;
}

/* --- the kind ---------------------------------------------------------------------------- */

/* What this kernel does not count is told before the run, not by every event of it. */
static int check(struct probe_order *order, const struct event_values *values, struct fail *fail)
{
	struct kernel_reader *reader = must_alloc(sizeof(*reader));
	double ignored;
	int outcome = reader_init(reader, order->kernel, fail);

	(void)values;
	if (outcome == 0)
		outcome = read_event(reader, &ignored, fail);
	free(reader);
	return outcome < 0 ? -1 : 0;
}

static int open_means(uv_loop_t *loop, const struct probe_order *order, int capacity,
	void **out_means, struct fail *fail)
{
	struct kernel_reader *reader = must_alloc(sizeof(*reader));

	(void)loop;
	(void)capacity;
	if (reader_init(reader, order->kernel, fail) < 0) {
		free(reader);
		return -1;
	}
	*out_means = reader;
	return 0;
}

static int begin(void *means, const struct attempt *attempt, struct fail *fail)
{
	double value = NAN;
	struct fail why = FAIL_INIT;
	struct attempt_end end = {.outcome = OUTCOME_OK, .value = &value};
	int outcome = read_event(means, &value, &why);

	(void)fail;
	if (outcome < 0)
		end = (struct attempt_end){.outcome = OUTCOME_BROKEN, .text = why.text};
	else if (outcome > 0)
		end = (struct attempt_end){.outcome = OUTCOME_CONTENT,
			.text = "there is no established connection to another node"};
	attempt->done(attempt->context, &end);
	return 0;
}

const struct probe_kind probe_kind_kernel = {
	.name = "kernel",
	.descriptors = 1,
	.attempts_max = ATTEMPTS_MAX,
	.check = check,
	.open = open_means,
	.close = free,
	.begin = begin,
};
