/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bpf/chance.h"
#include "injector/mechanisms/chance.h"
#include "tests/pace.h"

/*
 * The models by which packets are hit: what chance_ratio() and chance_scatter() say beside closed
 * forms, and beside what the kernel's own arithmetic (bpf/chance.h) does to many packets.
 */
enum {
	RUNS = 4000,
	RUN_PACKETS = 4000
};
#define CLOSE 1e-7 /* chances are rounded to 1/2^32 */

struct model {
	const char *what;
	enum {
		RANDOM,
		CORRELATED,
		BURSTS,
		FOUR
	} kind;
	double ratio, correlation;
	struct gilbert_elliott bursts;
	struct four_states four;
};

static const struct model models[] = {
	{"random", RANDOM, .ratio = 0.1},
	{"random, rare", RANDOM, .ratio = 0.001},
	{"correlated", CORRELATED, .ratio = 0.05, .correlation = 0.25},
	{"correlated, strongly", CORRELATED, .ratio = 0.3, .correlation = 0.9},
	{"bursts", BURSTS, .bursts = {0.01, 0.25, 1, 0}},
	{"bursts that are not all lost", BURSTS, .bursts = {0.02, 0.1, 0.6, 0.01}},
	{"bursts that avoid each other", BURSTS, .bursts = {0.9, 0.7, 1, 0}},
	{"single losses", FOUR, .four = {0, 1, 0, 1, 0.02}},
	{"four states", FOUR, .four = {0.02, 0.2, 0.3, 0.4, 0.01}},
	{"four states, long bursts", FOUR, .four = {0.005, 0.02, 0.02, 0.5, 0.0}},
};

static struct bb_chance make(const struct model *model, uint64_t seed)
{
	struct bb_chance chance = {.seed = seed};

	switch (model->kind) {
	case RANDOM:
		chance_random(&chance, model->ratio);
		break;
	case CORRELATED:
		chance_correlated(&chance, model->ratio, model->correlation);
		break;
	case BURSTS:
		chance_gilbert_elliott(&chance, &model->bursts);
		break;
	case FOUR:
		chance_four_states(&chance, &model->four);
		break;
	}
	assert_true(chance.seed == seed);
	return chance;
}

/* Hits among the packets of one direction from the start; notes each, unless `fates` is NULL. */
static int64_t play(const struct bb_chance *chance, uint32_t direction, int packets, char *fates)
{
	uint64_t progress = 0;
	int64_t hits = 0;

	for (int i = 0; i < packets; i++) {
		__u64 next;
		int hit = chance_decide(chance, direction, progress, &next);

		if (fates)
			fates[i] = (char)hit;
		hits += hit;
		progress = next;
	}
	return hits;
}

/* ---- closed forms ---- */

static double ratio_of_bursts(const struct gilbert_elliott *model)
{
	double bad = model->to_bad / (model->to_bad + model->to_good);

	return bad * model->hit_bad + (1 - bad) * model->hit_good;
}

/* The correlation of a state with that `k` packets later is (1 − to_bad − to_good)^k. */
static double scatter_of_bursts(const struct gilbert_elliott *model)
{
	double bad = model->to_bad / (model->to_bad + model->to_good),
	       again = 1 - model->to_bad - model->to_good, ratio = ratio_of_bursts(model),
	       difference = model->hit_bad - model->hit_good,
	       share = bad * (1 - bad) * difference * difference / (ratio * (1 - ratio));

	return 1 + 2 * share * again / (1 - again);
}

/* As many packets go from 1 to 3 as from 3 to 1, and so on. */
static double ratio_of_four(const struct four_states *model)
{
	double one = 1, three = model->p13 > 0 ? model->p13 / model->p31 : 0,
	       two = model->p13 > 0 ? three * model->p32 / model->p23 : 0, four = model->p14;

	return (three + four) / (one + two + three + four);
}

static void ratios_are_those_of_closed_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		const struct model *model = &models[i];
		struct bb_chance chance = make(model, 1);
		double expected = model->kind == BURSTS ? ratio_of_bursts(&model->bursts)
			: model->kind == FOUR           ? ratio_of_four(&model->four)
							: model->ratio;

		if (fabs(chance_ratio(&chance) - expected) > CLOSE)
			fail_msg(
				"%s: %.9f, not %.9f", model->what, chance_ratio(&chance), expected);
	}
}

static void scatter_is_that_of_closed_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		const struct model *model = &models[i];
		struct bb_chance chance = make(model, 1);
		double correlation = model->correlation, scatter = chance_scatter(&chance),
		       expected = model->kind == BURSTS ? scatter_of_bursts(&model->bursts)
							: (1 + correlation) / (1 - correlation);

		if (model->kind != FOUR && fabs(scatter / expected - 1) > 1e-5)
			fail_msg("%s: %.9f, not %.9f", model->what, scatter, expected);
	}
}

/* ---- many packets ---- */

static void packets_meet_the_fate_that_was_foretold(void **state)
{
	const unsigned runs = RUNS / (pace() < 16 ? pace() : 16); /* fewer decide nothing */
	/* Of a variance of so many runs, as a share of it. */
	const double deviation = sqrt(2.0 / runs);

	(void)state;
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		double sum = 0, squares = 0, mean, variance, ratio, alone;
		struct bb_chance chance;

		for (uint64_t run = 0; run < runs; run++) {
			double hits;

			chance = make(&models[i], 77 + run * 2);
			hits = (double)play(&chance, run & 1, RUN_PACKETS, NULL);
			sum += hits;
			squares += hits * hits;
		}
		ratio = chance_ratio(&chance);
		mean = sum / runs;
		variance = (squares - sum * mean) / (runs - 1);
		alone = RUN_PACKETS * ratio * (1 - ratio);
		/* Five deviations of the mean of all runs, and where each run begins: in state 1.
		 */
		if (fabs(mean - RUN_PACKETS * ratio) >
			5 * sqrt(variance / runs) + 0.002 * RUN_PACKETS * ratio)
			fail_msg("%s: %.2f hits a run, not %.2f", models[i].what, mean,
				RUN_PACKETS * ratio);
		if (fabs(variance / alone / chance_scatter(&chance) - 1) > 5.4 * deviation)
			fail_msg("%s: scatter %.3f, not %.3f", models[i].what, variance / alone,
				chance_scatter(&chance));
	}
}

/* Bursts of losses last 1 / to_good packets on average. */
static void bursts_last_as_long_as_asked(void **state)
{
	enum {
		PACKETS = 4000000
	};
	struct bb_chance chance = {.seed = 5};
	int64_t bursts = 0, hits;
	char *fates = malloc(PACKETS);

	(void)state;
	assert_non_null(fates);
	chance_gilbert_elliott(&chance, &(struct gilbert_elliott){0.002, 0.125, 1, 0});
	hits = play(&chance, 0, PACKETS, fates);
	for (int i = 1; i < PACKETS; i++)
		bursts += fates[i] && !fates[i - 1];
	free(fates);
	assert_true(bursts > 5000);
	assert_true(fabs((double)hits / (double)bursts - 8) < 0.5);
}

static void every_nth_is_just_that(void **state)
{
	static const uint32_t every[] = {1, 2, 7, 1000};
	char fates[4000];

	(void)state;
	for (size_t i = 0; i < sizeof(every) / sizeof(every[0]); i++) {
		struct bb_chance chance = {.seed = 3};

		chance_every(&chance, every[i]);
		play(&chance, 1, sizeof(fates), fates);
		for (uint32_t n = 0; n < sizeof(fates); n++)
			assert_int_equal(fates[n], (n + 1) % every[i] == 0);
		assert_true(fabs(chance_ratio(&chance) - 1.0 / every[i]) < CLOSE);
		assert_true(chance_scatter(&chance) == 0);
	}
}

static void certainty_is_certain(void **state)
{
	struct bb_chance chance = {.seed = 9};

	(void)state;
	chance_random(&chance, 1);
	assert_int_equal(play(&chance, 0, 1000000, NULL), 1000000);
	chance_random(&chance, 0);
	assert_int_equal(play(&chance, 0, 1000000, NULL), 0);
	chance_correlated(&chance, 1, 0.5);
	/* It begins in the state of no hit, and leaves it with the first packet. */
	assert_int_equal(play(&chance, 0, 1000, NULL), 999);
	chance_correlated(&chance, 0, 0.5);
	assert_int_equal(play(&chance, 0, 1000000, NULL), 0);
}

/* ---- seeds ---- */

static int differences(uint64_t seed, uint32_t direction, uint64_t other, uint32_t other_direction)
{
	char one[4096], two[4096];
	struct bb_chance chance = make(&models[0], seed);
	int different = 0;

	play(&chance, direction, sizeof(one), one);
	chance = make(&models[0], other);
	play(&chance, other_direction, sizeof(two), two);
	for (size_t i = 0; i < sizeof(one); i++)
		different += one[i] != two[i];
	return different;
}

/* Of two runs that know nothing of one another 2 · 0.1 · 0.9 of all fates differ. */
static void a_seed_names_one_sequence(void **state)
{
	(void)state;
	assert_int_equal(differences(1234, 0, 1234, 0), 0);
	assert_in_range(differences(1234, 0, 1235, 0), 600, 880);
	assert_in_range(differences(1234, 0, 1234, 1), 600, 880);
	assert_in_range(differences(0, 0, 1ULL << 63, 0), 600, 880);
}

/* ---- chains that hardly move, or only swap ---- */

static void extreme_chains_are_foretold_too(void **state)
{
	static const struct {
		struct gilbert_elliott model;
		double ratio, scatter;
	} cases[] = {
		/* Bad is out of reach, or can't be left. */
		{{0, 0, 1, 0.25}, 0.25, 1},
		{{0, 0.5, 1, 0.25}, 0.25, 1},
		{{0.5, 0, 0.75, 0}, 0.75, 1},
		/* Every second one: nothing is left to chance. */
		{{1, 1, 1, 0}, 0.5, 0},
		/* Slow: 1 + 2 · again / (1 − again), with half, or a hundredth, of them lost. */
		{{1e-5, 1e-5, 1, 0}, 0.5, 99999},
		{{1e-6, 9.9e-5, 1, 0}, 0.01, 19999},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bb_chance chance = {0};
		double ratio, scatter;

		chance_gilbert_elliott(&chance, &cases[i].model);
		ratio = chance_ratio(&chance);
		scatter = chance_scatter(&chance);
		if (fabs(ratio / cases[i].ratio - 1) > 1e-3 ||
			fabs(scatter - cases[i].scatter) > 1e-3 * cases[i].scatter + 1e-6)
			fail_msg("case %zu: ratio %.9f, scatter %.6f", i, ratio, scatter);
	}
}

static void four_states_may_end_in_one(void **state)
{
	struct bb_chance chance = {0};

	(void)state;
	/* A burst that never begins. */
	chance_four_states(&chance, &(struct four_states){0, 0, 0, 0, 0.25});
	assert_true(fabs(chance_ratio(&chance) - 0.2) < CLOSE);
	/* One that never ends. */
	chance_four_states(&chance, &(struct four_states){0.1, 0, 0, 0, 0.1});
	assert_true(fabs(chance_ratio(&chance) - 1) < CLOSE);
	assert_true(chance_scatter(&chance) == 1);
	/* One inside of which all come through, for ever. */
	chance_four_states(&chance, &(struct four_states){0.1, 0, 1, 0, 0.1});
	assert_true(fabs(chance_ratio(&chance)) < CLOSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ratios_are_those_of_closed_forms),
		cmocka_unit_test(scatter_is_that_of_closed_forms),
		cmocka_unit_test(packets_meet_the_fate_that_was_foretold),
		cmocka_unit_test(bursts_last_as_long_as_asked),
		cmocka_unit_test(every_nth_is_just_that),
		cmocka_unit_test(certainty_is_certain),
		cmocka_unit_test(a_seed_names_one_sequence),
		cmocka_unit_test(extreme_chains_are_foretold_too),
		cmocka_unit_test(four_states_may_end_in_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
