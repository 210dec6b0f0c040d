/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "controller/judge/samples.h"
#include "given.h"

static struct samples of(const char *letters, int64_t step_ns)
{
	struct samples samples = {0};

	for (int64_t i = 0; letters[i]; i++)
		if (letters[i] != '.')
			samples_add(&samples, i * step_ns, letters[i] == 'g');
	return samples;
}

static void events_are_kept_in_order(void **state)
{
	(void)state;
	static const int64_t times[] = {50, 10, 30, 20, 40, 10, 0};
	struct samples samples = {0};

	for (size_t i = 0; i < 7; i++)
		samples_add(&samples, times[i], i % 2);
	assert_int_equal(samples.count, 7);
	for (size_t i = 1; i < samples.count; i++)
		assert_true(samples_at(&samples, i - 1) <= samples_at(&samples, i));
	assert_int_equal(samples_at(&samples, 0), 0);
	assert_false(samples_good(&samples, 0));
	assert_int_equal(samples_at(&samples, 6), 50);
	samples_deinit(&samples);
	assert_int_equal(samples.count, 0);
}

/* Seconds of many members, told one member after the other, as each alone would be added. */
static void many_at_once_are_as_many_one_by_one(void **state)
{
	struct samples once = {0}, alone = {0};
	uint64_t items[50], draw = 1;

	(void)state;
	for (int64_t window = 0; window < 400; window++) {
		for (int64_t i = 0; i < 50; i++) {
			int64_t at_ns = window / 20 * 1000 + i * 20 + window % 20 / 3;
			bool good = (draw = draw * 6364136223846793005u + 1) >> 60 > 3;

			items[i] = samples_item(at_ns, good);
			samples_add(&alone, at_ns, good);
		}
		samples_add_all(&once, items, window % 7 ? 50 : 49);
		if (window % 7 == 0)
			samples_add_all(&once, items + 49, 1);
	}
	assert_int_equal(once.count, alone.count);
	assert_memory_equal(once.items, alone.items, once.count * sizeof(*once.items));
	assert_memory_equal(once.bad_upto, alone.bad_upto, once.count * sizeof(*once.bad_upto));
	samples_deinit(&once);
	samples_deinit(&alone);
}

static void tallies_are_half_open(void **state)
{
	(void)state;
	struct samples samples = of("gbgbb", 10);
	struct tally tally = samples_tally(&samples, 10, 40);

	assert_int_equal(tally.total, 3);
	assert_int_equal(tally.bad, 2);
	tally = samples_tally(&samples, 0, INT64_MAX);
	assert_int_equal(tally.total, 5);
	assert_int_equal(tally.bad, 3);
	assert_int_equal(samples_tally(&samples, 41, 100).total, 0);
	assert_int_equal(samples_tally(&samples, 20, 20).total, 0);
	assert_int_equal(samples_from(&samples, 10), 1);
	assert_int_equal(samples_from(&samples, 11), 2);
	assert_int_equal(samples_from(&samples, 41), 5);
	samples_deinit(&samples);
}

static void recovery_is_the_first_good_event_that_lasts(void **state)
{
	(void)state;
	/* A lucky one at 30 is followed by bad ones; 60 begins five good ones. */
	struct samples samples = of("bbbgbbgggggg", 10);

	assert_int_equal(samples_recovery(&samples, 0, 50, 0.9, 1000), 6);
	/* Two of five may be bad: the lucky one will do… */
	assert_int_equal(samples_recovery(&samples, 0, 50, 0.6, 1000), 3);
	/* …and one more than that may not. */
	assert_int_equal(samples_recovery(&samples, 0, 50, 0.61, 1000), 6);
	/* Counted from an instant in the midst of it. */
	assert_int_equal(samples_recovery(&samples, 75, 30, 0.9, 1000), 8);
	samples_deinit(&samples);
}

static void a_window_that_is_not_covered_proves_nothing(void **state)
{
	(void)state;
	struct samples samples = of("bbggggg", 10);

	assert_int_equal(samples_recovery(&samples, 0, 40, 0.9, 60), 2);
	assert_int_equal(samples_recovery(&samples, 0, 40, 0.9, 59), samples.count);
	samples_deinit(&samples);
}

static void gaps_lie_between_good_events(void **state)
{
	(void)state;
	struct samples samples = of("gbbbggbgg", 10);
	struct gap gap = samples_longest_gap(&samples, 0, 80);

	assert_int_equal(gap.length_ns, 40);
	assert_int_equal(gap.from_ns, 0);
	assert_int_equal(gap.to_ns, 40);
	assert_false(gap.open);
	/* The bounds cut it; what is cut at the end is open. */
	gap = samples_longest_gap(&samples, 10, 30);
	assert_int_equal(gap.length_ns, 20);
	assert_true(gap.open);
	gap = samples_longest_gap(&samples, 10, 40);
	assert_int_equal(gap.length_ns, 30);
	assert_false(gap.open);
	gap = samples_longest_gap(&samples, 80, 300);
	assert_int_equal(gap.length_ns, 220);
	assert_int_equal(gap.from_ns, 80);
	assert_true(gap.open);
	samples_deinit(&samples);
}

/* --- against the plainest way to say it ------------------------------------------------------ */

static struct tally naive_tally(const struct samples *samples, int64_t from_ns, int64_t to_ns)
{
	struct tally tally = {0};

	for (size_t i = 0; i < samples->count; i++)
		if (samples_at(samples, i) >= from_ns && samples_at(samples, i) < to_ns) {
			tally.total++;
			tally.bad += !samples_good(samples, i);
		}
	return tally;
}

static size_t naive_recovery(const struct samples *samples, int64_t from_ns, int64_t stable_ns,
	double objective, int64_t covered_ns)
{
	for (size_t i = 0; i < samples->count; i++) {
		int64_t at_ns = samples_at(samples, i);
		struct tally tally = naive_tally(samples, at_ns, at_ns + stable_ns);

		if (at_ns >= from_ns && at_ns + stable_ns <= covered_ns &&
			samples_good(samples, i) &&
			(double)tally.bad <= (1 - objective) * (double)tally.total + 1e-9)
			return i;
	}
	return samples->count;
}

static int64_t naive_gap(const struct samples *samples, int64_t from_ns, int64_t to_ns)
{
	int64_t longest_ns = 0, last_ns = from_ns;

	for (size_t i = 0; i < samples->count; i++) {
		int64_t at_ns = samples_at(samples, i);

		if (at_ns < from_ns || at_ns > to_ns || !samples_good(samples, i))
			continue;
		longest_ns = at_ns - last_ns > longest_ns ? at_ns - last_ns : longest_ns;
		last_ns = at_ns;
	}
	return to_ns - last_ns > longest_ns ? to_ns - last_ns : longest_ns;
}

static uint64_t random_below(uint64_t *state, uint64_t limit)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (*state >> 33) % limit;
}

static void random_events_agree_with_the_naive_way(void **state)
{
	(void)state;
	uint64_t seed = 3;

	for (int round = 0; round < 3000; round++) {
		struct samples samples = {0};
		size_t count = random_below(&seed, 40);
		uint64_t badness = 1 + random_below(&seed, 6);

		for (size_t i = 0; i < count; i++)
			samples_add(&samples, (int64_t)random_below(&seed, 60),
				random_below(&seed, badness) == 0);
		for (int query = 0; query < 10; query++) {
			int64_t from = (int64_t)random_below(&seed, 60);
			int64_t length = (int64_t)random_below(&seed, 40);
			int64_t covered = (int64_t)random_below(&seed, 90);
			double objective = (double)random_below(&seed, 100) / 100;
			struct tally a = samples_tally(&samples, from, from + length);
			struct tally b = naive_tally(&samples, from, from + length);

			assert_int_equal(a.total, b.total);
			assert_int_equal(a.bad, b.bad);
			assert_int_equal(
				samples_recovery(&samples, from, length, objective, covered),
				naive_recovery(&samples, from, length, objective, covered));
			assert_int_equal(
				samples_longest_gap(&samples, from, from + length).length_ns,
				naive_gap(&samples, from, from + length));
		}
		samples_deinit(&samples);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_kept_in_order),
		cmocka_unit_test(many_at_once_are_as_many_one_by_one),
		cmocka_unit_test(tallies_are_half_open),
		cmocka_unit_test(recovery_is_the_first_good_event_that_lasts),
		cmocka_unit_test(a_window_that_is_not_covered_proves_nothing),
		cmocka_unit_test(gaps_lie_between_good_events),
		cmocka_unit_test(random_events_agree_with_the_naive_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
