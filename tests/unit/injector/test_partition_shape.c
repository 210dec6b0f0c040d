/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpf/matcher.h"
#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "injector/fault.h"
#include "injector/lists.h"
#include "injector/registry.h"
#include "tests/unit/injector/host_fake.h"

/* Partitions among the nodes of `on`: what each node plans for itself, put together. */

enum {
	NODES_MAX = 7
};

static const char *const names[NODES_MAX] = {"n1", "n2", "n3", "n4", "n5", "n6", "n7"};

struct picture {
	size_t count;
	bool into[NODES_MAX][NODES_MAX];   /* [self][peer]: drops what comes from the peer */
	bool out_of[NODES_MAX][NODES_MAX]; /* drops what goes to the peer */
};

struct asked {
	const char *with; /* ' stands for " */
	size_t count;
	int64_t seed;
};

static cJSON *parse(const char *text)
{
	struct fail fail = FAIL_INIT;
	char *json = strdup(text);
	cJSON *value;

	for (char *c = json; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	value = json_parse(json, strlen(json), &fail);
	if (!value)
		fail_msg("%s: %s", text, fail.text);
	free(json);
	return value;
}

static size_t index_of(const char *name)
{
	for (size_t i = 0; i < NODES_MAX; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	fail_msg("no node %s", name);
	return 0;
}

static void note(struct picture *picture, size_t self, const struct plan *plan)
{
	LIST_EACH(plan->effects, const struct effect, effect) {
		assert_int_equal(effect->kind, EFFECT_MATCH);
		assert_true(effect->match.peers->count > 0);
		LIST_EACH(*effect->match.peers, const struct endpoint, peer) {
			size_t other = index_of(peer->node);

			assert_int_equal(peer->prefixes.count, 1);
			picture->into[self][other] |= effect->match.directions & 1u << BB_INGRESS;
			picture->out_of[self][other] |= effect->match.directions & 1u << BB_EGRESS;
		}
	}
}

/* What node `self` plans; -1 when it is refused. */
static int plan_at(const struct asked *asked, size_t self, struct picture *out, struct fail *fail)
{
	static struct prefix address = {.length = 128};
	struct endpoint on[NODES_MAX];
	struct fault_order order = {.id = (char *)"x",
		.fault = (char *)"partition",
		.self = (char *)names[self],
		.seed = asked->seed,
		.on = {.items = on, .count = asked->count}};
	const struct fault_ops *ops = registry_find("partition", fail);
	struct plan plan = {0};
	cJSON *json = parse(asked->with);
	void *decoded = must_alloc(ops->with->size);
	int outcome;

	for (size_t i = 0; i < asked->count; i++)
		on[i] = (struct endpoint){
			.node = (char *)names[i], .prefixes = {.items = &address, .count = 1}};
	if (shape_decode(ops->with, json, "with", decoded, fail) < 0)
		fail_msg("%s: %s", fail->path, fail->text);
	outcome = ops->plan(&order, decoded, &plan, fail);
	if (outcome == 0)
		note(out, self, &plan);
	plan_deinit(&plan);
	shape_free(ops->with, decoded);
	free(decoded);
	cJSON_Delete(json);
	return outcome;
}

static struct picture draw(const struct asked *asked)
{
	struct picture picture = {.count = asked->count};

	for (size_t self = 0; self < asked->count; self++) {
		struct fail fail = FAIL_INIT;

		if (plan_at(asked, self, &picture, &fail) < 0)
			fail_msg("%s, %zu nodes: %s", asked->with, asked->count, fail.text);
	}
	/* Nobody drops itself, and both ends of each way tell the same. */
	for (size_t a = 0; a < asked->count; a++)
		for (size_t b = 0; b < asked->count; b++) {
			assert_int_equal(picture.into[a][b], picture.out_of[b][a]);
			assert_false(a == b && picture.into[a][b]);
		}
	return picture;
}

static size_t seen_by(const struct picture *picture, size_t node)
{
	size_t seen = 0;

	for (size_t i = 0; i < picture->count; i++)
		seen += !picture->into[node][i];
	return seen; /* with itself */
}

static void assert_symmetric(const struct picture *picture)
{
	for (size_t a = 0; a < picture->count; a++)
		for (size_t b = 0; b < picture->count; b++)
			assert_int_equal(picture->into[a][b], picture->into[b][a]);
}

/* "1|23": a digit a node, and who stands on whose side; '*' before a node that sees all. */
static const struct {
	const char *with;
	size_t count;
	const char *sides;
} parted[] = {
	{"{'shape':'halves'}", 2, "1|2"},
	{"{'shape':'halves'}", 3, "1|23"},
	{"{'shape':'halves'}", 4, "12|34"},
	{"{'shape':'halves'}", 5, "12|345"},
	{"{'shape':'halves'}", 7, "123|4567"},
	{"{'shape':'one'}", 2, "1|2"},
	{"{'shape':'one'}", 3, "1|23"},
	{"{'shape':'one'}", 4, "1|234"},
	{"{'shape':'one','who':'n3'}", 5, "3|1245"},
	{"{'shape':'one','who':'n7'}", 7, "7|123456"},
	{"{'shape':'majority'}", 3, "1|23"},
	{"{'shape':'majority'}", 4, "1|234"},
	{"{'shape':'majority'}", 5, "12|345"},
	{"{'shape':'majority'}", 7, "123|4567"},
	{"{'shape':'bridge'}", 3, "1|3*2"},
	{"{'shape':'bridge'}", 4, "12|4*3"},
	{"{'shape':'bridge'}", 5, "12|45*3"},
	{"{'shape':'bridge'}", 7, "123|567*4"},
};

/* 0 and 1 are the sides, 2 sees both. */
static int side_of(const char *sides, size_t node)
{
	const char *place = strchr(sides, (int)('1' + node)), *border = strchr(sides, '|');

	assert_non_null(place);
	if (place > sides && place[-1] == '*')
		return 2;
	return place > border;
}

static void shapes_part_nodes_into_sides(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(parted) / sizeof(parted[0]); i++) {
		const struct asked asked = {.with = parted[i].with, .count = parted[i].count};
		struct picture picture = draw(&asked);

		assert_symmetric(&picture);
		for (size_t a = 0; a < asked.count; a++)
			for (size_t b = 0; b < asked.count; b++) {
				int sum = side_of(parted[i].sides, a) + side_of(parted[i].sides, b);
				bool apart = side_of(parted[i].sides, a) < 2 &&
					side_of(parted[i].sides, b) < 2 && sum == 1;

				if (picture.into[a][b] != apart)
					fail_msg("%s of %zu: n%zu and n%zu", asked.with,
						asked.count, a + 1, b + 1);
			}
	}
}

static void on_a_ring_each_sees_another_majority(void **state)
{
	static const size_t counts[] = {4, 5, 6, 7};
	static const size_t seen[] = {3, 3, 5, 5};

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		const struct asked asked = {.with = "{'shape':'ring'}", .count = counts[i]};
		struct picture picture = draw(&asked);

		assert_symmetric(&picture);
		for (size_t a = 0; a < asked.count; a++) {
			size_t next = (a + 1) % asked.count;

			assert_int_equal(seen_by(&picture, a), seen[i]);
			assert_true(seen_by(&picture, a) > asked.count / 2);
			assert_false(picture.into[a][next]);
			/* No two see the same nodes. */
			for (size_t b = 0; b < a; b++)
				assert_memory_not_equal(
					picture.into[a], picture.into[b], sizeof(picture.into[a]));
		}
	}
}

static void a_random_split_hangs_on_the_seed_alone(void **state)
{
	static const size_t counts[] = {3, 4, 5, 7};

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct picture first = {0};
		size_t others = 0;

		for (int64_t seed = 0; seed < 20; seed++) {
			const struct asked asked = {
				.with = "{'shape':'random'}", .count = counts[i], .seed = seed};
			struct picture picture = draw(&asked), again = draw(&asked);
			size_t small = 0;

			assert_memory_equal(picture.into, again.into, sizeof(picture.into));
			assert_memory_equal(picture.out_of, again.out_of, sizeof(picture.out_of));
			assert_symmetric(&picture);
			for (size_t a = 0; a < asked.count; a++)
				small += seen_by(&picture, a) == asked.count / 2;
			/* With an even number both sides are halves. */
			assert_int_equal(small, asked.count % 2 ? asked.count / 2 : asked.count);
			if (seed == 0)
				first = picture;
			others += memcmp(first.into, picture.into, sizeof(first.into)) != 0;
		}
		assert_true(others > 5);
	}
}

static void drops_may_go_one_way(void **state)
{
	const struct asked asked = {.with = "{'drops':{'n1':['n2','n3'],'n3':['n1']}}", .count = 4};
	struct picture picture = draw(&asked);

	(void)state;
	for (size_t a = 0; a < 4; a++)
		for (size_t b = 0; b < 4; b++)
			assert_int_equal(picture.into[a][b],
				(a == 0 && (b == 1 || b == 2)) || (a == 2 && b == 0));
}

/* n4 has nothing to drop: its plan is empty, and says so. */
static void a_node_that_keeps_all_its_peers_is_told(void **state)
{
	struct plan plan = {0};
	struct list effects = {0}, undo = {0};

	(void)state;
	plan_describe(&plan, &effects, &undo);
	assert_int_equal(effects.count, 1);
	assert_string_equal(
		*LIST_AT(effects, char *, 0), "nothing: the fault leaves this node all its peers");
	assert_int_equal(undo.count, 0);
	list_free_texts(&effects);
}

static void what_can_not_be_drawn_is_refused(void **state)
{
	static const struct {
		const char *with;
		size_t count;
		const char *text;
	} cases[] = {
		{"{}", 3, "needs \"from\", or a \"shape\""},
		{"{'shape':'sides'}", 3, "needs \"from\", or a \"shape\""},
		{"{'shape':'ring'}", 3, "shape \"ring\" needs at least 4 nodes in \"on\", not 3"},
		{"{'shape':'bridge'}", 2, "needs at least 3"},
		{"{'shape':'majority'}", 2, "needs at least 3"},
		{"{'shape':'halves'}", 1, "needs at least 2"},
		{"{'shape':'one','who':'n5'}", 4, "who: \"n5\" is none of the nodes in \"on\""},
		{"{'shape':'halves','who':'n1'}", 4, "\"who\" goes with the shape \"one\""},
		{"{'shape':'halves','direction':'in'}", 4, "go with \"from\""},
		{"{'shape':'halves','enforce':'on'}", 4, "go with \"from\""},
		{"{'shape':'halves','drops':{'n1':['n2']}}", 4, "in place of a shape"},
		{"{'drops':{'n1':['n5']}}", 4, "drops: \"n5\" is none of the nodes"},
		{"{'drops':{'n6':['n1']}}", 4, "drops: \"n6\" is none of the nodes"},
		{"{'drops':{'n2':['n2']}}", 4, "\"n2\" can't drop its own packets"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct asked asked = {.with = cases[i].with, .count = cases[i].count};
		struct picture picture = {0};
		struct fail fail = FAIL_INIT;

		assert_int_equal(plan_at(&asked, 0, &picture, &fail), -1);
		assert_int_equal(fail.kind, FAIL_REFUSED);
		if (!strstr(fail.text, cases[i].text))
			fail_msg("%s: %s", cases[i].with, fail.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shapes_part_nodes_into_sides),
		cmocka_unit_test(on_a_ring_each_sees_another_majority),
		cmocka_unit_test(a_random_split_hangs_on_the_seed_alone),
		cmocka_unit_test(drops_may_go_one_way),
		cmocka_unit_test(a_node_that_keeps_all_its_peers_is_told),
		cmocka_unit_test(what_can_not_be_drawn_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
