/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/json.h"
#include "contract/units.h"
#include "contract/verbs.h"
#include "injector/lists.h"
#include "injector/mechanisms/touched.h"
#include "injector/session.h"
#include "tests/unit/injector/host_fake.h"
#include "tests/unit/injector/talk.h"

/* Who was hit by the packets' own addresses, and what becomes of a fault that hit others. */

static struct prefix parse(const char *text)
{
	struct fail fail = FAIL_INIT;
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix, &fail), 0);
	return prefix;
}

/* Three endpoints: a host, the network around it, and all of IPv6; and a hole in the network. */
struct named {
	struct list peers, exempt;
	struct touched_index index;
};

static struct named make_named(void)
{
	static const char *const prefixes[] = {"10.0.0.5", "10.0.0.0/24", "::/0"};
	static char names[][8] = {"host", "net", "six"};
	struct named named = {0};

	for (size_t i = 0; i < 3; i++) {
		struct endpoint *peer = list_push(&named.peers, sizeof(*peer));

		peer->node = names[i];
		*(struct prefix *)list_push(&peer->prefixes, sizeof(struct prefix)) =
			parse(prefixes[i]);
	}
	*(struct prefix *)list_push(&named.exempt, sizeof(struct prefix)) = parse("10.0.0.128/25");
	touched_index_init(&named.index, &named.peers, &named.exempt);
	return named;
}

static void free_named(struct named *named)
{
	LIST_EACH(named->peers, struct endpoint, peer) {
		list_free(&peer->prefixes);
	}
	list_free(&named->peers);
	list_free(&named->exempt);
	touched_index_deinit(&named->index);
}

static void the_longest_prefix_says_whose_it_is(void **state)
{
	static const struct {
		const char *address;
		int32_t owner;
	} cases[] = {{"10.0.0.5", 0}, {"::ffff:10.0.0.5", 0}, {"10.0.0.6", 1}, {"10.0.0.200", -1},
		{"10.0.1.5", -1}, {"fd00::1", 2}, {"::1", 2}, {"0.0.0.0", -1}};
	struct named named = make_named();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct prefix address = parse(cases[i].address);

		if (touched_owner(&named.index, &address) != cases[i].owner)
			fail_msg("%s", cases[i].address);
	}
	free_named(&named);
}

static void hit(struct list *hits, const char *address, uint64_t packets)
{
	*(struct host_touched *)list_push(hits, sizeof(struct host_touched)) =
		(struct host_touched){parse(address), {.packets = packets}};
}

static void spill_is_told_first_and_then_the_heaviest(void **state)
{
	static const char *const order[] = {"10.9.9.9", "10.0.0.6", "10.0.0.5"};
	struct named named = make_named();
	struct list hits = {0}, told = {0}, owned;
	char text[PREFIX_TEXT_MAX];

	(void)state;
	hit(&hits, "10.0.0.5", 3);
	hit(&hits, "10.0.0.6", 30);
	owned = touched_own(&named.index, &hits);
	assert_false(touched_spills(&owned));
	list_free(&owned);
	hit(&hits, "10.9.9.9", 1);
	owned = touched_own(&named.index, &hits);
	assert_true(touched_spills(&owned));
	assert_int_equal(touched_tell(&named.peers, &owned, &told), 0);
	list_free(&owned);
	assert_int_equal(told.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(
			prefix_format(&LIST_AT(told, struct touched, i)->address, text), order[i]);
	assert_null(LIST_AT(told, struct touched, 0)->peer);
	assert_string_equal(LIST_AT(told, struct touched, 1)->peer, "net");
	assert_int_equal(LIST_AT(told, struct touched, 1)->packets, 30);
	LIST_EACH(told, struct touched, touched) {
		free(touched->peer);
	}
	list_free(&told);
	list_free(&hits);
	free_named(&named);
}

static void no_more_are_told_than_a_line_holds(void **state)
{
	struct named named = make_named();
	struct list hits = {0}, told = {0}, owned;

	(void)state;
	for (int i = 0; i < 2 * TOUCHED_MAX; i++) {
		char address[32];

		snprintf(address, sizeof(address), "fd00::%x", i + 1);
		hit(&hits, address, (uint64_t)i);
	}
	owned = touched_own(&named.index, &hits);
	assert_int_equal(touched_tell(&named.peers, &owned, &told), TOUCHED_MAX);
	list_free(&owned);
	assert_int_equal(told.count, TOUCHED_MAX);
	assert_int_equal(LIST_AT(told, struct touched, 0)->packets, 2 * TOUCHED_MAX - 1);
	LIST_EACH(told, struct touched, touched) {
		free(touched->peer);
	}
	list_free(&told);
	list_free(&hits);
	free_named(&named);
}

/* ---- in a session ---- */

/* Of the only fault that the evidence tells of. */
static cJSON *fault_of(cJSON *evidence)
{
	cJSON *faults = cJSON_GetObjectItem(evidence, "faults");

	assert_int_equal(cJSON_GetArraySize(faults), 1);
	return cJSON_GetArrayItem(faults, 0);
}

static const char *text_of(cJSON *fault, int index, const char *key)
{
	return json_string(
		cJSON_GetArrayItem(cJSON_GetObjectItem(fault, "touched"), index), key, "none");
}

/* That much later; what the session says by itself is not what these tests ask for. */
static void tick(struct session *session, int64_t after_ns)
{
	fake.now_ns += after_ns;
	assert_true(session_tick(session, fake.now_ns));
	cJSON_Delete(talk_notification(session));
}

static void what_is_named_is_told_and_goes_on(void **state)
{
	struct session *session = talk_greeted("tcx");
	cJSON *evidence;

	(void)state;
	talk_arm(session, "cut", "{}", 10 * NS_PER_SEC);
	tick(session, 10);
	fake_touch(0, "10.0.0.2", 7);
	tick(session, NS_PER_SEC);
	evidence = talk(session, "evidence", "{}");
	assert_false(cJSON_IsTrue(cJSON_GetObjectItem(fault_of(evidence), "healed")));
	assert_string_equal(text_of(fault_of(evidence), 0, "address"), "10.0.0.2");
	assert_string_equal(text_of(fault_of(evidence), 0, "packets"), "7");
	assert_string_not_equal(text_of(fault_of(evidence), 0, "peer"), "none");
	cJSON_Delete(evidence);
	talk_end(session);
}

/* It is ended here, without a word from the controller, and what it hit is told afterwards too. */
static void a_fault_that_hits_others_is_ended(void **state)
{
	struct session *session = talk_greeted("tcx");
	cJSON *evidence;

	(void)state;
	talk_arm(session, "cut", "{}", 10 * NS_PER_SEC);
	tick(session, 10);
	fake_touch(0, "10.0.0.77", 7);
	tick(session, NS_PER_SEC);
	assert_int_equal(fake.control.slots[0].in_use, 0);
	assert_true(fake_is_clean());
	evidence = talk(session, "evidence", "{}");
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(fault_of(evidence), "healed")));
	assert_string_equal(text_of(fault_of(evidence), 0, "address"), "10.0.0.77");
	assert_string_equal(text_of(fault_of(evidence), 0, "peer"), "none");
	cJSON_Delete(evidence);
	talk_end(session);
}

/* Its slot may be the one that another fault had. */
static void a_rule_has_only_its_own_hits(void **state)
{
	struct session *session = talk_greeted("tcx");
	cJSON *evidence, *faults;

	(void)state;
	talk_arm(session, "stays", "{\"ports\":1}", 10 * NS_PER_SEC);
	talk_arm(session, "goes", "{\"ports\":2}", 10 * NS_PER_SEC);
	fake_touch(1, "10.0.0.2", 5);
	cJSON_Delete(talk(session, "heal", "{\"faults\":[\"goes\"]}"));
	assert_int_equal(fake.touched.count, 0);
	talk_arm(session, "next", "{\"ports\":3}", 10 * NS_PER_SEC);
	assert_int_equal(fake.control.slots[1].in_use, 1);
	fake_touch(1, "10.0.0.2", 8);
	evidence = talk(session, "evidence", "{}");
	faults = cJSON_GetObjectItem(evidence, "faults");
	assert_string_equal(text_of(cJSON_GetArrayItem(faults, 0), 0, "packets"), "none");
	assert_string_equal(text_of(cJSON_GetArrayItem(faults, 1), 0, "packets"), "5");
	assert_string_equal(text_of(cJSON_GetArrayItem(faults, 2), 0, "packets"), "8");
	cJSON_Delete(evidence);
	talk_end(session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_prefix_says_whose_it_is),
		cmocka_unit_test(spill_is_told_first_and_then_the_heaviest),
		cmocka_unit_test(no_more_are_told_than_a_line_holds),
		cmocka_unit_test_setup(what_is_named_is_told_and_goes_on, talk_reset),
		cmocka_unit_test_setup(a_fault_that_hits_others_is_ended, talk_reset),
		cmocka_unit_test_setup(a_rule_has_only_its_own_hits, talk_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
