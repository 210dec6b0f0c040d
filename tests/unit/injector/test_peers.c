/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/units.h"
#include "injector/lists.h"
#include "injector/session.h"
#include "tests/unit/injector/host_fake.h"
#include "tests/unit/injector/talk.h"

/* Address sets: filled, named by faults, and growing while faults act on them. */

#define LONG_NS (60 * NS_PER_SEC)

/* The size of the set, or -1. */
static int add(struct session *session, const char *set, const char *prefixes)
{
	cJSON *result = talk(session, "peers", "{\"set\":\"%s\",\"prefixes\":[%s]}", set, prefixes);
	int size = result ? cJSON_GetObjectItem(result, "size")->valueint : -1;

	cJSON_Delete(result);
	return size;
}

static bool arm(struct session *session, const char *id, const char *from)
{
	cJSON *armed = talk(session, "arm",
		"{\"id\":\"%s\",\"fault\":\"partition\",\"scope\":{},\"role\":\"on\",\"with\":{},"
		"\"on\":[{\"node\":\"a\",\"prefixes\":[\"10.0.0.1\"]}],\"from\":[%s],"
		"\"start_ns\":\"%lld\",\"deadline_ns\":\"%lld\"}",
		id, from, (long long)fake.now_ns, (long long)fake.now_ns + LONG_NS);

	cJSON_Delete(armed);
	return armed;
}

#define CDN "{\"node\":\"cdn\",\"set\":\"cdn\"}"

/* Addresses 11.x.y.z from `first` on. */
static char *many(int first, int count)
{
	char *text = must_alloc((size_t)count * 20 + 1);
	size_t used = 0;

	for (int i = first; i < first + count; i++)
		used += (size_t)sprintf(text + used, "%s\"11.%d.%d.%d\"", i == first ? "" : ",",
			i >> 16, i >> 8 & 255, i & 255);
	return text;
}

static void what_is_named_twice_counts_once(void **state)
{
	struct session *session = talk_greeted("auto");

	(void)state;
	assert_int_equal(add(session, "cdn", "\"10.0.0.2\",\"10.0.0.0/24\",\"10.0.0.2\""), 2);
	assert_int_equal(add(session, "cdn", "\"fd00::/64\",\"10.0.0.2\""), 3);
	assert_int_equal(add(session, "cdn", "\"::ffff:10.0.0.2\""), 3);
	assert_int_equal(add(session, "other", "\"10.0.0.2\""), 1);
	talk_end(session);
}

static void what_makes_no_sense_is_refused(void **state)
{
	static const struct {
		const char *params, *says;
	} wrong[] = {
		{"{\"set\":\"cdn\",\"prefixes\":[]}", "prefixes: must not be empty"},
		{"{\"set\":\"cdn\",\"prefixes\":[\"10.0.0.2\",\"10.0.0.1/8\"]}", "prefixes[1]"},
		{"{\"set\":\"cdn\",\"prefixes\":[\"example.com\"]}", "prefixes[0]"},
		{"{\"set\":\"a b\",\"prefixes\":[\"10.0.0.2\"]}", "set"},
		{"{\"prefixes\":[\"10.0.0.2\"]}", "set"},
	};
	struct session *session = talk_greeted("auto");

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_null(talk(session, "peers", "%s", wrong[i].params));
		if (!strstr(talk_error, wrong[i].says))
			fail_msg("%s: %s", wrong[i].params, talk_error);
	}
	/* Nothing of what was refused has stayed. */
	assert_false(arm(session, "x", CDN));
	assert_non_null(strstr(talk_error, "no set \"cdn\""));
	assert_int_equal(add(session, "cdn", "\"10.0.0.2\""), 1);
	assert_false(arm(
		session, "x", "{\"node\":\"cdn\",\"set\":\"cdn\",\"prefixes\":[\"10.0.0.3\"]}"));
	assert_non_null(strstr(talk_error, "leave out one"));
	talk_end(session);
}

static void all_sets_together_have_a_limit(void **state)
{
	struct session *session = talk_greeted("auto");
	int size = 0;

	(void)state;
	for (int first = 0; first < PEERS_MAX; first += PEERS_MAX / 4) {
		char *text = many(first, PEERS_MAX / 4);

		size = add(session, "cdn", text);
		free(text);
	}
	assert_int_equal(size, PEERS_MAX);
	assert_int_equal(add(session, "cdn", "\"11.0.0.7\""), PEERS_MAX);
	assert_int_equal(add(session, "cdn", "\"12.0.0.7\""), -1);
	assert_non_null(strstr(talk_error, "100000"));
	assert_int_equal(add(session, "more", "\"12.0.0.7\""), -1);
	assert_false(arm(session, "x", "{\"node\":\"more\",\"set\":\"more\"}"));
	talk_end(session);
}

static void the_number_of_sets_has_a_limit(void **state)
{
	struct session *session = talk_greeted("auto");
	char name[16];

	(void)state;
	for (int i = 0; i < 256; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		assert_int_equal(add(session, name, "\"10.0.0.2\""), 1);
	}
	assert_int_equal(add(session, "one-more", "\"10.0.0.2\""), -1);
	assert_non_null(strstr(talk_error, "256 sets"));
	assert_int_equal(add(session, "s0", "\"10.0.0.3\""), 2);
	talk_end(session);
}

static void what_the_policy_protects_is_in_no_set(void **state)
{
	struct session *session;

	(void)state;
	fake_write("/etc/backburn/policy.json",
		"{\"backburn_policy\":1,\"protect\":{\"prefixes\":[\"10.0.0.0/30\"]}}");
	session = talk_greeted("auto");
	assert_int_equal(add(session, "cdn", "\"10.0.0.9\",\"10.0.0.2\""), -1);
	assert_non_null(strstr(talk_error, "10.0.0.2 of cdn"));
	assert_int_equal(add(session, "cdn", "\"10.0.0.9\""), 1);
	assert_true(arm(session, "x", CDN));
	/* Around a hole it may grow, and the hole stays. */
	assert_int_equal(add(session, "cdn", "\"10.0.0.0/24\",\"0.0.0.0/0\""), 3);
	assert_int_equal(fake_lookup("10.0.0.7"), 1);
	assert_int_equal(fake_lookup("10.0.0.2"), 0);
	assert_int_equal(fake_lookup("192.168.0.1"), 1);
	talk_end(session);
}

static int64_t packets_of(struct session *session, const char *id, int *out_counters)
{
	cJSON *evidence = talk(session, "evidence", "{\"faults\":[\"%s\"]}", id), *counter;
	cJSON *counters =
		cJSON_GetObjectItem(cJSON_GetObjectItem(evidence, "faults")->child, "counters");
	int64_t packets = 0;

	cJSON_ArrayForEach(counter, counters) {
		packets += atoll(cJSON_GetObjectItem(counter, "packets")->valuestring);
	}
	*out_counters = cJSON_GetArraySize(counters);
	cJSON_Delete(evidence);
	return packets;
}

static void one_counter_for_all_of_a_set(void **state)
{
	struct session *session = talk_greeted("auto");
	char *text = many(0, 500);
	int counters;

	(void)state;
	assert_int_equal(add(session, "cdn", text), 500);
	free(text);
	assert_true(arm(session, "x", CDN));
	assert_int_equal(fake.entries.count, 500);
	assert_int_equal(fake.counters.count, 2);
	fake_hit("11.0.0.1", 0, BB_EGRESS);
	fake_hit("11.0.1.200", 0, BB_EGRESS);
	fake_hit("11.0.1.200", 0, BB_INGRESS);
	assert_int_equal(packets_of(session, "x", &counters), 3);
	assert_int_equal(counters, 2);
	talk_end(session);
}

static void what_is_added_is_hit_at_once(void **state)
{
	struct session *session = talk_greeted("auto");
	int counters;

	(void)state;
	assert_int_equal(add(session, "cdn", "\"10.0.0.2\""), 1);
	assert_true(arm(session, "x", CDN));
	assert_true(arm(session, "y", CDN ",{\"node\":\"b\",\"prefixes\":[\"10.0.0.7\"]}"));
	fake_hit("10.0.0.2", 0, BB_EGRESS);
	assert_int_equal(fake_lookup("10.0.0.3"), 0);
	assert_int_equal(add(session, "cdn", "\"10.0.0.3\""), 2);
	assert_int_equal(fake_lookup("10.0.0.3"), 3);
	assert_int_equal(fake_lookup("10.0.0.2"), 3);
	fake_hit("10.0.0.3", 0, BB_EGRESS);
	assert_int_equal(packets_of(session, "x", &counters), 2);
	assert_int_equal(counters, 2);
	/* A set that nobody uses touches nothing. */
	assert_int_equal(add(session, "other", "\"10.0.0.4\""), 1);
	assert_int_equal(fake_lookup("10.0.0.4"), 0);
	talk_end(session);
}

/* Forward or back: what is hit is what was ordered, whichever call fails. */
static void growing_happens_or_does_not(void **state)
{
	(void)state;
	for (int at = 1; at < 40; at++)
		for (int more = 0; more < 2; more++) {
			struct session *session;
			bool grown, acts;

			fake_reset();
			session = talk_greeted("auto");
			add(session, "cdn", "\"10.0.0.2\"");
			assert_true(arm(session, "x", CDN));
			assert_true(arm(session, "other",
				"{\"node\":\"b\",\"prefixes\":[\"10.0.0.0/24\"]}"));
			fake.effects = 0;
			fake.fail_at = at;
			fake.fail_more = more ? 1000 : 0;
			grown = add(session, "cdn", "\"10.0.0.3\",\"10.0.1.0/24\",\"fd00::3\"") ==
				4;
			fake.fail_at = 0;
			acts = fake.control.slots[0].in_use;
			assert_true(acts || (more && !grown));
			if (acts) {
				assert_int_equal(fake_lookup("10.0.0.2"), 3);
				assert_int_equal(fake_lookup("10.0.0.3"), grown ? 3 : 2);
				assert_int_equal(fake_lookup("10.0.1.9"), grown);
				assert_int_equal(fake_lookup("fd00::3"), grown);
			}
			assert_true(fake.control.slots[1].in_use);
			assert_int_equal(fake_lookup("10.0.0.200"), 2);
			talk_end(session);
		}
}

/* Faults come and go over parts of a set: numbers that were parted are one again. */
static void tables_do_not_fray(void **state)
{
	struct session *session = talk_greeted("auto");
	char *text = many(0, 64);
	int counters;

	(void)state;
	assert_int_equal(add(session, "cdn", text), 64);
	free(text);
	assert_true(arm(session, "x", CDN));
	for (int cycle = 0; cycle < 50; cycle++) {
		char id[16], from[96], address[32];

		snprintf(id, sizeof(id), "c%d", cycle);
		snprintf(from, sizeof(from),
			"{\"node\":\"b\",\"prefixes\":[\"11.0.0.%d\",\"11.0.0.%d/31\"]}",
			cycle % 63, cycle * 2 % 64);
		snprintf(address, sizeof(address), "11.0.0.%d", cycle % 63);
		assert_true(arm(session, id, from));
		fake_hit(address, 0, BB_EGRESS);
		cJSON_Delete(talk(session, "heal", "{\"faults\":[\"%s\"]}", id));
		assert_int_equal(fake.entries.count, 64);
		assert_int_equal(fake.counters.count, 2);
		assert_int_equal(packets_of(session, "x", &counters), cycle + 1);
	}
	talk_end(session);
}

/* Many faults on one large set would need more memory than an injector may take. */
static void the_sum_of_all_claims_has_a_limit(void **state)
{
	struct session *session = talk_greeted("auto");

	(void)state;
	for (int first = 0; first < PEERS_MAX; first += PEERS_MAX / 4) {
		char *text = many(first, PEERS_MAX / 4);

		add(session, "cdn", text);
		free(text);
	}
	assert_false(arm(session, "x", CDN "," CDN "," CDN "," CDN "," CDN));
	assert_non_null(strstr(talk_error, "500000"));
	talk_end(session);
}

static void a_set_is_told_by_name_and_size(void **state)
{
	struct session *session = talk_greeted("auto");
	cJSON *result;
	char *text;

	(void)state;
	add(session, "cdn", "\"10.0.0.2\",\"10.0.0.3\"");
	result = talk(session, "inspect",
		"{\"id\":\"x\",\"fault\":\"partition\",\"scope\":{},\"role\":\"on\",\"with\":{},"
		"\"on\":[{\"node\":\"a\"}],\"from\":[" CDN "]}");
	assert_non_null(result);
	text = cJSON_PrintUnformatted(result);
	assert_non_null(strstr(text, "from cdn (2 in set cdn)"));
	assert_null(strstr(text, "10.0.0.2"));
	free(text);
	cJSON_Delete(result);
	talk_end(session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_named_twice_counts_once, talk_reset),
		cmocka_unit_test_setup(what_makes_no_sense_is_refused, talk_reset),
		cmocka_unit_test_setup(all_sets_together_have_a_limit, talk_reset),
		cmocka_unit_test_setup(the_number_of_sets_has_a_limit, talk_reset),
		cmocka_unit_test_setup(what_the_policy_protects_is_in_no_set, talk_reset),
		cmocka_unit_test_setup(one_counter_for_all_of_a_set, talk_reset),
		cmocka_unit_test_setup(what_is_added_is_hit_at_once, talk_reset),
		cmocka_unit_test_setup(growing_happens_or_does_not, talk_reset),
		cmocka_unit_test_setup(tables_do_not_fray, talk_reset),
		cmocka_unit_test_setup(the_sum_of_all_claims_has_a_limit, talk_reset),
		cmocka_unit_test_setup(a_set_is_told_by_name_and_size, talk_reset),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	fake_reset();
	list_free(&fake.links);
	return failed;
}
