/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/judge/load_told.h"

#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "contract/memory.h"
#include "controller/prober/attempts_text.h"
#include "controller/prober/retry.h"

/* --- taking in ------------------------------------------------------------------------- */

int load_window_check(const struct load_window *window, int64_t count, struct fail *fail)
{
	const char *cursor = window->attempts;
	int64_t attempts, run, left = count;
	int more;

	while ((more = attempts_text_next(&cursor, &attempts, &run, fail)) > 0) {
		if (run > left)
			return fail_set(fail, FAIL_PEER, "window: attempts of more requests");
		left -= run;
	}
	if (more == 0 && left > 0)
		return fail_set(fail, FAIL_PEER, "window: attempts of fewer requests");
	LIST_EACH(window->shares, const struct load_share, share)
		if (share->attempts > count * LOAD_ATTEMPTS_MAX || share->failed > share->attempts)
			return fail_set(fail, FAIL_PEER, "window: an impossible share of attempts");
	if (window->withheld > count)
		return fail_set(fail, FAIL_PEER, "window: more retries withheld than requests");
	return more;
}

static void add_slice(struct load_told *told, int64_t at_ns, const struct load_window *window)
{
	struct load_slice *slice;

	if (!window->withheld && !window->shares.count)
		return;
	slice = list_push(&told->slices, sizeof(*slice));
	*slice = (struct load_slice){.at_ns = at_ns, .withheld = window->withheld};
	LIST_EACH(window->shares, const struct load_share, share) {
		struct load_share *own = list_push(&slice->shares, sizeof(*own));

		*own = *share;
		own->node = must_copy(share->node);
	}
}

void load_told_add(struct load_told *told, const struct schedule *schedule, int64_t first_index,
	const struct load_window *window)
{
	const char *cursor = window->attempts;
	int64_t attempts, run, index = first_index;
	struct fail checked = FAIL_INIT;

	while (attempts_text_next(&cursor, &attempts, &run, &checked) > 0) {
		if (attempts == 1) {
			index += run;
			continue;
		}
		for (; run > 0; run--)
			*(struct load_request *)list_push(
				&told->unusual, sizeof(struct load_request)) =
				(struct load_request){schedule_due_ns(schedule, index++), attempts};
	}
	add_slice(told, schedule_due_ns(schedule, first_index), window);
}

void load_told_deinit(struct load_told *told)
{
	LIST_EACH(told->slices, struct load_slice, slice) {
		LIST_EACH(slice->shares, struct load_share, share)
			free(share->node);
		free(slice->shares.items);
	}
	free(told->slices.items);
	free(told->unusual.items);
	*told = (struct load_told){0};
}

/* --- sums ------------------------------------------------------------------------------ */

static void add_share(struct load_sum *sum, const struct load_share *share)
{
	struct load_share *own;

	LIST_EACH(sum->shares, struct load_share, known)
		if (strcmp(known->node, share->node) == 0) {
			known->attempts += share->attempts;
			known->failed += share->failed;
			return;
		}
	own = list_push(&sum->shares, sizeof(*own));
	*own = *share;
}

/* Requests of the schedule that are due before that instant and told of. */
static int64_t told_before(const struct schedule *schedule, int64_t reported, int64_t at_ns)
{
	int64_t due;

	if (at_ns >= schedule_due_ns(schedule, reported))
		return reported;
	due = schedule_first_at(schedule, at_ns);
	return due < reported ? due : reported;
}

void load_told_sum(const struct load_told *told, const struct schedule *schedule, int64_t reported,
	const int64_t bounds[2], struct load_sum *sum)
{
	int64_t requests = told_before(schedule, reported, bounds[1]) -
		told_before(schedule, reported, bounds[0]);

	if (requests <= 0)
		return;
	sum->requests += requests;
	sum->begun += requests;
	sum->attempts += requests;
	LIST_EACH(told->unusual, const struct load_request, request) {
		if (request->at_ns < bounds[0] || request->at_ns >= bounds[1])
			continue;
		sum->attempts += request->attempts - 1;
		if (request->attempts == 0)
			sum->begun--;
		else
			sum->retries += request->attempts - 1;
	}
	LIST_EACH(told->slices, const struct load_slice, slice) {
		if (slice->at_ns < bounds[0] || slice->at_ns >= bounds[1])
			continue;
		sum->withheld += slice->withheld;
		LIST_EACH(slice->shares, const struct load_share, share)
			add_share(sum, share);
	}
}
