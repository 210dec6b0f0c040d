/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/judge/lost_writes.h"

#include "contract/json.h"
#include "contract/list.h"
#include "controller/judge/record_apply.h"

/* --- from the journal ---------------------------------------------------------------------- */

static int take_missing(struct ranges *into, const struct list *list, struct fail *fail)
{
	int64_t before = 0;

	LIST_EACH(*list, struct id_range, range) {
		if (range->first <= before || range->last < range->first)
			return fail_set(fail, FAIL_PEER, "read_back: an impossible range of ids");
		ranges_add_run(into, range->first, range->last);
		before = range->last;
	}
	return 0;
}

/* No rule looks further back. */
static void forget_older(struct workload_record *workload)
{
	int64_t answered = 0;

	for (size_t i = workload->read_backs.count; i-- > 0;) {
		struct read_back_record *read =
			LIST_AT(workload->read_backs, struct read_back_record, i);

		if (read->ok && ++answered > IN_READS_MAX) {
			ranges_deinit(&read->missing);
			return; /* those before it were forgotten when they came to be too old */
		}
	}
}

int record_apply_read_back(struct record *record, const cJSON *event, struct fail *fail)
{
	struct workload_record *own = record_workload(record, json_string(event, "workload", ""));
	struct read_back_record *kept;
	struct read_back read;
	int outcome;

	if (!own)
		return record_unknown_name(event, "workload", fail);
	if (shape_decode(&read_back_shape, record_member(event, "read"), "read", &read, fail) < 0)
		return -1;
	kept = list_push(&own->read_backs, sizeof(*kept));
	*kept = (struct read_back_record){.at_ns = journal_time(event, "t_ns"),
		.ok = read.ok,
		.expected = read.expected,
		.missing_count = read.missing_count};
	record_replace_text(&kept->reason, read.reason);
	outcome = take_missing(&kept->missing, &read.missing, fail);
	forget_older(own);
	shape_free(&read_back_shape, &read);
	return outcome;
}

/* --- what it tells -------------------------------------------------------------------------- */

static void keep_common(struct ranges *all, const struct ranges *others)
{
	struct ranges common = {0};

	ranges_common(all, others, &common);
	ranges_deinit(all);
	*all = common;
}

struct lost_look record_lost_writes(const struct workload_record *workload, int64_t in_reads)
{
	struct lost_look look = {0};
	struct ranges missing = {0};

	for (size_t i = workload->read_backs.count; i-- > 0 && look.reads < in_reads;) {
		const struct read_back_record *read =
			LIST_AT(workload->read_backs, struct read_back_record, i);

		if (!read->ok)
			continue;
		if (look.reads++ == 0)
			ranges_copy(&missing, &read->missing);
		else
			keep_common(&missing, &read->missing);
	}
	if (look.reads == in_reads)
		look.missing = ranges_count(&missing);
	ranges_deinit(&missing);
	return look;
}

struct read_back_sum record_read_backs(const struct workload_record *workload)
{
	struct read_back_sum sum = {0};

	LIST_EACH(workload->read_backs, const struct read_back_record, read) {
		if (!read->ok) {
			sum.failed++;
			sum.last_failure = read->reason ? read->reason : "";
			continue;
		}
		sum.answered++;
		sum.last_missing = read->missing_count;
		if (read->missing_count > sum.most_missing)
			sum.most_missing = read->missing_count;
	}
	return sum;
}
