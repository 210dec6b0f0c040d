/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/kernel_metrics.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "controller/prober/kernel_cgroup.h"
#include "controller/prober/kernel_sockets.h"
#include "controller/prober/kernel_texts.h"

enum {
	TEXT_BYTES = 65536 /* /proc/net/netstat has some 4 KiB; what lies behind is not looked at */
};

#define KERNEL_METRIC(word, from, group, field, factor, counter, remark)                           \
	{#word, KERNEL_##from, group, field, factor, counter, remark},
const struct kernel_metric kernel_metrics[] = {
#include "controller/prober/kernel_metrics.def"
};
#undef KERNEL_METRIC
const size_t kernel_metric_count = sizeof(kernel_metrics) / sizeof(kernel_metrics[0]);

#define KERNEL_METRIC(word, from, group, field, factor, counter, remark) #word,
const char *const kernel_metric_words[] = {
#include "controller/prober/kernel_metrics.def"
	NULL};
#undef KERNEL_METRIC

#define KERNEL_METRIC(word, from, group, field, factor, counter, remark) #word,
const char *const kernel_per_words[] = {[KERNEL_PER_NONE] = "none",
#include "controller/prober/kernel_metrics.def"
	NULL};
#undef KERNEL_METRIC
static_assert(sizeof(kernel_per_words) / sizeof(kernel_per_words[0]) ==
		sizeof(kernel_metrics) / sizeof(kernel_metrics[0]) + KERNEL_PER_FIRST + 1,
	"\"none\" and a word for each metric");

/* --- files ------------------------------------------------------------------------------- */

static int read_text(const char *path, char text[TEXT_BYTES], struct fail *fail)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t got = 0;
	int error;

	if (file < 0 && errno == ENOENT)
		return fail_set(fail, FAIL_UNSUPPORTED, "there is no %s here", path);
	if (file < 0)
		return fail_errno(fail, errno, "cannot open %s", path);
	while (used < TEXT_BYTES - 1 && (got = read(file, text + used, TEXT_BYTES - 1 - used)) > 0)
		used += (size_t)got;
	error = got < 0 ? errno : 0;
	close(file);
	/* Where pressure is not watched its files are there, and say this. */
	if (error == EOPNOTSUPP)
		return fail_set(fail, FAIL_UNSUPPORTED, "%s is switched off in this kernel", path);
	if (error)
		return fail_errno(fail, error, "cannot read %s", path);
	text[used] = '\0';
	return 0;
}

static int nothing_there(const char *path, const char *what, struct fail *fail)
{
	return fail_set(fail, FAIL_UNSUPPORTED, "%s has no %s that could be read", path, what);
}

static int read_table(
	const struct kernel_metric *metric, const char *path, double *out, struct fail *fail)
{
	char text[TEXT_BYTES];

	if (read_text(path, text, fail) < 0)
		return -1;
	if (kernel_table_value(text, metric->group, metric->field, out) < 0)
		return nothing_there(path, metric->field, fail);
	return 0;
}

/* --- sources ----------------------------------------------------------------------------- */

/* Each reads in the kernel's unit; `cgroup` is there where it must be. */
typedef int read_source(
	const struct kernel_metric *metric, const char *cgroup, double *out, struct fail *fail);

static int read_snmp(
	const struct kernel_metric *metric, const char *cgroup, double *out, struct fail *fail)
{
	(void)cgroup;
	return read_table(metric, "/proc/self/net/snmp", out, fail);
}

static int read_netstat(
	const struct kernel_metric *metric, const char *cgroup, double *out, struct fail *fail)
{
	(void)cgroup;
	return read_table(metric, "/proc/self/net/netstat", out, fail);
}

static int read_sockets(
	const struct kernel_metric *metric, const char *cgroup, double *out, struct fail *fail)
{
	struct cgroup_ids ids = {0};
	struct round_trips trips = {.only = cgroup ? &ids : NULL};
	int error = cgroup ? cgroup_ids_read(cgroup, &ids) : 0;
	int outcome = error ? fail_errno(fail, error, "cannot look at cgroup %s", cgroup)
			    : round_trips_read(&trips, fail);

	if (outcome == 0)
		*out = round_trips_of(&trips, metric->field);
	round_trips_deinit(&trips);
	cgroup_ids_deinit(&ids);
	return outcome;
}

static int read_cgroup_text(const struct kernel_metric *metric, const char *cgroup,
	char path[PATH_MAX], char text[TEXT_BYTES], struct fail *fail)
{
	if (snprintf(path, PATH_MAX, "%s/%s", cgroup, metric->group) >= PATH_MAX)
		return fail_set(fail, FAIL_REFUSED, "the cgroup's path is too long");
	return read_text(path, text, fail);
}

static int read_cgroup(
	const struct kernel_metric *metric, const char *cgroup, double *out, struct fail *fail)
{
	char path[PATH_MAX], text[TEXT_BYTES];
	int found;

	if (read_cgroup_text(metric, cgroup, path, text, fail) < 0)
		return -1;
	found = metric->field ? kernel_keyed_value(text, metric->field, out)
			      : kernel_single_value(text, out);
	return found < 0 ? nothing_there(path, metric->field ? metric->field : "number", fail) : 0;
}

static int read_pressure(
	const struct kernel_metric *metric, const char *cgroup, double *out, struct fail *fail)
{
	char path[PATH_MAX], text[TEXT_BYTES];

	if (read_cgroup_text(metric, cgroup, path, text, fail) < 0)
		return -1;
	if (kernel_pressure_total(text, metric->field, out) < 0)
		return nothing_there(path, "total", fail);
	return 0;
}

static int read_processes(
	const struct kernel_metric *metric, const char *cgroup, double *out, struct fail *fail)
{
	struct cgroup_sum sum;
	int error = cgroup_sum_read(cgroup, &sum);

	if (error)
		return fail_errno(fail, error, "cannot read %s/cgroup.procs", cgroup);
	*out = strcmp(metric->field, "count") == 0 ? (double)sum.processes : sum.resident_bytes;
	return 0;
}

/* user, nice, system, irq and softirq of proc(5): neither idle nor stolen time is work of its. */
static int read_host_cpu(
	const struct kernel_metric *metric, const char *cgroup, double *out, struct fail *fail)
{
	static const unsigned int busy[] = {0, 1, 2, 5, 6};
	static const char path[] = "/proc/stat", all[] = "cpu  ";
	char text[TEXT_BYTES];
	double sum = 0, ticks;

	(void)metric;
	(void)cgroup;
	if (read_text(path, text, fail) < 0)
		return -1;
	if (strncmp(text, all, strlen(all)) != 0)
		return nothing_there(path, "sum of all CPUs", fail);
	for (size_t i = 0; i < sizeof(busy) / sizeof(busy[0]); i++) {
		if (kernel_word_value(text + strlen(all), busy[i], &ticks) < 0)
			return nothing_there(path, "sum of all CPUs", fail);
		sum += ticks;
	}
	*out = sum / (double)sysconf(_SC_CLK_TCK);
	return 0;
}

static int read_host_memory(
	const struct kernel_metric *metric, const char *cgroup, double *out, struct fail *fail)
{
	static const char path[] = "/proc/meminfo";
	char text[TEXT_BYTES];
	double total, available;

	(void)metric;
	(void)cgroup;
	if (read_text(path, text, fail) < 0)
		return -1;
	if (kernel_keyed_value(text, "MemTotal:", &total) < 0 ||
		kernel_keyed_value(text, "MemAvailable:", &available) < 0)
		return nothing_there(path, "MemTotal and MemAvailable", fail);
	*out = total - available;
	return 0;
}

static const struct {
	read_source *read;
	const char *scope;
	enum kernel_cgroup cgroup;
} sources[] = {
	[KERNEL_SNMP] = {read_snmp, "the network namespace", KERNEL_CGROUP_NEVER},
	[KERNEL_NETSTAT] = {read_netstat, "the network namespace", KERNEL_CGROUP_NEVER},
	[KERNEL_SOCKETS] = {read_sockets, "the network namespace", KERNEL_CGROUP_MAY},
	[KERNEL_CGROUP] = {read_cgroup, "a cgroup", KERNEL_CGROUP_MUST},
	[KERNEL_PRESSURE] = {read_pressure, "a cgroup", KERNEL_CGROUP_MUST},
	[KERNEL_PROCESSES] = {read_processes, "a cgroup", KERNEL_CGROUP_MUST},
	[KERNEL_HOST_CPU] = {read_host_cpu, "the whole machine", KERNEL_CGROUP_NEVER},
	[KERNEL_HOST_MEMORY] = {read_host_memory, "the whole machine", KERNEL_CGROUP_NEVER},
};
static_assert(sizeof(sources) / sizeof(sources[0]) == KERNEL_SOURCES, "a row for each source");

const char *kernel_metric_scope(const struct kernel_metric *metric)
{
	return sources[metric->source].scope;
}

enum kernel_cgroup kernel_metric_cgroup(const struct kernel_metric *metric)
{
	return sources[metric->source].cgroup;
}

int kernel_metric_read(
	const struct kernel_metric *metric, const char *cgroup, double *out, struct fail *fail)
{
	double value;

	if (kernel_metric_cgroup(metric) == KERNEL_CGROUP_MUST && !cgroup)
		return fail_set(fail, FAIL_REFUSED,
			"%s is of a cgroup, and the node has none: say which, as \"cgroup\" of the "
			"node or of \"read\"",
			metric->name);
	if (sources[metric->source].read(metric, cgroup, &value, fail) < 0)
		return fail_context(fail, "%s", metric->name);
	*out = value * metric->factor;
	return 0;
}
