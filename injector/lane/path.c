/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/lane/path.h"

void path_start(struct path *path, const struct lane_spec *spec, int direction)
{
	*path = (struct path){.waiting_bytes = 0};
	spread_start(&path->spread, spec, direction);
	lane_random_start(&path->reorder, spec->seed, STREAM_REORDER, direction);
}

void path_change(struct path *path, const struct lane_spec *spec, int direction)
{
	struct path before = *path;

	path_start(path, spec, direction);
	path->waiting_bytes = before.waiting_bytes;
	path->bucket.sent_ns = before.bucket.sent_ns;
}

static bool goes_ahead(struct path *path, const struct lane_spec *spec)
{
	bool first = path->spread.packets == 0, ahead;
	double again = first ? 0 : spec->reorder_correlation;
	double random = lane_random_next(&path->reorder, 0);

	/*
	 * The last one's fate again, or what is left of the number decides: so the share stays what
	 * was asked, which it does not when numbers are blended.
	 */
	if (random < again)
		ahead = path->last_ahead;
	else
		ahead = (random - again) / (1 - again) < spec->reorder;
	if (spec->reorder_gap > 0)
		ahead = path->delayed >= spec->reorder_gap - 1;
	path->last_ahead = ahead;
	path->delayed = ahead ? 0 : path->delayed + 1;
	return ahead;
}

struct decision path_decide(struct path *path, const struct lane_spec *spec, int64_t now_ns,
	uint64_t bytes, uint64_t rate_bytes)
{
	bool ahead = goes_ahead(path, spec);
	int64_t delay_ns = spread_next(&path->spread, spec);
	struct decision decision = {.ahead = ahead};

	/* A single packet always finds room: a path must not be dead for ever. */
	if (path->waiting_bytes && path->waiting_bytes + bytes > spec->limit_bytes) {
		decision.lost = true;
		return decision;
	}
	decision.overtakes = ahead && path->waiting_bytes;
	path->waiting_bytes += bytes;
	decision.due_ns = bucket_pass(&path->bucket, spec, now_ns, rate_bytes);
	if (ahead)
		return decision;
	decision.due_ns += delay_ns;
	if (spec->keep_order && decision.due_ns < path->last_due_ns)
		decision.due_ns = path->last_due_ns;
	path->last_due_ns = decision.due_ns;
	return decision;
}

void path_leave(struct path *path, uint64_t bytes)
{
	path->waiting_bytes -= bytes < path->waiting_bytes ? bytes : path->waiting_bytes;
}
