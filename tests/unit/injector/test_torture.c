/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/list.h"
#include "injector/lists.h"
#include "injector/recover.h"
#include "injector/session.h"
#include "tests/pace.h"
#include "tests/unit/injector/host_fake.h"
#include "tests/unit/injector/torture.h"

/*
 * Every call to the host fails in turn, in sessions of every depth. Afterwards the machine is as
 * it was; or the session said that something is left, and a recovery on a host that works again
 * leaves nothing.
 */

enum {
	SEEDS_LONG = 25,
	SEEDS_RARE = 10, /* plays that are only there for what is called seldom */
	/*
	 * Between calls that fail, unless it may take long; another first one for each way. The
	 * first call of each name fails in any case: no stride may step over what is rare.
	 */
	STRIDE = 4
};

static const struct way {
	const char *what;
	int more;
	bool late, dies;
} ways[] = {
	{"fails once", .more = 0},
	{"fails three times", .more = 2},
	{"fails from here on", .more = INT_MAX},
	{"fails once after it was done", .late = true},
	{"fails from here on after it was done", .more = INT_MAX, .late = true},
	{"kills the process", .dies = true},
	{"kills the process after it was done", .dies = true, .late = true},
};

static const int errors[] = {EIO, ENOSPC, ENOMEM, ENOBUFS, EPERM, EMFILE, EBUSY};

static struct list failed_names; /* of char * */
static struct list met_names;    /* of char *: those that were called so far */
static struct list first_calls;  /* of int: which calls of this play were the first of their name */
static char scene[256];          /* what is being played, for messages */

static void nobody_listens(const char *line)
{
	(void)line;
}

static size_t recover(void)
{
	static const struct recover_options options = {
		.runtime_dir = "/run/backburn", .here = true};

	return recover_all(&options, nobody_listens);
}

static void assert_as_before(const char *before, bool with_files, const char *when)
{
	char *now = fake_describe(with_files);

	if (strcmp(before, now) != 0)
		fail_msg("%s (%s), %s\nbefore: %s\nnow:    %s", scene,
			fake.failed_name ? fake.failed_name : "nothing failed", when, before, now);
	free(now);
}

static void assert_nothing_open(void)
{
	if (fake_open_count())
		fail_msg("%s (%s): %zu descriptors are open", scene, fake.failed_name,
			fake_open_count());
}

static void keep_failed_name(void)
{
	if (fake.failed_name && !list_has_text(&failed_names, fake.failed_name))
		list_push_text(&failed_names, fake.failed_name);
}

/* The session's own word, held against the machine. */
static void end_session(struct play *play, const char *before)
{
	bool killed = play->ending == ENDING_DEATH;
	int result;

	if (!play->session)
		return;
	result = killed ? -1 : play_end(play);
	if (result == 0 && !fake.dead)
		assert_as_before(before, false, "when it had said that all is undone");
	/* Memory has to go; the machine must not notice, since a killed process does no more. */
	fake.dead |= killed;
	session_free(play->session);
	if (!fake.dead)
		assert_nothing_open();
}

static void note_first_call(const char *name, int number)
{
	if (list_has_text(&met_names, name))
		return;
	list_push_text(&met_names, name);
	*(int *)list_push(&first_calls, sizeof(int)) = number;
}

static bool is_first_call(int number)
{
	LIST_EACH(first_calls, const int, first)
		if (*first == number)
			return true;
	return false;
}

/* How many calls to the host there were; `at` 0: none fails. */
static int perform(struct play *play, const struct way *way, int at, int error)
{
	char *before, *before_with_files;
	int calls;

	play_set(play);
	before = fake_describe(false);
	before_with_files = fake_describe(true);
	fake.fail_at = at;
	fake.fail_more = way->more;
	fake.fail_late = way->late;
	fake.dies = way->dies;
	fake.fail_error = error;
	fake.asked = at ? NULL : note_first_call;
	play_perform(play);
	end_session(play, before);
	fake_kill();
	fake_remove_link(9);
	/* The failing call may be one of the recovery. */
	if (fake.effects < at)
		fake.fail_at = at;
	if (recover() == 0 && !fake.dead)
		assert_as_before(before, false, "when recovery had said that nothing is left");
	calls = fake.effects;
	keep_failed_name();
	fake_kill();
	if (recover() != 0)
		fail_msg("%s (%s): recovery can't undo what is left", scene, fake.failed_name);
	assert_as_before(before_with_files, true, "after recovery");
	assert_nothing_open();
	free(before);
	free(before_with_files);
	return calls;
}

static bool is_long(void)
{
	return getenv("BACKBURN_LONG") != NULL;
}

static int stride_between_failures(void)
{
	return (is_long() ? 1 : STRIDE) * (int)pace();
}

static void fail_call(struct play *play, size_t way, int at)
{
	int error = errors[((size_t)at + way) % (sizeof(errors) / sizeof(errors[0]))];

	snprintf(scene, sizeof(scene), "seed %u, depth %d, ending %d, %s: call %d %s, errno %d",
		play->seed, play->depth, play->ending, play->clsact ? "clsact" : "tcx", at,
		ways[way].what, error);
	perform(play, &ways[way], at, error);
}

/* `all` false: only what no play has called before. */
static void torture(struct play *play, bool all)
{
	static const struct way none = {.what = "nothing fails"};
	int calls, stride = stride_between_failures();

	snprintf(scene, sizeof(scene), "seed %u, depth %d, ending %d, nothing fails", play->seed,
		play->depth, play->ending);
	calls = perform(play, &none, 0, 0);
	assert_true(calls > 10);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		for (int at = 1; at <= calls; at++) {
			bool on_stride = (at - 1) % stride == (int)(play->seed + i) % stride;

			if ((all && on_stride) || is_first_call(at))
				fail_call(play, i, at);
		}
	list_free(&first_calls);
}

static void torture_all(bool clsact)
{
	uint32_t seeds = is_long() ? SEEDS_LONG : 1, number = clsact;

	for (int depth = 1; depth <= PLAY_FAULTS_MAX; depth++)
		for (uint32_t seed = 0; seed < seeds + SEEDS_RARE; seed++) {
			struct play play = {.seed = seed * PLAY_FAULTS_MAX + (uint32_t)depth,
				.depth = depth,
				.clsact = clsact,
				.ending = (enum play_ending)(number++ % ENDINGS),
				.scene = scene};

			torture(&play, seed < seeds);
		}
}

static void by_tcx(void **state)
{
	(void)state;
	torture_all(false);
}

static void by_clsact(void **state)
{
	(void)state;
	torture_all(true);
}

/* What is not asked for here was not tortured. */
static void every_call_had_its_turn(void **state)
{
	static const char *const names[] = {"facts", "dir_make", "dir_list", "file_lock",
		"file_append", "file_clear", "file_read", "file_remove", "addresses",
		"try_capabilities", "links", "matcher_load", "matcher_put", "matcher_count",
		"matcher_remove", "matcher_protect", "tcx_attach", "tcx_list", "clsact_state",
		"clsact_add", "clsact_delete", "filter_list", "filter_add", "filter_delete",
		"process_list", "process_open", "process_signal", "process_sockets", "link_named",
		"pair_add", "lane_delete", "exit_attach", "shape", "matcher_link", "lane_end",
		"keeper_start", "lookup_start", "clock_attach", "clock_heal", "gate_open",
		"gate_pass", "gate_release", "guardian_start", "machine_clock", "machine_step",
		"machine_steer"};

	(void)state;
	if (stride_between_failures() > STRIDE) {
		print_message("skipped: too few calls are made to fail at this pace\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!list_has_text(&failed_names, names[i]))
			fail_msg("%s never failed", names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_tcx),
		cmocka_unit_test(by_clsact),
		cmocka_unit_test(every_call_had_its_turn),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	list_free_texts(&failed_names);
	list_free_texts(&met_names);
	fake_reset();
	list_free(&fake.links);
	return failed;
}
