/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/judge/seconds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "contract/units.h"
#include "controller/files/loads.h"
#include "controller/prober/runs.h"

static struct probe_seconds *find(const struct list *probes, const char *probe)
{
	LIST_EACH(*probes, struct probe_seconds, own)
		if (strcmp(own->probe->name, probe) == 0)
			return own;
	return NULL;
}

static void prepare_probe(const struct scenario *scenario, const char *name, struct list *probes)
{
	if (name && !find(probes, name))
		((struct probe_seconds *)list_push(probes, sizeof(struct probe_seconds)))->probe =
			scenario_probe(scenario, name);
}

void seconds_prepare(const struct scenario *scenario, struct list *out_probes)
{
	LIST_EACH(scenario->invariants, struct invariant_spec, claim) {
		if (!claim->compare || !claim->compare->probe)
			continue;
		prepare_probe(scenario, claim->compare->probe, out_probes);
		prepare_probe(scenario, claim->compare->with->probe, out_probes);
	}
}

void seconds_free(struct list *probes)
{
	LIST_EACH(*probes, struct probe_seconds, own) {
		LIST_EACH(own->seconds, struct latency_second, second)
			free(second->buckets.items);
		free(own->seconds.items);
	}
	free(probes->items);
	*probes = (struct list){0};
}

/* Windows come nearly in order: the search begins at the end. */
static struct latency_second *second_at(struct probe_seconds *own, int64_t at_ns)
{
	int64_t begin_ns = at_ns - at_ns % NS_PER_SEC;
	struct latency_second *seconds = own->seconds.items;
	size_t place = own->seconds.count;

	while (place > 0 && seconds[place - 1].at_ns > begin_ns)
		place--;
	if (place > 0 && seconds[place - 1].at_ns == begin_ns)
		return &seconds[place - 1];
	list_push(&own->seconds, sizeof(*seconds));
	seconds = own->seconds.items;
	memmove(&seconds[place + 1], &seconds[place],
		(own->seconds.count - 1 - place) * sizeof(*seconds));
	seconds[place] = (struct latency_second){.at_ns = begin_ns};
	return &seconds[place];
}

/* Of runs that record_apply() has checked; NULL marks nothing. */
static int64_t count_marked(const char *runs)
{
	struct fail checked = FAIL_INIT;
	int64_t count, marked = 0;
	bool good;

	while (runs && runs_next(&runs, &good, &count, &checked) > 0)
		marked += good ? 0 : count;
	return marked;
}

void seconds_add(
	struct list *probes, const char *probe, int64_t at_ns, const struct probe_window *window)
{
	struct probe_seconds *own = find(probes, probe);
	struct latency_second *second;

	if (!own || !window->count)
		return;
	second = second_at(own, at_ns);
	second->events += window->count;
	second->late += count_marked(window->late);
	second->dropped += count_marked(window->dropped);
	LIST_EACH(window->latency, struct histogram_bucket, bucket)
		*(struct histogram_bucket *)list_push(&second->buckets, sizeof(*bucket)) = *bucket;
}

static int by_index(const void *a, const void *b)
{
	const struct histogram_bucket *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

static double quantile_of(const struct latency_second *second, double quantile, int64_t timeout_ns)
{
	int64_t rank = (int64_t)ceil(quantile * (double)second->events), seen = 0;

	if (second->buckets.count)
		qsort(second->buckets.items, second->buckets.count, sizeof(struct histogram_bucket),
			by_index);
	LIST_EACH(second->buckets, struct histogram_bucket, bucket) {
		seen += bucket->count;
		if (seen >= rank)
			return (double)histogram_edges_of((int)bucket->index).upper_ns;
	}
	return (double)timeout_ns;
}

void seconds_quantiles(const struct probe_seconds *own, double quantile, int64_t from_ns,
	int64_t to_ns, struct value_sample *out)
{
	LIST_EACH(own->seconds, struct latency_second, second) {
		if (second->at_ns < from_ns || second->at_ns + NS_PER_SEC > to_ns)
			continue;
		out->values = reallocarray(out->values, out->count + 1, sizeof(double));
		if (!out->values)
			abort();
		out->values[out->count++] =
			quantile_of(second, quantile, probe_longest_ns(own->probe));
	}
}

const struct probe_seconds *record_seconds(const struct record *record, const char *probe)
{
	return find(&record->seconds, probe);
}
