/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/list.h"
#include "contract/units.h"
#include "injector/lists.h"
#include "injector/mechanisms/chance.h"
#include "injector/policy.h"
#include "injector/session.h"
#include "tests/unit/injector/host_fake.h"
#include "tests/unit/injector/talk.h"

#define PATH "/etc/backburn/policy.json"

static int reset(void **state)
{
	(void)state;
	fake_reset();
	fake_write("/usr/share/zoneinfo/Europe/Berlin", "TZif");
	return 0;
}

/* Does this policy allow a partition from 10.0.0.2 that lasts so long? NULL: yes. */
static const char *refusal_at(const char *text, int64_t for_ns, int64_t wall_ns)
{
	static struct fail fail;
	struct fault_order order = {.id = (char *)"x",
		.fault = (char *)"partition",
		.start_ns = 100,
		.deadline_ns = 100 + for_ns};
	struct policy_moment moment = {.now_ns = 50, .wall_ns = wall_ns};
	struct fail ignored = FAIL_INIT;
	struct prefix address;
	struct endpoint peer = {.node = (char *)"b"};
	struct list peers = {.items = &peer, .count = 1};
	struct policy policy;
	int result;

	assert_int_equal(prefix_parse("10.0.0.2", &address, &ignored), 0);
	peer.prefixes = (struct list){.items = &address, .count = 1};
	if (text)
		fake_write(PATH, text);
	fail = FAIL_INIT;
	policy_load(&policy, PATH, false);
	result = policy_allows(&policy, &order, &peers, &moment, &fail);
	policy_deinit(&policy);
	if (result == 0)
		return NULL;
	assert_int_equal(fail.kind, FAIL_REFUSED);
	return fail.text;
}

static const char *refusal(const char *text)
{
	return refusal_at(text, NS_PER_SEC, 0);
}

static void assert_refused(const char *text, const char *because)
{
	const char *said = refusal(text);

	assert_non_null(said);
	if (!strstr(said, because))
		fail_msg("\"%s\" does not say \"%s\"", said, because);
}

static void no_file_allows_everything(void **state)
{
	struct policy policy;

	(void)state;
	assert_null(refusal(NULL));
	/* Unless it was asked for by name. */
	policy_load(&policy, PATH, true);
	assert_int_equal(policy.state, POLICY_UNUSABLE);
	policy_deinit(&policy);
}

static void what_can_not_be_understood_allows_nothing(void **state)
{
	(void)state;
	assert_refused("", "nothing is allowed");
	assert_refused("{}", "backburn_policy");
	assert_refused("{\"backburn_policy\":2}", "nothing is allowed");
	assert_refused("{\"backburn_policy\":1,\n\"max_fualt\":\"5m\"}", "line 2");
	assert_refused("{\"backburn_policy\":1,\"max_fault\":5}", "max_fault");
	assert_refused("{\"backburn_policy\":1,\"hours\":{\"days\":[\"mon\"],\"from\":\"9\","
		       "\"to\":\"10:00\",\"zone\":\"UTC\"}}",
		"not a time of day");
	assert_refused("{\"backburn_policy\":1,\"hours\":{\"days\":[\"mon\"],\"from\":\"09:00\","
		       "\"to\":\"10:00\",\"zone\":\"Europe/Nowhere\"}}",
		"no time zone");
	assert_refused("{\"backburn_policy\":1,\"hours\":{\"days\":[\"mon\"],\"from\":\"09:00\","
		       "\"to\":\"10:00\",\"zone\":\"../../etc/passwd\"}}",
		"no time zone");
	assert_refused("{\"backburn_policy\":1,\"protect\":{\"ports\":[1,2,3,4,5,6,7,8,9]}}",
		"more than 8");
}

static void kinds_are_allowed_and_denied(void **state)
{
	(void)state;
	assert_null(refusal("{\"backburn_policy\":1}"));
	assert_null(refusal("{\"backburn_policy\":1,\"faults\":{\"allow\":[\"partition\"]}}"));
	assert_refused("{\"backburn_policy\":1,\"faults\":{\"allow\":[\"kill\"]}}",
		"does not name partition");
	assert_refused("{\"backburn_policy\":1,\"faults\":{\"allow\":[\"partition\"],"
		       "\"deny\":[\"partition\"]}}",
		"deny names partition");
}

static void the_longest_fault(void **state)
{
	static const char text[] = "{\"backburn_policy\":1,\"max_fault\":\"5m\"}";

	(void)state;
	assert_null(refusal_at(text, 300 * NS_PER_SEC, 0));
	assert_non_null(strstr(refusal_at(text, 301 * NS_PER_SEC, 0), "max_fault"));
}

static void protected_peers(void **state)
{
	(void)state;
	assert_refused("{\"backburn_policy\":1,\"protect\":{\"prefixes\":[\"10.0.0.0/24\"]}}",
		"10.0.0.0/24");
	assert_null(refusal("{\"backburn_policy\":1,\"protect\":{\"prefixes\":[\"10.0.0.3\"]}}"));
}

/* What `plan` and a run are told by a host, word for word. */
static void each_refusal_in_its_words(void **state)
{
	static const struct {
		const char *members, *says;
	} cases[] = {
		{"\"faults\":{\"allow\":[\"kill\"]}", "faults.allow does not name partition"},
		{"\"faults\":{\"deny\":[\"partition\"]}", "faults.deny names partition"},
		{"\"max_fault\":\"10s\"", "max_fault is 10.0s, and 60.0s was asked for"},
		{"\"hours\":{\"days\":[\"fri\"],\"from\":\"09:00\",\"to\":\"16:00\",\"zone\":"
		 "\"UTC\"}",
			"hours allow faults from 09:00 to 16:00 (UTC) only"},
		{"\"protect\":{\"prefixes\":[\"10.0.0.0/24\"]}",
			"protect.prefixes names 10.0.0.0/24, which covers 10.0.0.2 of b"},
	};
	struct fail fail = FAIL_INIT;
	struct policy absent;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256], says[256];

		snprintf(text, sizeof(text), "{\"backburn_policy\":1,%s}", cases[i].members);
		snprintf(says, sizeof(says), "refused by this host's policy " PATH ": %s",
			cases[i].says);
		assert_string_equal(refusal_at(text, 60 * NS_PER_SEC, 0), says);
	}
	assert_string_equal(refusal("{\"backburn_policy\":2}"),
		"this host's policy " PATH
		" can't be used, so nothing is allowed: line 1: backburn_policy: must be from "
		"1 to 1, not 2");
	policy_load(&absent, "/nowhere", false);
	assert_int_equal(policy_names(&absent, "clock_step", &fail), -1);
	assert_string_equal(fail.text,
		"clock_step is refused unless the host's own policy /nowhere names it in "
		"faults.allow, which is not there");
	policy_deinit(&absent);
}

static const char *share_refusal(const char *text, double share)
{
	static struct fail fail;
	struct policy policy;
	int result;

	fake_write(PATH, text);
	fail = FAIL_INIT;
	policy_load(&policy, PATH, false);
	assert_int_equal(policy.state, POLICY_READ);
	result = policy_allows_share(&policy, "loss", share, &fail);
	policy_deinit(&policy);
	return result < 0 ? fail.text : NULL;
}

static void the_greatest_loss(void **state)
{
	static const char tenth[] = "{\"backburn_policy\":1,\"max_loss\":0.1}";
	struct fail fail = FAIL_INIT;
	struct bb_chance chance = {0};
	struct policy absent;

	(void)state;
	assert_null(share_refusal(tenth, 0.1));
	chance_random(&chance, 0.1);
	assert_null(share_refusal(tenth, chance_ratio(&chance)));
	assert_string_equal(share_refusal(tenth, 0.2),
		"refused by this host's policy " PATH
		": max_loss is 10 %, and loss would hit 20 % of the packets");
	assert_null(share_refusal("{\"backburn_policy\":1}", 1));
	assert_non_null(share_refusal("{\"backburn_policy\":1,\"max_loss\":0}", 0.0001));
	policy_load(&absent, "/nowhere", false);
	assert_int_equal(policy_allows_share(&absent, "loss", 1, &fail), 0);
	policy_deinit(&absent);
}

static const char *order_of(const char *fault, const char *with)
{
	static char order[1024];

	snprintf(order, sizeof(order),
		"{\"id\":\"f\",\"fault\":\"%s\",\"scope\":{},\"role\":\"on\",\"with\":%s,"
		"\"on\":[{\"node\":\"a\",\"prefixes\":[\"10.0.0.1\"]}],"
		"\"from\":[{\"node\":\"b\",\"prefixes\":[\"10.0.0.2\"]}]}",
		fault, with);
	return order;
}

/* Whoever asks: it is asked of what the models come to, at inspect already. */
static void the_policy_bounds_what_is_lost(void **state)
{
	static const struct {
		const char *fault, *with;
		bool allowed;
	} orders[] = {
		{"loss", "{\"ratio\":0.1}", true},
		{"loss", "{\"ratio\":0.11}", false},
		{"loss", "{\"type\":\"every\",\"every\":10}", true},
		{"loss", "{\"type\":\"every\",\"every\":9}", false},
		{"loss", "{\"type\":\"gilbert_elliott\",\"to_bad\":0.05,\"to_good\":0.95}", true},
		{"loss", "{\"type\":\"gilbert_elliott\",\"to_bad\":0.2,\"to_good\":0.8}", false},
		{"corrupt", "{\"ratio\":0.2}", false},
		{"duplicate", "{\"ratio\":0.2}", false},
		{"partition", "{}", true},
		{"mtu", "{\"bytes\":100}", true},
	};
	struct fail fail = FAIL_INIT;
	struct session *session;

	(void)state;
	fake_write(PATH, "{\"backburn_policy\":1,\"max_loss\":0.1}");
	session = talk_greeted("tcx");
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		cJSON *seen =
			talk(session, "inspect", "%s", order_of(orders[i].fault, orders[i].with));

		if (!seen != !orders[i].allowed)
			fail_msg("%s %s: %s", orders[i].fault, orders[i].with,
				seen ? "allowed" : talk_error);
		if (!seen)
			assert_non_null(strstr(talk_error, "max_loss is 10 %, and "));
		cJSON_Delete(seen);
	}
	assert_int_equal(session_end(session, &fail), 0);
	session_free(session);
}

static void hours_in_their_own_zone(void **state)
{
	static const char text[] =
		"{\"backburn_policy\":1,\"hours\":{\"days\":[\"mon\",\"tue\"],\"from\":\"09:00\","
		"\"to\":\"16:00\",\"zone\":\"UTC\"}}";
	/* Monday, 5 January 2026, 09:00 UTC. */
	const int64_t monday = INT64_C(1767603600) * NS_PER_SEC, hour = 3600 * NS_PER_SEC;
	const char *before = getenv("TZ");

	(void)state;
	assert_null(refusal_at(text, NS_PER_SEC, monday));
	assert_non_null(refusal_at(text, NS_PER_SEC, monday - NS_PER_SEC));
	assert_null(refusal_at(text, NS_PER_SEC, monday + 6 * hour));
	assert_non_null(refusal_at(text, NS_PER_SEC, monday + 7 * hour));
	/* It begins in time, but would not end in time. */
	assert_non_null(refusal_at(text, 2 * hour, monday + 6 * hour));
	assert_non_null(refusal_at(text, NS_PER_SEC, monday + 48 * hour));
	assert_true(getenv("TZ") == before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(no_file_allows_everything, reset),
		cmocka_unit_test_setup(what_can_not_be_understood_allows_nothing, reset),
		cmocka_unit_test_setup(kinds_are_allowed_and_denied, reset),
		cmocka_unit_test_setup(the_longest_fault, reset),
		cmocka_unit_test_setup(protected_peers, reset),
		cmocka_unit_test_setup(each_refusal_in_its_words, reset),
		cmocka_unit_test_setup(the_greatest_loss, reset),
		cmocka_unit_test_setup(the_policy_bounds_what_is_lost, reset),
		cmocka_unit_test_setup(hours_in_their_own_zone, reset),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	fake_reset();
	list_free(&fake.links);
	return failed;
}
