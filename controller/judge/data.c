/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "contract/list.h"
#include "controller/judge/judge_parts.h"
#include "controller/prober/orders.h"

/*
 * What became of acknowledged writes. All sets of ids are walked together along their edges, so
 * that the work grows with the number of ranges and not with the ids in them.
 */
enum id_set {
	SET_ATTEMPTED,
	SET_ACKED,
	SET_FAILED,
	SET_UNKNOWN,
	SET_READ, /* of any member: its depth is the number of members that hold the id */
	SETS
};

struct edge {
	int64_t id;
	enum id_set set;
	int step; /* +1 at the first id of a range, -1 behind its last */
};

static void add_edges(struct list *edges, const struct ranges *ranges, enum id_set set)
{
	LIST_EACH(ranges->list, struct id_range, range) {
		*(struct edge *)list_push(edges, sizeof(struct edge)) =
			(struct edge){.id = range->first, .set = set, .step = 1};
		*(struct edge *)list_push(edges, sizeof(struct edge)) =
			(struct edge){.id = range->last + 1, .set = set, .step = -1};
	}
}

static int by_id(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* `count` ids from `first` on, all of them in the same sets. */
static void take_ids(
	const int64_t depth[SETS], int64_t first, int64_t count, struct data_summary *out)
{
	bool attempted = depth[SET_ATTEMPTED] > 0, acked = depth[SET_ACKED] > 0;
	bool read = depth[SET_READ] > 0;

	out->attempted += attempted ? count : 0;
	out->acked += acked ? count : 0;
	out->failed += depth[SET_FAILED] > 0 ? count : 0;
	/* The answer to an operation that was given up may come later. */
	out->unknown += depth[SET_UNKNOWN] > 0 && !acked ? count : 0;
	if (!out->workload->read_done || !out->reads_ok)
		return;
	if (acked && !read) {
		out->first_lost = out->lost ? out->first_lost : first;
		out->last_lost = first + count - 1;
		out->lost += count;
	}
	out->on_some += acked && read && depth[SET_READ] < (int64_t)out->reads_ok ? count : 0;
	out->recovered += attempted && !acked && read ? count : 0;
	out->unexpected += !attempted && read ? count : 0;
}

void judge_data(const struct workload_record *workload, struct data_summary *out)
{
	struct list edges = {0};
	int64_t depth[SETS] = {0}, from = 0;

	*out = (struct data_summary){.workload = workload};
	add_edges(&edges, &workload->attempted, SET_ATTEMPTED);
	add_edges(&edges, &workload->acked, SET_ACKED);
	add_edges(&edges, &workload->failed, SET_FAILED);
	add_edges(&edges, &workload->unknown, SET_UNKNOWN);
	LIST_EACH(workload->reads, struct read_record, read) {
		out->reads_ok += read->ok;
		out->reads_failed += !read->ok;
		if (read->ok)
			add_edges(&edges, &read->present, SET_READ);
	}
	if (edges.count)
		qsort(edges.items, edges.count, sizeof(struct edge), by_id);
	LIST_EACH(edges, struct edge, edge) {
		if (edge->id > from)
			take_ids(depth, from, edge->id - from, out);
		depth[edge->set] += edge->step;
		from = edge->id;
	}
	free(edges.items);
}
