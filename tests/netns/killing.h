/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_KILLING_H
#define BACKBURN_TESTS_KILLING_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "tests/netns/victims.h"
#include "tests/netns/world.h"

/* Orders of the fault kill to a real injector, and what it says of them. Everything asserts. */

enum {
	KILLING_FAR_MS = 60000,
	KILLING_TEXT_MAX = 512
};

struct killing {
	struct world world;
	struct victims victims;
};

struct aim {
	const char *processes; /* members of the selector, without braces */
	const char *with;      /* NULL: {} */
	int start_in_ms;
	int for_ms; /* 0: KILLING_FAR_MS */
};

/* One that has greeted; `option` and its value, or NULL. */
struct injector *killing_greeted(struct killing *killing, const char *option, const char *value);
void killing_arm(struct injector *injector, const struct aim *aim);
/* It is refused, and `part` is in what is said. */
void killing_refused(struct injector *injector, const struct aim *aim, const char *part);
/* The JSON of an order, to be freed. */
char *killing_order(const struct aim *aim);

/* What it knows of its only fault; to be freed. */
cJSON *killing_evidence(struct injector *injector);
/* Asks until the fault is over and so many exits are seen. */
cJSON *killing_await_over(struct injector *injector, size_t exits);
/* Of one process; NULL: it is none of those that were hit. */
const cJSON *killing_hit_of(const cJSON *fault, pid_t pid);
void killing_assert_hit(const cJSON *fault, pid_t pid, const char *name, bool exited);
int64_t killing_time(const cJSON *object, const char *key);

int killing_set_up(void **state);
int killing_tear_down(void **state);

/* A test for each name of TESTS(X), which is a function of one struct killing; and main(). */
#define KILLING_BODY(name)                                                                         \
	static void test_##name(void **state)                                                      \
	{                                                                                          \
		struct killing *killing = *state;                                                  \
                                                                                                   \
		name(killing);                                                                     \
		world_assert_unchanged(&killing->world);                                           \
	}
#define KILLING_UNIT(name)                                                                         \
	cmocka_unit_test_setup_teardown(test_##name, killing_set_up, killing_tear_down),
#define KILLING_MAIN(TESTS)                                                                        \
	TESTS(KILLING_BODY)                                                                        \
	int main(void)                                                                             \
	{                                                                                          \
		const struct CMUnitTest tests[] = {TESTS(KILLING_UNIT)};                           \
		int skipped = world_init();                                                        \
                                                                                                   \
		if (skipped)                                                                       \
			return skipped;                                                            \
		return cmocka_run_group_tests(tests, NULL, NULL);                                  \
	}

#endif
