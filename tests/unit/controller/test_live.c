/* SPDX-License-Identifier: Apache-2.0 */
#include "hands.h"

#include <stdlib.h>
#include <string.h>

#include "controller/report/live.h"

/* What people see at one instant of a run. */
struct sight {
	struct hands hands;
	char *text;
	int lines;
};

static void see(struct sight *sight, int64_t at_ns, struct live_look look)
{
	struct live *live = live_new();
	size_t size = 0;
	FILE *out = open_memstream(&sight->text, &size);

	hands_init(&sight->hands, given_tree());
	sight->hands.outage_ns = SECONDS(3);
	hands_run(&sight->hands, at_ns);
	for (const cJSON *event = sight->hands.journal->child; event; event = event->next)
		live_take(live, event);
	look.now_ns = sight->hands.now_ns;
	sight->lines = live_draw(out, live, engine_record(sight->hands.engine), &look);
	fclose(out);
	live_free(live);
}

static void done(struct sight *sight)
{
	free(sight->text);
	hands_deinit(&sight->hands);
}

static size_t longest_line(const char *text)
{
	size_t longest = 0;

	while (*text) {
		size_t columns = 0;

		/* Bytes 10xxxxxx continue a character. */
		for (; *text && *text != '\n'; text++)
			columns += (*text & 0xC0) != 0x80;
		longest = columns > longest ? columns : longest;
		text += *text == '\n';
	}
	return longest;
}

static void steady_before_the_fault(void **state)
{
	(void)state;
	struct sight sight;

	see(&sight, SECONDS(20), (struct live_look){.columns = 200});
	assert_non_null(strstr(sight.text, "s of 30s | T+20.0s of about 76s, stopped at 4m"));
	assert_non_null(strstr(
		sight.text, "avail          100.00 % good of the last 250 (objective 99 %)"));
	assert_null(strstr(sight.text, "partition"));
	assert_non_null(strstr(sight.text, "stop outage    [....................] 0.0s of "));
	assert_non_null(strstr(sight.text, "| bad of the last 30s          "));
	assert_non_null(strstr(sight.text, "  ···················"));
	assert_null(strstr(sight.text, "▁"));
	assert_non_null(strstr(sight.text, "\nCtrl-C heals everything, then reports\n"));
	assert_null(strchr(sight.text, '\033'));
	done(&sight);
}

static void an_outage_comes_nearer_to_its_limit(void **state)
{
	(void)state;
	struct sight sight;
	const char *bar;

	see(&sight, SECONDS(33.9), (struct live_look){.columns = 200, .colours = true});
	assert_non_null(strstr(sight.text, "phase cut (2 of 4): "));
	assert_non_null(strstr(sight.text, "cut-leader     partition acts on n2 | "));
	assert_non_null(strstr(sight.text, "s at the latest"));
	bar = strstr(sight.text, "stop outage    [");
	assert_non_null(bar);
	assert_int_equal(strchr(bar, '[')[1], '#');
	/* All that was measured in the last two seconds was bad. */
	assert_non_null(strstr(sight.text, "██\033"));
	/* Below its objective: red. */
	assert_non_null(strstr(sight.text, "\033[31mavail "));
	done(&sight);
}

static void no_line_is_longer_than_the_terminal(void **state)
{
	(void)state;
	struct sight sight;
	size_t lines = 0;

	see(&sight, SECONDS(33.9), (struct live_look){.columns = 30});
	assert_true(longest_line(sight.text) <= 30);
	for (const char *c = sight.text; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, sight.lines);
	done(&sight);
}

static void after_a_stop_it_says_so(void **state)
{
	(void)state;
	struct hands hands;
	struct live *live = live_new();
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	hands_init(&hands, given_tree());
	hands_run_to(&hands, ENGINE_RUNNING, SECONDS(240));
	hands_signal(&hands, 2);
	live_draw(out, live, engine_record(hands.engine),
		&(struct live_look){.now_ns = hands.now_ns, .columns = 100});
	fclose(out);
	assert_non_null(strstr(text, "STOPPED: healing"));
	assert_null(strstr(text, "without a good event"));
	free(text);
	live_free(live);
	hands_deinit(&hands);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steady_before_the_fault),
		cmocka_unit_test(an_outage_comes_nearer_to_its_limit),
		cmocka_unit_test(no_line_is_longer_than_the_terminal),
		cmocka_unit_test(after_a_stop_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
